// SPDX-License-Identifier: Apache-2.0
#include "output/sink/rotation.h"

namespace tracee {

Rotation read_rotation(Settings& settings) {
  using std::chrono::milliseconds;
  constexpr uint64_t kLeastFile = 64 * 1024, kMostFile = uint64_t{1} << 50;
  static constexpr std::string_view kCompressions[] = {"none", "zstd"};
  Rotation out;
  out.bytes = settings.bytes("rotate-size", 0, kLeastFile, kMostFile);
  out.time = settings.time("rotate-time", milliseconds(0), milliseconds(100));
  out.rules.keep = settings.number("keep", 0, 1, 1'000'000);
  out.rules.compress = settings.choice("compress", kCompressions, 0) == 1;
  if (!out.rotates() && (out.rules.keep > 0 || out.rules.compress)) {
    settings.complain("keep and compress are for rotated files",
                      "add rotate-size=100MiB or rotate-time=1h");
  }
  return out;
}

}  // namespace tracee
