// SPDX-License-Identifier: Apache-2.0
#include "app/captures.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <utility>

#include "app/capture_options.h"
#include "app/summary.h"
#include "capture/packet_file.h"
#include "capture/packet_folder.h"
#include "capture/snap.h"
#include "output/settings.h"
#include "output/sink/keeper.h"

namespace tracee {
namespace {

constexpr std::string_view kFormat = "pcapng";
constexpr uint32_t kWholePacket = 65'535;

// FILE of "pcapng" and "pcapng:FILE"; nothing: another format.
std::optional<std::string> pcapng_path(const std::string& spec) {
  if (spec == kFormat) return "";
  if (!spec.starts_with(std::string(kFormat) + ":")) return std::nullopt;
  return spec.substr(kFormat.size() + 1);
}

// Moves a file away under the time, and has its keeper look after those that were.
std::function<bool()> set_aside(std::string path, FileKeeper::Rules rules) {
  auto keeper =
      std::make_shared<FileKeeper>(path, rules, [](const std::string& text) { say(text); });
  uint64_t last_us = 0;
  return [path = std::move(path), keeper = std::move(keeper), last_us]() mutable {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto now_us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
    // Names sort by time, so two of one microsecond, or a clock set back, must not meet.
    last_us = std::max(static_cast<uint64_t>(now_us), last_us + 1);
    if (::rename(path.c_str(), FileKeeper::name_at(path, last_us).c_str()) != 0) {
      say("cannot rotate " + path + ": " + std::strerror(errno));
      return false;
    }
    keeper->look();
    return true;
  };
}

// What stands behind the `?` of pcapng:FILE?….
Result<PacketRotation> read_rotation(const std::string& path, const std::string& label,
                                     std::string_view options) {
  using std::chrono::milliseconds;
  constexpr uint64_t kLeastFile = 64 * 1024, kMostFile = uint64_t{1} << 50;
  static constexpr std::string_view kCompressions[] = {"none", "zstd"};
  Settings settings(label, options);
  PacketRotation rotation;
  FileKeeper::Rules rules;
  rotation.bytes = settings.bytes("rotate-size", 0, kLeastFile, kMostFile);
  rotation.time = settings.time("rotate-time", milliseconds(0), milliseconds(100));
  rules.keep = settings.number("keep", 0, 1, 1'000'000);
  rules.compress = settings.choice("compress", kCompressions, 0) == 1;
  const bool rotates = rotation.bytes != 0 || rotation.time.count() != 0;
  if (!rotates && (rules.keep > 0 || rules.compress)) {
    settings.complain("keep and compress are for rotated files",
                      "add rotate-size=100MiB or rotate-time=1h");
  }
  struct stat about = {};
  if (rotates && (path.empty() || path == "-" ||
                  (::stat(path.c_str(), &about) == 0 && !S_ISREG(about.st_mode)))) {
    settings.complain("only a regular file can be rotated", "name a file, as in pcapng:out.pcapng");
  }
  if (auto done = settings.finish(); !done) return forward(done);
  if (rotates) rotation.set_aside = set_aside(path, rules);
  return rotation;
}

}  // namespace

Result<Captures> Captures::open(const Options& options, std::vector<std::string>& outputs,
                                const Catalog& catalog) {
  struct Wanted {
    std::string path, option;
    PacketRotation rotation;
  };
  std::vector<Wanted> files;
  if (!options.write.empty()) files.push_back({options.write, "--write " + options.write, {}});
  for (const std::string& spec : outputs) {
    const auto path = pcapng_path(spec);
    if (!path) continue;
    if (path->empty() && spec != kFormat) {
      return fail(Exit::Usage, "--output: empty path in '" + spec + "'",
                  "write --output pcapng:FILE, or --output pcapng for standard output");
    }
    auto [place, settings] = split_options(*path);
    auto rotation = read_rotation(place, "--output " + spec, settings);
    if (!rotation) return forward(rotation);
    files.push_back({place, "--output " + spec, std::move(*rotation)});
  }
  std::erase_if(outputs, [](const std::string& spec) { return pcapng_path(spec).has_value(); });
  auto wished = parse_capture(options.capture);
  if (!wished) return forward(wished);

  Captures out;
  if (files.empty() && !*wished) return out;
  const bool selected =
      !options.events.empty() || !options.policies.empty() || !options.filters.empty();
  for (Wanted& file : files) {
    auto opened = PacketFile::open(file.path, file.option, std::move(file.rotation));
    if (!opened) return forward(opened);
    out.captures_.push_back({std::move(*opened), selected, std::nullopt});
  }
  if (*wished) {
    bool clear = (*wished)->clear;
    for (const Split split : (*wished)->splits) {
      auto opened = PacketFolder::open((*wished)->folder, clear, split);
      if (!opened) return forward(opened);
      out.captures_.push_back(
          {std::move(*opened), (*wished)->selected_only, (*wished)->payload_bytes});
      clear = false;
    }
  }
  out.dns_ports_ = options.dns_ports;
  out.ipv4_ = catalog.find("net_packet_ipv4");
  out.ipv6_ = catalog.find("net_packet_ipv6");
  if (!options.scopes.empty()) {
    Wishes wishes{{"net_packet_ipv4,net_packet_ipv6"}, options.scopes, {}, {}};
    auto scope = Selection::parse(wishes, catalog);
    if (!scope) return forward(scope);
    out.scope_ = std::move(*scope);
  }
  return out;
}

uint32_t Captures::wire_wants() const noexcept {
  uint32_t wants = 0;
  for (const Capture& capture : captures_) {
    if (!capture.selected_only) wants |= WIRE_WANT_IPV4 | WIRE_WANT_IPV6;
    // These are kept whole.
    if (capture.payload_bytes && !capture.selected_only) {
      wants |= WIRE_WANT_ICMP | WIRE_WANT_ICMPV6 | WIRE_WANT_DNS | WIRE_WANT_DNS_TCP;
    }
  }
  return wants;
}

uint32_t Captures::payload_bytes() const noexcept {
  uint32_t most = 0;
  for (const Capture& capture : captures_) {
    most = std::max(most, capture.payload_bytes.value_or(kWholePacket));
  }
  return most;
}

bool Captures::needs_events() const noexcept {
  return std::ranges::any_of(captures_, &Capture::selected_only);
}

bool Captures::in_scope(const Context& context, Bytes packet) const noexcept {
  if (!scope_) return true;
  const bool is_ipv6 = !packet.empty() && packet[0] >> 4 == 6;
  // The scopes ask about the context only, so there are no data to read.
  return scope_->keeps(Event{is_ipv6 ? ipv6_ : ipv4_, &context, nullptr});
}

bool Captures::take(const Context& context, Bytes packet, uint32_t length, bool selected) noexcept {
  bool taken = false;
  for (const Capture& capture : captures_) {
    if (capture.selected_only ? !selected : !in_scope(context, packet)) continue;
    const size_t kept = capture.payload_bytes
                            ? snapped_length(packet, *capture.payload_bytes, dns_ports_)
                            : packet.size();
    capture.sink->write(context, packet.first(kept), length);
    taken = true;
  }
  return taken;
}

void Captures::reopen() noexcept {
  for (const Capture& capture : captures_) capture.sink->reopen();
}

void Captures::flush() noexcept {
  for (const Capture& capture : captures_) capture.sink->flush();
}

bool Captures::waiting() const noexcept {
  return std::ranges::any_of(captures_, [](const Capture& c) { return c.sink->waiting(); });
}

bool Captures::broken() const noexcept {
  return std::ranges::all_of(captures_, [](const Capture& c) { return c.sink->broken(); });
}

void Captures::finish(uint64_t lost) noexcept {
  for (const Capture& capture : captures_) capture.sink->finish(lost);
}

uint64_t Captures::dropped() const noexcept {
  uint64_t sum = 0;
  for (const Capture& capture : captures_) sum += capture.sink->counters().dropped;
  return sum;
}

}  // namespace tracee
