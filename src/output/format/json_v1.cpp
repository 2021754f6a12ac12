// SPDX-License-Identifier: Apache-2.0
// The reference's newer JSON, written by walking the event tables. Members with a
// zero value are left out, and bytes that are no UTF-8 too. What has no place in
// the dialect (cgroup, host name, namespaces, processor) is not shown.
#include <bit>
#include <ctime>
#include <string>
#include <vector>

#include "output/format/format.h"
#include "output/format/json_finding.h"
#include "output/format/v1_data.h"

namespace tracee {
namespace {

// Times of one second differ in their ends only.
class TimeText {
 public:
  // "2025-11-23T09:18:32.931545102Z"; zeros at the end of the fraction are left out.
  void put(uint64_t time_ns, Buffer& out) noexcept {
    const auto second = static_cast<time_t>(time_ns / 1'000'000'000);
    if (second != second_) {
      tm utc;
      gmtime_r(&second, &utc);
      strftime(text_, sizeof text_, "\"%Y-%m-%dT%H:%M:%S", &utc);
      second_ = second;
    }
    out.put(text_);
    uint64_t rest = time_ns % 1'000'000'000;
    char digits[10] = {'.'};
    for (size_t i = 9; i > 0; rest /= 10) digits[i--] = static_cast<char>('0' + rest % 10);
    size_t size = sizeof digits;
    while (size > 0 && (digits[size - 1] == '0' || digits[size - 1] == '.')) --size;
    out.put({digits, size});
    out.put("Z\"");
  }

 private:
  time_t second_ = -1;
  char text_[32] = "";
};

std::string quoted(std::string_view text) {
  Buffer buffer(text.size() * 8 + 16);
  put_v1_text(text, buffer);
  return std::string(buffer.text());
}

class JsonV1Format final : public Format {
 public:
  JsonV1Format(const Catalog& catalog, const FormatOptions& options) : extended_(options.extended) {
    for (const EventSpec* spec : catalog.events()) {
      if (events_.size() <= spec->id) events_.resize(spec->id + 1);
      events_[spec->id] = event_text(*spec);
      data_.prepare(*spec);
    }
  }

  void write(const Event& event, Buffer& out) noexcept override {
    const Context& context = *event.context;
    out.put("{\"timestamp\":");
    time_.put(context.time_ns, out);
    // A finding may be of a detector that came after the catalogue.
    if (event.finding != nullptr) {
      out.put(event_text(*event.spec));
    } else {
      out.put(events_[event.spec->id]);
    }
    put_policies(event, out);
    put_workload(event, out);
    data_.put(*event.spec, event.data, context, out);
    if (event.finding != nullptr) put_threat_and_source(event, data_, out);
    if (extended_) {
      out.put(",\"network\":");
      data_.put_record(&context, *kContextNetwork.of, out);
    }
    out.put("}\n");
  }

 private:
  static std::string event_text(const EventSpec& spec) {
    return ",\"id\":" + std::to_string(spec.id) + ",\"name\":" + quoted(spec.name);
  }

  static void put_policies(const Event& event, Buffer& out) noexcept {
    if (event.policies == 0) return;
    std::string_view before = ",\"policies\":{\"matched\":[";
    for (uint64_t rest = event.policies; rest != 0; rest &= rest - 1) {
      out.put(before);
      put_v1_text(event.policy_names[static_cast<size_t>(std::countr_zero(rest))], out);
      before = ",";
    }
    out.put("]}");
  }

  template <class Number>
  static void put_number(std::string_view key, Number number, Buffer& out) noexcept {
    out.put(key);
    out.put_number(number);
  }
  static void put_member(std::string_view key, std::string_view text, Buffer& out) noexcept {
    if (text.empty()) return;
    out.put(key);
    put_v1_text(text, out);
  }

  void put_workload(const Event& event, Buffer& out) noexcept {
    const Context& c = *event.context;
    const bool process = c.host_process_id != 0, container = !c.container.id.empty(),
               pod = !c.kubernetes.pod_name.empty();
    if (!process && !container && !pod) return;
    out.put(",\"workload\":{");
    if (process) put_process(event, out);
    if (container) {
      if (process) out.put(',');
      put_container(c, out);
    }
    if (pod) {
      if (process || container) out.put(',');
      out.put("\"k8s\":{\"pod\":{\"name\":");
      put_v1_text(c.kubernetes.pod_name, out);
      put_member(",\"uid\":", c.kubernetes.pod_uid, out);
      out.put("},\"namespace\":{\"name\":");
      put_v1_text(c.kubernetes.pod_namespace, out);
      out.put("}}");
    }
    out.put('}');
  }

  void put_process(const Event& event, Buffer& out) noexcept {
    const Context& c = *event.context;
    out.put("\"process\":{");
    if (!c.executable_path.empty()) {
      out.put("\"executable\":{\"path\":");
      put_v1_text(c.executable_path, out);
      out.put("},");
    }
    put_number("\"unique_id\":", c.process_entity, out);
    put_number(",\"host_pid\":", c.host_process_id, out);
    put_number(",\"pid\":", c.process_id, out);
    put_number(",\"real_user\":{\"id\":", c.user_id, out);
    out.put("},\"thread\":{\"start_time\":");
    start_.put(c.thread_start_ns, out);
    out.put(",\"name\":");
    put_v1_text(c.process_name, out);
    put_number(",\"unique_id\":", c.thread_entity, out);
    put_number(",\"host_tid\":", c.host_thread_id, out);
    put_number(",\"tid\":", c.thread_id, out);
    put_member(",\"syscall\":", c.syscall, out);
    if (c.flags.is_compat) out.put(",\"compat\":true");
    out.put('}');
    if (event.finding != nullptr && !event.finding->ancestors.empty()) {
      put_ancestors(event.finding->ancestors, out);
    } else if (c.host_parent_id != 0) {
      put_number(",\"ancestors\":[{\"unique_id\":", c.parent_entity, out);
      put_number(",\"host_pid\":", c.host_parent_id, out);
      put_number(",\"pid\":", c.parent_id, out);
      out.put("}]");
    }
    out.put('}');
  }

  static void put_ancestors(std::span<const Context> ancestors, Buffer& out) noexcept {
    std::string_view before = ",\"ancestors\":[";
    for (const Context& each : ancestors) {
      out.put(before);
      before = ",";
      put_number("{\"unique_id\":", each.process_entity, out);
      put_number(",\"host_pid\":", each.host_process_id, out);
      put_number(",\"pid\":", each.process_id, out);
      out.put(",\"thread\":{\"name\":");
      put_v1_text(each.process_name, out);
      out.put("}}");
    }
    out.put(']');
  }

  static void put_container(const Context& c, Buffer& out) noexcept {
    out.put("\"container\":{\"id\":");
    put_v1_text(c.container.id, out);
    put_member(",\"name\":", c.container.name, out);
    if (!c.container.image.empty()) {
      out.put(",\"image\":{");
      if (!c.container.image_digest.empty()) {
        out.put("\"repo_digests\":[");
        put_v1_text(c.container.image_digest, out);
        out.put("],");
      }
      out.put("\"name\":");
      put_v1_text(c.container.image, out);
      out.put('}');
    }
    if (c.flags.container_started) out.put(",\"started\":true");
    out.put('}');
  }

  bool extended_;
  V1Data data_;
  std::vector<std::string> events_;  // ,"id":…,"name":…  by event id
  TimeText time_, start_;
};

}  // namespace

std::unique_ptr<Format> make_json_v1_format(const Catalog& catalog, const FormatOptions& options) {
  return std::make_unique<JsonV1Format>(catalog, options);
}

}  // namespace tracee
