// SPDX-License-Identifier: Apache-2.0
// Message heads that were read before. Who polls asks the same again, servers answer
// alike, and where both ends are on one host each message is seen twice. Such a head is
// compared with the one that was read, which takes a tenth of the time of reading it.
// Others must not pay for that: what has not come often is read and no more.
//
// Promises: what is read is what parse_http() makes of the same bytes. Nothing is
// allocated after construction. Whoever chooses heads that fall into one place gains
// nothing but that they are read.
//
// Belongs to one thread. What read() gives lives until it is called again.
#pragma once

#include <array>
#include <cstdint>

#include "base/arena.h"
#include "decode/protocols/http/http.h"

namespace tracee {

class RepeatedHeads {
 public:
  RepeatedHeads();

  // parse_http(); and a message that comes often has a number that only its equals
  // have. A head that is long, or is not simply ended by a blank line, never has one.
  Parse read(Bytes bytes, Arena& arena, HttpMessage& message, HttpFraming& framing) noexcept;

 private:
  static constexpr size_t kPlaces = 32;
  // Twice is nothing: on one host each head is seen at both ends.
  static constexpr uint32_t kOften = 3;
  static constexpr size_t kMaxHead = 2048;
  // The head itself, and the lists of its headers.
  static constexpr size_t kPlaceBytes = 2 * kMaxHead;

  struct Place {
    uint64_t last;   // what the last head here looked like
    uint32_t times;  // so many in a row did
    Bytes head;      // one that came often; empty: none
    HttpMessage message;
    HttpFraming framing;
    Arena memory{kPlaceBytes};
  };

  static uint64_t look_of(Bytes bytes) noexcept;
  bool fill(Place& place, Bytes bytes, Arena& scratch) noexcept;

  std::array<Place, kPlaces> places_{};
  uint64_t last_number_;
};

}  // namespace tracee
