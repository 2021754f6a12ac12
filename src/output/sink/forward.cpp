// SPDX-License-Identifier: Apache-2.0
#include "output/sink/forward.h"

#include <sys/random.h>

#include <charconv>
#define MSGPACK_NO_BOOST
#include <msgpack.hpp>

#include "output/sink/connection.h"
#include "output/sink/url.h"

namespace tracee {
namespace {

using std::chrono::milliseconds;

constexpr uint16_t kPort = 24224;

struct ForwardSettings {
  Url url;
  std::string tag;
  bool require_ack = false;
  milliseconds connect_limit, ack_limit, send_limit, retry_most;
};

class ForwardSink final : public NetworkSink {
 public:
  ForwardSink(ForwardSettings settings, const NetworkSettings& network)
      : NetworkSink("forward:" + settings.url.where(), network),
        settings_(std::move(settings)),
        connection_([this] { return give_up(); }),
        backoff_(milliseconds(100), settings_.retry_most) {}

  Header header() const noexcept override { return Header::Time; }

 private:
  void deliver(const Batch& batch) override {
    pack(batch);
    for (;;) {
      const std::string problem = exchange();
      if (problem.empty()) break;
      connection_.close();
      trouble(problem);
      if (!pause(backoff_.next())) return undeliverable(batch.size());
    }
    backoff_.reset();
    trouble_over();
    delivered(batch.size(), message_.size());
  }

  // [tag, [[time, record]…], options], the protocol's Forward mode.
  void pack(const Batch& batch) {
    message_.clear();
    msgpack::packer<msgpack::sbuffer> packer(message_);
    packer.pack_array(3);
    packer.pack(settings_.tag);
    packer.pack_array(static_cast<uint32_t>(batch.size()));
    for (size_t i = 0; i < batch.size(); ++i) {
      packer.pack_array(2);
      pack_time(batch.header(i), packer);
      packer.pack_map(1);
      packer.pack("event");
      const std::string_view text = batch.line(i);
      packer.pack_str(static_cast<uint32_t>(text.size()));
      packer.pack_str_body(text.data(), static_cast<uint32_t>(text.size()));
    }
    chunk_ = settings_.require_ack ? fresh_chunk() : "";
    packer.pack_map(settings_.require_ack ? 2 : 1);
    packer.pack("size");
    packer.pack(batch.size());
    if (settings_.require_ack) {
      packer.pack("chunk");
      packer.pack(chunk_);
    }
  }

  // EventTime: seconds and nanoseconds, each 32 bits, big endian.
  static void pack_time(std::string_view header, msgpack::packer<msgpack::sbuffer>& packer) {
    constexpr uint64_t kSecond = 1'000'000'000;
    uint64_t time_ns = 0;
    std::from_chars(header.data(), header.data() + header.size(), time_ns);
    char bytes[8];
    uint64_t both = (time_ns / kSecond) << 32 | time_ns % kSecond;
    for (size_t i = sizeof bytes; i-- > 0; both >>= 8) bytes[i] = static_cast<char>(both & 0xff);
    packer.pack_ext(sizeof bytes, 0);
    packer.pack_ext_body(bytes, sizeof bytes);
  }

  // A name that no other chunk has: 128 bits of chance, in base64 as the protocol asks.
  static std::string fresh_chunk() {
    static constexpr char kDigits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char bytes[16] = {};
    [[maybe_unused]] const auto got = getrandom(bytes, sizeof bytes, 0);
    std::string out;
    uint32_t bits = 0, count = 0;
    for (const unsigned char byte : bytes) {
      bits = bits << 8 | byte;
      for (count += 8; count >= 6; count -= 6) out += kDigits[bits >> (count - 6) & 63];
    }
    out += kDigits[bits << (6 - count) & 63];
    return out + "==";
  }

  // Sends the message and awaits its confirmation; what went wrong, or nothing.
  std::string exchange() {
    if (connection_.is_open() && connection_.peer_has_gone()) connection_.close();
    if (!connection_.is_open()) {
      std::string problem =
          connection_.open(settings_.url.host, settings_.url.port, settings_.connect_limit);
      if (!problem.empty()) return "cannot connect: " + problem;
      count_connection();
      answers_ = msgpack::unpacker();
    }
    std::string problem =
        connection_.send({message_.data(), message_.size()}, settings_.send_limit);
    if (!problem.empty()) return "cannot send: " + problem;
    return settings_.require_ack ? await_ack() : "";
  }

  std::string await_ack() {
    constexpr size_t kRoom = 4096;
    for (;;) {
      msgpack::object_handle answer;
      try {
        while (answers_.next(answer)) {
          if (is_ack(answer.get())) return {};
        }
      } catch (const msgpack::unpack_error&) {
        return "the answer is no msgpack";
      }
      answers_.reserve_buffer(kRoom);
      size_t got = 0;
      std::string problem = connection_.receive(answers_.buffer(), kRoom, got, settings_.ack_limit);
      if (!problem.empty()) return "no acknowledgement: " + problem;
      answers_.buffer_consumed(got);
    }
  }

  bool is_ack(const msgpack::object& answer) const {
    if (answer.type != msgpack::type::MAP) return false;
    for (uint32_t i = 0; i < answer.via.map.size; ++i) {
      const auto& pair = answer.via.map.ptr[i];
      if (pair.key.type != msgpack::type::STR || pair.val.type != msgpack::type::STR) continue;
      const std::string_view key(pair.key.via.str.ptr, pair.key.via.str.size);
      const std::string_view value(pair.val.via.str.ptr, pair.val.via.str.size);
      if (key == "ack" && value == chunk_) return true;
    }
    return false;
  }

  const ForwardSettings settings_;
  Connection connection_;
  Backoff backoff_;
  msgpack::sbuffer message_;
  msgpack::unpacker answers_;
  std::string chunk_;
};

}  // namespace

Result<std::unique_ptr<Sink>> open_forward_sink(const std::string& place, Settings& settings,
                                                const SinkWorld& world) {
  const auto url = parse_url(place);
  if (!url || (!url->path.empty() && url->path != "/")) {
    return fail(Exit::Usage, "--output forward: no place in '" + redacted(place) + "'",
                "write forward:tcp://HOST:24224");
  }
  if (!url->scheme.empty() && url->scheme != "tcp") {
    return fail(Exit::Usage, "--output forward: unknown transport '" + url->scheme + "'",
                url->scheme == "udp" ? "datagrams get lost without anybody knowing; use tcp"
                                     : "write forward:tcp://HOST:24224");
  }
  if (!url->user.empty()) {
    return fail(Exit::Usage, "--output forward: users and passwords are not supported",
                "leave them out; let the peer listen where only this host can reach it");
  }
  ForwardSettings forward_settings;
  forward_settings.url = *url;
  if (forward_settings.url.port == 0) forward_settings.url.port = kPort;
  forward_settings.tag = settings.text("tag", "tracee");
  forward_settings.require_ack = settings.flag("requireAck", false);
  forward_settings.connect_limit = settings.time("connectionTimeout", std::chrono::seconds(10));
  forward_settings.send_limit = settings.time("sendTimeout", std::chrono::seconds(30));
  forward_settings.ack_limit = settings.time("ackTimeout", std::chrono::seconds(30));
  forward_settings.retry_most = settings.time("retry-most", std::chrono::seconds(30));
  const auto network = NetworkSettings::read(settings, world);
  if (auto done = settings.finish(); !done) return forward(done);
  auto sink = std::make_unique<ForwardSink>(std::move(forward_settings), network);
  sink->start();
  return sink;
}

}  // namespace tracee
