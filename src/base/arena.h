// SPDX-License-Identifier: Apache-2.0
// Memory of one packet: a fixed block that is handed out front to back and
// taken back whole by reset(). It never falls back to the heap: a full arena
// answers null or an empty span, and the caller stops adding and says so.
//
// One arena belongs to one worker thread. What it hands out lives until reset().
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

namespace tracee {

class Arena {
 public:
  explicit Arena(size_t size_bytes)
      // for_overwrite: pages that no packet needs are never touched.
      : block_(std::make_unique_for_overwrite<std::byte[]>(size_bytes)), size_(size_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void reset() noexcept { used_ = 0; }
  size_t used_bytes() const noexcept { return used_; }
  // Takes back all that was handed out since used_bytes() answered `used`.
  void rewind(size_t used) noexcept { used_ = used; }

  // Room for `count` objects, uninitialised; empty when it does not fit.
  template <class T>
  std::span<T> take(size_t count) noexcept {
    static_assert(std::is_trivially_destructible_v<T>);
    const size_t start = (used_ + alignof(T) - 1) & ~(alignof(T) - 1);
    if (start > size_ || count > (size_ - start) / sizeof(T)) return {};
    used_ = start + count * sizeof(T);
    return {reinterpret_cast<T*>(block_.get() + start), count};
  }

  // One object set to `value`, or null.
  template <class T>
  T* make(const T& value) noexcept {
    static_assert(std::is_trivially_copyable_v<T>);
    auto room = take<T>(1);
    if (room.empty()) return nullptr;
    return std::construct_at(room.data(), value);
  }

  // Gives the tail of the last take() back: `kept` of its elements stay.
  template <class T>
  void shrink(std::span<T> last, size_t kept) noexcept {
    used_ -= (last.size() - kept) * sizeof(T);
  }

 private:
  std::unique_ptr<std::byte[]> block_;
  size_t size_;
  size_t used_ = 0;
};

}  // namespace tracee
