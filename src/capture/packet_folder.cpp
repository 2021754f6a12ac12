// SPDX-License-Identifier: Apache-2.0
#include "capture/packet_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <system_error>

namespace tracee {
namespace {

constexpr size_t kIdShown = 11;

std::string in_words(int error) { return std::generic_category().message(error); }

// A name of a file, whatever a process calls itself.
std::string file_name(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '_';
  }
  return out;
}

std::string container_name(const Context& context) {
  const std::string_view id = context.container.id.substr(0, kIdShown);
  return id.empty() ? "host" : file_name(id);
}

template <size_t N>
std::array<char, N> cut_to(std::string_view text) noexcept {
  std::array<char, N> out{};
  std::copy_n(text.data(), std::min(text.size(), N), out.data());
  return out;
}

// The folders of a path below `folder`, each made if it is not there.
int make_folders(int folder, const std::string& path) {
  for (size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    if (::mkdirat(folder, path.substr(0, slash).c_str(), 0777) != 0 && errno != EEXIST) {
      return errno;
    }
  }
  return 0;
}

}  // namespace

Result<std::unique_ptr<PacketFolder>> PacketFolder::open(const std::string& folder, bool clear,
                                                         Split split) {
  const std::filesystem::path out = std::filesystem::path(folder) / "out";
  std::error_code error;
  if (clear) std::filesystem::remove_all(out, error);
  if (!error) std::filesystem::create_directories(out, error);
  Fd opened(error ? -1 : ::open(out.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const int reason = error ? error.value() : errno;
  if (!opened || ::faccessat(opened.get(), ".", W_OK, AT_EACCESS) != 0) {
    return fail(Exit::RunTime,
                "--capture: cannot use " + out.string() + ": " + in_words(opened ? errno : reason),
                "name another folder: --capture dir:PATH");
  }
  const std::string name = out.string() + "/pcap, " + std::string(kSplitNames[size_t(split)]);
  return std::unique_ptr<PacketFolder>(new PacketFolder(std::move(opened), split, name));
}

PacketFolder::PacketFolder(Fd folder, Split split, std::string name)
    : PacketSink(std::move(name)), folder_(std::move(folder)), split_(split) {
  by_key_.reserve(kMaxOpen + 1);
}

std::string PacketFolder::path_of(Split split, const Context& context) {
  const std::string command =
      context.process_name.empty() ? "unknown" : file_name(context.process_name);
  switch (split) {
    case Split::Process:
      return "pcap/processes/" + container_name(context) + "/" + command + "_" +
             std::to_string(context.host_thread_id) + "_" +
             std::to_string(context.thread_start_ns) + ".pcap";
    case Split::Container:
      return "pcap/containers/" + container_name(context) + ".pcap";
    case Split::Command:
      return "pcap/commands/" + container_name(context) + "/" + command + ".pcap";
    case Split::Single:
      break;
  }
  return "pcap/single.pcap";
}

PacketFolder::Key PacketFolder::key_of(const Context& context) const noexcept {
  Key key;
  if (split_ != Split::Single) {
    key.container = cut_to<std::tuple_size_v<decltype(key.container)>>(context.container.id);
  }
  if (split_ == Split::Command) {
    key.command = cut_to<std::tuple_size_v<decltype(key.command)>>(context.process_name);
  }
  if (split_ == Split::Process) {
    key.thread = context.host_thread_id;
    key.thread_start = context.thread_start_ns;
  }
  return key;
}

size_t PacketFolder::Hash::operator()(const Key& key) const noexcept {
  const std::hash<std::string_view> text;
  return text({key.container.data(), key.container.size()}) ^
         text({key.command.data(), key.command.size()}) * 3 ^
         std::hash<uint64_t>()(key.thread_start + key.thread) * 7;
}

void PacketFolder::write(const Context& context, Bytes packet, uint32_t length) noexcept {
  if (PacketFile* file = file_of(context)) {
    file->write(context, packet, length);
    note(*file);
  } else {
    ++unopened_;
  }
  ++counters_.matched;
}

PacketFile* PacketFolder::file_of(const Context& context) noexcept {
  const Key key = key_of(context);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return open_file(key, context);
  uses_.splice(uses_.begin(), uses_, found->second);
  return found->second->file.get();
}

PacketFile* PacketFolder::open_file(const Key& key, const Context& context) {
  if (uses_.size() >= kMaxOpen) close_last();
  const std::string path = path_of(split_, context);
  int error = make_folders(folder_.get(), path);
  Fd file;
  if (error == 0) {
    file = Fd(::openat(folder_.get(), path.c_str(),
                       O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!file) error = errno;
  }
  if (!file) {
    if (problem_.empty()) problem_ = "cannot open " + path + ": " + in_words(error);
    return nullptr;
  }
  uses_.push_front(
      {key, std::make_unique<PacketFile>(std::move(file), path, "tracee packet capture")});
  by_key_.emplace(key, uses_.begin());
  return uses_.front().file.get();
}

void PacketFolder::close_last() noexcept {
  PacketFile& file = *uses_.back().file;
  file.finish(0);
  note(file);
  closed_.written += file.counters().written;
  closed_.dropped += file.counters().dropped;
  by_key_.erase(uses_.back().key);
  uses_.pop_back();
}

// One file that fails does not end the others.
void PacketFolder::note(const PacketFile& file) noexcept {
  if (problem_.empty() && !file.problem().empty()) problem_ = file.problem();
}

void PacketFolder::flush() noexcept {
  counters_.written = closed_.written;
  counters_.dropped = closed_.dropped + unopened_;
  for (const Open& open : uses_) {
    open.file->flush();
    note(*open.file);
    counters_.written += open.file->counters().written;
    counters_.dropped += open.file->counters().dropped;
  }
}

bool PacketFolder::waiting() const noexcept {
  return std::ranges::any_of(uses_, [](const Open& open) { return open.file->waiting(); });
}

void PacketFolder::finish(uint64_t lost) noexcept {
  for (const Open& open : uses_) open.file->finish(lost);
  flush();
}

}  // namespace tracee
