// SPDX-License-Identifier: Apache-2.0
#include "output/sink/kinds.h"

#include "output/sink/unix.h"
#ifdef TRACEE_HAVE_FORWARD
#include "output/sink/forward.h"
#endif
#ifdef TRACEE_HAVE_HTTP
#include "output/sink/otlp.h"
#include "output/sink/webhook.h"
#endif
#ifdef TRACEE_HAVE_KAFKA
#include "output/sink/kafka.h"
#endif
#ifdef TRACEE_HAVE_NATS
#include "output/sink/nats.h"
#endif

namespace tracee {
namespace {

#ifdef TRACEE_HAVE_FORWARD
constexpr auto kForward = &open_forward_sink;
#else
constexpr std::nullptr_t kForward = nullptr;
#endif
#ifdef TRACEE_HAVE_HTTP
constexpr auto kWebhook = &open_webhook_sink;
constexpr auto kOtlp = &open_otlp_sink;
#else
constexpr std::nullptr_t kWebhook = nullptr, kOtlp = nullptr;
#endif
#ifdef TRACEE_HAVE_KAFKA
constexpr auto kKafka = &open_kafka_sink;
#else
constexpr std::nullptr_t kKafka = nullptr;
#endif
#ifdef TRACEE_HAVE_NATS
constexpr auto kNats = &open_nats_sink;
#else
constexpr std::nullptr_t kNats = nullptr;
#endif

constexpr SinkKind kKinds[] = {
    {"unix", "unix:PATH", &open_unix_sink, ""},
    {"forward", "forward:tcp://HOST:24224", kForward, "TRACEE_FORWARD"},
    {"webhook", "webhook:http://HOST:PORT/PATH", kWebhook, "TRACEE_HTTP"},
    {"otlp", "otlp:http://HOST:4318", kOtlp, "TRACEE_HTTP"},
    {"kafka", "kafka:HOST:9092/TOPIC", kKafka, "TRACEE_KAFKA"},
    {"nats", "nats:nats://HOST:4222/SUBJECT", kNats, "TRACEE_NATS"},
};

}  // namespace

std::span<const SinkKind> sink_kinds() { return kKinds; }

}  // namespace tracee
