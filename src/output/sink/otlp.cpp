// SPDX-License-Identifier: Apache-2.0
#include "output/sink/otlp.h"

#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "output/buffer.h"
#include "output/format/escape.h"
#include "output/sink/http_sink.h"

namespace tracee {
namespace {

constexpr std::string_view kPath = "/v1/logs";
constexpr std::string_view kJson = "application/json";
// An event's quotation marks are escaped once more in here.
constexpr size_t kBodyBytes = 8 * kBlockBytes;

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

class OtlpSink final : public HttpSink {
 public:
  OtlpSink(HttpSettings http, const NetworkSettings& network, const std::string& service)
      : HttpSink("otlp", std::move(http), network), body_(kBodyBytes) {
    Buffer head(4096);
    head.put(R"({"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":)");
    put_string(service, head);
    head.put(R"(},{"key":"host.name","value":)");
    put_string(host_name(), head);
    head.put(R"(}]},"scopeLogs":[{"scope":{"name":"tracee"},"logRecords":[)");
    head_ = head.text();
  }

  Header header() const noexcept override { return Header::Time; }

 private:
  static void put_string(std::string_view text, Buffer& out) {
    out.put(R"({"stringValue":")");
    put_json_text(text, out);
    out.put("\"}");
  }

  void deliver(const Batch& batch) override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
    size_t events = 0;
    body_.clear();
    for (size_t i = 0; i < batch.size(); ++i) {
      const size_t before = body_.size();
      body_.put(before == 0 ? std::string_view(head_) : ",");
      put_record(batch.header(i), batch.line(i), now_ns);
      if (!body_.overflowed()) {
        ++events;
        continue;
      }
      // Full: what was put before goes first.
      body_.rewind(before);
      if (events == 0) {
        undeliverable(1);
        body_.clear();
        continue;
      }
      send(events);
      events = 0;
      --i;
    }
    if (events > 0) send(events);
  }

  void put_record(std::string_view header, std::string_view event, int64_t now_ns) {
    const size_t blank = std::min(header.find(' '), header.size());
    body_.put(R"({"timeUnixNano":")");
    body_.put(header.substr(0, blank));
    body_.put(R"(","observedTimeUnixNano":")");
    body_.put_number(now_ns);
    body_.put(R"(","severityNumber":9,"severityText":"INFO","body":)");
    put_string(event, body_);
    body_.put(R"(,"attributes":[{"key":"event.name","value":)");
    put_string(header.substr(std::min(blank + 1, header.size())), body_);
    body_.put("}]}");
  }

  void send(size_t events) {
    constexpr std::string_view kEnd = "]}]}]}";
    std::string body(body_.text());
    body += kEnd;
    post(body, std::string(kJson), events);
    body_.clear();
  }

  // A server may take a body and refuse some of its records.
  uint64_t refused(const PostAnswer& answer) override {
    const auto json = nlohmann::json::parse(answer.body, nullptr, false);
    if (!json.is_object() || !json.contains("partialSuccess")) return 0;
    const auto& partial = json["partialSuccess"];
    if (!partial.is_object() || !partial.contains("rejectedLogRecords")) return 0;
    // 64-bit numbers are texts in this encoding; not everybody knows.
    const auto& count = partial["rejectedLogRecords"];
    if (count.is_number_unsigned()) return count.get<uint64_t>();
    return count.is_string() ? std::strtoull(count.get<std::string>().c_str(), nullptr, 10) : 0;
  }

  std::string head_;
  Buffer body_;
};

}  // namespace

Result<std::unique_ptr<Sink>> open_otlp_sink(const std::string& place, Settings& settings,
                                             const SinkWorld& world) {
  auto http = HttpSettings::read("otlp", place, kPath, settings);
  if (!http) return forward(http);
  const std::string service = settings.text("service", "tracee");
  const auto network = NetworkSettings::read(settings, world);
  if (auto done = settings.finish(); !done) return forward(done);
  auto sink = std::make_unique<OtlpSink>(std::move(*http), network, service);
  sink->start();
  return sink;
}

}  // namespace tracee
