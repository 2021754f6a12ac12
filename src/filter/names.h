// SPDX-License-Identifier: Apache-2.0
// The names an expression may use beside an event's data: `process.name`,
// `container.id`, `network.direction`, `syscall`. They read the context, which
// every event has. `event.name` is known at start and not among them.
#pragma once

#include <span>
#include <string_view>

#include "event/context.h"
#include "filter/path.h"

namespace tracee {

struct NameGroup {
  std::string_view name;
  std::span<const Field> fields;
};
std::span<const NameGroup> name_groups();
// `workload.process` and `workload.container`: records of which each is a Context.
const RecordSpec& process_record();
const RecordSpec& container_record();
// Names that stand alone.
std::span<const Field> lone_names();

// The path of a name that is known to be there; `group` "" for a lone one.
Path context_path(std::string_view group, std::string_view name);

}  // namespace tracee
