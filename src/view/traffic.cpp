// SPDX-License-Identifier: Apache-2.0
#include "view/traffic.h"

#include <algorithm>
#include <cstring>

namespace tracee {
namespace {

// FNV-1a: short keys, and nobody outside gains by a full bucket: tables are bounded.
size_t hash_bytes(const void* bytes, size_t size, size_t seed) noexcept {
  const auto* p = static_cast<const uint8_t*>(bytes);
  uint64_t hash = 0xcbf29ce484222325 ^ seed;
  for (size_t i = 0; i < size; ++i) hash = (hash ^ p[i]) * 0x100000001b3;
  return hash;
}

const Field* find(std::span<const Field> fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

// The first argument that is a record with such a member.
const Field* find_holder(std::span<const Field> fields, std::string_view member, Kind kind) {
  for (const Field& field : fields) {
    if (field.kind != Kind::Record || field.of == nullptr) continue;
    const Field* found = find(field.of->fields, member);
    if (found != nullptr && found->kind == kind) return &field;
  }
  return nullptr;
}

Address address_of(const Field* field, const void* data) noexcept {
  if (field == nullptr) return Address::none();
  const Value value = field->get(data);
  return value.kind == Kind::Address ? value.address() : Address::none();
}

uint16_t port_of(const Field* field, const void* data) noexcept {
  return field == nullptr ? 0 : static_cast<uint16_t>(field->get(data).u);
}

bool is_after(const Address& a, uint16_t a_port, const Address& b, uint16_t b_port) noexcept {
  if (a_port != b_port) return a_port > b_port;
  return std::memcmp(a.bytes, b.bytes, sizeof a.bytes) > 0;
}

}  // namespace

size_t KeyHash::operator()(const ProcessKey& key) const noexcept {
  return hash_bytes(&key, sizeof key, 0);
}
size_t KeyHash::operator()(const Address& address) const noexcept {
  return hash_bytes(address.bytes, sizeof address.bytes, address.family);
}
size_t KeyHash::operator()(const ConnectionKey& key) const noexcept {
  const uint16_t rest[] = {key.local_port, key.remote_port, key.protocol};
  size_t hash = hash_bytes(rest, sizeof rest, (*this)(key.process));
  hash = hash_bytes(key.local.bytes, sizeof key.local.bytes, hash);
  return hash_bytes(key.remote.bytes, sizeof key.remote.bytes, hash);
}
size_t KeyHash::operator()(const std::string& text) const noexcept {
  return hash_bytes(text.data(), text.size(), 0);
}

Traffic::Traffic(const Catalog& catalog, Describe describe, size_t most)
    : describe_(describe),
      first_id_(UINT32_MAX),
      processes_(most),
      connections_(most),
      peers_(most),
      domains_(most) {
  lines_.resize(kRecent);
  uint32_t last = 0;
  for (const EventSpec* spec : catalog.events()) {
    first_id_ = std::min(first_id_, spec->id);
    last = std::max(last, spec->id);
  }
  if (catalog.events().empty()) return;
  columns_.resize(last - first_id_ + 1);
  for (const EventSpec* spec : catalog.events()) columns_[spec->id - first_id_] = columns_of(*spec);
}

Traffic::Columns Traffic::columns_of(const EventSpec& spec) {
  Columns out;
  out.src = find(spec.fields, "src");
  out.dst = find(spec.fields, "dst");
  out.src_port = find(spec.fields, "src_port");
  out.dst_port = find(spec.fields, "dst_port");
  if (out.src == nullptr || out.dst == nullptr) return out;

  for (const std::string_view member : {"protocol", "nextHeader"}) {
    const Field* holder = find_holder(spec.fields, member, Kind::Text);
    // An IP header also has a length of its own; HTTP's `protocol` is a version.
    if (holder == nullptr || find(holder->of->fields, "version") == nullptr) continue;
    out.header = holder;
    out.carried = find(holder->of->fields, member);
  }
  if (const Field* holder = find_holder(spec.fields, "questions", Kind::List)) {
    out.dns = holder;
    out.questions = find(holder->of->fields, "questions");
    out.question_name = find(out.questions->of->fields, "name");
    out.is_response = find(holder->of->fields, "QR");
    return out;
  }
  if (const Field* holder = find_holder(spec.fields, "host", Kind::Text)) {
    out.http = holder;
    out.host = find(holder->of->fields, "host");
    return out;
  }
  out.counts = true;
  if (out.header == nullptr) {
    const size_t underscore = spec.name.rfind('_');
    std::string name(spec.name.substr(underscore + 1));
    for (char& c : name) {
      if (c >= 'a' && c <= 'z' && c != 'v') c = static_cast<char>(c - 'a' + 'A');  // ICMPv6
    }
    out.protocol = protocol_index(name);
  }
  return out;
}

uint8_t Traffic::protocol_index(std::string_view name) {
  const auto found = std::ranges::find(protocol_names_, name);
  if (found != protocol_names_.end()) {
    return static_cast<uint8_t>(found - protocol_names_.begin());
  }
  // 255 names are more than IANA's keywords on any one network; the rest share one.
  if (protocol_names_.size() == UINT8_MAX) return UINT8_MAX - 1;
  protocol_names_.emplace_back(name);
  protocols_.emplace_back();
  return static_cast<uint8_t>(protocol_names_.size() - 1);
}

// Of an IP event: has the packet a transport whose own event counts it?
bool Traffic::is_counted_elsewhere(std::string_view protocol) const noexcept {
  return protocol == "TCP" || protocol == "UDP" || protocol == "ICMPv4" || protocol == "ICMPv6";
}

void Traffic::on_event(const Event& event) noexcept {
  const uint32_t index = event.spec->id - first_id_;
  if (event.spec->id < first_id_ || index >= columns_.size()) return;
  const Columns& columns = columns_[index];
  if (columns.src == nullptr || columns.dst == nullptr) return;

  now_ns_ = std::max(now_ns_, event.context->time_ns);
  if (first_ns_ == 0) first_ns_ = event.context->time_ns;
  ConnectionKey key;
  key.process = {event.context->process_entity, event.context->host_process_id};
  const Address src = address_of(columns.src, event.data);
  const Address dst = address_of(columns.dst, event.data);
  const uint16_t src_port = port_of(columns.src_port, event.data);
  const uint16_t dst_port = port_of(columns.dst_port, event.data);
  // A file need not say which end is ours: the client's then, whose port is higher.
  const bool out = event.context->direction.empty() ? is_after(src, src_port, dst, dst_port)
                                                    : event.context->direction == "egress";
  key.local = out ? src : dst;
  key.remote = out ? dst : src;
  key.local_port = out ? src_port : dst_port;
  key.remote_port = out ? dst_port : src_port;
  key.protocol = columns.protocol;

  if (columns.dns != nullptr || columns.http != nullptr) {
    // The connection below it is TCP's or UDP's; only lines are kept of these.
    note_domain(event, columns, key.process);
    keep_line(event, key);
    return;
  }
  if (columns.header != nullptr) {
    const Value name = columns.carried->get(columns.header->get(event.data).p);
    if (is_counted_elsewhere(name.text())) return;
    key.protocol = protocol_index(name.text());
  }
  count(event, key, out);
  keep_line(event, key);
}

void Traffic::count(const Event& event, const ConnectionKey& key, bool out) {
  const Context& context = *event.context;
  const uint64_t time = context.time_ns / 1'000'000'000;
  Amount amount;
  amount.packets = 1;
  (out ? amount.bytes_out : amount.bytes_in) = context.packet_length;

  ProcessSeen& process = processes_.at(key.process);
  process.meter.add(time, amount);
  process.uid = context.user_id;
  process.name.fill(0);
  context.process_name.copy(process.name.data(), process.name.size() - 1);
  connections_.at(key).meter.add(time, amount);
  PeerSeen& peer = peers_.at(key.remote);
  peer.meter.add(time, amount);
  peer.last = key.process;
  protocols_[key.protocol].meter.add(time, amount);
  all_.add(time, amount);
}

void Traffic::note_domain(const Event& event, const Columns& columns, const ProcessKey& process) {
  std::string_view name;
  if (columns.dns != nullptr) {
    const void* message = columns.dns->get(event.data).p;
    if (columns.is_response != nullptr && columns.is_response->get(message).u != 0) return;
    const Value questions = columns.questions->get(message);
    if (questions.count == 0) return;
    name = columns.question_name->get(columns.questions->at(questions.p, 0).p).text();
  } else {
    name = columns.host->get(columns.http->get(event.data).p).text();
  }
  if (name.empty()) return;
  name_.assign(name);
  DomainSeen& domain = domains_.at(name_);
  Amount one;
  one.packets = 1;
  domain.meter.add(event.context->time_ns / 1'000'000'000, one);
  domain.last = process;
  (columns.dns != nullptr ? domain.in_dns : domain.in_http) = true;
}

void Traffic::keep_line(const Event& event, const ConnectionKey& key) {
  Line& line = lines_[next_line_];
  next_line_ = (next_line_ + 1) % lines_.size();
  line.connection = key;
  line.time_ns = event.context->time_ns;
  line.size = static_cast<uint8_t>(describe_(event, line.text, sizeof line.text));
}

std::vector<const Traffic::Line*> Traffic::recent(const ConnectionKey& connection,
                                                  size_t most) const {
  std::vector<const Line*> out;
  for (size_t i = 0; i < lines_.size() && out.size() < most; ++i) {
    const Line& line = lines_[(next_line_ + lines_.size() - 1 - i) % lines_.size()];
    if (line.time_ns == 0) continue;
    ConnectionKey key = line.connection;
    key.protocol = connection.protocol;  // what it carries counts as its own
    if (key == connection) out.push_back(&line);
  }
  return out;
}

uint64_t Traffic::forgotten() const noexcept {
  return processes_.forgotten() + connections_.forgotten() + peers_.forgotten() +
         domains_.forgotten();
}

void Traffic::clear() {
  processes_.clear();
  connections_.clear();
  peers_.clear();
  domains_.clear();
  for (ProtocolSeen& protocol : protocols_) protocol = {};
  all_ = {};
  for (Line& line : lines_) line.time_ns = 0;
  next_line_ = 0;
  now_ns_ = 0;
  first_ns_ = 0;
}

}  // namespace tracee
