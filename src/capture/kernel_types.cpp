// SPDX-License-Identifier: Apache-2.0
#include "capture/kernel_types.h"

#include <bpf/btf.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace tracee {
namespace {

// struct task_struct___old is one more view of struct task_struct.
std::string_view without_flavor(std::string_view name) {
  const size_t at = name.find("___");
  return at == 0 ? name : name.substr(0, at);
}

bool is_layout(const btf_type* type) { return btf_is_composite(type) || btf_is_any_enum(type); }

// Types of one description, copied into another with what they are made of.
class Copier {
 public:
  Copier(const btf* from, btf* to) : from_(from), to_(to) {}

  // The copy's id; 0 is void.
  uint32_t copy(uint32_t id) {
    if (const auto known = copies_.find(id); known != copies_.end()) return known->second;
    const uint32_t made = make(id);
    copies_.emplace(id, made);
    return made;
  }

  // False: memory was short, and copies lack something.
  bool good() const { return good_; }

 private:
  uint32_t make(uint32_t id) {
    const btf_type* type = btf__type_by_id(from_, id);
    if (type == nullptr) return 0;
    switch (btf_kind(type)) {
      case BTF_KIND_TYPEDEF:
      case BTF_KIND_CONST:
      case BTF_KIND_VOLATILE:
      case BTF_KIND_RESTRICT:
      case BTF_KIND_TYPE_TAG:
        return copy(type->type);
      case BTF_KIND_INT:
        return added(btf__add_int(to_, name_of(type), type->size, btf_int_encoding(type)));
      case BTF_KIND_FLOAT:
        return added(btf__add_float(to_, name_of(type), type->size));
      case BTF_KIND_PTR:
        if (pointer_ == 0) pointer_ = added(btf__add_ptr(to_, 0));
        return pointer_;
      case BTF_KIND_ARRAY: {
        const auto* array = btf_array(type);
        const auto index = static_cast<int>(copy(array->index_type));
        const auto element = static_cast<int>(copy(array->type));
        return added(btf__add_array(to_, index, element, array->nelems));
      }
      case BTF_KIND_STRUCT:
      case BTF_KIND_UNION:
        return make_composite(type);
      case BTF_KIND_ENUM:
        return make_enum(type);
      case BTF_KIND_ENUM64:
        return make_enum64(type);
      default:
        return 0;
    }
  }

  // Members are made first: fields can only be added to the newest type.
  uint32_t make_composite(const btf_type* type) {
    const btf_member* members = btf_members(type);
    for (uint32_t i = 0; i < btf_vlen(type); ++i) copy(members[i].type);
    const uint32_t made =
        added(btf_is_struct(type) ? btf__add_struct(to_, name_of(type), type->size)
                                  : btf__add_union(to_, name_of(type), type->size));
    for (uint32_t i = 0; i < btf_vlen(type); ++i) {
      note(btf__add_field(to_, text(members[i].name_off), static_cast<int>(copy(members[i].type)),
                          btf_member_bit_offset(type, i), btf_member_bitfield_size(type, i)));
    }
    return made;
  }

  uint32_t make_enum(const btf_type* type) {
    const uint32_t made = added(btf__add_enum(to_, name_of(type), type->size));
    const auto* values = btf_enum(type);
    for (uint32_t i = 0; i < btf_vlen(type); ++i)
      note(btf__add_enum_value(to_, text(values[i].name_off), values[i].val));
    return made;
  }

  uint32_t make_enum64(const btf_type* type) {
    const uint32_t made = added(btf__add_enum64(to_, name_of(type), type->size, btf_kflag(type)));
    const auto* values = btf_enum64(type);
    for (uint32_t i = 0; i < btf_vlen(type); ++i)
      note(btf__add_enum64_value(to_, text(values[i].name_off), btf_enum64_value(&values[i])));
    return made;
  }

  const char* text(uint32_t offset) const { return btf__name_by_offset(from_, offset); }
  const char* name_of(const btf_type* type) const { return text(type->name_off); }
  uint32_t added(int id) {
    note(id);
    return id < 0 ? 0 : static_cast<uint32_t>(id);
  }
  void note(int result) { good_ = good_ && result >= 0; }

  const btf* from_;
  btf* to_;
  std::unordered_map<uint32_t, uint32_t> copies_;
  uint32_t pointer_ = 0;
  bool good_ = true;
};

bool write_all(const Fd& file, const void* data, size_t size) {
  for (size_t at = 0; at < size;) {
    const ssize_t wrote = ::write(file.get(), static_cast<const char*>(data) + at, size - at);
    if (wrote <= 0) return false;
    at += static_cast<size_t>(wrote);
  }
  return true;
}

}  // namespace

void KernelTypes::Free::operator()(btf* types) const noexcept { btf__free(types); }

Result<KernelTypes> KernelTypes::read() {
  btf* const types = btf__load_vmlinux_btf();
  if (types == nullptr)
    return fail(Exit::Missing,
                "this kernel does not describe its types: no /sys/kernel/btf/vmlinux",
                "use a kernel built with CONFIG_DEBUG_INFO_BTF=y (all current distributions do)");
  return KernelTypes(types);
}

uint32_t KernelTypes::find(const char* name, uint32_t kind) const noexcept {
  const int id = btf__find_by_name_kind(types_.get(), name, kind);
  return id > 0 ? static_cast<uint32_t>(id) : 0;
}

bool KernelTypes::write_reduced(const btf* ours, const Fd& file) const {
  std::unordered_set<std::string_view> names;
  for (uint32_t id = 1; id < btf__type_cnt(ours); ++id) {
    const btf_type* type = btf__type_by_id(ours, id);
    if (is_layout(type) && type->name_off != 0)
      names.insert(without_flavor(btf__name_by_offset(ours, type->name_off)));
  }
  const std::unique_ptr<btf, Free> reduced(btf__new_empty());
  if (!reduced) return false;
  Copier copier(types_.get(), reduced.get());
  for (uint32_t id = 1; id < btf__type_cnt(types_.get()); ++id) {
    const btf_type* type = btf__type_by_id(types_.get(), id);
    if (!is_layout(type) || type->name_off == 0) continue;
    const std::string_view name = btf__name_by_offset(types_.get(), type->name_off);
    if (names.contains(without_flavor(name))) copier.copy(id);
  }
  uint32_t size = 0;
  const void* data = copier.good() ? btf__raw_data(reduced.get(), &size) : nullptr;
  return data != nullptr && write_all(file, data, size);
}

}  // namespace tracee
