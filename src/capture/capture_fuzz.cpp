// SPDX-License-Identifier: Apache-2.0
// Any bytes as a capture file: reading ends, gives only bytes that are there,
// and counts every packet.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "capture/replay.h"

using namespace tracee;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Fd file(::memfd_create("capture", MFD_CLOEXEC));
  if (!file || ::write(file.get(), data, size) != static_cast<ssize_t>(size)) std::abort();
  ::lseek(file.get(), 0, SEEK_SET);

  auto source = ReplaySource::from(std::move(file), "input");
  if (!source) return 0;
  Record record;
  uint64_t given = 0;
  unsigned sum = 0;
  ReplaySource::Next next;
  while ((next = (*source)->next(record)) == ReplaySource::Next::Packet) {
    ++given;
    if (record.packet.empty() || record.packet.size() > record.packet_length) std::abort();
    for (const uint8_t byte : record.packet) sum += byte;
  }
  const ReplayCounts counts = (*source)->counts();
  if (counts.read != given + counts.no_ip || counts.bytes > size) std::abort();
  if ((next == ReplaySource::Next::Cut) == (*source)->problem().empty()) std::abort();
  return sum == 0xffffffff ? 1 : 0;  // keeps the reads above
}
