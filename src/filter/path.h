// SPDX-License-Identifier: Apache-2.0
// A way to the values that a filter looks at, found in the event tables:
// `data.dst_port`, `data.proto_dns.questions.name`,
// `data.proto_http.headers["User-Agent"]`, `process.name`, or a member of the
// element an exists() stands at. Made at start, walked per event.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"

namespace tracee {

struct Step {
  static constexpr uint32_t kAll = UINT32_MAX;        // every element of a list
  static constexpr uint32_t kWhole = UINT32_MAX - 1;  // the list or map itself
  const Field* field;
  uint32_t index = kAll;  // which element of a list, or of a map entry's values
  bool has_key = false;   // of a map: `key` names the entry; else its keys are meant
  std::string key{};

  bool operator==(const Step&) const = default;
};

struct Path {
  enum class Root : uint8_t { Data, Context, Variable };
  Root root = Root::Data;
  uint8_t variable = 0;       // Variable: which
  std::vector<Step> steps{};  // a Variable may have none: its value itself

  // What is found at its end.
  Kind kind = Kind::Text;
  unsigned width_bits = 0;         // of a number
  const RecordSpec* of = nullptr;  // of a record
  bool many = false;               // stands for any number of values, none included

  bool same_place(const Path& other) const {
    return root == other.root && variable == other.variable && steps == other.steps;
  }
};

// The path as `--events` writes it: `proto_http.headers.User-Agent`. The error
// says which part is wrong and the nearest right name.
Result<Path> resolve_path(std::span<const Field> fields, std::string_view text);

// Appends a step to `path`; the path's description is brought up to date.
void append_step(Path& path, const Field& field);
// The last step names a map: takes one of its entries.
void pick_key(Path& path, std::string_view key);
// The last step names a list or a map's entry: takes one element.
void pick_index(Path& path, uint32_t index);
// The last step names a list or map: takes it as it is, not its elements.
void take_whole(Path& path);

// The field of that name, `dest` and `dest_port` being aliases; null: none.
const Field* find_field(std::span<const Field> fields, std::string_view name, bool first);

// Calls `visit(const Value&)` for each value until it answers true; so answers
// this. `object` is what the first step's field reads.
template <class Visit>
bool any_value(std::span<const Step> steps, const void* object, Visit&& visit) noexcept;

}  // namespace tracee

#include "filter/path-inl.h"
