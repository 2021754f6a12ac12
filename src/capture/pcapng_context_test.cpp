// SPDX-License-Identifier: Apache-2.0
// What a file of ours says of an owner, and that it comes back whole.
#include "capture/pcapng_context.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tracee {
namespace {

Context some_context() {
  Context c;
  c.thread_start_ns = 1'600'000'000'123'456'789;
  c.cpu = 3;
  c.process_id = 5;
  c.thread_id = 6;
  c.parent_id = 1;
  c.host_process_id = 4711;
  c.host_thread_id = 4712;
  c.host_parent_id = 4700;
  c.cgroup_id = 18'446'744'073'709'551'615u;
  c.user_id = 4'294'967'295;
  c.mount_namespace = 4026531841;
  c.pid_namespace = 4026531836;
  c.process_name = "co\nmm\xff";
  c.executable.path = "/usr/bin/comm";
  c.host_name = "node";
  c.container = {"0123456789abcdef", "web", "nginx:1", "sha256:77"};
  c.kubernetes = {"web-1", "shop", "uid-1", true};
  c.executable_path = "/usr/bin/comm";
  c.command_line = "comm -x";
  c.user_name = "web";
  c.process_start = 4711;
  c.syscall = "sendto";
  c.flags = {true, true};
  c.thread_entity = 11;
  c.process_entity = 12;
  c.parent_entity = 13;
  c.attribution = "user";
  c.interface = "eth0";
  c.ifindex = 2;
  c.net_ns = 4026531840;
  c.gso_segments = 4;
  return c;
}

std::vector<uint8_t> encoded(const Context& context) {
  std::vector<uint8_t> out(kContextBytesMax);
  out.resize(encode_context(context, out.data()));
  return out;
}

std::string comment(const Context& context) {
  char out[kCommentBytesMax];
  return {out, write_comment(context, out)};
}

// As text: each field of the envelope's tables.
std::string shown(const Context& context) {
  std::string out;
  const auto put = [&](const auto& self, std::span<const Field> fields,
                       const void* object) -> void {
    for (const Field& field : fields) {
      const Value value = field.get(object);
      out += std::string(field.name) + "=";
      if (value.kind == Kind::Record) {
        self(self, field.of->fields, value.p);
      } else {
        out += value.kind == Kind::Text ? std::string(value.text()) : std::to_string(value.u);
      }
      out += ";";
    }
  };
  put(put, kContextHead, &context);
  put(put, {&kContextSyscall, 1}, &context);
  put(put, kContextTail, &context);
  put(put, {&kContextNetwork, 1}, &context);
  return out;
}

TEST(PcapngContext, EveryFieldOfTheEnvelopeComesBack) {
  const Context context = some_context();
  const auto bytes = encoded(context);
  Context back;
  back.time_ns = 77;
  ASSERT_TRUE(decode_context(bytes, FileOrder(), back));
  EXPECT_EQ(back.time_ns, 0u);  // the file's, not the option's
  EXPECT_EQ(shown(back), shown(context));
  // Nothing in the envelope is left at what it would be anyway, or this proves little.
  EXPECT_EQ(shown(context).find("=0;gsoSegments=1;"), std::string::npos);
}

TEST(PcapngContext, NothingIsSaidOfNobody) {
  const auto bytes = encoded(Context{});
  EXPECT_EQ(as_text(bytes), std::string_view("\xd9\x7e\0\0tracee\x01", 11));
  Context back = some_context();
  ASSERT_TRUE(decode_context(bytes, FileOrder(), back));
  EXPECT_EQ(shown(back), shown(Context{}));
  EXPECT_EQ(comment(Context{}), "");
}

TEST(PcapngContext, TheOtherByteOrder) {
  auto bytes = encoded(some_context());
  std::swap(bytes[0], bytes[3]);
  std::swap(bytes[1], bytes[2]);
  Context back;
  EXPECT_FALSE(decode_context(bytes, FileOrder(), back));
  EXPECT_TRUE(decode_context(bytes, FileOrder(true), back));
}

TEST(PcapngContext, UnknownMembersAreSteppedOver) {
  auto bytes = encoded(some_context());
  // A number and a text of members 120, whose keys take two bytes.
  constexpr uint8_t kUnknown[] = {0xf0, 1, 0x81, 1, 0xf1, 1, 2, 9, 9};
  bytes.insert(bytes.end(), std::begin(kUnknown), std::end(kUnknown));
  Context back;
  ASSERT_TRUE(decode_context(bytes, FileOrder(), back));
  EXPECT_EQ(shown(back), shown(some_context()));
}

TEST(PcapngContext, DamageIsNoContext) {
  const auto whole = encoded(some_context());
  Context back;
  EXPECT_FALSE(decode_context({}, FileOrder(), back));
  for (const std::vector<uint8_t>& tail : std::vector<std::vector<uint8_t>>{
           {27, 200},                                                     // a text that is longer
           {6, 0xff},                                                     // a number without an end
           {6, 0xff, 0xff, 0xff, 0xff, 0x7f},                             // 35 bits for 32
           {2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}  // and for 64
       }) {
    auto bytes = whole;
    bytes.insert(bytes.end(), tail.begin(), tail.end());
    EXPECT_FALSE(decode_context(bytes, FileOrder(), back)) << int{tail[0]};
  }
  auto other = whole;
  other[4] = 'T';
  EXPECT_FALSE(decode_context(other, FileOrder(), back));
}

TEST(PcapngContext, LongTextsStayWithinTheRoom) {
  const std::string text(65'000, 'x');
  Context context = some_context();
  context.executable.path = text;
  const auto bytes = encoded(context);
  EXPECT_LE(bytes.size(), kContextBytesMax);
  Context back;
  ASSERT_TRUE(decode_context(bytes, FileOrder(), back));
  EXPECT_EQ(back.executable.path, "");
  EXPECT_EQ(back.kubernetes.pod_name, "web-1");
  EXPECT_EQ(comment(context).size(), kCommentBytesMax);
}

TEST(PcapngContext, CommentIsPlainText) {
  EXPECT_EQ(comment(some_context()),
            "co?mm? pid=4711 tid=4712 uid=4294967295 exe=/usr/bin/comm container=0123456789abcdef "
            "name=web image=nginx:1 pod=shop/web-1");
  Context context = some_context();
  context.process_name = "a\xc2\x9b\xc3\xa4\xc2";  // a control, a letter, half of one
  EXPECT_TRUE(comment(context).starts_with("a?\xc3\xa4? pid=4711")) << comment(context);
}

}  // namespace
}  // namespace tracee
