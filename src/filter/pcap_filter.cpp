// SPDX-License-Identifier: Apache-2.0
// The only file that knows libpcap.
#include "filter/pcap_filter.h"

#include <pcap/pcap.h>

namespace tracee {
namespace {

struct CloseHandle {
  void operator()(pcap_t* handle) const noexcept { pcap_close(handle); }
};

}  // namespace

struct PcapFilter::Code {
  Code() = default;
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { pcap_freecode(&program); }
  bpf_program program{};
};

Result<PcapFilter> PcapFilter::make(const std::string& expression) {
  // Larger than any IP packet, so that no filter is cut off by it.
  constexpr int kSnapLength = 262144;
  const std::unique_ptr<pcap_t, CloseHandle> handle(pcap_open_dead(DLT_RAW, kSnapLength));
  auto code = std::make_shared<Code>();
  if (handle == nullptr || pcap_compile(handle.get(), &code->program, expression.c_str(), 1,
                                        PCAP_NETMASK_UNKNOWN) != 0) {
    const std::string why = handle != nullptr ? pcap_geterr(handle.get()) : "out of memory";
    return fail(Exit::Usage, "--pcap-filter: " + why,
                "the syntax is tcpdump's, see pcap-filter(7); packets begin at the IP header");
  }
  PcapFilter out;
  out.code_ = std::move(code);
  return out;
}

bool PcapFilter::keeps(Bytes packet, uint32_t length) const noexcept {
  return bpf_filter(code_->program.bf_insns, packet.data(), length,
                    static_cast<u_int>(packet.size())) != 0;
}

}  // namespace tracee
