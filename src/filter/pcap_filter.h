// SPDX-License-Identifier: Apache-2.0
// tcpdump's expressions, compiled by libpcap, run on packets from their IP
// header on.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace tracee {

class PcapFilter {
 public:
  // Errors: Exit::Usage, in libpcap's words.
  static Result<PcapFilter> make(const std::string& expression);

  // `length` is what the packet had; `packet` may be less.
  bool keeps(Bytes packet, uint32_t length) const noexcept;

 private:
  struct Code;
  std::shared_ptr<const Code> code_;
};

}  // namespace tracee
