// SPDX-License-Identifier: Apache-2.0
#include "output/sink/nats.h"

#include <nats/nats.h>
#include <sys/random.h>

#include <algorithm>
#include <vector>

#include "base/late_library.h"
#include "output/sink/url.h"

namespace tracee {
namespace {

using std::chrono::milliseconds;

constexpr uint16_t kPort = 4222;
constexpr size_t kPending = 1000;  // messages on their way at once

struct Libnats : LateLibrary {
  Libnats() : LateLibrary(TRACEE_LIBNATS, "libnats3.4") {}
  decltype(&::jsCtx_Destroy) destroy_context{find("jsCtx_Destroy")};
  decltype(&::jsOptions_Init) init_options{find("jsOptions_Init")};
  decltype(&::jsPubOptions_Init) init_publish{find("jsPubOptions_Init")};
  decltype(&::jsStreamConfig_Init) init_stream{find("jsStreamConfig_Init")};
  decltype(&::jsStreamInfo_Destroy) destroy_info{find("jsStreamInfo_Destroy")};
  decltype(&::js_AddStream) add_stream{find("js_AddStream")};
  decltype(&::js_GetStreamInfo) stream_info{find("js_GetStreamInfo")};
  decltype(&::js_PublishAsync) publish{find("js_PublishAsync")};
  decltype(&::js_PublishAsyncComplete) await_acknowledged{find("js_PublishAsyncComplete")};
  decltype(&::natsConnection_Connect) connect{find("natsConnection_Connect")};
  decltype(&::natsConnection_Destroy) destroy_connection{find("natsConnection_Destroy")};
  decltype(&::natsConnection_IsClosed) is_closed{find("natsConnection_IsClosed")};
  decltype(&::natsConnection_JetStream) jetstream{find("natsConnection_JetStream")};
  decltype(&::natsOptions_Create) create_options{find("natsOptions_Create")};
  decltype(&::natsOptions_Destroy) destroy_options{find("natsOptions_Destroy")};
  decltype(&::natsOptions_LoadCATrustedCertificates) load_authorities{
      find("natsOptions_LoadCATrustedCertificates")};
  decltype(&::natsOptions_LoadCertificatesChain) load_certificate{
      find("natsOptions_LoadCertificatesChain")};
  decltype(&::natsOptions_SetAllowReconnect) allow_reconnect{find("natsOptions_SetAllowReconnect")};
  decltype(&::natsOptions_SetName) set_name{find("natsOptions_SetName")};
  decltype(&::natsOptions_SetSecure) set_secure{find("natsOptions_SetSecure")};
  decltype(&::natsOptions_SetTimeout) set_timeout{find("natsOptions_SetTimeout")};
  decltype(&::natsOptions_SetToken) set_token{find("natsOptions_SetToken")};
  decltype(&::natsOptions_SetURL) set_url{find("natsOptions_SetURL")};
  decltype(&::natsOptions_SetUserCredentialsFromFiles) set_credentials{
      find("natsOptions_SetUserCredentialsFromFiles")};
  decltype(&::natsOptions_SetUserInfo) set_user{find("natsOptions_SetUserInfo")};
  decltype(&::natsOptions_SkipServerVerification) skip_verification{
      find("natsOptions_SkipServerVerification")};
  decltype(&::natsStatus_GetText) text_of{find("natsStatus_GetText")};
};

const Libnats& libnats() {
  static const Libnats kLibrary;
  return kLibrary;
}

struct NatsSettings {
  std::string url, where, subject, stream;
  std::string user, password, token, credentials, ca_file, certificate_file, key_file;
  bool tls = false, verify = true;
  milliseconds connect_limit, ack_limit, retry_most;
};

struct Destroy {
  void operator()(natsOptions* options) const { libnats().destroy_options(options); }
  void operator()(natsConnection* connection) const { libnats().destroy_connection(connection); }
  void operator()(jsCtx* context) const { libnats().destroy_context(context); }
};
template <class T>
using Owned = std::unique_ptr<T, Destroy>;

std::string text_of(natsStatus status) { return libnats().text_of(status); }

class NatsSink final : public NetworkSink {
 public:
  NatsSink(NatsSettings settings, const NetworkSettings& network)
      : NetworkSink("nats:" + settings.where + "/" + settings.subject, network),
        settings_(std::move(settings)),
        backoff_(milliseconds(100), settings_.retry_most) {
    uint64_t chance = 0;
    [[maybe_unused]] const auto got = getrandom(&chance, sizeof chance, 0);
    run_ = std::to_string(chance);
  }

