// SPDX-License-Identifier: Apache-2.0
// How an event looks as bytes. A format is made once for a catalogue and holds
// nothing of events but texts it may need again.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "event/catalog.h"
#include "output/buffer.h"

namespace tracee {

class Format {
 public:
  virtual ~Format() = default;
  // What stands before the first event, if anything.
  virtual void prologue(Buffer&) noexcept {}
  // Appends one event, line end included. Never allocates, but for a template.
  virtual void write(const Event& event, Buffer& out) noexcept = 0;
};

// Which columns a table has beside those of every table.
enum class Columns : uint8_t {
  Host,
  Containers,  // container id; process ids own and host's
  Enriched,    // and the image
};

// What formats may be asked for; each takes what it knows.
struct FormatOptions {
  bool extended = false;  // what is known beyond the reference's envelope
  bool color = false;     // for a terminal
  bool relative = false;  // times count from `start_ns`; 0: from the first event
  uint64_t start_ns = 0;
  Columns columns = Columns::Host;
};

// The names make_format() takes; of `template=FILE` the part before the sign.
std::span<const std::string_view> format_names();

// `name`: one of these, as in `json` or `template=FILE`. Errors: an unknown name, a
// template that cannot be read or is none.
Result<std::unique_ptr<Format>> make_format(const std::string& name, const Catalog& catalog,
                                            const FormatOptions& options);

// The reference's JSON: one object a line. `extended` adds `network` at its end.
std::unique_ptr<Format> make_json_format(const Catalog& catalog, bool extended = false);
// The reference's newer JSON; v1_names.h has its words.
std::unique_ptr<Format> make_json_v1_format(const Catalog& catalog, const FormatOptions& options);
// The user's Mustache template. Errors have the place in the file.
Result<std::unique_ptr<Format>> make_template_format(const std::string& path,
                                                     const Catalog& catalog);
// Columns for people; `verbose` has those of namespaces and parents too.
std::unique_ptr<Format> make_table_format(const FormatOptions& options = {}, bool verbose = false);
// One value as the table shows it, safe for a terminal.
void put_plain_value(const Value& value, const Field& field, Buffer& out) noexcept;

}  // namespace tracee
