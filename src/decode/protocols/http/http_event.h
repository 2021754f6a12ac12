// SPDX-License-Identifier: Apache-2.0
// net_packet_http, net_packet_http_request and net_packet_http_response.
#pragma once

#include "decode/protocols/http/http.h"
#include "decode/protocols/packet_meta.h"
#include "decode/protocols/sets.h"
#include "event/event.h"

namespace tracee {

struct NetPacketHttp {
  Address src, dst;
  uint16_t src_port, dst_port;
  HttpMessage message;
};

// Request and response events show the same message through different tables.
struct NetPacketHttpMessage {
  PacketMeta metadata;
  HttpMessage message;
};

inline std::string_view http_direction(const HttpMessage& m) noexcept {
  return m.is_response ? "response" : "request";
}

inline uint64_t http_number(const void* message) noexcept {
  return static_cast<const HttpMessage*>(message)->number;
}

inline constexpr Field kHttpMessageFields[] = {
    field<&http_direction, "direction">("`request` or `response`."),
    field<&HttpMessage::method, "method">("Method of a request."),
    field<&HttpMessage::protocol, "protocol">("Protocol version: `HTTP/1.1`."),
    field<&HttpMessage::host, "host">("Host a request is for."),
    field<&HttpMessage::uri_path, "uri_path">("Decoded path of a request, without query."),
    field<&HttpMessage::status, "status">("Status code and reason of a response."),
    field<&HttpMessage::status_code, "status_code">("Status code of a response."),
    field<&HttpMessage::headers, "headers">("Header fields by canonical name."),
    field<&HttpMessage::content_length, "content_length">("Length of the body; -1: not known."),
};
inline constexpr RecordSpec kHttpMessage{"ProtoHTTP", kHttpMessageFields, &http_number};

inline constexpr Field kNetPacketHttpFields[] = {
    from(Origin::Source, argument<&NetPacketHttp::src, "src">("const char*", "Source address.")),
    from(Origin::Destination,
         argument<&NetPacketHttp::dst, "dst">("const char*", "Destination address.")),
    from(Origin::SourcePort, argument<&NetPacketHttp::src_port, "src_port">("u16", "Source port.")),
    from(Origin::DestinationPort,
         argument<&NetPacketHttp::dst_port, "dst_port">("u16", "Destination port.")),
    argument<&NetPacketHttp::message, "proto_http">("trace.ProtoHTTP", "HTTP message head.",
                                                    &kHttpMessage),
};
inline constexpr EventSpec kNetPacketHttp{
    .id = 2009,
    .name = "net_packet_http",
    .version = "1.0.0",
    .sets = kNetworkSets,
    .fields = kNetPacketHttpFields,
    .summary = "An HTTP/1 request or response.",
    .example = "tracee --events net_packet_http.data.dst_port=80,8080",
};

inline constexpr Field kHttpRequestFields[] = {
    field<&HttpMessage::method, "method">("Method."),
    field<&HttpMessage::protocol, "protocol">("Protocol version: `HTTP/1.1`."),
    field<&HttpMessage::host, "host">("Host the request is for."),
    field<&HttpMessage::uri_path, "uri_path">("Decoded path, without query."),
    field<&HttpMessage::headers, "headers">("Header fields by canonical name."),
    field<&HttpMessage::content_length, "content_length">("Length of the body; -1: chunked."),
};
inline constexpr RecordSpec kHttpRequest{"ProtoHTTPRequest", kHttpRequestFields, &http_number};

inline constexpr Field kNetPacketHttpRequestFields[] = {
    argument<&NetPacketHttpMessage::metadata, "metadata">("trace.PktMeta", "The packet.",
                                                          &kPacketMeta),
    argument<&NetPacketHttpMessage::message, "http_request">("trace.ProtoHTTPRequest",
                                                             "The request.", &kHttpRequest),
};
inline constexpr EventSpec kNetPacketHttpRequest{
    .id = 2010,
    .name = "net_packet_http_request",
    .version = "1.0.0",
    .sets = kDefaultNetworkSets,
    .fields = kNetPacketHttpRequestFields,
    .summary = "An HTTP/1 request.",
    .example = "tracee --events net_packet_http_request",
};

inline constexpr Field kHttpResponseFields[] = {
    field<&HttpMessage::status, "status">("Status code and reason."),
    field<&HttpMessage::status_code, "status_code">("Status code."),
    field<&HttpMessage::protocol, "protocol">("Protocol version: `HTTP/1.1`."),
    field<&HttpMessage::headers, "headers">("Header fields by canonical name."),
    field<&HttpMessage::content_length, "content_length">("Length of the body; -1: not known."),
};
inline constexpr RecordSpec kHttpResponse{"ProtoHTTPResponse", kHttpResponseFields, &http_number};

inline constexpr Field kNetPacketHttpResponseFields[] = {
    argument<&NetPacketHttpMessage::metadata, "metadata">("trace.PktMeta", "The packet.",
                                                          &kPacketMeta),
    argument<&NetPacketHttpMessage::message, "http_response">("trace.ProtoHTTPResponse",
                                                              "The response.", &kHttpResponse),
};
inline constexpr EventSpec kNetPacketHttpResponse{
    .id = 2011,
    .name = "net_packet_http_response",
    .version = "1.0.0",
    .sets = kDefaultNetworkSets,
    .fields = kNetPacketHttpResponseFields,
    .summary = "An HTTP/1 response.",
    .example = "tracee --events net_packet_http_response",
};

}  // namespace tracee
