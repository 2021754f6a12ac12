// SPDX-License-Identifier: Apache-2.0
#include "detect/large_set.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <functional>

#include "base/ascii.h"
#include "event/address.h"
#include "filter/key_ranges.h"

namespace tracee {
namespace {

constexpr size_t kMaxFileBytes = size_t{256} << 20;
constexpr size_t kMaxName = 255;

tl::unexpected<Error> wrong(const std::string& place, std::string what, std::string hint) {
  return fail(Exit::Usage, place + ": " + std::move(what), std::move(hint));
}

// Texts by hash, one block of memory for all of them.
class TextTable {
 public:
  void reserve(size_t entries, size_t bytes) {
    slots_.assign(std::bit_ceil(std::max<size_t>(entries * 2, 8)), Slot{});
    block_.reserve(bytes);
  }
  void add(std::string_view text) {
    Slot& slot = slots_[place_of(text)];
    if (slot.size != kFree) return;
    slot = {static_cast<uint32_t>(block_.size()), static_cast<uint32_t>(text.size())};
    block_ += text;
  }
  bool contains(std::string_view text) const noexcept {
    return slots_[place_of(text)].size != kFree;
  }

 private:
  static constexpr uint32_t kFree = UINT32_MAX;
  struct Slot {
    uint32_t start = 0, size = kFree;
  };

  // Of the text, or the free one where it would be: at most half of them are taken.
  size_t place_of(std::string_view text) const noexcept {
    size_t at = std::hash<std::string_view>()(text) & (slots_.size() - 1);
    while (slots_[at].size != kFree &&
           text != std::string_view(block_).substr(slots_[at].start, slots_[at].size)) {
      at = (at + 1) & (slots_.size() - 1);
    }
    return at;
  }

  std::vector<Slot> slots_;
  std::string block_;
};

class TextSet final : public OuterSet {
 public:
  TextTable table;
  bool contains(const Value& value) const noexcept override {
    if (value.kind == Kind::Text) return table.contains(value.text());
    if (value.kind != Kind::Address) return false;
    char text[kAddressTextMax];
    return table.contains({text, format_address(text, value.address())});
  }
};

class DomainSet final : public OuterSet {
 public:
  TextTable table;
  bool contains(const Value& value) const noexcept override {
    if (value.kind != Kind::Text) return false;
    std::string_view name = value.text();
    if (name.ends_with('.')) name.remove_suffix(1);
    // Longer than any name: what is listed can only be at its end.
    if (name.size() > kMaxName) name.remove_prefix(name.size() - kMaxName);
    char room[kMaxName];
    std::ranges::transform(name, room, to_lower);
    for (std::string_view rest(room, name.size()); !rest.empty();) {
      if (table.contains(rest)) return true;
      const size_t dot = rest.find('.');
      if (dot == rest.npos) return false;
      rest.remove_prefix(dot + 1);
    }
    return false;
  }
};

// IPv4 addresses in the mapped form.
Key key_of(const Address& address) noexcept {
  Key out = address.family == 4 ? Key{0xffff} : 0;
  for (size_t i = 0; i < (address.family == 4 ? 4u : 16u); ++i) out = out << 8 | address.bytes[i];
  return out;
}

class AddressSet final : public OuterSet {
 public:
  KeyRanges ranges;
  bool contains(const Value& value) const noexcept override {
    if (value.kind == Kind::Address) {
      return value.address().family != 0 && ranges.contains(key_of(value.address()));
    }
    // Some events show addresses as texts.
    if (value.kind != Kind::Text) return false;
    const auto address = parse_address(value.text());
    return address && ranges.contains(key_of(*address));
  }
};

bool parse_network(std::string_view text, KeyRange& out) {
  const size_t slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return false;
  const unsigned most = address->family == 4 ? 32 : 128;
  unsigned bits = most;
  if (slash != text.npos) {
    const std::string_view length = text.substr(slash + 1);
    const char* const end = length.data() + length.size();
    const auto parsed = std::from_chars(length.data(), end, bits);
    if (length.empty() || parsed.ec != std::errc() || parsed.ptr != end || bits > most)
      return false;
  }
  const unsigned free_bits = most - bits;
  const Key host = free_bits == 128 ? ~Key{0} : (Key{1} << free_bits) - 1;
  out.low = key_of(*address) & ~host;
  out.high = out.low | host;
  return true;
}

// A switch, not find_first_of(): that calls a function for each octet.
bool is_no_domains(char c) {
  switch (c) {
    case ' ':
    case '\t':
    case '/':
    case ':':
    case '*':
      return true;
    default:
      return false;
  }
}

// "*.example.org", ".example.org" and "example.org" are one domain.
std::string_view domain_of(std::string_view text) {
  if (text.starts_with('*')) text.remove_prefix(1);
  if (text.starts_with('.')) text.remove_prefix(1);
  if (text.ends_with('.')) text.remove_suffix(1);
  return text;
}

// Takes entries one by one, whatever they come from. `place` makes the text of it.
template <class Place>
class Builder {
 public:
  Builder(SetKind kind, size_t entries, size_t bytes) : kind_(kind) {
    switch (kind) {
      case SetKind::Texts:
        texts_ = std::make_shared<TextSet>();
        texts_->table.reserve(entries, bytes);
        break;
      case SetKind::Domains:
        domains_ = std::make_shared<DomainSet>();
        domains_->table.reserve(entries, bytes);
        break;
      case SetKind::Addresses:
        ranges_.reserve(entries);
        break;
    }
  }

