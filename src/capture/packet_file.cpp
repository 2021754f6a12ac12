// SPDX-License-Identifier: Apache-2.0
#include "capture/packet_file.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/output_file.h"

namespace tracee {
namespace {

constexpr size_t kFlushBytes = 64 * 1024;

constexpr std::string_view kWhat = "tracee packet capture";

std::string in_words(int error) { return std::generic_category().message(error); }

}  // namespace

Result<std::unique_ptr<PacketFile>> PacketFile::open(const std::string& path,
                                                     const std::string& option,
                                                     PacketRotation rotation) {
  if (path.empty() || path == "-") {
    if (isatty(STDOUT_FILENO) == 1) {
      return fail(Exit::Usage, option + ": standard output is a terminal",
                  "give a file, or pipe it: tracee --output pcapng | tshark -r -");
    }
    // Not a copy: poll(2) on standard output is how its reader's end is seen.
    return std::make_unique<PacketFile>(Fd(STDOUT_FILENO), "standard output", kWhat);
  }
  auto file = open_for_writing(option, path, false);
  if (!file) return forward(file);
  auto made = std::make_unique<PacketFile>(std::move(*file), path, kWhat);
  made->rotation_ = std::move(rotation);
  return made;
}

PacketFile::PacketFile(Fd file, std::string name, std::string_view what)
    : PacketSink(std::move(name)), file_(std::move(file)) {
  struct stat about = {};
  regular_ = ::fstat(file_.get(), &about) == 0 && S_ISREG(about.st_mode);
  if (regular_) end_ = about.st_size;
  writer_.begin_section(what);
}

void PacketFile::write(const Context& context, Bytes packet, uint32_t length) noexcept {
  ++counters_.matched;
  if (broken_ || finished_) {
    ++counters_.dropped;
    return;
  }
  bool added = writer_.add(context, packet, length);
  if (!added) {
    flush();
    added = !broken_ && writer_.add(context, packet, length);
  }
  if (!added) {
    ++counters_.dropped;
    return;
  }
  ++waiting_packets_;
  if (writer_.bytes().size() >= kFlushBytes) flush();
}

void PacketFile::flush() noexcept {
  write_out();
  if (broken_ || finished_ || !rotation_due()) return;
  writer_.end_section(0);
  write_out();
  if (broken_) return;
  // What cannot be moved is added to until the next time.
  if (rotation_.set_aside()) {
    begin_anew(false);
  } else {
    begun_ = Clock::now();
    since_ = end_;
    file_packets_ = 0;
    writer_.begin_section(kWhat);
  }
}

bool PacketFile::rotation_due() const noexcept {
  if (!rotation_.set_aside || !regular_ || file_packets_ == 0) return false;
  if (rotation_.bytes != 0 && static_cast<uint64_t>(end_ - since_) >= rotation_.bytes) return true;
  return rotation_.time.count() != 0 && Clock::now() - begun_ >= rotation_.time;
}

void PacketFile::reopen() noexcept {
  if (broken_ || finished_ || !regular_ || is_stdout()) return;
  write_out();
  if (broken_) return;
  writer_.end_section(0);
  write_out();
  if (!broken_) begin_anew(true);
}

// A section in a file of our name; in the old one, wherever it is, if that cannot be made.
void PacketFile::begin_anew(bool append) noexcept {
  auto file = open_for_writing("capture", name(), append);
  struct stat about = {};
  if (!file) {
    problem_ = file.error().what;
  } else if (::fstat(file->get(), &about) == 0) {
    file_ = std::move(*file);
    regular_ = S_ISREG(about.st_mode);
    end_ = about.st_size;
    since_ = 0;
  }
  file_packets_ = 0;
  begun_ = Clock::now();
  writer_.begin_section(kWhat);
}

void PacketFile::write_out() noexcept {
  std::string_view rest = writer_.bytes();
  while (!rest.empty() && !broken_) {
    const ssize_t taken = ::write(file_.get(), rest.data(), rest.size());
    if (taken >= 0) {
      rest.remove_prefix(static_cast<size_t>(taken));
    } else if (errno == EAGAIN) {
      pollfd ready{file_.get(), POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      fail_from(errno);
    }
  }
  if (broken_) {
    // What went out of this batch was taken back, or its reader has gone.
    counters_.dropped += waiting_packets_;
  } else {
    counters_.written += waiting_packets_;
    file_packets_ += waiting_packets_;
    end_ += static_cast<int64_t>(writer_.bytes().size());
  }
  waiting_packets_ = 0;
  writer_.clear();
}

void PacketFile::fail_from(int error) noexcept {
  broken_ = true;
  if (error != EPIPE) problem_ = "cannot write to " + name() + ": " + in_words(error);
  if (!regular_ || is_stdout()) return;
  // Half a block would make readers complain of the whole file.
  if (::ftruncate(file_.get(), end_) != 0) problem_ += "; the end of the file is damaged";
}

void PacketFile::finish(uint64_t lost) noexcept {
  if (finished_) return;
  write_out();
  if (!broken_) {
    writer_.end_section(lost);
    write_out();
  }
  finished_ = true;
  // Standard output is not ours to close.
  if (is_stdout()) (void)file_.release();
  file_.reset();
}

}  // namespace tracee
