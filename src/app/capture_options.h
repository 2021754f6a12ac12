// SPDX-License-Identifier: Apache-2.0
// What --capture asks for, in the reference's words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "capture/packet_folder.h"

namespace tracee {

struct CaptureOptions {
  std::vector<Split> splits = {Split::Single};
  bool selected_only = false;   // pcap-options:filtered
  uint32_t payload_bytes = 96;  // pcap-snaplen, behind the headers
  std::string folder = "/var/lib/tracee";
  bool clear = false;
};

// The words of all --capture options; nothing: none was given. Errors are Exit::Usage.
Result<std::optional<CaptureOptions>> parse_capture(const std::vector<std::string>& words);

}  // namespace tracee