  Result<> add(std::string_view text, const Place& place) {
    switch (kind_) {
      case SetKind::Texts:
        texts_->table.add(text);
        return {};
      case SetKind::Domains: {
        const std::string_view domain = domain_of(text);
        if (domain.empty() || domain.size() > kMaxName ||
            std::ranges::any_of(domain, is_no_domains)) {
          return wrong(place(), "'" + std::string(text) + "' is no domain",
                       "write example.org; names below it are meant too");
        }
        char room[kMaxName];
        std::ranges::transform(domain, room, to_lower);
        domains_->table.add({room, domain.size()});
        return {};
      }
      case SetKind::Addresses: {
        KeyRange range;
        if (!parse_network(text, range)) {
          return wrong(place(), "'" + std::string(text) + "' is no address or network",
                       "write 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32");
        }
        ranges_.push_back(range);
        return {};
      }
    }
    return {};
  }

  std::shared_ptr<const OuterSet> finish() {
    if (kind_ == SetKind::Texts) return texts_;
    if (kind_ == SetKind::Domains) return domains_;
    auto out = std::make_shared<AddressSet>();
    out->ranges = KeyRanges(std::move(ranges_));
    return out;
  }

 private:
  SetKind kind_;
  std::shared_ptr<TextSet> texts_;
  std::shared_ptr<DomainSet> domains_;
  std::vector<KeyRange> ranges_;
};

std::string_view trimmed(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const size_t first = line.find_first_not_of(" \t\r");
  if (first == line.npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

Result<std::string> read_text(const std::string& path, size_t most) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (file == nullptr) {
    return wrong(path + ":1:1", std::string("cannot be read: ") + std::strerror(errno),
                 "a list's file is looked for beside the list");
  }
  std::string out;
  for (;;) {
    const size_t before = out.size();
    constexpr size_t kPart = size_t{1} << 20;
    out.resize(before + kPart);
    const size_t got = std::fread(out.data() + before, 1, kPart, file.get());
    out.resize(before + got);
    if (got == 0) break;
    if (out.size() > most) return wrong(path + ":1:1", "larger than 256 MiB", "split it");
  }
  if (std::ferror(file.get()) != 0) {
    return wrong(path + ":1:1", std::string("cannot be read: ") + std::strerror(errno), "");
  }
  return out;
}

Result<std::shared_ptr<const OuterSet>> make_set(SetKind kind,
                                                 const std::vector<SetEntry>& entries) {
  size_t bytes = 0;
  for (const SetEntry& entry : entries) bytes += entry.text.size();
  const SetEntry* at = nullptr;
  const auto place = [&] { return at->place; };
  Builder<decltype(place)> builder(kind, entries.size(), bytes);
  for (const SetEntry& entry : entries) {
    at = &entry;
    if (auto added = builder.add(entry.text, place); !added) return forward(added);
  }
  return builder.finish();
}

Result<std::shared_ptr<const OuterSet>> read_set(SetKind kind, const std::string& file) {
  auto text = read_text(file, kMaxFileBytes);
  if (!text) return forward(text);
  const auto lines = static_cast<size_t>(std::ranges::count(*text, '\n')) + 1;
  size_t number = 0, entries = 0, column = 1;
  const auto place = [&] {
    return file + ":" + std::to_string(number) + ":" + std::to_string(column);
  };
  Builder<decltype(place)> builder(kind, std::min(lines, kMaxSetEntries), text->size());
  for (std::string_view rest = *text; !rest.empty();) {
    ++number;
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    const std::string_view entry = trimmed(line);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    if (entry.empty()) continue;
    column = static_cast<size_t>(entry.data() - line.data()) + 1;
    if (++entries > kMaxSetEntries)
      return wrong(place(), "more than 1,000,000 entries", "split it");
    if (auto added = builder.add(entry, place); !added) return forward(added);
  }
  return builder.finish();
}

}  // namespace tracee
