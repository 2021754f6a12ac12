// SPDX-License-Identifier: Apache-2.0
// The object's BTF is what the BPF compiler made of wire.h; offsetof is what this
// compiler made of it. They must agree member by member, and have the same members.
#include <bpf/btf.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>

// The skeleton names the structs of wire.h and does not include them.
// clang-format off
#include "wire/wire.h"
#include "tracee.skel.h"
// clang-format on

namespace {

using Offsets = std::map<std::string, size_t>;

class WireLayout : public testing::Test {
 protected:
  void SetUp() override {
    size_t size = 0;
    const void* elf = tracee_bpf__elf_bytes(&size);
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "layout");
    object_.reset(bpf_object__open_mem(elf, size, &options));
    ASSERT_NE(nullptr, object_);
  }

  void expect(const char* name, size_t size, const Offsets& offsets) {
    const btf* types = bpf_object__btf(object_.get());
    const int id = btf__find_by_name_kind(types, name, BTF_KIND_STRUCT);
    ASSERT_GT(id, 0) << name << " is not in the object's BTF";
    const btf_type* type = btf__type_by_id(types, static_cast<uint32_t>(id));
    EXPECT_EQ(size, type->size) << name;
    Offsets found;
    for (uint32_t i = 0; i < btf_vlen(type); i++)
      found[btf__name_by_offset(types, btf_members(type)[i].name_off)] =
          btf_member_bit_offset(type, i) / 8;
    EXPECT_EQ(offsets, found) << name;
  }

 private:
  struct Close {
    void operator()(bpf_object* object) const { bpf_object__close(object); }
  };
  std::unique_ptr<bpf_object, Close> object_;
};

#define AT(member) \
  { #member, offsetof(Struct, member) }

TEST_F(WireLayout, Owner) {
  using Struct = struct owner;
  expect("owner", sizeof(Struct),
         {AT(thread_start), AT(leader_start), AT(parent_leader_start), AT(cgroup_id), AT(host_tid),
          AT(host_pid), AT(host_ppid), AT(ns_tid), AT(ns_pid), AT(ns_ppid), AT(uid), AT(mount_ns),
          AT(pid_ns), AT(syscall), AT(attribution), AT(compat), AT(pad), AT(comm), AT(node_name)});
}

TEST_F(WireLayout, PacketRecord) {
  using Struct = struct packet_record;
  expect("packet_record", sizeof(Struct),
         {AT(time_ns), AT(kind), AT(cpu), AT(ifindex), AT(packet_len), AT(data_len), AT(net_ns),
          AT(gso_segments), AT(direction), AT(pad), AT(wants), AT(generation), AT(rules), AT(owner),
          AT(data)});
}

TEST_F(WireLayout, ProcessRecord) {
  using Struct = struct process_record;
  expect("process_record", sizeof(Struct),
         {AT(time_ns), AT(kind), AT(cpu), AT(path_len), AT(args_len), AT(from_start), AT(from_pid),
          AT(hierarchy), AT(v1_cgroup), AT(path_whole), AT(pad), AT(owner), AT(text)});
}

TEST_F(WireLayout, CgroupRecord) {
  using Struct = struct cgroup_record;
  expect("cgroup_record", sizeof(Struct),
         {AT(time_ns), AT(kind), AT(cpu), AT(hierarchy), AT(id), AT(path_len), AT(pad), AT(path)});
}

TEST_F(WireLayout, EveryRecordBeginsAlike) {
  for (const size_t offset :
       {offsetof(struct packet_record, kind), offsetof(struct process_record, kind),
        offsetof(struct cgroup_record, kind)})
    EXPECT_EQ(offsetof(struct record_head, kind), offset);
  for (const size_t offset :
       {offsetof(struct packet_record, cpu), offsetof(struct process_record, cpu),
        offsetof(struct cgroup_record, cpu)})
    EXPECT_EQ(offsetof(struct record_head, cpu), offset);
}

TEST_F(WireLayout, NewsCounters) {
  using Struct = struct wire_news_counters;
  expect("wire_news_counters", sizeof(Struct), {AT(emitted), AT(lost)});
}

TEST_F(WireLayout, Counters) {
  using Struct = struct wire_counters;
  expect("wire_counters", sizeof(Struct),
         {AT(seen), AT(filtered), AT(ring_full), AT(load_failed), AT(emitted), AT(shed), AT(cut)});
}

TEST_F(WireLayout, Config) {
  using Struct = struct wire_config;
  expect("wire_config", sizeof(Struct),
         {AT(own_pid), AT(wake_bytes), AT(dns_port_count), AT(dns_ports), AT(can_read_kernel),
          AT(can_read_regs), AT(can_find_mptcp), AT(notes_accepts), AT(sees_use), AT(shed), AT(pad),
          AT(payload_bytes), AT(shed_bytes), AT(shed_flows), AT(shed_seed), AT(task_struct_id),
          AT(sock_id), AT(pad2)});
}

TEST_F(WireLayout, Rules) {
  using Struct = struct wire_rules;
  expect("wire_rules", sizeof(Struct),
         {AT(generation), AT(wanted), AT(restricted), AT(node_count), AT(mask_count), AT(roots),
          AT(src_v4), AT(dst_v4), AT(pad), AT(nobody), AT(of_classes), AT(masks), AT(nodes)});
}

TEST_F(WireLayout, Reader) {
  using Struct = struct wire_reader;
  expect("wire_reader", sizeof(Struct), {AT(asleep), AT(pad)});
}

}  // namespace
