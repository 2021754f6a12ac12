// SPDX-License-Identifier: Apache-2.0
// The only file that knows libpcap.
#include "filter/pcap_filter.h"

#include <pcap/pcap.h>

#include "base/late_library.h"

namespace tracee {
namespace {

struct Libpcap : LateLibrary {
  Libpcap() : LateLibrary(TRACEE_LIBPCAP, "libpcap0.8") {}
  decltype(&::pcap_open_dead) open_dead{find("pcap_open_dead")};
  decltype(&::pcap_close) close{find("pcap_close")};
  decltype(&::pcap_compile) compile{find("pcap_compile")};
  decltype(&::pcap_geterr) error_of{find("pcap_geterr")};
  decltype(&::pcap_freecode) free_code{find("pcap_freecode")};
  decltype(&::bpf_filter) filter{find("bpf_filter")};
};

const Libpcap& libpcap() {
  static const Libpcap kLibrary;
  return kLibrary;
}

struct CloseHandle {
  void operator()(pcap_t* handle) const noexcept { libpcap().close(handle); }
};

}  // namespace

struct PcapFilter::Code {
  Code() = default;
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { libpcap().free_code(&program); }
  decltype(&::bpf_filter) run = libpcap().filter;
  bpf_program program{};
};

Result<PcapFilter> PcapFilter::make(const std::string& expression) {
  if (auto loaded = libpcap().loaded(); !loaded) return forward(loaded);
  // Larger than any IP packet, so that no filter is cut off by it.
  constexpr int kSnapLength = 262144;
  const std::unique_ptr<pcap_t, CloseHandle> handle(libpcap().open_dead(DLT_RAW, kSnapLength));
  auto code = std::make_shared<Code>();
  if (handle == nullptr || libpcap().compile(handle.get(), &code->program, expression.c_str(), 1,
                                             PCAP_NETMASK_UNKNOWN) != 0) {
    const std::string why = handle != nullptr ? libpcap().error_of(handle.get()) : "out of memory";
    return fail(Exit::Usage, "--pcap-filter: " + why,
                "the syntax is tcpdump's, see pcap-filter(7); packets begin at the IP header");
  }
  PcapFilter out;
  out.code_ = std::move(code);
  return out;
}

bool PcapFilter::keeps(Bytes packet, uint32_t length) const noexcept {
  return code_->run(code_->program.bf_insns, packet.data(), length,
                    static_cast<u_int>(packet.size())) != 0;
}

}  // namespace tracee
