// SPDX-License-Identifier: Apache-2.0
#include "app/capture_options.h"

#include <algorithm>
#include <charconv>

#include "event/catalog.h"

namespace tracee {
namespace {

constexpr uint32_t kMostBytes = 65'535;

constexpr std::string_view kWords[] = {"network",      "pcap", "pcap-options",
                                       "pcap-snaplen", "dir",  "clear-dir"};
// The reference captures these too; they are no packets.
constexpr std::string_view kNotNetwork[] = {"write", "read", "exec",   "module",
                                            "mem",   "bpf",  "profile"};

std::string small_letters(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

Result<> parse_splits(std::string_view list, CaptureOptions& out) {
  out.splits.clear();
  while (true) {
    const size_t comma = std::min(list.find(','), list.size());
    const std::string name(list.substr(0, comma));
    const auto* const known = std::ranges::find(kSplitNames, name);
    if (known == std::end(kSplitNames)) {
      const std::string near = did_you_mean(name, kSplitNames);
      return fail(Exit::Usage, "--capture: pcap: unknown split '" + name + "'",
                  near.empty() ? "write single, process, container or command" : near);
    }
    const auto split = static_cast<Split>(known - std::begin(kSplitNames));
    if (std::ranges::find(out.splits, split) == out.splits.end()) out.splits.push_back(split);
    if (comma == list.size()) return {};
    list.remove_prefix(comma + 1);
  }
}

Result<uint32_t> parse_snap(std::string_view value) {
  const std::string text = small_letters(value);
  if (text == "headers") return 0u;
  if (text == "default") return CaptureOptions{}.payload_bytes;
  if (text == "max") return kMostBytes;
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  const std::string_view unit(parsed.ptr, static_cast<size_t>(end - parsed.ptr));
  const bool kilo = unit == "k" || unit == "kb";
  const bool is_number = parsed.ec != std::errc::invalid_argument;  // or one too large
  if (!is_number || (!kilo && unit != "b")) {
    return fail(Exit::Usage, "--capture: pcap-snaplen: '" + text + "' is not a length",
                "write headers, default, max, or a number with its unit: 256b, 1kb");
  }
  const uint64_t bytes = std::min<uint64_t>(number, kMostBytes) * (kilo ? 1024 : 1);
  return static_cast<uint32_t>(std::min<uint64_t>(bytes, kMostBytes));
}

Result<> parse_word(const std::string& word, CaptureOptions& out) {
  const size_t colon = std::min(word.find(':'), word.size());
  const std::string name = word.substr(0, colon);
  const std::string value = colon < word.size() ? word.substr(colon + 1) : "";
  const bool takes_value =
      name == "pcap" || name == "pcap-options" || name == "pcap-snaplen" || name == "dir";
  if (std::ranges::find(kNotNetwork, name) != std::end(kNotNetwork)) {
    return fail(Exit::Usage, "--capture: '" + name + "' is not captured",
                "packets are: --capture network");
  }
  if (std::ranges::find(kWords, name) == std::end(kWords)) {
    const std::string near = did_you_mean(name, kWords);
    return fail(Exit::Usage, "--capture: unknown option '" + name + "'",
                near.empty() ? "write network, pcap:…, pcap-options:…, pcap-snaplen:…, dir:… or "
                               "clear-dir"
                             : near);
  }
  if (takes_value == value.empty()) {
    return fail(Exit::Usage,
                "--capture: '" + name + (takes_value ? "' needs a value" : "' takes no value"),
                takes_value ? "write " + name + ":VALUE" : "write " + name);
  }
  if (name == "pcap") return parse_splits(value, out);
  if (name == "pcap-options") {
    if (value != "none" && value != "filtered") {
      return fail(Exit::Usage, "--capture: pcap-options: unknown option '" + value + "'",
                  "write none or filtered");
    }
    out.selected_only = value == "filtered";
  } else if (name == "pcap-snaplen") {
    auto bytes = parse_snap(value);
    if (!bytes) return forward(bytes);
    out.payload_bytes = *bytes;
  } else if (name == "dir") {
    out.folder = value;
  } else if (name == "clear-dir") {
    out.clear = true;
  }
  return {};
}

}  // namespace

Result<std::optional<CaptureOptions>> parse_capture(const std::vector<std::string>& words) {
  if (words.empty()) return std::optional<CaptureOptions>();
  CaptureOptions out;
  bool network = false;
  for (const std::string& word : words) {
    if (auto done = parse_word(word, out); !done) return forward(done);
    network |= word == "network" || word.starts_with("pcap");
  }
  if (!network) {
    return fail(Exit::Usage, "--capture: says where, but not what", "add --capture network");
  }
  return std::optional(out);
}

}  // namespace tracee
