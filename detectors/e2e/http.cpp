// SPDX-License-Identifier: Apache-2.0
// HTTP, HTTPRequest, HTTPResponse: curl google.com, answered with 301.
#include "e2e.h"

namespace e2e {

class HttpDetector : public EventDetector {
  DetectorDefinition definition() const override {
    return definition_of("HTTP", "net_packet_http");
  }
  Outputs on_event(const Event& event) override {
    const Http* http = event.message<Http>("proto_http");
    if (http == nullptr || event.workload.process.name != "curl") return {};
    if (!http->protocol.starts_with("HTTP/")) return {};
    const std::string_view way = text(event, "metadata");
    const bool known = way != "unknown";
    if (http->direction == "request") {
      if (known && way != "egress") return {};
    } else if (http->direction == "response") {
      if (known && way != "ingress") return {};
    } else {
      return {};
    }
    return detected();
  }
};

class HttpRequestDetector : public EventDetector {
  DetectorDefinition definition() const override {
    return definition_of("HTTPRequest", "net_packet_http_request");
  }
  Outputs on_event(const Event& event) override {
    const HttpRequest* http = event.message<HttpRequest>("http_request");
    if (http == nullptr || event.workload.process.name != "curl") return {};
    if (!http->protocol.starts_with("HTTP/") || !http->host.ends_with("google.com")) return {};
    return detected();
  }
};

class HttpResponseDetector : public EventDetector {
  DetectorDefinition definition() const override {
    return definition_of("HTTPResponse", "net_packet_http_response");
  }
  Outputs on_event(const Event& event) override {
    const HttpResponse* http = event.message<HttpResponse>("http_response");
    if (http == nullptr || !http->protocol.starts_with("HTTP/")) return {};
    if (http->headers.first("Location").find("google.com") == std::string_view::npos) return {};
    return detected();
  }
};

}  // namespace e2e

TRACEE_DETECTORS(e2e::HttpDetector, e2e::HttpRequestDetector, e2e::HttpResponseDetector)
