// SPDX-License-Identifier: Apache-2.0
// What an event must not say (--redact). A protocol knows where its texts are: its
// row has a function that makes the event anew, with kRedacted in their place. This
// header: what is asked for, and the one place that calls those functions.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "decode/protocol.h"

namespace tracee {

inline constexpr std::string_view kRedacted = "[redacted]";

struct Redaction {
  bool headers = false;  // values of header fields that authenticate
  bool query = false;    // of URLs: query, fragment, user and password
  // Names that are one of these or below it; lower case, no dot at either end.
  std::vector<std::string> names;

  static constexpr size_t kMaxNames = 16;

  bool any() const noexcept { return headers || query || !names.empty(); }
  // A domain name as events show it.
  bool hides_name(std::string_view name) const noexcept;
  // Such a name stands somewhere in a text, or in bytes of a DNS message.
  bool hides_part_of(std::string_view text) const noexcept;
};

// Lists of `headers`, `query` and `dns=SUFFIX`. Errors: Exit::Usage, "--redact: what".
Result<Redaction> parse_redaction(const std::vector<std::string>& lists);

class Redactor {
 public:
  explicit Redactor(Redaction what);

  // `data` of an event of `spec` as outputs may have it: itself, or a copy that lives
  // until the next call. What finds no room in the copy is left out of it.
  const void* redacted(const EventSpec& spec, const void* data) noexcept;

 private:
  Redaction what_;
  Arena arena_;
  std::array<Protocol::Redact, kMaxPacketEvents> by_event_{};
};

}  // namespace tracee
