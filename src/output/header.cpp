// SPDX-License-Identifier: Apache-2.0
#include "output/header.h"

#include <cstring>
#include <utility>

#include "event/address.h"

namespace tracee {
namespace {

struct End {
  Address address{};
  uint64_t port = 0;
};

// The ends as the tables call them, in the event or in the record `metadata`.
bool read_ends(std::span<const Field> fields, const void* object, End& a, End& b) noexcept {
  bool found = false;
  for (const Field& field : fields) {
    const std::string_view name = field.name;
    if (name == "metadata" && field.kind == Kind::Record) {
      found = read_ends(field.of->fields, field.get(object).p, a, b) || found;
      continue;
    }
    const bool source = name.starts_with("src");
    if (!source && !name.starts_with("dst")) continue;
    End& end = source ? a : b;
    const Value value = field.get(object);
    if (value.kind == Kind::Address) {
      end.address = value.address();
      found = true;
    } else if (value.kind == Kind::Unsigned && name.ends_with("_port")) {
      end.port = value.u;
    }
  }
  return found;
}

bool before(const End& a, const End& b) noexcept {
  const int order = std::memcmp(a.address.bytes, b.address.bytes, sizeof a.address.bytes);
  return order != 0 ? order < 0 : a.port < b.port;
}

void put_end(const End& end, Buffer& out) noexcept {
  if (char* at = out.room(kAddressTextMax)) out.commit(format_address(at, end.address));
  out.put(' ');
  out.put_number(end.port);
}

void put_flow(const Event& event, Buffer& out) noexcept {
  End a, b;
  if (!read_ends(event.spec->fields, event.data, a, b)) return;
  if (before(b, a)) std::swap(a, b);
  put_end(a, out);
  out.put(' ');
  put_end(b, out);
}

}  // namespace

void put_header(Header header, const Event& event, Buffer& out) noexcept {
  switch (header) {
    case Header::None:
      break;
    case Header::Time:
      out.put_number(event.context->time_ns);
      out.put(' ');
      out.put(event.spec->name);
      break;
    case Header::Container:
      out.put(event.context->container.id);
      break;
    case Header::Flow:
      put_flow(event, out);
      break;
  }
}

}  // namespace tracee
