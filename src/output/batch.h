// SPDX-License-Identifier: Apache-2.0
// Formatted events on their way to a sink: their bytes, and where each begins and
// ends. Some sinks need a little of an event apart from its bytes (a key, the
// time); it stands before the event, and is not written with it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tracee {

// What stands before each event, as text.
enum class Header : uint8_t {
  None,
  Time,       // nanoseconds since the epoch, a blank, the event's name
  Container,  // the container's id; empty: the host
  Flow,       // both ends of the connection, the same for both directions
};

struct Mark {
  uint32_t body;  // the header is [end of the event before, body)
  uint32_t end;   // the event is [body, end)
};

struct Batch {
  std::string_view bytes;
  std::span<const Mark> marks;

  size_t size() const noexcept { return marks.size(); }
  size_t begin_of(size_t i) const noexcept { return i == 0 ? 0 : marks[i - 1].end; }
  std::string_view header(size_t i) const noexcept {
    return bytes.substr(begin_of(i), marks[i].body - begin_of(i));
  }
  std::string_view body(size_t i) const noexcept {
    return bytes.substr(marks[i].body, marks[i].end - marks[i].body);
  }
  // The event without the end of its line.
  std::string_view line(size_t i) const noexcept {
    std::string_view text = body(i);
    if (text.ends_with('\n')) text.remove_suffix(1);
    return text;
  }
};

}  // namespace tracee