 private:
  void deliver(const Batch& batch) override {
    const uint64_t first = sent_;
    sent_ += batch.size();
    for (size_t from = 0; from < batch.size(); from += kPending) {
      const size_t to = std::min(batch.size(), from + kPending);
      waiting_.clear();
      for (size_t i = from; i < to; ++i) waiting_.push_back(i);
      while (!waiting_.empty()) {
        const std::string problem = exchange(batch, first);
        if (problem.empty()) continue;
        trouble(problem);
        if (pause(backoff_.next())) continue;
        undeliverable(batch.size() - to + waiting_.size());
        return;
      }
    }
    backoff_.reset();
    trouble_over();
  }

  // Sends what waits and keeps what was not acknowledged; what went wrong, or nothing.
  std::string exchange(const Batch& batch, uint64_t first) {
    if (std::string problem = connect(); !problem.empty()) return problem;
    std::string problem;
    for (const size_t i : waiting_) {
      const std::string id = run_ + "-" + std::to_string(first + i);
      jsPubOptions options;
      libnats().init_publish(&options);
      options.MsgId = id.c_str();
      const std::string_view text = batch.line(i);
      const natsStatus sent =
          libnats().publish(context_.get(), settings_.subject.c_str(), text.data(),
                            static_cast<int>(text.size()), &options);
      if (sent != NATS_OK) {
        problem = text_of(sent);
        break;
      }
    }
    jsPubOptions limit;
    libnats().init_publish(&limit);
    limit.MaxWait = static_cast<int64_t>(std::min(settings_.ack_limit, patience()).count());
    limit.MaxWait = std::max<int64_t>(limit.MaxWait, 1);
    const natsStatus completed = libnats().await_acknowledged(context_.get(), &limit);
    if (completed != NATS_OK && problem.empty()) problem = text_of(completed);
    const std::string failed = settle(batch, problem.empty());
    return problem.empty() ? failed : problem;
  }

  // Leaves in waiting_ what has to be sent again.
  std::string settle(const Batch& batch, bool all_sent) {
    std::string refused;
    {
      const std::lock_guard lock(refused_lock_);
      refused.swap(refused_);
    }
    if (all_sent && refused.empty()) {
      uint64_t bytes = 0;
      for (const size_t i : waiting_) bytes += batch.line(i).size();
      delivered(waiting_.size(), bytes);
      waiting_.clear();
      return {};
    }
    // Which ones were stored is not known for each; their ids make a second time harmless.
    disconnect();
    return refused.empty() ? "not all was acknowledged" : refused;
  }

  std::string connect() {
    if (context_ && !libnats().is_closed(connection_.get())) return {};
    disconnect();
    natsOptions* made = nullptr;
    natsStatus status = libnats().create_options(&made);
    const Owned<natsOptions> options(made);
    const auto set = [&status](natsStatus done) {
      if (status == NATS_OK) status = done;
    };
    set(libnats().set_url(made, settings_.url.c_str()));
    set(libnats().set_name(made, "tracee"));
    set(libnats().set_timeout(made, settings_.connect_limit.count()));
    set(libnats().allow_reconnect(made, false));
    if (!settings_.user.empty()) {
      set(libnats().set_user(made, settings_.user.c_str(), settings_.password.c_str()));
    }
    if (!settings_.token.empty()) set(libnats().set_token(made, settings_.token.c_str()));
    if (!settings_.credentials.empty()) {
      set(libnats().set_credentials(made, settings_.credentials.c_str(), nullptr));
    }
    if (settings_.tls) set(libnats().set_secure(made, true));
    if (!settings_.ca_file.empty()) {
      set(libnats().load_authorities(made, settings_.ca_file.c_str()));
    }
    if (!settings_.certificate_file.empty()) {
      set(libnats().load_certificate(made, settings_.certificate_file.c_str(),
                                     settings_.key_file.c_str()));
    }
    if (settings_.tls && !settings_.verify) set(libnats().skip_verification(made, true));
    natsConnection* connection = nullptr;
    if (status == NATS_OK) status = libnats().connect(&connection, made);
    if (status != NATS_OK) return "cannot connect: " + text_of(status);
    connection_.reset(connection);
    count_connection();

    jsOptions js;
    libnats().init_options(&js);
    js.PublishAsync.MaxPending = kPending;
    js.PublishAsync.ErrHandler = on_refused;
    js.PublishAsync.ErrHandlerClosure = this;
    jsCtx* context = nullptr;
    status = libnats().jetstream(&context, connection, &js);
    if (status != NATS_OK) return "no JetStream: " + text_of(status);
    context_.reset(context);
    return settings_.stream.empty() ? "" : ensure_stream();
  }

