// SPDX-License-Identifier: Apache-2.0
#include "output/sink/kafka.h"

#include <librdkafka/rdkafka.h>

#include <map>

#include "base/late_library.h"
#include "base/thread.h"

namespace tracee {
namespace {

using Properties = std::map<std::string, std::string>;

struct Rdkafka : LateLibrary {
  Rdkafka() : LateLibrary(TRACEE_LIBRDKAFKA, "librdkafka1") {}
  decltype(&::rd_kafka_conf_new) make_conf{find("rd_kafka_conf_new")};
  decltype(&::rd_kafka_conf_destroy) destroy_conf{find("rd_kafka_conf_destroy")};
  decltype(&::rd_kafka_conf_get) get{find("rd_kafka_conf_get")};
  decltype(&::rd_kafka_conf_set) set{find("rd_kafka_conf_set")};
  decltype(&::rd_kafka_conf_set_dr_msg_cb) set_delivery{find("rd_kafka_conf_set_dr_msg_cb")};
  decltype(&::rd_kafka_conf_set_error_cb) set_error{find("rd_kafka_conf_set_error_cb")};
  decltype(&::rd_kafka_conf_set_log_cb) set_log{find("rd_kafka_conf_set_log_cb")};
  decltype(&::rd_kafka_conf_set_opaque) set_opaque{find("rd_kafka_conf_set_opaque")};
  decltype(&::rd_kafka_new) make{find("rd_kafka_new")};
  decltype(&::rd_kafka_destroy) destroy{find("rd_kafka_destroy")};
  decltype(&::rd_kafka_producev) produce{find("rd_kafka_producev")};
  decltype(&::rd_kafka_poll) poll{find("rd_kafka_poll")};
  decltype(&::rd_kafka_outq_len) queued{find("rd_kafka_outq_len")};
  decltype(&::rd_kafka_flush) flush{find("rd_kafka_flush")};
  decltype(&::rd_kafka_purge) purge{find("rd_kafka_purge")};
  decltype(&::rd_kafka_err2str) text_of{find("rd_kafka_err2str")};
  decltype(&::rd_kafka_fatal_error) fatal_error{find("rd_kafka_fatal_error")};
};

const Rdkafka& rdkafka() {
  static const Rdkafka kLibrary;
  return kLibrary;
}

struct DestroyConf {
  void operator()(rd_kafka_conf_t* conf) const { rdkafka().destroy_conf(conf); }
};
struct DestroyKafka {
  void operator()(rd_kafka_t* kafka) const { rdkafka().destroy(kafka); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, DestroyConf>;
using Kafka = std::unique_ptr<rd_kafka_t, DestroyKafka>;

// What is wrong; the library's words name the property, never its value.
Result<Conf> make_conf(const Properties& properties) {
  Conf conf(rdkafka().make_conf());
  for (const auto& [name, value] : properties) {
    char why[512] = {};
    if (rdkafka().set(conf.get(), name.c_str(), value.c_str(), why, sizeof why) ==
        RD_KAFKA_CONF_OK) {
      continue;
    }
    size_t size = 0;
    const bool known = rdkafka().get(conf.get(), name.c_str(), nullptr, &size) == RD_KAFKA_CONF_OK;
    const std::string text =
        known ? "property " + name + ": the value is not accepted" : "unknown property " + name;
    return fail(Exit::Usage, "--output kafka: " + text,
                "the properties are those of librdkafka's CONFIGURATION.md");
  }
  return conf;
}

class KafkaSink final : public NetworkSink {
 public:
  KafkaSink(const std::string& place, std::string topic, Header key, Properties properties,
            const NetworkSettings& network)
      : NetworkSink("kafka:" + place, network),
        topic_(std::move(topic)),
        key_(key),
        properties_(std::move(properties)) {}
  ~KafkaSink() override = default;

  Header header() const noexcept override { return key_; }

  // Errors: properties that do not go together.
  Result<> connect() {
    auto conf = make_conf(properties_);
    if (!conf) return forward(conf);
    rdkafka().set_opaque(conf->get(), this);
    rdkafka().set_delivery(conf->get(), on_delivery);
    rdkafka().set_error(conf->get(), on_error);
    // Its log would go to standard error, line by line; on_error has what matters.
    rdkafka().set_log(conf->get(), [](const rd_kafka_t*, int, const char*, const char*) {});
    char why[512] = {};
    // The library's threads have the privileges of the one that makes them: not ours.
    start_thread([this, &conf, &why] {
      kafka_.reset(rdkafka().make(RD_KAFKA_PRODUCER, conf->get(), why, sizeof why));
    }).join();
    if (!kafka_) {
      return fail(Exit::Usage, std::string("--output kafka: ") + why,
                  "see the properties in librdkafka's CONFIGURATION.md");
    }
    (void)conf->release();  // the producer's now
    return {};
  }

 private:
  void deliver(const Batch& batch) override {
    for (size_t i = 0; i < batch.size(); ++i) {
      if (!produce(batch.header(i), batch.line(i))) undeliverable(1);
    }
    rdkafka().poll(kafka_.get(), 0);
  }

  // The library keeps a copy and tells the end of each by on_delivery().
  bool produce(std::string_view key, std::string_view value) {
    for (;;) {
      const rd_kafka_resp_err_t error = rdkafka().produce(
          kafka_.get(), RD_KAFKA_V_TOPIC(topic_.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
          // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): C, which only copies it
          RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
          RD_KAFKA_V_KEY(key.empty() ? nullptr : key.data(), key.size()), RD_KAFKA_V_END);
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
      if (error == RD_KAFKA_RESP_ERR__FATAL) {
        start_anew();
        if (give_up()) return false;
        continue;
      }
      if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        trouble(rdkafka().text_of(error), "its events are dropped");
        return false;
      }
      // The library's queue is full, so ours fills, and then the user's choice holds.
      rdkafka().poll(kafka_.get(), 100);
      if (give_up()) return false;
    }
  }

  // After an error that ends an idempotent producer. What it held is counted as lost.
  void start_anew() {
    char why[512] = {};
    rdkafka().fatal_error(kafka_.get(), why, sizeof why);
    trouble(std::string("starting anew after: ") + why);
    abandon();
    Kafka old = std::move(kafka_);
    if (auto made = connect(); !made) kafka_ = std::move(old);
    pause(std::chrono::seconds(1));
  }

  void idle() override { rdkafka().poll(kafka_.get(), 0); }

  void finish() override {
    while (rdkafka().queued(kafka_.get()) > 0 && !give_up()) rdkafka().flush(kafka_.get(), 100);
    abandon();
    kafka_.reset();
  }

  // Each message that is left comes back as failed.
  void abandon() {
    rdkafka().purge(kafka_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    while (rdkafka().queued(kafka_.get()) > 0) rdkafka().poll(kafka_.get(), 50);
  }

  // Called by the polls above, on this sink's thread.
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
    auto& sink = *static_cast<KafkaSink*>(self);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      sink.delivered(1, message->len);
      sink.trouble_over();
      return;
    }
    sink.undeliverable(1);
    if (message->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE &&
        message->err != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
      sink.trouble(rdkafka().text_of(message->err), "its events are dropped");
    }
  }

  static void on_error(rd_kafka_t*, int error, const char* reason, void* self) {
    if (static_cast<rd_kafka_resp_err_t>(error) == RD_KAFKA_RESP_ERR__FATAL) return;
    static_cast<KafkaSink*>(self)->trouble(reason);
  }

  const std::string topic_;
  const Header key_;
  const Properties properties_;
  Kafka kafka_;
};

}  // namespace

Result<std::unique_ptr<Sink>> open_kafka_sink(const std::string& place, Settings& settings,
                                              const SinkWorld& world) {
  if (auto loaded = rdkafka().loaded(); !loaded) return forward(loaded);
  static constexpr std::string_view kKeys[] = {"none", "container", "flow"};
  static constexpr Header kHeaders[] = {Header::None, Header::Container, Header::Flow};
  static constexpr std::string_view kCompressions[] = {"none", "lz4", "zstd", "gzip", "snappy"};
  static constexpr std::string_view kAcks[] = {"all", "1", "0"};
  std::string_view rest = place;
  if (constexpr std::string_view kScheme = "kafka://"; rest.starts_with(kScheme)) {
    rest.remove_prefix(kScheme.size());
  }
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string brokers(rest.substr(0, slash));
  const std::string topic(rest.substr(std::min(slash + 1, rest.size())));
  if (brokers.empty() || topic.empty() || topic.find('/') != topic.npos ||
      brokers.find('@') != brokers.npos) {
    return fail(Exit::Usage, "--output kafka: no brokers and topic in '" + redacted(place) + "'",
                "write kafka:HOST:9092,HOST:9092/TOPIC; users are sasl.username and sasl.password");
  }
  const size_t acks = settings.choice("acks", kAcks, 0);
  Properties properties = {
      {"bootstrap.servers", brokers},
      {"client.id", "tracee"},
      {"enable.idempotence", acks == 0 ? "true" : "false"},
      {"acks", std::string(kAcks[acks])},
      {"compression.type",
       std::string(kCompressions[settings.choice("compression", kCompressions, 1)])},
      {"linger.ms", "50"},
      // A message never expires in the library; what does not fit waits in our queue.
      {"message.timeout.ms", "0"},
      {"queue.buffering.max.kbytes", "16384"},
      {"queue.buffering.max.messages", "100000"},
      {"message.max.bytes", std::to_string(2 * kBlockBytes)},
  };
  const Header key = kHeaders[settings.choice("key", kKeys, 0)];
  for (auto& [name, value] : settings.dotted()) properties[name] = value;
  const auto network = NetworkSettings::read(settings, world);
  if (auto done = settings.finish(); !done) return forward(done);
  auto sink = std::make_unique<KafkaSink>(brokers + "/" + topic, topic, key, std::move(properties),
                                          network);
  if (auto connected = sink->connect(); !connected) return forward(connected);
  sink->start();
  return sink;
}

}  // namespace tracee
