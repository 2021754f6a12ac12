// SPDX-License-Identifier: Apache-2.0
#include "capture/ring.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/fd.h"

namespace tracee {
namespace {

constexpr size_t kBytes = 64 << 10;
constexpr size_t kLargest = 8000;

// The kernel's side, in a file of the same layout.
class Writer {
 public:
  Writer() : file_(memfd_create("ring", MFD_CLOEXEC)) {
    const size_t size = 2 * page_size() + 2 * kBytes;
    if (ftruncate(file_.get(), static_cast<off_t>(size)) != 0) return;
    words_ = static_cast<uint8_t*>(
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0));
  }
  ~Writer() { munmap(words_, 2 * page_size() + 2 * kBytes); }

  int file() const { return file_.get(); }

  // `bits`: of the head. The position of the record, for finish().
  size_t write(std::string_view text, uint32_t bits = 0) {
    const size_t at = made_ % kBytes;
    uint8_t* const data = words_ + 2 * page_size();
    // The copy behind is what the kernel has as the same pages.
    for (const size_t copy : {at, at + kBytes}) {
      if (copy + text.size() + BPF_RINGBUF_HDR_SZ > 2 * kBytes) continue;
      const uint32_t length = static_cast<uint32_t>(text.size()) | bits;
      std::memcpy(data + copy, &length, sizeof length);
      std::memcpy(data + copy + BPF_RINGBUF_HDR_SZ, text.data(), text.size());
    }
    made_ += (text.size() + BPF_RINGBUF_HDR_SZ + 7) & ~size_t{7};
    std::memcpy(words_ + page_size(), &made_, sizeof made_);
    return at;
  }

  void finish(size_t at) {
    uint32_t length = 0;
    uint8_t* const head = words_ + 2 * page_size() + at;
    std::memcpy(&length, head, sizeof length);
    length &= ~BPF_RINGBUF_BUSY_BIT;
    std::memcpy(head, &length, sizeof length);
  }

  unsigned long consumed() const {
    unsigned long position = 0;
    std::memcpy(&position, words_, sizeof position);
    return position;
  }
  unsigned long made() const { return made_; }

 private:
  Fd file_;
  uint8_t* words_ = nullptr;
  unsigned long made_ = 0;
};

std::vector<std::string> read(Ring& ring, size_t most = SIZE_MAX) {
  std::vector<std::string> out;
  ring.consume([&](const uint8_t* data, size_t size) {
    out.emplace_back(reinterpret_cast<const char*>(data), size);
    return out.size() < most;
  });
  return out;
}

using Texts = std::vector<std::string>;

TEST(Ring, GivesWhatIsReadyInOrder) {
  Writer writer;
  Ring ring(writer.file(), kBytes, kLargest);
  ASSERT_TRUE(ring.valid());
  EXPECT_TRUE(ring.empty());
  EXPECT_EQ(Texts{}, read(ring));
  writer.write("one");
  writer.write("");
  writer.write("three");
  EXPECT_EQ(40U, ring.waiting());
  EXPECT_EQ((Texts{"one", "", "three"}), read(ring));
  EXPECT_TRUE(ring.empty());
  EXPECT_EQ(writer.made(), writer.consumed());
}

TEST(Ring, WaitsForARecordThatIsBeingWritten) {
  Writer writer;
  Ring ring(writer.file(), kBytes, kLargest);
  writer.write("before");
  const size_t slow = writer.write("slow", BPF_RINGBUF_BUSY_BIT);
  writer.write("behind");
  EXPECT_EQ(Texts{"before"}, read(ring));
  EXPECT_FALSE(ring.empty());
  EXPECT_EQ(Texts{}, read(ring));
  writer.finish(slow);
  EXPECT_EQ((Texts{"slow", "behind"}), read(ring));
}

TEST(Ring, PassesOverWhatWasDiscarded) {
  Writer writer;
  Ring ring(writer.file(), kBytes, kLargest);
  writer.write("gone", BPF_RINGBUF_DISCARD_BIT);
  writer.write("kept");
  EXPECT_EQ(Texts{"kept"}, read(ring));
  writer.write("gone too", BPF_RINGBUF_DISCARD_BIT);
  EXPECT_EQ(Texts{}, read(ring));
  EXPECT_TRUE(ring.empty());
}

TEST(Ring, EndsWhereItIsTold) {
  Writer writer;
  Ring ring(writer.file(), kBytes, kLargest);
  for (const char* text : {"a", "b", "c"}) writer.write(text);
  EXPECT_EQ((Texts{"a", "b"}), read(ring, 2));
  EXPECT_EQ(Texts{"c"}, read(ring));
}

// Records of the largest size, so that each round has one across the end.
TEST(Ring, HasNoEnd) {
  Writer writer;
  Ring ring(writer.file(), kBytes, kLargest);
  for (size_t i = 0; i < 100; ++i) {
    const std::string first(kLargest, static_cast<char>('a' + i % 26));
    const std::string second(i * 7, static_cast<char>('A' + i % 26));
    writer.write(first);
    writer.write(second);
    ASSERT_EQ((Texts{first, second}), read(ring)) << i;
    ASSERT_EQ(writer.made(), writer.consumed());
  }
}

// Room is given back while a long batch is read, not only at its end.
TEST(Ring, GivesRoomBackInSteps) {
  Writer writer;
  Ring ring(writer.file(), kBytes, kLargest);
  for (int i = 0; i < 100; ++i) writer.write(std::string(500, 'x'));
  unsigned long seen = 0, steps = 0;
  ring.consume([&](const uint8_t*, size_t) {
    const unsigned long now = writer.consumed();
    if (now != seen) ++steps;
    seen = now;
    return true;
  });
  EXPECT_GT(steps, 20U);
  EXPECT_LT(steps, 50U);
}

TEST(Ring, SaysThatItCannotBeMapped) {
  const Ring ring(-1, kBytes, kLargest);
  EXPECT_FALSE(ring.valid());
}

}  // namespace
}  // namespace tracee
