// SPDX-License-Identifier: Apache-2.0
#include "detect/api_event.h"

#include <algorithm>

#include "event/address.h"

namespace tracee {
namespace {

namespace api = detection;

std::string_view address_text(const Address& address, Arena& arena) noexcept {
  auto room = arena.take<char>(kAddressTextMax);
  if (room.empty()) return {};
  const size_t size = format_address(room.data(), address);
  arena.shrink(room, size);
  return {room.data(), size};
}

std::string_view text_of(const Value& value, Arena& arena) noexcept {
  if (value.kind == Kind::Address) return address_text(value.address(), arena);
  return value.kind == Kind::Text ? value.text() : std::string_view();
}

// The members of one record by name. They are asked for in about the order of the
// table, so each look-up begins where the last one ended.
class Members {
 public:
  Members(const void* object, std::span<const Field> fields, Arena& arena) noexcept
      : object_(object), fields_(fields), arena_(arena) {}

  // The member's value; absent(): this record has none.
  Value value(std::string_view name, const Field** which = nullptr) noexcept {
    for (size_t n = 0; n < fields_.size(); ++n) {
      const Field& field = fields_[next_];
      next_ = next_ + 1 == fields_.size() ? 0 : next_ + 1;
      if (field.name != name) continue;
      if (which != nullptr) *which = &field;
      if (field.present != nullptr && !field.present(object_)) return absent();
      return field.get(object_);
    }
    return absent();
  }

  void read(std::string_view name, std::string_view& out) noexcept {
    out = text_of(value(name), arena_);
  }
  void read(std::string_view name, uint32_t& out) noexcept {
    const Value found = value(name);
    out = is_absent(found) ? 0 : static_cast<uint32_t>(found.u);
  }
  void read(std::string_view name, int64_t& out) noexcept {
    const Value found = value(name);
    out = is_absent(found) ? 0 : found.i;
  }
  void read(std::string_view name, bool& out) noexcept {
    const Value found = value(name);
    out = !is_absent(found) && found.u != 0;
  }
  void read(std::string_view name, std::span<const std::string_view>& out) noexcept {
    const Value found = value(name);
    out = {};
    if (found.kind == Kind::List) {
      out = {static_cast<const std::string_view*>(found.p), found.count};
    }
  }
  void read(std::string_view name, api::HttpHeaders& out) noexcept {
    const Value found = value(name);
    out = {};
    if (found.kind != Kind::Map) return;
    auto all = arena_.take<api::HttpHeader>(found.count);
    for (size_t i = 0; i < all.size(); ++i) {
      all[i] = {found.map()[i].key, found.map()[i].values};
    }
    out.all = all;
  }
  // A list of records, or one record, each filled by fill(Members, T&).
  template <class T>
  void read(std::string_view name, std::span<const T>& out) noexcept;
  template <class T>
  void read(std::string_view name, const T*& out) noexcept;
  template <class T>
  void read(std::string_view name, T& out) noexcept;

  Arena& arena() noexcept { return arena_; }

