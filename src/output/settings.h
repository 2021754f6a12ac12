// SPDX-License-Identifier: Apache-2.0
// The options of one output: what stands behind the `?` of `--output`, as in
// json:/var/log/tracee.json?rotate-size=100MiB&keep=10&filter=data.dst_port == 53.
//
// `filter=` comes last: all that follows it is the expression, as it stands. Every
// other value may hold %XX for a byte, which & and % need.
//
// A reader asks for each option that it knows and then calls finish(): the first
// bad value, or an option that nobody asked for, is the error it returns.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tracee {

// A place and what follows its first `?`.
struct PlaceAndOptions {
  std::string place, options;
};
PlaceAndOptions split_options(std::string_view text);

// Every password and secret option of an output: where it stands in the text.
struct SecretPart {
  size_t begin, size;
};
std::vector<SecretPart> secret_parts(std::string_view text);
// The text with each of them made unreadable, for messages.
std::string redacted(std::string_view text);

// %XX made bytes; a % that begins none stays.
std::string percent_decoded(std::string_view text);

// "100", "64KiB", "16MiB", "2GiB"; "250ms", "10s", "5m", "1h", "7d", a bare number
// is seconds.
std::optional<uint64_t> parse_bytes(std::string_view text);
std::optional<std::chrono::milliseconds> parse_time(std::string_view text);

class Settings {
 public:
  // `label` begins every message: "--output json:FILE".
  Settings(std::string label, std::string_view options);

  // The value that is given, else `otherwise`.
  std::string text(std::string_view name, std::string_view otherwise = "");
  bool flag(std::string_view name, bool otherwise);
  uint64_t number(std::string_view name, uint64_t otherwise, uint64_t least, uint64_t most);
  uint64_t bytes(std::string_view name, uint64_t otherwise, uint64_t least, uint64_t most);
  std::chrono::milliseconds time(std::string_view name, std::chrono::milliseconds otherwise,
                                 std::chrono::milliseconds least = std::chrono::milliseconds(1));
  // The index of the value in `values`.
  size_t choice(std::string_view name, std::span<const std::string_view> values, size_t otherwise);
  // A secret is named, not written: NAME=env:VARIABLE or NAME-file=PATH (its first
  // line). Also given as it is, for those who do not mind `ps`.
  std::string secret(std::string_view name);
  // Every option with a dot in its name, for a library that has many: (name, value),
  // each read as a secret.
  std::vector<std::pair<std::string, std::string>> dotted();

  bool has(std::string_view name) const;
  // Says that an option is wrong, unless something was before.
  void complain(std::string what, std::string hint);

  Result<> finish();

 private:
  struct Entry {
    std::string name, value;
    bool asked = false;
  };
  Entry* find(std::string_view name);

  std::string label_;
  std::vector<Entry> entries_;
  std::vector<std::string> known_;
  std::optional<Error> error_;
};

}  // namespace tracee
