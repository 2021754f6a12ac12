// SPDX-License-Identifier: Apache-2.0
#include "capture/file_reader.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "capture/file_builder.h"

namespace tracee {
namespace {

std::string text(Bytes bytes) { return std::string(as_text(bytes)); }

void write_all(const Fd& to, std::string_view what) {
  ASSERT_EQ(::write(to.get(), what.data(), what.size()), static_cast<ssize_t>(what.size()));
}

TEST(FileReader, GivesBytesInOrderAndFewerAtTheEnd) {
  FileReader reader(file_of(as_bytes("abcdef")));
  EXPECT_EQ(text(reader.peek(3)), "abc");
  EXPECT_EQ(text(reader.peek(2)), "ab");
  EXPECT_EQ(reader.offset(), 0u);
  reader.consume(2);
  EXPECT_EQ(reader.offset(), 2u);
  EXPECT_EQ(text(reader.peek(9)), "cdef");
  reader.consume(4);
  EXPECT_TRUE(reader.peek(1).empty());
  EXPECT_EQ(reader.offset(), 6u);
  EXPECT_EQ(reader.error(), 0);
}

TEST(FileReader, GivesOnePieceOfUpToTheLimit) {
  std::vector<uint8_t> content(FileReader::kMaxPeek + 1000);
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<uint8_t>(i * 7 >> 3);
  FileReader reader(file_of(content));
  reader.peek(700);
  reader.consume(700);
  const Bytes most = reader.peek(FileReader::kMaxPeek);
  ASSERT_EQ(most.size(), FileReader::kMaxPeek);
  EXPECT_TRUE(std::equal(most.begin(), most.end(), content.begin() + 700));
}

TEST(FileReader, ViewsIntoABlockStay) {
  std::vector<uint8_t> content(400'000);
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<uint8_t>(i * 7 >> 3);
  FileReader reader(file_of(content));
  reader.peek(100);
  reader.consume(50);
  const FileReader::Block blocks[] = {FileReader::make_block(), FileReader::make_block()};
  std::vector<Bytes> views;
  for (const auto& block : blocks) {
    reader.read_into(block.get());
    for (int i = 0; i < 60; ++i) {
      views.push_back(reader.peek(1000));
      reader.consume(1000);
    }
    EXPECT_TRUE(reader.keeps());
    reader.peek(20);  // of which nothing is consumed
  }
  EXPECT_EQ(reader.offset(), 120'050u);
  for (size_t i = 0; i < views.size(); ++i) {
    ASSERT_TRUE(std::ranges::equal(views[i], Bytes(content).subspan(50 + i * 1000, 1000))) << i;
  }
}

TEST(FileReader, ABlockThatIsFullIsLeftAlone) {
  std::vector<uint8_t> content(400'000);
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<uint8_t>(i * 7 >> 3);
  FileReader reader(file_of(content));
  const auto block = FileReader::make_block();
  reader.read_into(block.get());
  const Bytes first = reader.peek(1000);
  reader.consume(1000);
  EXPECT_TRUE(reader.skip(390'000));
  EXPECT_FALSE(reader.keeps());
  EXPECT_TRUE(std::ranges::equal(first, Bytes(content).first(1000)));
  EXPECT_TRUE(std::ranges::equal(reader.peek(9'001), Bytes(content).subspan(391'000)));
  reader.read_into(block.get());
  EXPECT_TRUE(reader.keeps());
  EXPECT_TRUE(std::ranges::equal(reader.peek(9'001), Bytes(content).subspan(391'000)));
  reader.consume(9'000);
  EXPECT_TRUE(reader.peek(1).empty());
}

TEST(FileReader, SkipsMoreThanTheBufferHolds) {
  std::vector<uint8_t> content(3 * FileReader::kMaxPeek, 'x');
  content.push_back('!');
  FileReader reader(file_of(content));
  EXPECT_TRUE(reader.skip(3 * FileReader::kMaxPeek));
  EXPECT_EQ(text(reader.peek(1)), "!");
  EXPECT_EQ(reader.offset(), 3 * FileReader::kMaxPeek);
  EXPECT_FALSE(reader.skip(2));
}

TEST(FileReader, DoesNotWaitForMoreThanWasAskedFor) {
  auto [out, in] = make_pipe();
  write_all(in, "abc");
  FileReader reader(std::move(out));
  EXPECT_EQ(text(reader.peek(2)), "ab");  // would hang if it wanted a full buffer
}

TEST(FileReader, PutsShortReadsTogether) {
  auto [out, in] = make_pipe();
  std::thread writer([&in = in] {
    for (const char c : std::string("a slow pipe")) {
      write_all(in, {&c, 1});
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    in.reset();
  });
  FileReader reader(std::move(out));
  EXPECT_EQ(text(reader.peek(11)), "a slow pipe");
  reader.consume(11);
  EXPECT_TRUE(reader.peek(1).empty());
  writer.join();
}

TEST(FileReader, RetriesAnInterruptedRead) {
  struct sigaction ignore = {};
  ignore.sa_handler = [](int) {};
  struct sigaction before = {};
  ASSERT_EQ(::sigaction(SIGUSR1, &ignore, &before), 0);  // no SA_RESTART
  auto [out, in] = make_pipe();
  const pthread_t self = ::pthread_self();
  std::thread interrupter([self, &in = in] {
    for (int i = 0; i < 5; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      ::pthread_kill(self, SIGUSR1);
    }
    write_all(in, "x");
  });
  FileReader reader(std::move(out));
  EXPECT_EQ(text(reader.peek(1)), "x");
  interrupter.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST(FileReader, WaitsForDescriptorsThatDoNot) {
  auto [out, in] = make_pipe();
  ASSERT_EQ(::fcntl(out.get(), F_SETFL, O_NONBLOCK), 0);
  std::thread writer([&in = in] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    write_all(in, "x");
  });
  FileReader reader(std::move(out));
  EXPECT_EQ(text(reader.peek(1)), "x");
  writer.join();
}

TEST(FileReader, StopsWaitingWhenTold) {
  auto [out, in] = make_pipe();
  write_all(in, "abc");
  const Fd stop(::eventfd(0, EFD_CLOEXEC));
  FileReader reader(std::move(out), stop.get());
  EXPECT_EQ(text(reader.peek(3)), "abc");
  EXPECT_FALSE(reader.stopped());
  std::thread stopper([&stop] {
    const uint64_t one = 1;
    EXPECT_EQ(::write(stop.get(), &one, sizeof one), 8);
  });
  EXPECT_EQ(text(reader.peek(4)), "abc");
  EXPECT_TRUE(reader.stopped());
  EXPECT_EQ(reader.error(), 0);
  stopper.join();
}

TEST(FileReader, KeepsTheErrorOfAFailedRead) {
  FileReader reader(Fd(::open("/", O_RDONLY | O_CLOEXEC)));
  EXPECT_TRUE(reader.peek(1).empty());
  EXPECT_EQ(reader.error(), EISDIR);
}

}  // namespace
}  // namespace tracee
