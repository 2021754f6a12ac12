// SPDX-License-Identifier: Apache-2.0
#include "docs/fields.h"

namespace tracee {
namespace {

void walk(std::span<const Field> fields, const std::string& prefix, std::vector<Leaf>& out) {
  for (const Field& field : fields) {
    Leaf leaf{prefix + std::string(field.name), std::string(kind_text(field.kind)), field.doc,
              &field};
    if (field.kind == Kind::List) leaf.kind = "list of " + std::string(kind_text(field.element));
    if (field.kind == Kind::Map) leaf.path += ".NAME";
    out.push_back(leaf);
    if (field.of != nullptr) walk(field.of->fields, leaf.path + ".", out);
  }
}

}  // namespace

std::vector<Leaf> leaves_of(std::span<const Field> fields) {
  std::vector<Leaf> out;
  walk(fields, "", out);
  return out;
}

std::string_view kind_text(Kind kind) {
  switch (kind) {
    case Kind::Unsigned:
    case Kind::Signed:
      return "number";
    case Kind::Flag:
      return "flag";
    case Kind::Bool:
      return "bool";
    case Kind::Text:
      return "text";
    case Kind::Address:
      return "address";
    case Kind::Record:
      return "record";
    case Kind::List:
      return "list";
    case Kind::Map:
      return "map";
  }
  return "";
}

bool takes_values(const Leaf& leaf) {
  const Kind kind = leaf.field->kind == Kind::List ? leaf.field->element : leaf.field->kind;
  return kind != Kind::Record;
}

}  // namespace tracee
