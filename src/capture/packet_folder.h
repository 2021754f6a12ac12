// SPDX-License-Identifier: Apache-2.0
// A folder of pcapng files: one for the run, or one for each process, container or
// command. Files are appended to, each time with a section of their own. At most 100
// are open for each kind; the one that was used longest ago is closed for the next.
//
// A new file costs system calls on the packet path; packets of files that are open
// cost none but the writing.
#pragma once

#include <array>
#include <list>
#include <memory>
#include <unordered_map>

#include "base/fd.h"
#include "base/result.h"
#include "capture/packet_file.h"
#include "capture/packet_sink.h"

namespace tracee {

enum class Split : uint8_t { Single, Process, Container, Command };
constexpr size_t kSplits = 4;
constexpr std::string_view kSplitNames[kSplits] = {"single", "process", "container", "command"};

class PacketFolder final : public PacketSink {
 public:
  static constexpr size_t kMaxOpen = 100;

  // Files go below `folder`/out/pcap. `clear`: what stands in `folder`/out is removed
  // first. Errors: a folder that cannot be made or written to.
  static Result<std::unique_ptr<PacketFolder>> open(const std::string& folder, bool clear,
                                                    Split split);

  // The file of `context`, relative to `folder`/out: "pcap/commands/host/curl.pcap".
  static std::string path_of(Split split, const Context& context);

  // A packet is matched, and written or dropped, once.
  void write(const Context& context, Bytes packet, uint32_t length) noexcept override;
  void flush() noexcept override;
  bool waiting() const noexcept override;
  void finish(uint64_t lost) noexcept override;

 private:
  // What tells the files of a split apart; unused members are zero.
  struct Key {
    std::array<char, 11> container{};
    std::array<char, 16> command{};
    uint32_t thread = 0;
    uint64_t thread_start = 0;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    size_t operator()(const Key& key) const noexcept;
  };
  struct Open {
    Key key;
    std::unique_ptr<PacketFile> file;
  };
  using Uses = std::list<Open>;  // the last used first

  PacketFolder(Fd folder, Split split, std::string name);
  Key key_of(const Context& context) const noexcept;
  PacketFile* file_of(const Context& context) noexcept;
  PacketFile* open_file(const Key& key, const Context& context);
  void note(const PacketFile& file) noexcept;
  void close_last() noexcept;

  Fd folder_;  // `folder`/out
  Split split_;
  Uses uses_;
  std::unordered_map<Key, Uses::iterator, Hash> by_key_;
  PacketCounters closed_;  // of files that are closed
  uint64_t unopened_ = 0;  // packets whose file could not be opened
};

}  // namespace tracee
