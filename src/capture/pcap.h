// SPDX-License-Identifier: Apache-2.0
// Classic capture files, draft-ietf-opsawg-pcap: both byte orders, time in
// micro- or nanoseconds, and the "modified" record header of old Red Hat
// libpcaps (magic 0xa1b2cd34), which adds interface index and packet type.
#pragma once

#include <memory>

#include "base/result.h"
#include "capture/file_reader.h"
#include "capture/frame.h"

namespace tracee {

// True if `start`, the first four bytes of a file, is one of the magic numbers.
bool is_pcap(Bytes start) noexcept;

// Consumes the file header. `file` is borrowed and must outlive the reader.
// Error: `what` is a clause about the file, without its name.
Result<std::unique_ptr<FrameReader>> open_pcap(FileReader& file);

}  // namespace tracee
