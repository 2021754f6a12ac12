// SPDX-License-Identifier: Apache-2.0
// Text that grows at the end of an arena. While one is open nobody else may take
// from that arena: its parts make one text because they are neighbours there.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/arena.h"
#include "base/bytes.h"

namespace tracee {

class TextOut {
 public:
  explicit TextOut(Arena& arena) noexcept : arena_(arena) {}
  TextOut(const TextOut&) = delete;
  TextOut& operator=(const TextOut&) = delete;
  ~TextOut() { give_back(); }

  // The arena is full: something is missing from the text.
  bool full() const noexcept { return full_; }
  size_t size() const noexcept { return static_cast<size_t>(at_ - begin_); }

  // Room for `size` more characters, or null. commit() says how many were used.
  char* room(size_t size) noexcept {
    return static_cast<size_t>(limit_ - at_) >= size ? at_ : grow(size);
  }
  void commit(size_t size) noexcept { at_ += size; }

  void put(char c) noexcept {
    if (char* at = room(1)) {
      *at = c;
      ++at_;
    }
  }
  void put(std::string_view text) noexcept {
    if (char* at = room(text.size())) {
      std::copy_n(text.data(), text.size(), at);
      at_ += text.size();
    }
  }
  void number(uint64_t value) noexcept {
    constexpr size_t kDigits = 20;
    if (char* at = room(kDigits)) at_ = std::to_chars(at, at + kDigits, value).ptr;
  }
  // Exactly `digits` digits, zeros in front.
  void number(uint64_t value, size_t digits) noexcept {
    if (char* at = room(digits)) {
      for (size_t i = digits; i > 0; --i, value /= 10) {
        at[i - 1] = static_cast<char>('0' + value % 10);
      }
      at_ += digits;
    }
  }

  // Forgets all but the first `size` characters.
  void cut(size_t size) noexcept { at_ = begin_ + size; }
  // The text, which from now on stays as it is; the rest goes back to the arena.
  std::string_view finish() noexcept {
    const std::string_view text(begin_, size());
    arena_.shrink(std::span<char>(begin_, limit_), size());
    begin_ = at_ = limit_ = nullptr;
    return text;
  }

 private:
  void give_back() noexcept { arena_.shrink(std::span<char>(begin_, limit_), 0); }

  char* grow(size_t size) noexcept {
    constexpr size_t kStep = 256;
    const size_t missing = size - static_cast<size_t>(limit_ - at_);
    auto more = arena_.take<char>(std::max(missing, kStep));
    if (more.empty()) more = arena_.take<char>(missing);
    if (more.empty()) {
      full_ = true;
      return nullptr;
    }
    if (begin_ == nullptr) begin_ = at_ = more.data();
    limit_ = more.data() + more.size();
    return at_;
  }

  Arena& arena_;
  char* begin_ = nullptr;
  char* at_ = nullptr;
  char* limit_ = nullptr;
  bool full_ = false;
};

}  // namespace tracee
