// SPDX-License-Identifier: Apache-2.0
// One line of an event's table. A Field names a member and knows how to read
// it; kind, list elements and nesting are deduced from the member's type, so
// there is no second list to keep in step.
//
//   inline constexpr Field kUdpFields[] = {
//       field<&UdpHeader::src_port, "srcPort">("Source port."),
//   };
//
// Rules of a table: append only; names are API; every doc ends with a full stop.
#pragma once

#include <concepts>
#include <functional>
#include <span>
#include <string_view>
#include <type_traits>

#include "event/value.h"

namespace tracee {

struct Field;

struct RecordSpec {
  std::string_view name;  // for people; never printed in an event
  std::span<const Field> fields;
  // Objects of which it gives the same number are equal in all fields; 0: says nothing.
  // Null: of no object. So a format need not print again what it has printed.
  uint64_t (*number)(const void* object) noexcept = nullptr;
};

// What is printed for an empty value.
enum class Empty : uint8_t {
  Zero,    // the kind's zero: 0, "", [], {}
  Null,    // null (an empty list)
  Absent,  // no key at all
};

// What of a packet's headers, or of its owner, a field shows as it is. On these the
// kernel side can decide.
enum class Origin : uint8_t {
  None,
  Source,
  Destination,
  SourcePort,
  DestinationPort,
  TcpFlag,   // a bit of the header's 13th byte
  HopLimit,  // or TTL
  Protocol,  // of the IP header, by name
  Direction,
  Ifindex,
  // the owner's
  HostPid,
  HostTid,
  HostParentPid,
  Pid,
  Tid,
  ParentPid,
  Uid,
  MountNamespace,
  PidNamespace,
  Cgroup,
  Comm,
  NodeName,
};

struct Field {
  std::string_view name;
  std::string_view key;  // `,"name":`, ready to be copied
  std::string_view doc;
  std::string_view type;  // the type text of an argument; empty for members
  Kind kind;
  Kind element;  // of a List
  Empty empty;
  uint8_t width_bits;  // of a number, else 0
  Value (*get)(const void* object) noexcept;
  Value (*at)(const void* first, uint32_t index) noexcept;  // List only
  const RecordSpec* of;                                     // of a Record or a List of records
  // Whether this record has the member at all; null: always. Formats print the
  // kind's zero for the shape's sake, filters see nothing to compare.
  bool (*present)(const void* object) noexcept;
  Origin origin;
  uint8_t origin_bit;                                 // of a TcpFlag
  std::string_view (*origin_text)(uint8_t) noexcept;  // of a Protocol or Direction
};

// A string literal as a template argument.
template <size_t N>
struct Literal {
  char text[N]{};
  constexpr Literal(const char (&literal)[N]) {  // NOLINT: a literal converts by design
    for (size_t i = 0; i < N; ++i) text[i] = literal[i];
  }
  constexpr std::string_view view() const { return {text, N - 1}; }
};

namespace field_detail {

template <Literal Name>
struct Key {
  static constexpr size_t kSize = Name.view().size() + 4;
  struct Text {
    char text[kSize]{};
  };
  static constexpr Text make() {
    Text out;
    size_t n = 0;
    out.text[n++] = ',';
    out.text[n++] = '"';
    for (char c : Name.view()) out.text[n++] = c;
    out.text[n++] = '"';
    out.text[n++] = ':';
    return out;
  }
  static constexpr Text kText = make();
  static constexpr std::string_view view() { return {kText.text, kSize}; }
};

template <auto Member>
struct Owner;
template <class T, class C, T C::*Member>
struct Owner<Member> {
  using Class = C;
};
template <class T, class C, T (*Function)(const C&) noexcept>
struct Owner<Function> {
  using Class = C;
};

template <class T>
struct Span : std::false_type {};
template <class T>
struct Span<std::span<const T>> : std::true_type {
  using Element = T;
};

template <class T>
consteval Kind kind_of() {
  if constexpr (std::same_as<T, bool>)
    return Kind::Bool;
  else if constexpr (std::same_as<T, Flag>)
    return Kind::Flag;
  else if constexpr (std::unsigned_integral<T>)
    return Kind::Unsigned;
  else if constexpr (std::signed_integral<T>)
    return Kind::Signed;
  else if constexpr (std::same_as<T, std::string_view>)
    return Kind::Text;
  else if constexpr (std::same_as<T, Address> || std::same_as<T, AddressText>)
    return Kind::Address;
  else if constexpr (std::same_as<T, TextMap>)
    return Kind::Map;
  else if constexpr (Span<T>::value)
    return Kind::List;
  else
    return Kind::Record;
}

template <class T>
Value read(const T& member) noexcept {
  constexpr Kind kKind = kind_of<T>();
  Value out;
  if constexpr (kKind == Kind::Unsigned) {
    return value_of(static_cast<uint64_t>(member));
  } else if constexpr (kKind == Kind::Signed) {
    return value_of(static_cast<int64_t>(member));
  } else if constexpr (kKind == Kind::List) {
    out.kind = Kind::List;
    out.count = static_cast<uint32_t>(member.size());
    out.p = member.data();
    return out;
  } else if constexpr (kKind == Kind::Record) {
    out.kind = Kind::Record;
    out.p = &member;
    return out;
  } else {
    return value_of(member);
  }
}

}  // namespace field_detail

// A field read by a member pointer, or by a function `T f(const Object&)`. A
// function that gives a record or an address returns a reference, because a
// Value is a view.
template <auto Member, Literal Name>
constexpr Field field(std::string_view doc, const RecordSpec* of = nullptr,
                      Empty empty = Empty::Zero) {
  using Class = typename field_detail::Owner<Member>::Class;
  using Read = std::invoke_result_t<decltype(Member), const Class&>;
  using T = std::remove_cvref_t<Read>;
  constexpr Kind kKind = field_detail::kind_of<T>();
  static_assert((kKind != Kind::Record && kKind != Kind::Address) || std::is_reference_v<Read>);

  Field out{};
  out.name = Name.view();
  // Name.view() would point into a temporary: both texts are taken from the static key.
  out.key = field_detail::Key<Name>::view();
  out.name = out.key.substr(2, out.key.size() - 4);
  out.doc = doc;
  out.kind = kKind;
  out.empty = empty;
  out.of = of;
  out.get = [](const void* object) noexcept {
    return field_detail::read<T>(std::invoke(Member, *static_cast<const Class*>(object)));
  };
  if constexpr (kKind == Kind::Unsigned || kKind == Kind::Signed) {
    out.width_bits = sizeof(T) * 8;
  }
  if constexpr (kKind == Kind::List) {
    using Element = typename field_detail::Span<T>::Element;
    out.element = field_detail::kind_of<Element>();
    out.at = [](const void* first, uint32_t index) noexcept {
      return field_detail::read<Element>(static_cast<const Element*>(first)[index]);
    };
  }
  return out;
}

// `of`, had only by the records that `Present(const Object&)` is true of.
template <auto Present>
constexpr Field only_when(Field of) {
  using Class = typename field_detail::Owner<Present>::Class;
  of.present = [](const void* object) noexcept {
    return Present(*static_cast<const Class*>(object));
  };
  return of;
}

// `of`, which shows what its origin has; `text`: by a name of its number.
constexpr Field from(Origin origin, Field of,
                     std::string_view (*text)(uint8_t) noexcept = nullptr) {
  of.origin = origin;
  of.origin_text = text;
  return of;
}
constexpr Field from_tcp_flag(uint8_t bit, Field of) {
  of.origin = Origin::TcpFlag;
  of.origin_bit = bit;
  return of;
}

// An argument of an event: a field with the type text of the reference format.
template <auto Member, Literal Name>
constexpr Field argument(std::string_view type, std::string_view doc,
                         const RecordSpec* of = nullptr) {
  Field out = field<Member, Name>(doc, of);
  out.type = type;
  return out;
}

}  // namespace tracee
