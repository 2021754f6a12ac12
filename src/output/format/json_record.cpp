// SPDX-License-Identifier: Apache-2.0
#include "output/format/json_record.h"

#include <algorithm>

#include "base/digits.h"
#include "event/address.h"
#include "output/format/escape.h"

namespace tracee {
namespace {

bool is_zero(const Value& value) noexcept {
  return value.kind == Kind::Bool ? value.u == 0 : value.count == 0;
}

// What any value takes at least: a number or an address, with quotes.
constexpr size_t kValueRoom = 64;
static_assert(kValueRoom >= kMaxDigits && kValueRoom >= kAddressTextMax + 2);

bool fits(const char* at, const char* end, size_t count) noexcept {
  return static_cast<size_t>(end - at) >= count;
}

char* put_char(char* at, const char* end, char c) noexcept {
  if (at == end) return nullptr;
  *at = c;
  return at + 1;
}

// A map's key with its list of texts.
char* put_entry(const MapEntry& entry, char* at, char* end) noexcept {
  at = put_json_string(entry.key, at, end);
  if (at != nullptr) at = put_char(at, end, ':');
  char before = '[';
  for (const std::string_view value : entry.values) {
    if (at != nullptr) at = put_char(at, end, before);
    if (at != nullptr) at = put_json_string(value, at, end);
    before = ',';
  }
  return at == nullptr ? nullptr : put_char(at, end, ']');
}

char* put_map(TextMap map, char* at, char* end) noexcept {
  char before = '{';
  for (const MapEntry& entry : map) {
    if (at != nullptr) at = put_char(at, end, before);
    if (at != nullptr) at = put_entry(entry, at, end);
    before = ',';
  }
  if (before == '{' && at != nullptr) at = put_char(at, end, before);
  return at == nullptr ? nullptr : put_char(at, end, '}');
}

// A kind's zero. Record: each member's.
std::string zero_of(const Field& field) {
  switch (field.kind) {
    case Kind::Unsigned:
    case Kind::Signed:
    case Kind::Flag:
      return "0";
    case Kind::Bool:
      return "false";
    case Kind::Text:
    case Kind::Address:
      return "\"\"";
    case Kind::List:
      return field.empty == Empty::Null ? "null" : "[]";
    case Kind::Map:
      return "{}";
    case Kind::Record:
      break;
  }
  std::string out;
  for (const Field& member : field.of->fields) {
    if (member.empty == Empty::Absent) continue;
    out += std::string(member.key) + zero_of(member);
  }
  if (out.empty()) return "{}";
  out.front() = '{';
  return out + '}';
}

std::string argument_key(const Field& field, bool first) {
  return (first ? ",{\"name\":" : "},{\"name\":") + json_string(field.name) +
         ",\"type\":" + json_string(field.type) + ",\"value\":";
}

}  // namespace

FixedText::FixedText(std::string_view text) : text_(text), size_(text.size()) {
  text_.resize(std::max(text.size() + kBlock - 1, kBlock) / kBlock * kBlock);
}

NumberedTexts::NumberedTexts()
    : texts_(std::make_unique_for_overwrite<char[]>(kPlaces * kMaxText)) {}

void NumberedTexts::keep(uint64_t number, std::string_view text) noexcept {
  if (text.size() > kMaxText) return;
  places_[number % kPlaces] = {number, text.size()};
  std::ranges::copy(text, text_of(number));
}

struct JsonRecord::Member {
  FixedText key;
  size_t room;        // of the key with any short value
  FixedText missing;  // the key with the zero, when `present` says no
  bool may_be_absent;
  std::string_view empty_list;
  Value (*get)(const void* object) noexcept;
  Value (*at)(const void* first, uint32_t index) noexcept;
  bool (*present)(const void* object) noexcept;
  std::unique_ptr<JsonRecord> of;
};

JsonRecord::JsonRecord(std::span<const Field> fields, Style style, Number number)
    : number_(number), texts_(number == nullptr ? nullptr : std::make_unique<NumberedTexts>()) {
  for (const Field& field : fields) {
    const std::string key =
        style == Style::Members ? std::string(field.key) : argument_key(field, members_.empty());
    Member member{.key = FixedText(key),
                  .room = 0,
                  .missing = FixedText(key + zero_of(field)),
                  .may_be_absent = field.empty == Empty::Absent,
                  .empty_list = field.empty == Empty::Null ? "null" : "[]",
                  .get = field.get,
                  .at = field.at,
                  .present = field.present,
                  .of = field.of == nullptr
                            ? nullptr
                            : std::make_unique<JsonRecord>(field.of->fields, Style::Members,
                                                           field.of->number)};
    member.room = std::max(member.key.room() + kValueRoom, member.missing.room());
    members_.push_back(std::move(member));
  }
}

JsonRecord::~JsonRecord() = default;
JsonRecord::JsonRecord(JsonRecord&&) noexcept = default;
JsonRecord& JsonRecord::operator=(JsonRecord&&) noexcept = default;

char* JsonRecord::put_members(const void* object, char* at, char* end) const noexcept {
  for (const Member& member : members_) {
    if (!fits(at, end, member.room)) return nullptr;
    // A DNS record has eleven such members and shows one: their zeros are copied.
    if (member.present != nullptr && !member.may_be_absent && !member.present(object)) {
      at = member.missing.put(at);
      continue;
    }
    const Value value = member.get(object);
    if (member.may_be_absent && is_zero(value)) continue;
    at = put_value(value, member, member.key.put(at), end);
    if (at == nullptr) return nullptr;
  }
  return at;
}

char* JsonRecord::put_object(const void* object, char* at, char* end) const noexcept {
  const uint64_t number = number_ == nullptr ? 0 : number_(object);
  if (number == 0) return write_object(object, at, end);
  if (const std::string_view text = texts_->of(number); !text.empty()) {
    if (!fits(at, end, text.size())) return nullptr;
    std::memcpy(at, text.data(), text.size());
    return at + text.size();
  }
  char* const start = at;
  at = write_object(object, at, end);
  if (at != nullptr) texts_->keep(number, {start, at});
  return at;
}

char* JsonRecord::write_object(const void* object, char* at, char* end) const noexcept {
  char* const start = at;
  at = put_members(object, at, end);
  if (at == nullptr || !fits(at, end, 2)) return nullptr;
  if (at == start) ++at;
  *start = '{';  // in place of the first comma
  *at++ = '}';
  return at;
}

// The caller has seen to kValueRoom.
char* JsonRecord::put_value(const Value& value, const Member& member, char* at,
                            char* end) noexcept {
  switch (value.kind) {
    case Kind::Unsigned:
      return put_digits(at, value.u);
    case Kind::Flag:
      *at = static_cast<char>('0' + value.u);
      return at + 1;
    case Kind::Signed:
      return put_signed_digits(at, value.i);
    case Kind::Bool: {
      const std::string_view text = value.u != 0 ? "true" : "false";
      return std::copy(text.begin(), text.end(), at);
    }
    case Kind::Address:
      *at++ = '"';
      at += format_address(at, value.address());
      *at++ = '"';
      return at;
    case Kind::Text:
      return put_json_string(value.text(), at, end);
    case Kind::Record:
      return member.of->put_object(value.p, at, end);
    case Kind::List:
      return put_list(value, member, at, end);
    case Kind::Map:
      return put_map(value.map(), at, end);
  }
  return at;
}

char* JsonRecord::put_list(const Value& list, const Member& member, char* at, char* end) noexcept {
  if (list.count == 0) {
    return std::copy(member.empty_list.begin(), member.empty_list.end(), at);
  }
  for (uint32_t i = 0; i < list.count; ++i) {
    if (!fits(at, end, 1 + kValueRoom)) return nullptr;
    *at++ = i == 0 ? '[' : ',';
    at = put_value(member.at(list.p, i), member, at, end);
    if (at == nullptr) return nullptr;
  }
  return put_char(at, end, ']');
}

char* put_json_string(std::string_view text, char* at, char* end) noexcept {
  if (!fits(at, end, json_text_room(text) + 2)) return nullptr;
  *at++ = '"';
  at = put_json_text(text, at);
  *at++ = '"';
  return at;
}

std::string json_string(std::string_view text) {
  std::string out(json_text_room(text) + 2, '\0');
  out.resize(
      static_cast<size_t>(put_json_string(text, out.data(), out.data() + out.size()) - out.data()));
  return out;
}

}  // namespace tracee
