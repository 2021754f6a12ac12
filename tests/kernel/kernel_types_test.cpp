// SPDX-License-Identifier: Apache-2.0
// The few of the kernel's types that the programs are loaded against.
#include "capture/kernel_types.h"

#include <bpf/btf.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "base/fd.h"
#include "support.h"

namespace tracee::kernel_test {
namespace {

LiveOptions only_load() {
  LiveOptions options;
  options.wanted = WIRE_WANT_UDP;
  options.attach = false;
  return options;
}

// Of each program that is loaded, what the kernel makes of its instructions.
std::map<std::string, std::array<uint8_t, BPF_TAG_SIZE>> tags_of(LiveSource& source) {
  std::map<std::string, std::array<uint8_t, BPF_TAG_SIZE>> out;
  bpf_program* program = nullptr;
  while ((program = bpf_object__next_program(source.object()->obj, program)) != nullptr) {
    bpf_prog_info info = {};
    uint32_t size = sizeof info;
    if (bpf_program__fd(program) < 0) continue;
    EXPECT_EQ(0, bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size));
    std::copy_n(info.tag, BPF_TAG_SIZE, out[bpf_program__name(program)].begin());
  }
  return out;
}

// The kernel's types as we reduce them lead to the same programs as all of them.
TEST(KernelTypes, ReducedGiveTheSamePrograms) {
  LiveOptions some = only_load();
  OPEN_OR_SKIP(reduced, some);
  some.whole_types = true;
  OPEN_OR_SKIP(whole, some);
  const auto tags = tags_of(reduced);
  EXPECT_GT(tags.size(), 8u);
  EXPECT_EQ(tags, tags_of(whole));
}

TEST(KernelTypes, ReducedAreFewAndWhole) {
  OPEN_OR_SKIP(source, only_load());
  const auto types = KernelTypes::read();
  ASSERT_TRUE(types);
  const Fd file(::memfd_create("types", MFD_CLOEXEC));
  ASSERT_TRUE(types->write_reduced(bpf_object__btf(source.object()->obj), file));
  btf* const reduced = btf__parse(("/proc/self/fd/" + std::to_string(file.get())).c_str(), nullptr);
  ASSERT_NE(nullptr, reduced);
  btf* const whole = btf__load_vmlinux_btf();
  EXPECT_LT(btf__type_cnt(reduced) * 20, btf__type_cnt(whole));
  for (const char* name : {"task_struct", "sock", "dentry", "nsproxy"}) {
    const int few = btf__find_by_name_kind(reduced, name, BTF_KIND_STRUCT);
    const int all = btf__find_by_name_kind(whole, name, BTF_KIND_STRUCT);
    ASSERT_GT(few, 0) << name;
    const btf_type* copy = btf__type_by_id(reduced, static_cast<uint32_t>(few));
    const btf_type* type = btf__type_by_id(whole, static_cast<uint32_t>(all));
    EXPECT_EQ(type->size, copy->size) << name;
    ASSERT_EQ(btf_vlen(type), btf_vlen(copy)) << name;
    for (uint32_t i = 0; i < btf_vlen(type); ++i)
      EXPECT_EQ(btf_member_bit_offset(type, i), btf_member_bit_offset(copy, i)) << name << i;
  }
  btf__free(whole);
  btf__free(reduced);
}

}  // namespace
}  // namespace tracee::kernel_test
