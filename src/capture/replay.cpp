// SPDX-License-Identifier: Apache-2.0
#include "capture/replay.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "capture/link_layer.h"
#include "capture/pcap.h"
#include "capture/pcapng.h"

namespace tracee {
namespace {

constexpr const char* kCheckPath = "check the path given to --input";
constexpr const char* kKnownFormats =
    "tracee reads pcap and pcapng files, as tcpdump -w and "
    "Wireshark write them";

std::string in_words(int error) { return std::generic_category().message(error); }

// How to undo a compression, by the first bytes it leaves; null: none known.
const char* unpacker(Bytes start) {
  struct Packed {
    std::string_view magic;
    const char* command;
  };
  static constexpr std::array kPacked = {
      Packed{"\x1f\x8b", "zcat"},
      Packed{"\x28\xb5\x2f\xfd", "zstdcat"},
      Packed{"\xfd"
             "7zXZ",
             "xzcat"},
      Packed{"BZh", "bzcat"},
      Packed{"\x04\x22\x4d\x18", "lz4cat"},
  };
  for (const Packed& packed : kPacked) {
    if (as_text(start).substr(0, packed.magic.size()) == packed.magic) return packed.command;
  }
  return nullptr;
}

Result<std::unique_ptr<FrameReader>> open_format(FileReader& file) {
  const Bytes start = file.peek(4);
  if (file.error() != 0) {
    return fail(Exit::RunTime, "cannot be read: " + in_words(file.error()), kCheckPath);
  }
  if (start.empty()) {
    return fail(Exit::RunTime, "is empty",
                "a capture file has a header even without packets; was it written to its end?");
  }
  if (is_pcap(start)) return open_pcap(file);
  if (is_pcapng(start)) return open_pcapng(file);
  if (const char* command = unpacker(file.peek(6))) {
    return fail(Exit::RunTime, "is compressed",
                std::string("unpack it on the way: ") + command + " FILE | tracee --input -");
  }
  return fail(Exit::RunTime, "is not a capture file", kKnownFormats);
}

}  // namespace

Result<std::unique_ptr<ReplaySource>> ReplaySource::open(const std::string& path, int stop_fd) {
  if (path == "-") {
    if (::isatty(STDIN_FILENO) == 1) {
      return fail(Exit::RunTime, "standard input is a terminal",
                  "pipe a capture into it: tcpdump -w - | tracee --input -");
    }
    // A copy, so that closing it leaves descriptor 0 taken.
    Fd input(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!input) {
      return fail(Exit::RunTime, "cannot read standard input: " + in_words(errno),
                  "start tracee with standard input open");
    }
    return from(std::move(input), "standard input", stop_fd);
  }
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    return fail(Exit::RunTime, "cannot open '" + path + "': " + in_words(errno), kCheckPath);
  }
  return from(std::move(file), "'" + path + "'", stop_fd);
}

Result<std::unique_ptr<ReplaySource>> ReplaySource::from(Fd file, std::string name, int stop_fd) {
  struct stat about = {};
  if (::fstat(file.get(), &about) == 0 && S_ISDIR(about.st_mode)) {
    return fail(Exit::RunTime, name + " is a directory", "give one capture file in it");
  }
  std::unique_ptr<ReplaySource> source(new ReplaySource(std::move(file), std::move(name), stop_fd));
  auto reader = open_format(source->file_);
  if (!reader) {
    // Asked to stop before there was anything to read: an end, not a failure.
    if (source->file_.stopped()) {
      source->last_ = Next::End;
      return source;
    }
    reader.error().what = source->name_ + " " + reader.error().what;
    return forward(reader);
  }
  source->reader_ = std::move(*reader);
  return source;
}

ReplaySource::ReplaySource(Fd file, std::string name, int stop_fd)
    : file_(std::move(file), stop_fd), name_(std::move(name)) {}

ReplaySource::Next ReplaySource::next(Record& out) noexcept {
  if (last_ != Next::Packet) return last_;
  Frame frame;
  for (;;) {
    const Read read = reader_->next(frame);
    if (read != Read::Frame) [[unlikely]]
      return finish(read);
    ++counts_.read;
    counts_.bytes += frame.bytes.size();
    if (strip_link_layer(frame)) break;
    ++counts_.no_ip;
  }
  out = Record{};
  out.time_ns = frame.time_ns;
  out.packet = frame.bytes;
  out.packet_length = frame.length;
  out.ifindex = frame.ifindex;
  out.direction = frame.direction;
  out.stored = frame.stored;
  return Next::Packet;
}

ReplaySource::Next ReplaySource::finish(Read read) noexcept {
  damaged_ = read == Read::Damaged;
  const bool whole = read == Read::End && file_.error() == 0;
  // A stop in the middle of a packet is the stop that was asked for, no damage.
  last_ = whole || (file_.stopped() && !damaged_) ? Next::End : Next::Cut;
  return last_;
}

std::string ReplaySource::problem() const {
  if (last_ != Next::Cut) return {};
  const std::string number = std::to_string(counts_.read + 1);
  if (file_.error() != 0) {
    return name_ + " cannot be read further than byte " + std::to_string(file_.offset()) +
           ", in or before packet " + number + ": " + in_words(file_.error());
  }
  const Fault& fault = reader_->fault();
  const std::string where =
      " at byte " + std::to_string(fault.offset) + ", in or before packet " + number;
  if (!damaged_) {
    return name_ + " ends too early: the record" + where + ", is not whole";
  }
  return name_ + " is damaged" + where + ": " + fault.reason;
}

}  // namespace tracee