  // Makes the stream if there is none of its name.
  std::string ensure_stream() {
    const char* subjects[] = {settings_.subject.c_str()};
    jsStreamConfig config;
    libnats().init_stream(&config);
    config.Name = settings_.stream.c_str();
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    jsErrCode why = static_cast<jsErrCode>(0);
    jsStreamInfo* info = nullptr;
    natsStatus status = libnats().stream_info(&info, context_.get(), config.Name, nullptr, &why);
    if (status == NATS_NOT_FOUND)
      status = libnats().add_stream(&info, context_.get(), &config, nullptr, &why);
    libnats().destroy_info(info);
    if (status == NATS_OK) return {};
    disconnect();
    return "stream " + settings_.stream + ": " + text_of(status);
  }

  void disconnect() {
    context_.reset();
    connection_.reset();
  }

  void finish() override { disconnect(); }

  // On a thread of the library. The message stays its own.
  static void on_refused(jsCtx*, jsPubAckErr* error, void* self) {
    auto& sink = *static_cast<NatsSink*>(self);
    const std::lock_guard lock(sink.refused_lock_);
    sink.refused_ = error->ErrText != nullptr ? error->ErrText : text_of(error->Err);
  }

  const NatsSettings settings_;
  Backoff backoff_;
  std::string run_;  // of all ids of this run
  uint64_t sent_ = 0;
  std::vector<size_t> waiting_;  // events of the batch that are not acknowledged yet
  std::mutex refused_lock_;
  std::string refused_;
  // The context is destroyed before its connection.
  Owned<natsConnection> connection_;
  Owned<jsCtx> context_;
};

}  // namespace

Result<std::unique_ptr<Sink>> open_nats_sink(const std::string& place, Settings& settings,
                                             const SinkWorld& world) {
  if (auto loaded = libnats().loaded(); !loaded) return forward(loaded);
  const auto url = parse_url(place);
  const bool scheme_known =
      url && (url->scheme.empty() || url->scheme == "nats" || url->scheme == "tls");
  if (!scheme_known || url->path.size() < 2 ||
      url->path.find_first_of("*> /", 1) != std::string::npos) {
    return fail(Exit::Usage, "--output nats: no server and subject in '" + redacted(place) + "'",
                "write nats:nats://HOST:4222/SUBJECT; tls:// for TLS");
  }
  Url server = *url;
  if (server.port == 0) server.port = kPort;
  NatsSettings nats;
  nats.where = server.where();
  nats.url = "nats://" + nats.where;
  nats.subject = url->path.substr(1);
  nats.tls = url->scheme == "tls";
  nats.stream = settings.text("stream");
  nats.user = settings.text("user", url->user);
  nats.password = settings.secret("password");
  if (nats.password.empty()) nats.password = url->password;
  nats.token = settings.secret("token");
  nats.credentials = settings.text("credentials");
  nats.ca_file = settings.text("tls-ca");
  nats.certificate_file = settings.text("tls-cert");
  nats.key_file = settings.text("tls-key");
  nats.verify = settings.flag("tls-verify", true);
  nats.connect_limit = settings.time("connectionTimeout", std::chrono::seconds(5));
  nats.ack_limit = settings.time("ackTimeout", std::chrono::seconds(10));
  nats.retry_most = settings.time("retry-most", std::chrono::seconds(30));
  if (!nats.tls && !(nats.ca_file + nats.certificate_file + nats.key_file).empty()) {
    settings.complain("tls options for a URL without TLS", "write nats:tls://HOST:PORT/SUBJECT");
  }
  const auto network = NetworkSettings::read(settings, world);
  if (auto done = settings.finish(); !done) return forward(done);
  auto sink = std::make_unique<NatsSink>(std::move(nats), network);
  sink->start();
  return sink;
}

}  // namespace tracee
