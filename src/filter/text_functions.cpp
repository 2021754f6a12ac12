// SPDX-License-Identifier: Apache-2.0
#include "filter/text_functions.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/ascii.h"
#include "event/address.h"

namespace tracee {
namespace {

Value mapped(std::string_view text, char (*change)(char), Scratch& scratch) noexcept {
  char* out = take(scratch, text.size());
  if (out == nullptr) return nothing();
  std::ranges::transform(text, out, change);
  return value_of(std::string_view(out, text.size()));
}

char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlank = " \t\r\n\v\f";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// As path.Base has it: the last element, "." for none, "/" for slashes only.
std::string_view basename(std::string_view path) noexcept {
  if (path.empty()) return ".";
  const size_t last = path.find_last_not_of('/');
  if (last == path.npos) return "/";
  path = path.substr(0, last + 1);
  const size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

std::string_view dirname(std::string_view path) noexcept {
  const size_t slash = path.rfind('/');
  if (slash == path.npos) return ".";
  const size_t last = path.substr(0, slash + 1).find_last_not_of('/');
  return last == path.npos ? "/" : path.substr(0, last + 1);
}

Value replaced(std::string_view text, std::string_view from, std::string_view to,
               Scratch& scratch) noexcept {
  if (from.empty()) return value_of(text);
  const size_t start = scratch.used;
  const auto put = [&](std::string_view part) {
    char* at = take(scratch, part.size());
    if (at != nullptr && !part.empty()) std::memcpy(at, part.data(), part.size());
    return at != nullptr;
  };
  for (;;) {
    const size_t at = text.find(from);
    if (!put(text.substr(0, at))) return nothing();
    if (at == text.npos) break;
    if (!put(to)) return nothing();
    text.remove_prefix(at + from.size());
  }
  return value_of(std::string_view(scratch.block.data() + start, scratch.used - start));
}

Value split(std::string_view text, std::string_view separator, Scratch& scratch) noexcept {
  Value out;
  out.kind = Kind::List;
  out.count = 0;
  out.p = nullptr;
  // An empty separator has no places to split at: the text stays whole.
  for (bool last = false; !last; ++out.count) {
    const size_t at = separator.empty() ? text.npos : text.find(separator);
    last = at == text.npos;
    char* room = take(scratch, sizeof(std::string_view), alignof(std::string_view));
    if (room == nullptr) return nothing();
    const auto* element = new (room) std::string_view(text.substr(0, at));
    if (out.p == nullptr) out.p = element;
    if (!last) text.remove_prefix(at + separator.size());
  }
  return out;
}

Value join(const Value& list, std::string_view separator, Scratch& scratch) noexcept {
  if (list.kind != Kind::List) return nothing();
  size_t size = 0;
  for (uint32_t i = 0; i < list.count; ++i) {
    size += text_at(list, i).count + (i > 0 ? separator.size() : 0);
  }
  char* out = take(scratch, size);
  if (out == nullptr) return nothing();
  char* at = out;
  for (uint32_t i = 0; i < list.count; ++i) {
    if (i > 0) at = std::ranges::copy(separator, at).out;
    at = std::ranges::copy(text_at(list, i).text(), at).out;
  }
  return value_of(std::string_view(out, size));
}

// How evenly a text uses its bytes: hundredths of a bit a byte, by Shannon.
uint64_t entropy(std::string_view text) noexcept {
  if (text.empty()) return 0;
  uint32_t counts[256] = {};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  const auto size = static_cast<double>(text.size());
  for (const uint32_t count : counts) {
    if (count > 0) bits -= count / size * std::log2(count / size);
  }
  return static_cast<uint64_t>(std::llround(bits * 100));
}

// Where the part of a name begins that somebody registered: its last two labels,
// three below a country that sells names below second-level ones (co.uk, com.br).
// There is no list of all registries here; it is a good guess.
size_t domain_start(std::string_view name) noexcept {
  size_t dots[3];
  size_t count = 0;
  for (size_t at = name.size(); count < 3;) {
    at = at == 0 ? name.npos : name.rfind('.', at - 1);
    if (at == name.npos) break;
    dots[count++] = at;
  }
  if (count < 2) return 0;
  const bool country = name.size() - dots[0] == 3 && dots[0] - dots[1] <= 4;
  if (!country) return dots[1] + 1;
  return count == 3 ? dots[2] + 1 : 0;
}

std::string_view without_root(std::string_view name) noexcept {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

std::string_view subdomain(std::string_view name) noexcept {
  name = without_root(name);
  const size_t start = domain_start(name);
  return name.substr(0, start == 0 ? 0 : start - 1);
}

// Characters of a text, elements of a list or map.
Value size_of(const Value& value) noexcept {
  size_t size = value.count;
  if (value.kind == Kind::Text) {
    const auto is_first = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
    size = static_cast<size_t>(std::ranges::count_if(value.text(), is_first));
  } else if (value.kind != Kind::List && value.kind != Kind::Map) {
    return nothing();
  }
  return value_of(static_cast<int64_t>(size));
}

bool is_number(const Value& value) noexcept {
  return value.kind == Kind::Unsigned || value.kind == Kind::Signed || value.kind == Kind::Flag ||
         value.kind == Kind::Bool;
}

template <class T>
bool ordered(Operator op, const T& a, const T& b) noexcept {
  switch (op) {
    case Operator::Equal:
      return a == b;
    case Operator::NotEqual:
      return a != b;
    case Operator::Less:
      return a < b;
    case Operator::LessEqual:
      return a <= b;
    case Operator::Greater:
      return a > b;
    case Operator::GreaterEqual:
      return a >= b;
  }
  return false;
}

}  // namespace

char* take(Scratch& scratch, size_t size, size_t align) noexcept {
  // The block itself is aligned for nothing.
  const auto begin = reinterpret_cast<uintptr_t>(scratch.block.data());
  const size_t start = (begin + scratch.used + align - 1) / align * align - begin;
  if (start > scratch.block.size() || size > scratch.block.size() - start) return nullptr;
  scratch.used = start + size;
  return scratch.block.data() + start;
}

// A record that is none: no comparison knows the kind.
Value nothing() noexcept {
  Value out;
  out.kind = Kind::Record;
  out.p = nullptr;
  return out;
}

bool text_of(const Value& value, Scratch& scratch, std::string_view& out) noexcept {
  if (value.kind == Kind::Text) {
    out = value.text();
    return true;
  }
  if (value.kind != Kind::Address) return false;
  char* at = take(scratch, kAddressTextMax);
  if (at == nullptr) return false;
  out = {at, format_address(at, value.address())};
  return true;
}

Value text_at(const Value& list, uint64_t index) noexcept {
  if (list.kind != Kind::List || index >= list.count) return nothing();
  return value_of(static_cast<const std::string_view*>(list.p)[index]);
}

Value call(Function function, std::span<const Value> arguments, Scratch& scratch) noexcept {
  const Value& first = arguments[0];
  std::string_view text, second, third;
  const bool on_text = function != Function::Join && function != Function::At &&
                       !(function == Function::Size && first.kind != Kind::Address);
  if (on_text && !text_of(first, scratch, text)) return nothing();
  if (arguments.size() > 1 && function != Function::At && !text_of(arguments[1], scratch, second)) {
    return nothing();
  }
  if (arguments.size() > 2 && !text_of(arguments[2], scratch, third)) return nothing();
  switch (function) {
    case Function::Size:
      return size_of(on_text ? value_of(text) : first);
    case Function::Lower:
      return mapped(text, to_lower, scratch);
    case Function::Upper:
      return mapped(text, to_upper, scratch);
    case Function::Trim:
      return value_of(trimmed(text));
    case Function::Replace:
      return replaced(text, second, third, scratch);
    case Function::Split:
      return split(text, second, scratch);
    case Function::Join:
      return join(first, second, scratch);
    case Function::Basename:
      return value_of(basename(text));
    case Function::Dirname:
      return value_of(dirname(text));
    case Function::Entropy:
      return value_of(entropy(text));
    case Function::Domain:
      text = without_root(text);
      return mapped(text.substr(domain_start(text)), to_lower, scratch);
    case Function::Subdomain:
      return value_of(subdomain(text));
    case Function::At:
      return text_at(first, arguments[1].u);
    case Function::Member:
    case Function::Outer:
      break;  // the program's own
  }
  return nothing();
}

bool compare(Operator op, const Value& a, const Value& b, Scratch& scratch) noexcept {
  if (is_number(a) && is_number(b)) {
    // Below zero is below every unsigned number, however large.
    const bool a_below = a.kind == Kind::Signed && a.i < 0;
    const bool b_below = b.kind == Kind::Signed && b.i < 0;
    if (a_below != b_below) return ordered(op, b_below, a_below);
    return a_below ? ordered(op, a.i, b.i) : ordered(op, a.u, b.u);
  }
  std::string_view left, right;
  if (!text_of(a, scratch, left) || !text_of(b, scratch, right)) return false;
  return ordered(op, left, right);
}

}  // namespace tracee
