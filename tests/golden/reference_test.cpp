// SPDX-License-Identifier: Apache-2.0
// The eight lines of the reference document. reference.pcap holds packets that
// carry their values: replayed with the line's own context they must give the
// line again, byte for byte.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "capture/replay.h"
#include "decode/decoder.h"
#include "event/catalog.h"
#include "output/format/format.h"

namespace tracee {
namespace {

const std::string kFolder = TRACEE_TEST_DATA "/golden/reference/";

std::vector<std::string> reference_lines() {
  std::ifstream file(kFolder + "lines.jsonl");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// The envelope of a line, as the Context that gives it. Texts point into `line`.
Context context_of(const nlohmann::json& line) {
  const auto text = [&](const char* key) -> std::string_view {
    return line.at(key).get_ref<const std::string&>();
  };
  Context c;
  c.time_ns = line.at("timestamp");
  c.thread_start_ns = line.at("threadStartTime");
  c.cpu = line.at("processorId");
  c.process_id = line.at("processId");
  c.cgroup_id = line.at("cgroupId");
  c.thread_id = line.at("threadId");
  c.parent_id = line.at("parentProcessId");
  c.host_process_id = line.at("hostProcessId");
  c.host_thread_id = line.at("hostThreadId");
  c.host_parent_id = line.at("hostParentProcessId");
  c.user_id = line.at("userId");
  c.mount_namespace = line.at("mountNamespace");
  c.pid_namespace = line.at("pidNamespace");
  c.process_name = text("processName");
  c.host_name = text("hostName");
  c.syscall = text("syscall");
  c.thread_entity = line.at("threadEntityId");
  c.process_entity = line.at("processEntityId");
  c.parent_entity = line.at("parentEntityId");
  return c;
}

class Writer final : public EventHandler {
 public:
  explicit Writer(Format& format) : format_(format) {}
  void on_event(const Event& event) noexcept override { format_.write(event, buffer_); }
  std::string take() {
    std::string text(buffer_.text());
    buffer_.clear();
    return text;
  }

 private:
  Format& format_;
  Buffer buffer_{1 << 20};
};

TEST(Reference, LinesComeBackByteForByte) {
  const auto lines = reference_lines();
  ASSERT_EQ(lines.size(), 8u);
  const Catalog catalog(packet_events());
  const auto format = make_json_format(catalog);
  Writer writer(*format);
  auto source = ReplaySource::open(kFolder + "reference.pcap");
  ASSERT_TRUE(source) << source.error().what;
  Record record;
  for (const std::string& line : lines) {
    const auto parsed = nlohmann::json::parse(line);
    const EventSpec* spec = catalog.find(parsed.at("eventName").get<std::string>());
    ASSERT_NE(spec, nullptr);
    ASSERT_EQ((*source)->next(record), ReplaySource::Next::Packet);
    EXPECT_EQ(record.time_ns, parsed.at("timestamp").get<uint64_t>());
    Decoder decoder({}, event_bit(*spec));
    decoder.decode(record.packet, record.packet_length, context_of(parsed), writer);
    EXPECT_EQ(writer.take(), line + "\n");
  }
  EXPECT_EQ((*source)->next(record), ReplaySource::Next::End);
}

}  // namespace
}  // namespace tracee
