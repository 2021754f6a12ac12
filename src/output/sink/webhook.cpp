// SPDX-License-Identifier: Apache-2.0
#include "output/sink/webhook.h"

#include "output/sink/http_sink.h"

namespace tracee {
namespace {

enum class Body { Lines, Array, Event };

struct WebhookSettings {
  Body body = Body::Lines;
  std::string content_type;
  size_t batch_events = 0, batch_bytes = 0;
};

class WebhookSink final : public HttpSink {
 public:
  WebhookSink(HttpSettings http, const NetworkSettings& network, WebhookSettings settings)
      : HttpSink("webhook", std::move(http), network), settings_(std::move(settings)) {}

 private:
  void deliver(const Batch& batch) override {
    for (size_t from = 0; from < batch.size();) {
      body_.clear();
      size_t to = from;
      while (to < batch.size() && to - from < settings_.batch_events &&
             (to == from || body_.size() + batch.line(to).size() < settings_.batch_bytes)) {
        add(batch.line(to++));
      }
      if (settings_.body == Body::Array) body_ += ']';
      post(body_, settings_.content_type, to - from);
      from = to;
    }
  }

  void add(std::string_view event) {
    if (settings_.body == Body::Array) body_ += body_.empty() ? '[' : ',';
    body_ += event;
    if (settings_.body == Body::Lines) body_ += '\n';
  }

  const WebhookSettings settings_;
  std::string body_;
};

}  // namespace

Result<std::unique_ptr<Sink>> open_webhook_sink(const std::string& place, Settings& settings,
                                                const SinkWorld& world) {
  static constexpr std::string_view kBodies[] = {"lines", "array", "event"};
  static constexpr std::string_view kTypes[] = {"application/x-ndjson", "application/json",
                                                "application/json"};
  auto http = HttpSettings::read("webhook", place, "", settings);
  if (!http) return forward(http);
  WebhookSettings webhook;
  const size_t body = settings.choice("body", kBodies, 0);
  webhook.body = static_cast<Body>(body);
  webhook.content_type = settings.text("contentType", kTypes[body]);
  webhook.batch_events =
      webhook.body == Body::Event ? 1 : settings.number("batch-events", 1000, 1, 8192);
  webhook.batch_bytes = settings.bytes("batch-bytes", kBlockBytes, 1024, kBlockBytes);
  const auto network = NetworkSettings::read(settings, world);
  if (auto done = settings.finish(); !done) return forward(done);
  auto sink = std::make_unique<WebhookSink>(std::move(*http), network, std::move(webhook));
  sink->start();
  return sink;
}

}  // namespace tracee
