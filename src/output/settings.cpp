// SPDX-License-Identifier: Apache-2.0
#include "output/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>

#include "event/catalog.h"

namespace tracee {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kFilter = "filter=";
constexpr std::string_view kHidden = "***";
// Whatever is secret has one of these in its name (sasl.password, api-token …).
constexpr std::string_view kSecretWords[] = {"password", "secret", "token", "passphrase",
                                             "header",   "jaas",   "query"};

struct Unit {
  std::string_view name;
  uint64_t factor;
};
constexpr Unit kByteUnits[] = {{"", 1},           {"K", 1u << 10},   {"KiB", 1u << 10},
                               {"M", 1u << 20},   {"MiB", 1u << 20}, {"G", 1u << 30},
                               {"GiB", 1u << 30}, {"kB", 1000},      {"MB", 1'000'000}};
constexpr Unit kTimeUnits[] = {{"ms", 1},     {"s", 1000},      {"", 1000},
                               {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};

std::optional<uint64_t> with_unit(std::string_view text, std::span<const Unit> units) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr == text.data()) return std::nullopt;
  const std::string_view unit(parsed.ptr, static_cast<size_t>(end - parsed.ptr));
  for (const Unit& known : units) {
    uint64_t result = 0;
    if (unit == known.name && !__builtin_mul_overflow(number, known.factor, &result)) return result;
  }
  return std::nullopt;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string shown_bytes(uint64_t bytes) {
  for (const Unit& unit : {Unit{"GiB", 1u << 30}, Unit{"MiB", 1u << 20}, Unit{"KiB", 1u << 10}}) {
    if (bytes % unit.factor == 0)
      return std::to_string(bytes / unit.factor) + std::string(unit.name);
  }
  return std::to_string(bytes);
}

bool is_secret(std::string_view name) {
  if (name.ends_with("-file")) return false;
  return std::ranges::any_of(
      kSecretWords, [name](std::string_view word) { return name.find(word) != name.npos; });
}

std::string shown(milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + "s"
                                  : std::to_string(time.count()) + "ms";
}

// NAME=VALUE at a time; `filter=` takes the rest.
template <class Take>
void each_option(std::string_view options, Take take) {
  while (!options.empty()) {
    size_t end = options.find('&');
    if (options.starts_with(kFilter)) end = options.npos;
    const std::string_view option = options.substr(0, end);
    options.remove_prefix(end == options.npos ? options.size() : end + 1);
    if (option.empty()) continue;
    const size_t equals = std::min(option.find('='), option.size());
    take(option.substr(0, equals), option.substr(std::min(equals + 1, option.size())),
         equals < option.size());
  }
}

}  // namespace

PlaceAndOptions split_options(std::string_view text) {
  const size_t mark = std::min(text.find('?'), text.size());
  return {std::string(text.substr(0, mark)),
          std::string(text.substr(std::min(mark + 1, text.size())))};
}

std::vector<SecretPart> secret_parts(std::string_view text) {
  std::vector<SecretPart> out;
  const auto add = [&](std::string_view part) {
    if (!part.empty()) out.push_back({static_cast<size_t>(part.data() - text.data()), part.size()});
  };
  const std::string_view place = text.substr(0, text.find('?'));
  const size_t scheme = place.find("://");
  const size_t host = scheme == place.npos ? place.find(':') : scheme + 2;
  if (const size_t at = place.rfind('@'); at != place.npos && host != place.npos && host < at) {
    const size_t colon = place.find(':', host + 1);
    if (colon < at) add(place.substr(colon + 1, at - colon - 1));
  }
  each_option(text.substr(std::min(place.size() + 1, text.size())),
              [&](std::string_view name, std::string_view value, bool) {
                if (is_secret(name) && !value.starts_with("env:")) add(value);
              });
  return out;
}