 private:
  const void* object_;
  std::span<const Field> fields_;
  Arena& arena_;
  size_t next_ = 0;
};

void fill(Members m, api::Ipv4& out) noexcept {
  m.read("version", out.version);
  m.read("IHL", out.ihl);
  m.read("TOS", out.tos);
  m.read("length", out.length);
  m.read("id", out.id);
  m.read("flags", out.flags);
  m.read("fragOffset", out.frag_offset);
  m.read("TTL", out.ttl);
  m.read("protocol", out.protocol);
  m.read("checksum", out.checksum);
  m.read("srcIP", out.src_ip);
  m.read("dstIP", out.dst_ip);
}

void fill(Members m, api::Ipv6& out) noexcept {
  m.read("version", out.version);
  m.read("trafficClass", out.traffic_class);
  m.read("flowLabel", out.flow_label);
  m.read("length", out.length);
  m.read("nextHeader", out.next_header);
  m.read("hopLimit", out.hop_limit);
  m.read("srcIP", out.src_ip);
  m.read("dstIP", out.dst_ip);
}

void fill(Members m, api::Tcp& out) noexcept {
  m.read("srcPort", out.src_port);
  m.read("dstPort", out.dst_port);
  m.read("seq", out.seq);
  m.read("ack", out.ack);
  m.read("dataOffset", out.data_offset);
  m.read("FIN", out.fin);
  m.read("SYN", out.syn);
  m.read("RST", out.rst);
  m.read("PSH", out.psh);
  m.read("ACK", out.ack_flag);
  m.read("URG", out.urg);
  m.read("ECE", out.ece);
  m.read("CWR", out.cwr);
  m.read("NS", out.ns);
  m.read("window", out.window);
  m.read("checksum", out.checksum);
  m.read("urgent", out.urgent);
}

void fill(Members m, api::Udp& out) noexcept {
  m.read("srcPort", out.src_port);
  m.read("dstPort", out.dst_port);
  m.read("length", out.length);
  m.read("checksum", out.checksum);
}

void fill(Members m, api::Icmp& out) noexcept {
  m.read("typeCode", out.type_code);
  m.read("checksum", out.checksum);
  m.read("id", out.id);
  m.read("seq", out.seq);
}

void fill(Members m, api::Icmpv6& out) noexcept {
  m.read("typeCode", out.type_code);
  m.read("checksum", out.checksum);
}

void fill(Members m, api::DnsQuestion& out) noexcept {
  m.read("name", out.name);
  m.read("type", out.type);
  m.read("class", out.klass);
}

void fill(Members m, api::DnsSoa& out) noexcept {
  m.read("MName", out.mname);
  m.read("RName", out.rname);
  m.read("serial", out.serial);
  m.read("refresh", out.refresh);
  m.read("retry", out.retry);
  m.read("expire", out.expire);
  m.read("minimum", out.minimum);
}

void fill(Members m, api::DnsSrv& out) noexcept {
  m.read("priority", out.priority);
  m.read("weight", out.weight);
  m.read("port", out.port);
  m.read("name", out.name);
}

void fill(Members m, api::DnsMx& out) noexcept {
  m.read("preference", out.preference);
  m.read("name", out.name);
}

void fill(Members m, api::DnsUri& out) noexcept {
  m.read("priority", out.priority);
  m.read("weight", out.weight);
  m.read("target", out.target);
}

void fill(Members m, api::DnsOption& out) noexcept {
  m.read("code", out.code);
  m.read("data", out.data);
}

void fill(Members m, api::DnsRecord& out) noexcept {
  m.read("name", out.name);
  m.read("type", out.type);
  m.read("class", out.klass);
  m.read("TTL", out.ttl);
  m.read("IP", out.ip);
  m.read("NS", out.ns);
  m.read("CNAME", out.cname);
  m.read("PTR", out.ptr);
  m.read("TXTs", out.txts);
  m.read("SOA", out.soa);
  m.read("SRV", out.srv);
  m.read("MX", out.mx);
  m.read("OPT", out.opt);
  m.read("URI", out.uri);
  m.read("TXT", out.txt);
  m.read("data", out.data);
}

void fill(Members m, api::Dns& out) noexcept {
  m.read("ID", out.id);
  m.read("QR", out.qr);
  m.read("opCode", out.op_code);
  m.read("AA", out.aa);
  m.read("TC", out.tc);
  m.read("RD", out.rd);
  m.read("RA", out.ra);
  m.read("Z", out.z);
  m.read("responseCode", out.response_code);
  m.read("QDCount", out.qd_count);
  m.read("ANCount", out.an_count);
  m.read("NSCount", out.ns_count);
  m.read("ARCount", out.ar_count);
  m.read("questions", out.questions);
  m.read("answers", out.answers);
  m.read("authorities", out.authorities);
  m.read("additionals", out.additionals);
}

void fill(Members m, api::DnsQueryData& out) noexcept {
  m.read("query", out.query);
  m.read("query_type", out.query_type);
  m.read("query_class", out.query_class);
}

void fill(Members m, api::DnsAnswer& out) noexcept {
  m.read("answer_type", out.answer_type);
  m.read("ttl", out.ttl);
  m.read("answer", out.answer);
}

void fill(Members m, api::DnsResponseData& out) noexcept {
  m.read("query_data", out.query_data);
  m.read("dns_answer", out.dns_answer);
}

void fill(Members m, api::PacketMetadata& out) noexcept {
  m.read("src_ip", out.src_ip);
  m.read("dst_ip", out.dst_ip);
  m.read("src_port", out.src_port);
  m.read("dst_port", out.dst_port);
  m.read("protocol", out.protocol);
  m.read("packet_len", out.packet_len);
  m.read("iface", out.iface);
}

void fill(Members m, api::Http& out) noexcept {
  m.read("direction", out.direction);
  m.read("method", out.method);
  m.read("protocol", out.protocol);
  m.read("host", out.host);
  m.read("uri_path", out.uri_path);
  m.read("status", out.status);
  m.read("status_code", out.status_code);
  m.read("headers", out.headers);
  m.read("content_length", out.content_length);
}

void fill(Members m, api::HttpRequest& out) noexcept {
  m.read("method", out.method);
  m.read("protocol", out.protocol);
  m.read("host", out.host);
  m.read("uri_path", out.uri_path);
  m.read("headers", out.headers);
  m.read("content_length", out.content_length);
}

void fill(Members m, api::HttpResponse& out) noexcept {
  m.read("status", out.status);
  m.read("status_code", out.status_code);
  m.read("protocol", out.protocol);
  m.read("headers", out.headers);
  m.read("content_length", out.content_length);
}

template <class T>
std::span<const T> list_of(const Value& list, const Field& field, Arena& arena) noexcept {
  if (list.kind != Kind::List) return {};
  auto out = arena.take<T>(list.count);
  for (uint32_t i = 0; i < out.size(); ++i) {
    out[i] = T{};
    fill(Members(field.at(list.p, i).p, field.of->fields, arena), out[i]);
  }
  return out;
}

template <class T>
void Members::read(std::string_view name, std::span<const T>& out) noexcept {
  const Field* field = nullptr;
  const Value found = value(name, &field);
  out = is_absent(found) ? std::span<const T>() : list_of<T>(found, *field, arena_);
}

template <class T>
void Members::read(std::string_view name, T& out) noexcept {
  const Field* field = nullptr;
  const Value found = value(name, &field);
  out = T{};
  if (!is_absent(found)) fill(Members(found.p, field->of->fields, arena_), out);
}

template <class T>
void Members::read(std::string_view name, const T*& out) noexcept {
  out = nullptr;
  const Field* field = nullptr;
  const Value found = value(name, &field);
  if (is_absent(found)) return;
  auto room = arena_.take<T>(1);
  if (room.empty()) return;
  room[0] = T{};
  fill(Members(found.p, field->of->fields, arena_), room[0]);
  out = room.data();
}

template <class T>
api::Value record_of(const Value& value, const Field& field, Arena& arena) noexcept {
  auto room = arena.take<T>(1);
  if (room.empty()) return {};
  room[0] = T{};
  fill(Members(value.p, field.of->fields, arena), room[0]);
  return static_cast<const T*>(room.data());
}

template <class Message, class Element>
api::Value message_of(const Value& value, const Field& field, Arena& arena) noexcept {
  auto room = arena.take<Message>(1);
  if (room.empty()) return {};
  room[0] = Message{list_of<Element>(value, field, arena)};
  return static_cast<const Message*>(room.data());
}

// The messages of the public header, by the type of the argument.
struct MessageType {
  std::string_view type;
  api::Value (*make)(const Value&, const Field&, Arena&) noexcept;
};
constexpr MessageType kMessages[] = {
    {"trace.ProtoTCP", &record_of<api::Tcp>},
    {"trace.ProtoDNS", &record_of<api::Dns>},
    {"trace.ProtoUDP", &record_of<api::Udp>},
    {"trace.ProtoIPv4", &record_of<api::Ipv4>},
    {"trace.ProtoIPv6", &record_of<api::Ipv6>},
    {"trace.ProtoICMP", &record_of<api::Icmp>},
    {"trace.ProtoICMPv6", &record_of<api::Icmpv6>},
    {"trace.ProtoHTTP", &record_of<api::Http>},
    {"trace.ProtoHTTPRequest", &record_of<api::HttpRequest>},
    {"trace.ProtoHTTPResponse", &record_of<api::HttpResponse>},
    {"trace.PktMeta", &record_of<api::PacketMetadata>},
    {"[]trace.DnsQueryData", &message_of<api::DnsQuestions, api::DnsQueryData>},
    {"[]trace.DnsResponseData", &message_of<api::DnsResponses, api::DnsResponseData>},
};

api::Value api_value(const Value& value, const Field& field, Arena& arena) noexcept {
  switch (value.kind) {
    case Kind::Unsigned:
      if (field.width_bits > 32) return value.u;
      return static_cast<uint32_t>(value.u);
    case Kind::Signed:
      if (field.width_bits > 32) return value.i;
      return static_cast<int32_t>(value.i);
    case Kind::Flag:
    case Kind::Bool:
      return value.u != 0;
    case Kind::Text:
    case Kind::Address:
      return text_of(value, arena);
    case Kind::List:
      if (field.element == Kind::Text) {
        return api::Texts{{static_cast<const std::string_view*>(value.p), value.count}};
      }
      break;
    default:
      break;
  }
  for (const MessageType& message : kMessages) {
    if (message.type == field.type) return message.make(value, field, arena);
  }
  return {};
}

std::string_view direction_word(const Context& context) noexcept {
  return context.direction.empty() ? "unknown" : context.direction;
}

}  // namespace

api::Process api_process(const Context& c) noexcept {
  api::Process out;
  out.unique_id = c.process_entity;
  out.parent_unique_id = c.parent_entity;
  out.host_pid = c.host_process_id;
  out.pid = c.process_id;
  out.host_tid = c.host_thread_id;
  out.tid = c.thread_id;
  out.host_ppid = c.host_parent_id;
  out.ppid = c.parent_id;
  out.real_user_id = c.user_id;
  out.start_time_ns = c.thread_start_ns;
  out.name = c.process_name;
  out.executable = c.executable_path;
  out.syscall = c.syscall;
  return out;
}

api::Container api_container(const Context& c) noexcept {
  return {c.container.id, c.container.name, c.container.image, c.container.image_digest,
          c.flags.container_started};
}

std::span<const api::EventValue> ApiEvents::values(const EventSpec& spec, const void* data,
                                                   const Context* context) noexcept {
  if (data == nullptr) return {};
  // Plain packets have `metadata` in the form detectors see.
  bool plain = context != nullptr && !spec.is_finding;
  for (const Field& field : spec.fields) plain = plain && field.name != "metadata";
  auto out = arena_.take<api::EventValue>(spec.fields.size() + 1);
  if (out.empty()) return {};
  size_t count = 0;
  for (const Field& field : spec.fields) {
    if (field.present != nullptr && !field.present(data)) continue;
    std::construct_at(&out[count++],
                      api::EventValue{field.name, api_value(field.get(data), field, arena_)});
  }
  if (plain) {
    std::construct_at(&out[count++], api::EventValue{"metadata", direction_word(*context)});
  }
  return out.first(count);
}

const api::DetectedFrom* ApiEvents::from(const DetectedFrom* source) noexcept {
  if (source == nullptr) return nullptr;
  auto room = arena_.take<api::DetectedFrom>(1);
  if (room.empty()) return nullptr;
  const EventSpec& spec = *source->spec;
  room[0] = {spec.id, spec.name, values(spec, source->data, nullptr), from(source->parent)};
  return room.data();
}

const api::Event& ApiEvents::of(const Event& event) noexcept {
  const bool known = last_data_ == event.data && last_spec_ == event.spec;
  if (known && last_finding_ == event.finding) return made_;
  last_data_ = event.data;
  last_spec_ = event.spec;
  last_finding_ = event.finding;
  const Context& context = *event.context;
  made_ = {};
  made_.id = event.spec->id;
  made_.name = event.spec->name;
  made_.timestamp_ns = context.time_ns;
  made_.workload.process = api_process(context);
  made_.workload.container = api_container(context);
  made_.workload.k8s = {context.kubernetes.pod_name, context.kubernetes.pod_namespace,
                        context.kubernetes.pod_uid};
  auto names = arena_.take<std::string_view>(event.policy_names.size());
  size_t kept = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    if ((event.policies >> i & 1) != 0) names[kept++] = event.policy_names[i];
  }
  made_.policies = names.first(kept);
  made_.data = values(*event.spec, event.data, &context);
  if (event.finding != nullptr) made_.detected_from = from(event.finding->from);
  return made_;
}

}  // namespace tracee
