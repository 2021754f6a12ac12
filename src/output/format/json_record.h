// SPDX-License-Identifier: Apache-2.0
// Event tables compiled to JSON: what does not change from event to event (keys,
// types, the zeros of absent members) is text made at start, and a record is a
// walk over its members that copies these and puts the values between.
//
// All put functions write at `at` and return the end of what they wrote, or null
// if it does not fit before `end`. The position is handed on in a register: kept
// in an object, each byte written could change it as far as the compiler knows.
//
// Belongs to one thread: texts of objects that come again are kept.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/field.h"

namespace tracee {

// A text known at start. Most are short, and a call of memcpy costs more than the
// copy: so it is padded and copied in whole blocks.
class FixedText {
 public:
  FixedText() : FixedText("") {}
  explicit FixedText(std::string_view text);

  // Writes up to room() bytes.
  char* put(char* at) const noexcept {
    size_t done = 0;
    do {
      std::memcpy(at + done, text_.data() + done, kBlock);
      done += kBlock;
    } while (done < size_);
    return at + size_;
  }
  size_t room() const noexcept { return text_.size(); }

 private:
  static constexpr size_t kBlock = 16;
  std::string text_;
  size_t size_;
};

// Texts of objects that have a number (RecordSpec), by it. Belongs to one thread.
class NumberedTexts {
 public:
  NumberedTexts();

  // Empty: it is not here.
  std::string_view of(uint64_t number) const noexcept {
    const Place& place = places_[number % kPlaces];
    return place.number == number ? std::string_view{text_of(number), place.size}
                                  : std::string_view{};
  }
  // Nothing becomes of a long one.
  void keep(uint64_t number, std::string_view text) noexcept;

 private:
  static constexpr size_t kPlaces = 32;
  static constexpr size_t kMaxText = 4096;
  struct Place {
    uint64_t number;
    size_t size;
  };
  char* text_of(uint64_t number) const noexcept {
    return texts_.get() + number % kPlaces * kMaxText;
  }
  std::array<Place, kPlaces> places_{};
  std::unique_ptr<char[]> texts_;
};

class JsonRecord {
 public:
  // `"key":value` of each member, each behind a comma. With `arguments`, an
  // object {"name":…,"type":…,"value":…} instead, whose brace is left open: the
  // next one closes it.
  enum class Style { Members, Arguments };
  // `number`: RecordSpec's.
  using Number = uint64_t (*)(const void* object) noexcept;
  explicit JsonRecord(std::span<const Field> fields, Style style = Style::Members,
                      Number number = nullptr);
  ~JsonRecord();
  JsonRecord(JsonRecord&&) noexcept;
  JsonRecord& operator=(JsonRecord&&) noexcept;

  char* put_members(const void* object, char* at, char* end) const noexcept;
  // The same as an object.
  char* put_object(const void* object, char* at, char* end) const noexcept;

 private:
  struct Member;
  static char* put_value(const Value& value, const Member& member, char* at, char* end) noexcept;
  static char* put_list(const Value& list, const Member& member, char* at, char* end) noexcept;
  char* write_object(const void* object, char* at, char* end) const noexcept;

  std::vector<Member> members_;
  Number number_;
  std::unique_ptr<NumberedTexts> texts_;  // where there is number_
};

// A text with its quotes.
char* put_json_string(std::string_view text, char* at, char* end) noexcept;
// A text known at start, with its quotes.
std::string json_string(std::string_view text);

}  // namespace tracee