std::string redacted(std::string_view text) {
  std::string out;
  size_t from = 0;
  for (const SecretPart& part : secret_parts(text)) {
    out += text.substr(from, part.begin - from);
    out += kHidden;
    from = part.begin + part.size;
  }
  return out + std::string(text.substr(std::min(from, text.size())));
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (text[i] == '%' && high >= 0 && low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::optional<uint64_t> parse_bytes(std::string_view text) { return with_unit(text, kByteUnits); }

std::optional<milliseconds> parse_time(std::string_view text) {
  constexpr uint64_t kMost = 366ull * 86'400'000;
  const auto ms = with_unit(text, kTimeUnits);
  if (!ms || *ms > kMost) return std::nullopt;
  return milliseconds(*ms);
}

Settings::Settings(std::string label, std::string_view options) : label_(std::move(label)) {
  each_option(options, [this](std::string_view name, std::string_view value, bool has_value) {
    const bool verbatim = name == kFilter.substr(0, kFilter.size() - 1);
    if (has(name)) complain("option '" + std::string(name) + "' is given twice", "give it once");
    if (!has_value) {
      complain("option '" + std::string(name) + "' has no value",
               "write " + std::string(name) + "=VALUE");
    }
    entries_.push_back({std::string(name), verbatim ? std::string(value) : percent_decoded(value)});
  });
}

bool Settings::has(std::string_view name) const {
  return std::ranges::any_of(entries_, [name](const Entry& entry) { return entry.name == name; });
}

Settings::Entry* Settings::find(std::string_view name) {
  if (std::ranges::find(known_, name) == known_.end()) known_.emplace_back(name);
  for (Entry& entry : entries_) {
    if (entry.name != name) continue;
    entry.asked = true;
    return &entry;
  }
  return nullptr;
}

void Settings::complain(std::string what, std::string hint) {
  if (!error_) error_ = Error{Exit::Usage, label_ + ": " + std::move(what), std::move(hint)};
}

std::string Settings::text(std::string_view name, std::string_view otherwise) {
  const Entry* entry = find(name);
  if (entry != nullptr && entry->value.empty()) {
    complain(std::string(name) + " is empty", "give it a value, or leave it out");
  }
  return entry == nullptr ? std::string(otherwise) : entry->value;
}

bool Settings::flag(std::string_view name, bool otherwise) {
  static constexpr std::string_view kValues[] = {"false", "true", "no", "yes", "0", "1"};
  return choice(name, kValues, otherwise ? 1 : 0) % 2 == 1;
}

uint64_t Settings::number(std::string_view name, uint64_t otherwise, uint64_t least,
                          uint64_t most) {
  const Entry* entry = find(name);
  if (entry == nullptr) return otherwise;
  static constexpr Unit kNoUnit[] = {{"", 1}};
  const auto value = with_unit(entry->value, kNoUnit);
  if (value && *value >= least && *value <= most) return *value;
  complain(std::string(name) + ": '" + entry->value + "' is not a number from " +
               std::to_string(least) + " to " + std::to_string(most),
           "as in " + std::string(name) + "=" + std::to_string(std::max(otherwise, least)));
  return otherwise;
}

uint64_t Settings::bytes(std::string_view name, uint64_t otherwise, uint64_t least, uint64_t most) {
  const Entry* entry = find(name);
  if (entry == nullptr) return otherwise;
  const auto value = parse_bytes(entry->value);
  if (value && *value >= least && *value <= most) return *value;
  complain(std::string(name) + ": '" + entry->value + "' is not a size from " + shown_bytes(least) +
               " to " + shown_bytes(most),
           "write a number with KiB, MiB or GiB, as in " + std::string(name) + "=64MiB");
  return otherwise;
}

milliseconds Settings::time(std::string_view name, milliseconds otherwise, milliseconds least) {
  const Entry* entry = find(name);
  if (entry == nullptr) return otherwise;
  const auto value = parse_time(entry->value);
  if (value && *value >= least) return *value;
  complain(
      std::string(name) + ": '" + entry->value + "' is not a time of " + shown(least) + " or more",
      "write 250ms, 10s, 5m, 1h or 7d");
  return otherwise;
}

size_t Settings::choice(std::string_view name, std::span<const std::string_view> values,
                        size_t otherwise) {
  const Entry* entry = find(name);
  if (entry == nullptr) return otherwise;
  const auto found = std::ranges::find(values, entry->value);
  if (found != values.end()) return static_cast<size_t>(found - values.begin());
  std::string all;
  for (const std::string_view value : values) all += (all.empty() ? "" : ", ") + std::string(value);
  const std::string near = did_you_mean(entry->value, values);
  complain(std::string(name) + ": unknown value '" + entry->value + "'",
           near.empty() ? "it is one of: " + all : near);
  return otherwise;
}

std::string Settings::secret(std::string_view name) {
  const std::string file_name = std::string(name) + "-file";
  const Entry* entry = find(name);
  const Entry* file = find(file_name);
  if (entry != nullptr && file != nullptr) {
    complain(std::string(name) + " and " + file_name + " are both given", "give one of them");
  }
  if (file != nullptr) {
    std::ifstream in(file->value);
    std::string line;
    if (!std::getline(in, line) || line.empty()) {
      complain(file_name + ": cannot read a line from " + file->value,
               "the file's first line is the secret; check that it may be read");
    }
    while (line.ends_with('\r')) line.pop_back();
    return line;
  }
  if (entry == nullptr) return {};
  constexpr std::string_view kEnv = "env:";
  if (!entry->value.starts_with(kEnv)) return entry->value;
  const std::string variable = entry->value.substr(kEnv.size());
  const char* value = std::getenv(variable.c_str());
  if (value == nullptr || *value == 0) {
    complain(std::string(name) + ": the environment has no " + variable,
             "set it, or write " + file_name + "=PATH");
    return {};
  }
  return value;
}

std::vector<std::pair<std::string, std::string>> Settings::dotted() {
  constexpr std::string_view kFile = "-file";
  std::vector<std::string> names;
  for (const Entry& entry : entries_) {
    if (entry.name.find('.') == entry.name.npos) continue;
    std::string name = entry.name;
    if (name.ends_with(kFile)) name.resize(name.size() - kFile.size());
    names.push_back(std::move(name));
  }
  std::vector<std::pair<std::string, std::string>> out;
  out.reserve(names.size());
  for (const std::string& name : names) out.emplace_back(name, secret(name));
  return out;
}

Result<> Settings::finish() {
  for (const Entry& entry : entries_) {
    if (entry.asked) continue;
    const std::vector<std::string_view> names(known_.begin(), known_.end());
    std::string all;
    for (const std::string_view name : names) all += (all.empty() ? "" : ", ") + std::string(name);
    const std::string near = did_you_mean(entry.name, names);
    complain("unknown option '" + entry.name + "'",
             near.empty() ? "the options here are: " + all : near);
  }
  if (error_) return tl::unexpected<Error>(*error_);
  return {};
}

}  // namespace tracee
