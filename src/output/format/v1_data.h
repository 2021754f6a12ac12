// SPDX-License-Identifier: Apache-2.0
// Arguments and records as the newer dialect has them. Members with a zero value
// are left out, and bytes that are no UTF-8 too. What does not change from event
// to event of one kind is made once, when the kind is first seen.
#pragma once

#include <memory>
#include <string_view>

#include "event/event.h"
#include "output/buffer.h"

namespace tracee {

class V1Data {
 public:
  V1Data();
  ~V1Data();
  V1Data(const V1Data&) = delete;
  V1Data& operator=(const V1Data&) = delete;

  // Makes what the events of this kind need, so that put() need not.
  void prepare(const EventSpec& spec);

  // `,"data":[{"name":"src","str":"10.0.0.1"},…]`; nothing for an event without
  // arguments. The direction of a packet comes from `context`.
  void put(const EventSpec& spec, const void* data, const Context& context, Buffer& out) noexcept;

  // A record that is not part of an event, as an object.
  void put_record(const void* object, const RecordSpec& spec, Buffer& out) noexcept;

 private:
  struct Kinds;
  std::unique_ptr<Kinds> kinds_;
};

// A text with its quotes, without what is no UTF-8.
void put_v1_text(std::string_view text, Buffer& out) noexcept;

}  // namespace tracee
