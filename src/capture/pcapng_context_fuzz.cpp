// SPDX-License-Identifier: Apache-2.0
// Any bytes as the option of a packet's owner: what is read of them is written and
// read back as it was, and the comment is text that is fit for a terminal.
#include <cstdlib>
#include <memory>

#include "base/utf8.h"
#include "capture/pcapng_context.h"

using namespace tracee;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const FileOrder order(data[0] & 1);
  Context read;
  if (!decode_context(Bytes(data + 1, size - 1), order, read)) return 0;

  char comment[kCommentBytesMax];
  const size_t length = write_comment(read, comment);
  if (length > kCommentBytesMax) std::abort();
  for (size_t at = 0; at < length;) {
    const auto byte = static_cast<uint8_t>(comment[at]);
    if (byte < 0x20 || byte == 0x7f) std::abort();
    const auto* const at_byte = reinterpret_cast<const uint8_t*>(comment + at);
    const size_t octets = byte < 0x80 ? 1 : utf8_sequence(at_byte, length - at);
    if (octets == 0) std::abort();
    at += octets;
  }

  static const auto kRoom = std::make_unique<uint8_t[]>(kContextBytesMax);
  const size_t written = encode_context(read, kRoom.get());
  if (written > kContextBytesMax) std::abort();
  Context again;
  if (written > 0 && !decode_context(Bytes(kRoom.get(), written), FileOrder(false), again)) {
    std::abort();
  }
  // Texts that are too long are left out, so only short inputs come back whole.
  if (written > 0 && size < kContextBytesMax / 2 && !(again == read)) std::abort();
  return 0;
}
