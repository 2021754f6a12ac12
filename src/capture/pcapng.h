// SPDX-License-Identifier: Apache-2.0
// Next-generation capture files, draft-ietf-opsawg-pcapng: any number of
// sections, each in its byte order, any number of interfaces of any link type
// and time resolution; Enhanced, Simple and the obsolete Packet blocks. All
// other blocks are stepped over, however long. What tracee itself stored with a
// packet (pcapng_context.h) is read back; pcapng_writer.h writes.
#pragma once

#include <memory>

#include "base/result.h"
#include "capture/file_reader.h"
#include "capture/frame.h"

namespace tracee {

// True if `start`, the first four bytes of a file, is a section header's type.
bool is_pcapng(Bytes start) noexcept;

// Consumes the first section header. `file` is borrowed and must outlive the
// reader. Error: `what` is a clause about the file, without its name.
Result<std::unique_ptr<FrameReader>> open_pcapng(FileReader& file);

}  // namespace tracee
