// SPDX-License-Identifier: Apache-2.0
// Texts that many hold at once, each kept once: a thousand shells have one path.
// Bounded in bytes: what does not fit becomes the empty text, and is counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tracee {

class Texts {
 public:
  // Null stands for the empty text.
  struct Text {
    std::string bytes;
    uint32_t holders = 0;
  };

  explicit Texts(size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  // The holder gives it back by release(). Allocates when the text is new.
  Text* hold(std::string_view text);
  static Text* hold(Text* text) noexcept;
  void release(Text* text) noexcept;

  // Whether hold() of a new text of this size would find room.
  bool has_room(size_t bytes) const noexcept { return used_bytes_ + bytes <= limit_bytes_; }
  size_t used_bytes() const noexcept { return used_bytes_; }
  uint64_t refused() const noexcept { return refused_; }

 private:
  size_t limit_bytes_, used_bytes_ = 0;
  uint64_t refused_ = 0;
  // The keys are views of the texts, which do not move.
  std::unordered_map<std::string_view, std::unique_ptr<Text>> texts_;
};

inline std::string_view view_of(const Texts::Text* text) noexcept {
  return text != nullptr ? std::string_view(text->bytes) : std::string_view();
}

}  // namespace tracee
