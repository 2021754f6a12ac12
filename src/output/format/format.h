// SPDX-License-Identifier: Apache-2.0
// How an event looks as bytes. A format is made once for a catalogue and holds
// no state of events.
#pragma once

#include <memory>

#include "event/catalog.h"
#include "output/buffer.h"

namespace tracee {

class Format {
 public:
  virtual ~Format() = default;
  // What stands before the first event, if anything.
  virtual void prologue(Buffer&) noexcept {}
  // Appends one event, line end included. Never allocates.
  virtual void write(const Event& event, Buffer& out) noexcept = 0;
};

// The reference's JSON: one object a line. `extended` adds `network` at its end.
std::unique_ptr<Format> make_json_format(const Catalog& catalog, bool extended = false);
// Columns for people.
std::unique_ptr<Format> make_table_format();

}  // namespace tracee
