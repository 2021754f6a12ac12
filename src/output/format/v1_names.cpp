// SPDX-License-Identifier: Apache-2.0
#include "output/format/v1_names.h"

namespace tracee {
namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// A word begins at a capital behind a small letter or digit, and at the last of
// several capitals if a small letter follows it.
std::string snake_case(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool begins = is_upper(c) && i > 0 && name[i - 1] != '_' &&
                        (!is_upper(name[i - 1]) || (i + 1 < name.size() && is_lower(name[i + 1])));
    if (begins) out += '_';
    out += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

}  // namespace

std::string v1_name(std::string_view record, std::string_view member) {
  for (const V1Name& known : kV1Names) {
    if (known.record == record && known.member == member) return std::string(known.name);
  }
  return snake_case(member);
}

V1Kind v1_kind(const Field& argument) {
  for (const V1Kind& known : kV1Kinds) {
    if (known.type == argument.type) return known;
  }
  const bool wide = v1_number_is_text(argument);
  switch (argument.kind) {
    case Kind::Unsigned:
      return {argument.type, wide ? "u_int64" : "u_int32", ""};
    case Kind::Signed:
      return {argument.type, wide ? "int64" : "int32", ""};
    case Kind::Flag:
      return {argument.type, "u_int32", ""};
    case Kind::Bool:
      return {argument.type, "bool", ""};
    case Kind::Text:
    case Kind::Address:
      return {argument.type, "str", ""};
    case Kind::List:
      if (argument.element == Kind::Text || argument.element == Kind::Address)
        return {argument.type, "str_array", "value"};
      if (argument.element == Kind::Signed) return {argument.type, "int32_array", "value"};
      if (argument.element == Kind::Unsigned) return {argument.type, "u_int64_array", "value"};
      return {argument.type, "struct", "value"};
    case Kind::Record:
    case Kind::Map:
      break;
  }
  return {argument.type, "struct", ""};
}

}  // namespace tracee
