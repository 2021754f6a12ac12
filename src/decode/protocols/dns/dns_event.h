// SPDX-License-Identifier: Apache-2.0
// net_packet_dns, net_packet_dns_request and net_packet_dns_response.
#pragma once

#include "decode/protocols/dns/dns.h"
#include "decode/protocols/packet_meta.h"
#include "decode/protocols/sets.h"
#include "event/event.h"

namespace tracee {

struct NetPacketDns {
  Address src, dst;
  uint16_t src_port, dst_port;
  DnsMessage message;
};

struct NetPacketDnsRequest {
  PacketMeta metadata;
  std::span<const DnsQuestion> questions;
};

// One answer as the response event shows it.
struct DnsAnswer {
  std::string_view type;
  uint32_t ttl;
  std::string_view answer;
};

struct DnsResponse {
  DnsQuestion question;
  std::span<const DnsAnswer> answers;
};

struct NetPacketDnsResponse {
  PacketMeta metadata;
  std::span<const DnsResponse> responses;
};

inline constexpr Field kDnsQuestionFields[] = {
    field<&DnsQuestion::name, "name">("Name asked for."),
    field<&DnsQuestion::type, "type">("Record type asked for."),
    field<&DnsQuestion::klass, "class">("Class asked for."),
};
inline constexpr RecordSpec kDnsQuestion{"DnsQuestion", kDnsQuestionFields};

inline constexpr Field kDnsSoaFields[] = {
    field<&DnsSoa::mname, "MName">("Primary name server."),
    field<&DnsSoa::rname, "RName">("Mailbox of the person in charge."),
    field<&DnsSoa::serial, "serial">("Serial number."),
    field<&DnsSoa::refresh, "refresh">("Refresh interval in seconds."),
    field<&DnsSoa::retry, "retry">("Retry interval in seconds."),
    field<&DnsSoa::expire, "expire">("Expiry in seconds."),
    field<&DnsSoa::minimum, "minimum">("Minimum TTL in seconds."),
};
inline constexpr RecordSpec kDnsSoa{"DnsSOA", kDnsSoaFields};

inline constexpr Field kDnsSrvFields[] = {
    field<&DnsSrv::priority, "priority">("Priority; lower is tried first."),
    field<&DnsSrv::weight, "weight">("Weight among equals."),
    field<&DnsSrv::port, "port">("Port of the service."),
    field<&DnsSrv::name, "name">("Host of the service."),
};
inline constexpr RecordSpec kDnsSrv{"DnsSRV", kDnsSrvFields};

inline constexpr Field kDnsMxFields[] = {
    field<&DnsMx::preference, "preference">("Preference; lower is tried first."),
    field<&DnsMx::name, "name">("Mail host."),
};
inline constexpr RecordSpec kDnsMx{"DnsMX", kDnsMxFields};

inline constexpr Field kDnsOptionFields[] = {
    field<&DnsOption::code, "code">("Option code by name."),
    field<&DnsOption::data, "data">("Option bytes."),
    field<&dns_option_text, "text">("Option decoded; in extended output.", nullptr, Empty::Absent),
};
inline constexpr RecordSpec kDnsOption{"DnsOPT", kDnsOptionFields};

inline constexpr Field kDnsUriFields[] = {
    field<&DnsUri::priority, "priority">("Priority; lower is tried first."),
    field<&DnsUri::weight, "weight">("Weight among equals."),
    field<&DnsUri::target, "target">("URI."),
};
inline constexpr RecordSpec kDnsUri{"DnsURI", kDnsUriFields};

// Whether a record is of one of these types.
template <uint16_t... Types>
bool dns_is(const DnsRecord& record) noexcept {
  return ((record.type_number == Types) || ...);
}

inline constexpr Field kDnsRecordFields[] = {
    field<&DnsRecord::name, "name">("Owner name of the record."),
    field<&DnsRecord::type, "type">("Record type."),
    field<&DnsRecord::klass, "class">("Class."),
    field<&DnsRecord::ttl, "TTL">("Time to live in seconds."),
    only_when<&dns_is<dns_type::kA, dns_type::kAaaa>>(
        field<&dns_ip, "IP">("Address of an A or AAAA record.")),
    only_when<&dns_is<dns_type::kNs>>(field<&dns_ns, "NS">("Name server of an NS record.")),
    only_when<&dns_is<dns_type::kCname>>(field<&dns_cname, "CNAME">("Target of a CNAME record.")),
    only_when<&dns_is<dns_type::kPtr>>(field<&dns_ptr, "PTR">("Target of a PTR record.")),
    only_when<&dns_is<dns_type::kTxt, dns_type::kHinfo>>(
        field<&dns_txts, "TXTs">("Strings of a TXT or HINFO record.", nullptr, Empty::Null)),
    only_when<&dns_is<dns_type::kSoa>>(field<&dns_soa, "SOA">("Data of an SOA record.", &kDnsSoa)),
    only_when<&dns_is<dns_type::kSrv>>(field<&dns_srv, "SRV">("Data of an SRV record.", &kDnsSrv)),
    only_when<&dns_is<dns_type::kMx>>(field<&dns_mx, "MX">("Data of an MX record.", &kDnsMx)),
    only_when<&dns_is<dns_type::kOpt>>(
        field<&dns_opt, "OPT">("Options of an OPT record.", &kDnsOption)),
    only_when<&dns_is<dns_type::kUri>>(field<&dns_uri, "URI">("Data of a URI record.", &kDnsUri)),
    only_when<&dns_is<dns_type::kTxt, dns_type::kHinfo>>(
        field<&dns_txt, "TXT">("Raw data of a TXT or HINFO record, length octets included.")),
    field<&dns_data, "data">("Data of any other record, in presentation form.", nullptr,
                             Empty::Absent),
};
inline constexpr RecordSpec kDnsRecord{"DnsRecord", kDnsRecordFields};

inline constexpr Field kDnsMessageFields[] = {
    field<&DnsMessage::id, "ID">("Transaction id."),
    field<&DnsMessage::qr, "QR">("0 for a query, 1 for a response."),
    field<&DnsMessage::op_code, "opCode">("Operation by name."),
    field<&DnsMessage::aa, "AA">("Authoritative answer."),
    field<&DnsMessage::tc, "TC">("Truncated."),
    field<&DnsMessage::rd, "RD">("Recursion desired."),
    field<&DnsMessage::ra, "RA">("Recursion available."),
    field<&DnsMessage::z, "Z">("Three bits: reserved, AD, CD."),
    field<&DnsMessage::response_code, "responseCode">("Response code by name."),
    field<&DnsMessage::qd_count, "QDCount">("Questions, as the header says."),
    field<&DnsMessage::an_count, "ANCount">("Answers, as the header says."),
    field<&DnsMessage::ns_count, "NSCount">("Authority records, as the header says."),
    field<&DnsMessage::ar_count, "ARCount">("Additional records, as the header says."),
    field<&DnsMessage::questions, "questions">("Questions.", &kDnsQuestion),
    field<&DnsMessage::answers, "answers">("Answers.", &kDnsRecord),
    field<&DnsMessage::authorities, "authorities">("Authority records.", &kDnsRecord),
    field<&DnsMessage::additionals, "additionals">("Additional records.", &kDnsRecord),
    field<&DnsMessage::malformed, "malformed">("The fault that ends it; in extended output.",
                                               nullptr, Empty::Absent),
};
inline constexpr RecordSpec kDnsMessage{"ProtoDNS", kDnsMessageFields};

inline constexpr Field kNetPacketDnsFields[] = {
    from(Origin::Source, argument<&NetPacketDns::src, "src">("const char*", "Source address.")),
    from(Origin::Destination,
         argument<&NetPacketDns::dst, "dst">("const char*", "Destination address.")),
    from(Origin::SourcePort, argument<&NetPacketDns::src_port, "src_port">("u16", "Source port.")),
    from(Origin::DestinationPort,
         argument<&NetPacketDns::dst_port, "dst_port">("u16", "Destination port.")),
    argument<&NetPacketDns::message, "proto_dns">("trace.ProtoDNS", "DNS message.", &kDnsMessage),
};
inline constexpr EventSpec kNetPacketDns{
    .id = 2006,
    .name = "net_packet_dns",
    .version = "1.0.0",
    .sets = kNetworkSets,
    .fields = kNetPacketDnsFields,
    .summary = "A DNS message.",
    .example = "tracee --output json --events net_packet_dns.data.src=8.8.8.8",
};

inline constexpr Field kDnsQueryDataFields[] = {
    field<&DnsQuestion::name, "query">("Name asked for."),
    field<&DnsQuestion::type, "query_type">("Record type asked for."),
    field<&DnsQuestion::klass, "query_class">("Class asked for."),
};
inline constexpr RecordSpec kDnsQueryData{"DnsQueryData", kDnsQueryDataFields};

inline constexpr Field kNetPacketDnsRequestFields[] = {
    argument<&NetPacketDnsRequest::metadata, "metadata">("trace.PktMeta", "The packet.",
                                                         &kPacketMeta),
    argument<&NetPacketDnsRequest::questions, "dns_questions">("[]trace.DnsQueryData", "Questions.",
                                                               &kDnsQueryData),
};
inline constexpr EventSpec kNetPacketDnsRequest{
    .id = 2007,
    .name = "net_packet_dns_request",
    .version = "1.0.0",
    .sets = kDefaultNetworkSets,
    .fields = kNetPacketDnsRequestFields,
    .summary = "A DNS query.",
    .example = "tracee --events net_packet_dns_request",
};

inline constexpr Field kDnsAnswerFields[] = {
    field<&DnsAnswer::type, "answer_type">("Record type."),
    field<&DnsAnswer::ttl, "ttl">("Time to live in seconds."),
    field<&DnsAnswer::answer, "answer">("The record's data."),
};
inline constexpr RecordSpec kDnsAnswer{"DnsAnswer", kDnsAnswerFields};

inline constexpr Field kDnsResponseFields[] = {
    field<&DnsResponse::question, "query_data">("The question.", &kDnsQueryData),
    field<&DnsResponse::answers, "dns_answer">("Answers.", &kDnsAnswer),
};
inline constexpr RecordSpec kDnsResponse{"DnsResponseData", kDnsResponseFields};

inline constexpr Field kNetPacketDnsResponseFields[] = {
    argument<&NetPacketDnsResponse::metadata, "metadata">("trace.PktMeta", "The packet.",
                                                          &kPacketMeta),
    argument<&NetPacketDnsResponse::responses, "dns_response">(
        "[]trace.DnsResponseData", "Questions with their answers.", &kDnsResponse),
};
inline constexpr EventSpec kNetPacketDnsResponse{
    .id = 2008,
    .name = "net_packet_dns_response",
    .version = "1.0.0",
    .sets = kDefaultNetworkSets,
    .fields = kNetPacketDnsResponseFields,
    .summary = "A DNS response.",
    .example = "tracee --events net_packet_dns_response",
};

}  // namespace tracee
