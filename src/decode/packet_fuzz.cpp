// SPDX-License-Identifier: Apache-2.0
// Any bytes as an IP packet: every event is made and every field of it read.
#include "decode/decoder.h"
#include "event/field.h"

namespace {

using namespace tracee;

// Reads what a format would read, so that a bad view is a bad read here.
uint64_t touch(const Value& value, const Field& field) noexcept {
  uint64_t sum = 0;
  switch (value.kind) {
    case Kind::Text:
      for (const char c : value.text()) sum += static_cast<uint8_t>(c);
      break;
    case Kind::Address:
      for (const uint8_t byte : value.address().bytes) sum += byte;
      break;
    case Kind::Record:
      for (const Field& member : field.of->fields) sum += touch(member.get(value.p), member);
      break;
    case Kind::List: {
      Field element = field;
      element.kind = field.element;
      for (uint32_t i = 0; i < value.count; ++i) sum += touch(field.at(value.p, i), element);
      break;
    }
    case Kind::Map:
      for (const MapEntry& entry : value.map()) {
        sum += entry.key.size();
        for (const auto text : entry.values) sum += text.size();
      }
      break;
    default:
      sum = value.u;
  }
  return sum;
}

class Toucher final : public EventHandler {
 public:
  void on_event(const Event& event) noexcept override {
    uint64_t sum = 0;
    for (const Field& field : event.spec->fields) sum += touch(field.get(event.data), field);
    sum_ = sum;
  }

 private:
  volatile uint64_t sum_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Decoder decoder({}, ~EventMask{0});
  Toucher toucher;
  decoder.decode({data, size}, static_cast<uint32_t>(size), {}, toucher);
  return 0;
}
