// SPDX-License-Identifier: Apache-2.0
#include "detect/base64.h"

namespace tracee {

std::string_view base64(std::span<const uint8_t> bytes, Arena& arena) noexcept {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  auto out = arena.take<char>((bytes.size() + 2) / 3 * 4);
  size_t at = 0;
  for (size_t i = 0; i < bytes.size() && at < out.size(); i += 3) {
    const size_t left = bytes.size() - i;
    uint32_t group = uint32_t{bytes[i]} << 16;
    if (left > 1) group |= uint32_t{bytes[i + 1]} << 8;
    if (left > 2) group |= bytes[i + 2];
    out[at++] = kDigits[group >> 18];
    out[at++] = kDigits[group >> 12 & 63];
    out[at++] = left > 1 ? kDigits[group >> 6 & 63] : '=';
    out[at++] = left > 2 ? kDigits[group & 63] : '=';
  }
  return {out.data(), out.size()};
}

}  // namespace tracee
