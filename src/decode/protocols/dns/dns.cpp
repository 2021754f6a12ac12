// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/dns/dns.h"

#include <algorithm>

#include "decode/protocols/dns/dns_data.h"
#include "decode/protocols/dns/dns_name.h"
#include "decode/protocols/dns/dns_names.h"
#include "decode/protocols/dns/dns_types.h"
#include "decode/reader.h"

namespace tracee {
namespace {

constexpr size_t kHeaderBytes = 12;
constexpr size_t kMinRecordBytes = 11;  // root name, type, class, TTL, length
constexpr size_t kMinQuestionBytes = 5;
constexpr uint16_t kFirstNamePointer = 0xc000 | kHeaderBytes;

Parse parse_of(DnsFault fault) noexcept {
  if (fault == DnsFault::None) return Parse::Ok;
  return fault == DnsFault::NoRoom ? Parse::NoRoom : Parse::Malformed;
}

// One parse: the message, where it stands, and where texts go.
struct Parser {
  Bytes message;
  size_t at;
  Arena& arena;
  DnsMessageNames names;
  DnsDetail detail;
  // The name behind the header, which most records of an answer point to.
  std::string_view first_name{};

  size_t left() const noexcept { return message.size() - at; }
  DnsFault name(std::string_view& text) noexcept {
    if (!first_name.empty() && left() >= 2 && load_be16(&message[at]) == kFirstNamePointer) {
      at += 2;
      text = first_name;
      return DnsFault::None;
    }
    return read_dns_name(names, at, arena, text);
  }
};

DnsFault parse_address(Bytes data, Arena& arena, AddressText& out) noexcept {
  out = {};
  if (data.size() == 4) {
    out.address = Address::v4(data.data());
  } else if (data.size() == 16) {
    out.address = Address::v6(data.data());
  } else if (data.empty()) {
    out.odd = "<nil>";
  } else {
    const auto room = arena.take<char>(1 + 2 * data.size());
    if (room.empty()) return DnsFault::NoRoom;
    char* at = room.data();
    *at++ = '?';
    for (const uint8_t byte : data) {
      *at++ = "0123456789abcdef"[byte >> 4];
      *at++ = "0123456789abcdef"[byte & 15];
    }
    out.odd = {room.data(), room.size()};
  }
  return DnsFault::None;
}

DnsFault parse_strings(Bytes data, Arena& arena, DnsText& out) noexcept {
  out.raw = as_text(data);
  size_t count = 0;
  for (size_t at = 0; at < data.size(); at += data[at] + 1u) ++count;
  const auto strings = arena.take<std::string_view>(count);
  if (strings.size() != count) return DnsFault::NoRoom;
  Reader in(data);
  for (auto& text : strings) {
    const uint8_t size = in.u8();
    text = as_text(in.take(size));
  }
  if (!in) return DnsFault::DataSize;
  out.strings = strings;
  return DnsFault::None;
}

DnsFault parse_options(Parser& in, Bytes data, std::span<const DnsOption>& out) noexcept {
  const auto options = in.arena.take<DnsOption>(data.size() / 4);
  if (options.size() != data.size() / 4) return DnsFault::NoRoom;
  Reader bytes(data);
  size_t count = 0;
  while (bytes && bytes.left() > 0) {
    const uint16_t code = bytes.u16();
    const uint16_t size = bytes.u16();
    const Bytes value = bytes.take(size);
    if (!bytes) return DnsFault::DataSize;
    const DnsType* row = dns_option_row(code);
    DnsOption& option = options[count++];
    option = {row != nullptr ? row->name : "Unknown", as_text(value), {}};
    if (in.detail != DnsDetail::Extended) continue;
    DnsMessageNames names = in.names;  // a copy: more detail must not take pointers from records
    const auto offset = static_cast<size_t>(bytes.position() - in.message.data()) - size;
    const DnsFault fault = dns_option_data_text(row != nullptr ? row->layout : std::string_view{},
                                                names, offset, size, in.arena, option.text);
    if (fault != DnsFault::None) return fault;
  }
  out = options.first(count);
  return DnsFault::None;
}

// Members of the record: each reads its part of `in` up to in.at.
DnsFault parse_rdata(Parser& in, Bytes data, std::string_view& name) noexcept {
  static_cast<void>(data);
  return in.name(name);
}

DnsFault parse_rdata(Parser& in, Bytes data, DnsSoa& soa) noexcept {
  const size_t end = in.at + data.size();
  DnsFault fault = in.name(soa.mname);
  if (fault == DnsFault::None) fault = in.name(soa.rname);
  if (fault != DnsFault::None) return fault;
  if (in.at > end) return DnsFault::DataSize;
  Reader tail(in.message.subspan(in.at, end - in.at));
  soa.serial = tail.u32();
  soa.refresh = tail.u32();
  soa.retry = tail.u32();
  soa.expire = tail.u32();
  soa.minimum = tail.u32();
  return tail ? DnsFault::None : DnsFault::DataSize;
}

DnsFault parse_rdata(Parser& in, Bytes data, DnsMx& mx) noexcept {
  Reader head(data);
  mx.preference = head.u16();
  if (!head) return DnsFault::DataSize;
  in.at += 2;
  return in.name(mx.name);
}

DnsFault parse_rdata(Parser& in, Bytes data, DnsSrv& srv) noexcept {
  Reader head(data);
  srv.priority = head.u16();
  srv.weight = head.u16();
  srv.port = head.u16();
  if (!head) return DnsFault::DataSize;
  in.at += 6;
  return in.name(srv.name);
}

DnsFault parse_rdata(Parser&, Bytes data, DnsUri& uri) noexcept {
  Reader head(data);
  uri.priority = head.u16();
  uri.weight = head.u16();
  uri.target = as_text(head.take(head.left()));
  return head ? DnsFault::None : DnsFault::DataSize;
}

DnsFault parse_rdata(Parser& in, Bytes data, AddressText& address) noexcept {
  return parse_address(data, in.arena, address);
}

DnsFault parse_rdata(Parser& in, Bytes data, DnsText& text) noexcept {
  return parse_strings(data, in.arena, text);
}

DnsFault parse_rdata(Parser& in, Bytes data, std::span<const DnsOption>& options) noexcept {
  return parse_options(in, data, options);
}

// Reads a T from the `size` bytes at in.at. Names inside may point anywhere, but
// must end within them.
template <class T>
DnsFault parse_member(Parser& in, size_t size, DnsRecord& record) noexcept {
  const size_t start = in.at;
  T value{};
  const DnsFault fault = parse_rdata(in, in.message.subspan(start, size), value);
  if (fault != DnsFault::None) return fault;
  if (in.at > start + size) return DnsFault::DataSize;
  record.rdata = in.arena.make(value);
  return record.rdata != nullptr ? DnsFault::None : DnsFault::NoRoom;
}

DnsFault parse_text(Parser& in, size_t size, const DnsType* row, DnsRecord& record) noexcept {
  std::string_view text;
  const DnsFault fault = dns_data_text(row != nullptr ? row->layout : std::string_view{}, in.names,
                                       in.at, size, in.arena, text);
  if (fault != DnsFault::None) return fault;
  record.rdata = in.arena.make(text);
  return record.rdata != nullptr ? DnsFault::None : DnsFault::NoRoom;
}

// Decodes the record's data at in.at, `size` bytes, into `record.rdata`.
DnsFault parse_data(Parser& in, size_t size, const DnsType* row, DnsRecord& record) noexcept {
  switch (record.type_number) {
    case dns_type::kA:
    case dns_type::kAaaa:
      return parse_member<AddressText>(in, size, record);
    case dns_type::kNs:
    case dns_type::kCname:
    case dns_type::kPtr:
      return parse_member<std::string_view>(in, size, record);
    case dns_type::kSoa:
      return parse_member<DnsSoa>(in, size, record);
    case dns_type::kMx:
      return parse_member<DnsMx>(in, size, record);
    case dns_type::kSrv:
      return parse_member<DnsSrv>(in, size, record);
    case dns_type::kUri:
      return parse_member<DnsUri>(in, size, record);
    case dns_type::kTxt:
    case dns_type::kHinfo:
      return parse_member<DnsText>(in, size, record);
    case dns_type::kOpt:
      return parse_member<std::span<const DnsOption>>(in, size, record);
    default:
      return parse_text(in, size, row, record);
  }
}

// RFC 2136, 2.4 and 2.5: updates have records without data, in these classes.
bool may_lack_data(uint16_t klass) noexcept {
  constexpr uint16_t kNone = 254, kAny = 255;
  return klass == kNone || klass == kAny;
}

DnsFault parse_record(Parser& in, DnsRecord& record) noexcept {
  record = {};
  if (const DnsFault fault = in.name(record.name); fault != DnsFault::None) return fault;
  Reader fixed(in.message.subspan(in.at));
  record.type_number = fixed.u16();
  const DnsType* row = dns_type_row(record.type_number);
  record.type = row != nullptr ? row->name : "Unknown";
  const uint16_t klass = fixed.u16();
  record.klass = dns_class_name(klass);
  record.ttl = fixed.u32();
  const uint16_t size = fixed.u16();
  if (!fixed || fixed.left() < size) return DnsFault::RecordCut;
  in.at += 10;
  if (size == 0 && may_lack_data(klass)) return DnsFault::None;
  const size_t end = in.at + size;
  const DnsFault fault = parse_data(in, size, row, record);
  in.at = end;
  return fault;
}

DnsFault parse_question(Parser& in, DnsQuestion& question) noexcept {
  if (const DnsFault fault = in.name(question.name); fault != DnsFault::None) return fault;
  if (in.left() < 4) return DnsFault::RecordCut;
  question.type = dns_type_name(load_be16(&in.message[in.at]));
  question.klass = dns_class_name(load_be16(&in.message[in.at + 2]));
  in.at += 4;
  return DnsFault::None;
}

// "answers[2]: a name runs past the end".
std::string_view reason(std::string_view section, size_t index, DnsFault fault,
                        Arena& arena) noexcept {
  TextOut out(arena);
  out.put(section);
  out.put('[');
  out.number(index);
  out.put("]: ");
  out.put(dns_fault_text(fault));
  return out.full() ? dns_fault_text(fault) : out.finish();
}

// Reads `count` elements of one section. `out` has those before a fault.
template <class T, class ParseOne>
DnsFault parse_section(Parser& in, std::string_view section, size_t count, size_t min_bytes,
                       ParseOne parse_one, std::span<const T>& out,
                       std::string_view& malformed) noexcept {
  // A count that the bytes cannot hold is found out element by element.
  const size_t fits = std::min(count, in.left() / min_bytes);
  const auto room = in.arena.take<T>(fits);
  DnsFault fault = room.size() == fits ? DnsFault::None : DnsFault::NoRoom;
  size_t read = 0;
  for (; fault == DnsFault::None && read < count; ++read) {
    fault = read < fits ? parse_one(in, room[read]) : DnsFault::Count;
    if (fault != DnsFault::None) break;
    out = room.first(read + 1);
  }
  if (fault != DnsFault::None && in.detail == DnsDetail::Extended) {
    malformed = reason(section, read, fault, in.arena);
  }
  return fault;
}

// RFC 6891, 6.1.3: OPT carries the upper eight bits of the response code.
uint16_t extended_rcode(uint16_t rcode, std::span<const DnsRecord> additionals) noexcept {
  for (const DnsRecord& record : additionals) {
    if (record.type_number == dns_type::kOpt) {
      rcode = static_cast<uint16_t>(rcode | ((record.ttl >> 20) & 0xff0));
    }
  }
  return rcode;
}

template <class T>
const T& data_of(const DnsRecord& record, bool is_that_type) noexcept {
  static const T kZero{};
  return is_that_type && record.rdata != nullptr ? *static_cast<const T*>(record.rdata) : kZero;
}

std::string_view name_of(const DnsRecord& record, uint16_t type) noexcept {
  return data_of<std::string_view>(record, record.type_number == type);
}

bool is_text(const DnsRecord& record) noexcept {
  return record.type_number == dns_type::kTxt || record.type_number == dns_type::kHinfo;
}

}  // namespace

Parse parse_dns(Bytes bytes, Arena& arena, DnsMessage& message, DnsDetail detail) noexcept {
  message = {};
  Reader in(bytes);
  message.id = in.u16();
  const uint16_t flags = in.u16();
  message.qd_count = in.u16();
  message.an_count = in.u16();
  message.ns_count = in.u16();
  message.ar_count = in.u16();
  if (!in) return Parse::Truncated;
  const auto bit = [&](int n) { return static_cast<uint8_t>((flags >> n) & 1); };
  message.qr = bit(15);
  message.op_code = dns_opcode_name(static_cast<uint8_t>((flags >> 11) & 15));
  message.aa = bit(10);
  message.tc = bit(9);
  message.rd = bit(8);
  message.ra = bit(7);
  message.z = static_cast<uint8_t>((flags >> 4) & 7);

  Parser parser{bytes, kHeaderBytes, arena, DnsMessageNames(bytes), detail};
  DnsFault fault = parse_section(parser, "questions", message.qd_count, kMinQuestionBytes,
                                 parse_question, message.questions, message.malformed);
  if (!message.questions.empty()) parser.first_name = message.questions[0].name;
  const auto records = [&](std::string_view section, size_t count,
                           std::span<const DnsRecord>& out) noexcept {
    if (fault != DnsFault::None) return;
    fault = parse_section(parser, section, count, kMinRecordBytes, parse_record, out,
                          message.malformed);
  };
  records("answers", message.an_count, message.answers);
  records("authorities", message.ns_count, message.authorities);
  records("additionals", message.ar_count, message.additionals);
  message.response_code =
      dns_rcode_name(extended_rcode(static_cast<uint16_t>(flags & 15), message.additionals));
  return parse_of(fault);
}

bool dns_has_data_text(uint16_t type) noexcept {
  switch (type) {
    case dns_type::kA:
    case dns_type::kNs:
    case dns_type::kCname:
    case dns_type::kSoa:
    case dns_type::kPtr:
    case dns_type::kHinfo:
    case dns_type::kMx:
    case dns_type::kTxt:
    case dns_type::kAaaa:
    case dns_type::kSrv:
    case dns_type::kOpt:
    case dns_type::kUri:
      return false;
    default:
      return true;
  }
}

const AddressText& dns_ip(const DnsRecord& r) noexcept {
  return data_of<AddressText>(r, r.type_number == dns_type::kA || r.type_number == dns_type::kAaaa);
}
std::string_view dns_ns(const DnsRecord& r) noexcept { return name_of(r, dns_type::kNs); }
std::string_view dns_cname(const DnsRecord& r) noexcept { return name_of(r, dns_type::kCname); }
std::string_view dns_ptr(const DnsRecord& r) noexcept { return name_of(r, dns_type::kPtr); }
std::span<const std::string_view> dns_txts(const DnsRecord& r) noexcept {
  return data_of<DnsText>(r, is_text(r)).strings;
}
const DnsSoa& dns_soa(const DnsRecord& r) noexcept {
  return data_of<DnsSoa>(r, r.type_number == dns_type::kSoa);
}
const DnsSrv& dns_srv(const DnsRecord& r) noexcept {
  return data_of<DnsSrv>(r, r.type_number == dns_type::kSrv);
}
const DnsMx& dns_mx(const DnsRecord& r) noexcept {
  return data_of<DnsMx>(r, r.type_number == dns_type::kMx);
}
std::span<const DnsOption> dns_opt(const DnsRecord& r) noexcept {
  return data_of<std::span<const DnsOption>>(r, r.type_number == dns_type::kOpt);
}
const DnsUri& dns_uri(const DnsRecord& r) noexcept {
  return data_of<DnsUri>(r, r.type_number == dns_type::kUri);
}
std::string_view dns_txt(const DnsRecord& r) noexcept {
  return data_of<DnsText>(r, is_text(r)).raw;
}

std::string_view dns_data(const DnsRecord& r) noexcept {
  return data_of<std::string_view>(r, dns_has_data_text(r.type_number));
}
std::string_view dns_option_text(const DnsOption& option) noexcept { return option.text; }

}  // namespace tracee
