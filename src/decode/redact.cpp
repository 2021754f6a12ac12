// SPDX-License-Identifier: Apache-2.0
#include "decode/redact.h"

#include <algorithm>

#include "base/ascii.h"
#include "event/catalog.h"

namespace tracee {
namespace {

// A copy is never larger than what the decoder had room for, but for URLs that grow.
constexpr size_t kArenaBytes = 2 * 1024 * 1024;

// In a DNS message a label's length stands where its text has a dot.
bool separates(char c) noexcept { return c == '.' || (c > 0 && c < 64 && c < ' '); }

bool matches(std::string_view text, std::string_view suffix) noexcept {
  return std::ranges::equal(
      text, suffix, [](char a, char b) { return b == '.' ? separates(a) : to_lower(a) == b; });
}

// Of a label; bytes that are no ASCII are taken for letters.
bool in_label(char c) noexcept {
  const char small = to_lower(c);
  return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool stands_in(std::string_view text, std::string_view suffix) noexcept {
  for (size_t at = 0; at + suffix.size() <= text.size(); ++at) {
    if (to_lower(text[at]) != suffix[0] || (at > 0 && in_label(text[at - 1]))) continue;
    if (!matches(text.substr(at, suffix.size()), suffix)) continue;
    const std::string_view rest = text.substr(at + suffix.size());
    if (rest.empty()) return true;
    const bool goes_on =
        in_label(rest[0]) || (rest.size() > 1 && separates(rest[0]) && in_label(rest[1]));
    if (!goes_on) return true;
  }
  return false;
}

Result<> add_name(std::string_view name, Redaction& out) {
  const std::string given(name);
  if (name.starts_with('.')) name.remove_prefix(1);
  if (name.ends_with('.')) name.remove_suffix(1);
  const bool fits = !name.empty() && name.size() <= 253 && !name.starts_with('.') &&
                    name.find("..") == name.npos &&
                    std::ranges::all_of(name, [](char c) { return c == '.' || in_label(c); });
  if (!fits) {
    return fail(Exit::Usage, "--redact: 'dns=" + given + "' has no domain name",
                "write the end that the names share, as in dns=.corp.example");
  }
  if (out.names.size() == Redaction::kMaxNames) {
    return fail(Exit::Usage, "--redact: more than 16 names", "name a domain that holds several");
  }
  std::string small(name);
  std::ranges::transform(small, small.begin(), to_lower);
  if (std::ranges::find(out.names, small) == out.names.end()) out.names.push_back(std::move(small));
  return {};
}

Result<> add_word(std::string_view word, Redaction& out) {
  constexpr std::string_view kDns = "dns=";
  if (word.starts_with(kDns)) return add_name(word.substr(kDns.size()), out);
  if (word == "headers") {
    out.headers = true;
  } else if (word == "query") {
    out.query = true;
  } else {
    static constexpr std::string_view kWords[] = {"headers", "query", "dns=.corp.example"};
    const std::string near = did_you_mean(word, kWords);
    return fail(Exit::Usage, "--redact: unknown word '" + std::string(word) + "'",
                near.empty() ? "write headers, query or dns=SUFFIX" : near);
  }
  return {};
}

}  // namespace

bool Redaction::hides_name(std::string_view name) const noexcept {
  if (name.ends_with('.')) name.remove_suffix(1);
  return std::ranges::any_of(names, [&](const std::string& suffix) {
    if (name.size() < suffix.size()) return false;
    const size_t at = name.size() - suffix.size();
    return matches(name.substr(at), suffix) && (at == 0 || name[at - 1] == '.');
  });
}

bool Redaction::hides_part_of(std::string_view text) const noexcept {
  return std::ranges::any_of(names,
                             [&](const std::string& suffix) { return stands_in(text, suffix); });
}

Result<Redaction> parse_redaction(const std::vector<std::string>& lists) {
  Redaction out;
  for (const std::string& list : lists) {
    for (std::string_view rest = list;;) {
      const std::string_view word = rest.substr(0, rest.find(','));
      if (auto added = add_word(word, out); !added) return forward(added);
      if (word.size() == rest.size()) break;
      rest.remove_prefix(word.size() + 1);
    }
  }
  return out;
}

Redactor::Redactor(Redaction what) : what_(std::move(what)), arena_(kArenaBytes) {
  for (const Protocol& protocol : protocols()) {
    for (const EventSpec* spec : protocol.events) {
      by_event_[spec->id - kFirstPacketEvent] = protocol.redact;
    }
  }
}

const void* Redactor::redacted(const EventSpec& spec, const void* data) noexcept {
  const uint32_t index = spec.id - kFirstPacketEvent;
  if (index >= by_event_.size() || by_event_[index] == nullptr) return data;
  arena_.reset();
  return by_event_[index](spec, data, what_, arena_);
}

}  // namespace tracee
