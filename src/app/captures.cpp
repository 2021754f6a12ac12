// SPDX-License-Identifier: Apache-2.0
#include "app/captures.h"

#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "app/capture_options.h"
#include "app/summary.h"
#include "capture/packet_file.h"
#include "capture/packet_folder.h"
#include "capture/snap.h"
#include "output/sink/rotation.h"

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

// What stands behind the `?` of pcapng:FILE?….
Result<PacketRotation> rotation_of(const std::string& path, const std::string& label,
                                   std::string_view options) {
  Settings settings(label, options);
  const Rotation wanted = read_rotation(settings);
  struct stat about = {};
  if (wanted.rotates() && (path.empty() || path == "-" ||
                           (::stat(path.c_str(), &about) == 0 && !S_ISREG(about.st_mode)))) {
    settings.complain("only a regular file can be rotated", "name a file, as in pcapng:out.pcapng");
  }
  if (auto done = settings.finish(); !done) return forward(done);
  PacketRotation out{wanted.bytes, wanted.time, {}};
  if (!wanted.rotates()) return out;
  const auto tell = [](const std::string& text) { say(text); };
  out.set_aside = [keeper = std::make_shared<FileKeeper>(path, wanted.rules, tell)] {
    const auto done = keeper->set_aside();
    if (!done) say(done.error().what);
    return done.has_value();
  };
  return out;
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
    auto rotation = rotation_of(place, "--output " + spec, settings);
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
