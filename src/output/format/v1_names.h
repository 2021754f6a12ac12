// SPDX-License-Identifier: Apache-2.0
// The words of the second dialect (`json-v1`) where they do not follow from the
// event tables. What is not here follows a rule: a member is its table's name in
// snake_case (`fragOffset`: frag_offset, `QDCount`: qd_count), and the kind of an
// argument is that of its C++ type.
#pragma once

#include <string>
#include <string_view>

#include "event/field.h"

namespace tracee {

// The kind of an argument by its `type` text.
struct V1Kind {
  std::string_view type;
  std::string_view kind;
  std::string_view list;         // the member that holds the elements of a list; empty: no list
  bool after_direction = false;  // the dialect's `metadata`, a direction, stands before it
};

inline constexpr V1Kind kV1Kinds[] = {
    {"trace.ProtoIPv4", "ipv4", "", true},
    {"trace.ProtoIPv6", "ipv6", "", true},
    {"trace.ProtoTCP", "tcp", "", true},
    {"trace.ProtoUDP", "udp", "", true},
    {"trace.ProtoICMP", "icmp", "", true},
    {"trace.ProtoICMPv6", "icmpv6", "", true},
    {"trace.ProtoDNS", "dns", "", true},
    {"trace.ProtoHTTP", "http", "", true},
    {"trace.PktMeta", "packet_metadata", ""},
    {"[]trace.DnsQueryData", "dns_questions", "questions"},
    {"[]trace.DnsResponseData", "dns_responses", "responses"},
    {"trace.ProtoHTTPRequest", "http_request", ""},
    {"trace.ProtoHTTPResponse", "http_response", ""},
};

// Members that the rule would name wrongly, by record.
struct V1Name {
  std::string_view record, member, name;
};

inline constexpr V1Name kV1Names[] = {
    {"ProtoTCP", "FIN", "fin_flag"},       {"ProtoTCP", "SYN", "syn_flag"},
    {"ProtoTCP", "RST", "rst_flag"},       {"ProtoTCP", "PSH", "psh_flag"},
    {"ProtoTCP", "ACK", "ack_flag"},       {"ProtoTCP", "URG", "urg_flag"},
    {"ProtoTCP", "ECE", "ece_flag"},       {"ProtoTCP", "CWR", "cwr_flag"},
    {"ProtoTCP", "NS", "ns_flag"},         {"DnsRecord", "TXTs", "txts"},
    {"DnsSOA", "MName", "mname"},          {"DnsSOA", "RName", "rname"},
    {"DnsMX", "preference", "Preference"},
};

// The member's name in the dialect.
std::string v1_name(std::string_view record, std::string_view member);

// The kind of an argument.
V1Kind v1_kind(const Field& argument);

// A number that the dialect writes as text, because it may not fit a double.
constexpr bool v1_number_is_text(const Field& field) { return field.width_bits == 64; }

}  // namespace tracee
