// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/http/http_repeated.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace tracee {
namespace {

// Each object numbers its own heads; 2^40 of them take ten days at a million a second.
constexpr unsigned kNumberBits = 40;
std::atomic<uint64_t> objects{0};

uint64_t load_word(const uint8_t* at) noexcept {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

}  // namespace

RepeatedHeads::RepeatedHeads() : last_number_(objects.fetch_add(1) << kNumberBits) {}

// Requests differ at the beginning, responses in their date and their length.
uint64_t RepeatedHeads::look_of(Bytes bytes) noexcept {
  constexpr size_t kMost = 64;
  uint64_t hash = bytes.size();
  for (size_t at = 0; at + sizeof hash <= std::min(bytes.size(), kMost); at += sizeof hash) {
    hash = (hash ^ load_word(bytes.data() + at)) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
  }
  return hash;
}

Parse RepeatedHeads::read(Bytes bytes, Arena& arena, HttpMessage& message,
                          HttpFraming& framing) noexcept {
  const uint64_t look = look_of(bytes);
  Place& place = places_[look % kPlaces];
  place.times = place.last == look ? place.times + 1 : 1;
  place.last = look;
  // A head ends where its bytes say: what begins with it has it for its own.
  const size_t size = place.head.size();
  const bool is_here =
      size > 0 && size <= bytes.size() && std::memcmp(bytes.data(), place.head.data(), size) == 0;
  if (!is_here && (place.times < kOften || !fill(place, bytes, arena))) {
    return parse_http(bytes, arena, message, framing);
  }
  message = place.message;
  framing = place.framing;
  return Parse::Ok;
}

// False: it is not here. The place is empty then.
bool RepeatedHeads::fill(Place& place, Bytes bytes, Arena& scratch) noexcept {
  place.head = {};
  constexpr std::string_view kEnd = "\r\n\r\n";
  const size_t end = as_text(bytes.first(std::min(bytes.size(), kMaxHead))).find(kEnd);
  if (end == std::string_view::npos) return false;
  place.memory.reset();
  const auto copy = place.memory.take<uint8_t>(end + kEnd.size());
  std::ranges::copy(bytes.first(copy.size()), copy.begin());
  const size_t used = scratch.used_bytes();
  const Parse result = parse_http(copy, place.memory, scratch, place.message, place.framing);
  scratch.rewind(used);
  if (result != Parse::Ok) return false;
  place.message.number = ++last_number_;
  place.head = Bytes(copy).first(place.framing.head_bytes);
  return true;
}

}  // namespace tracee
