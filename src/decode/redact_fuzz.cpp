// SPDX-License-Identifier: Apache-2.0
// Any bytes as a DNS message or an HTTP head: once its events are redacted, no text
// of them has what was to be hidden.
#include <algorithm>
#include <cstdlib>

#include "decode/protocols/dns/dns_event.h"
#include "decode/protocols/http/http_event.h"
#include "decode/protocols/http/http_repeated.h"
#include "decode/redact.h"

namespace {

using namespace tracee;

const Redaction& everything() {
  static const Redaction kAll = *parse_redaction({"headers,query,dns=.corp.example,dns=lan"});
  return kAll;
}

// Of texts that are not one name.
bool holds_names(const Field& field) {
  static constexpr std::string_view kThese[] = {"data", "TXT",      "target", "text",
                                                "host", "uri_path", "status"};
  return std::ranges::find(kThese, field.name) != std::end(kThese);
}

void look_at(const Value& value, const Field& field) {
  if (value.kind == Kind::Text) {
    if (everything().hides_name(value.text())) std::abort();
    if (holds_names(field) && everything().hides_part_of(value.text())) std::abort();
  }
  if (value.kind == Kind::Record) {
    for (const Field& member : field.of->fields) look_at(member.get(value.p), member);
  }
  if (value.kind == Kind::List) {
    Field element = field;
    element.kind = field.element;
    for (uint32_t i = 0; i < value.count; ++i) look_at(field.at(value.p, i), element);
  }
  if (value.kind != Kind::Map) return;
  for (const MapEntry& entry : value.map()) {
    for (const std::string_view text : entry.values) {
      if (everything().hides_part_of(text)) std::abort();
      const bool secret = entry.key == "Authorization" || entry.key == "Set-Cookie";
      if (secret && text != kRedacted) std::abort();
      // A query is behind the first `?` of a URL that begins the value.
      const size_t query = entry.key == "Location" ? text.find_first_of("?#") : text.npos;
      if (query != text.npos && text != kRedacted &&
          !text.substr(query + 1).starts_with(kRedacted)) {
        std::abort();
      }
    }
  }
}

class Reader final : public EventHandler {
 public:
  void on_event(const Event& event) noexcept override {
    const void* const data = redactor_.redacted(*event.spec, event.data);
    for (const Field& field : event.spec->fields) look_at(field.get(data), field);
    // Twice is as good as once.
    Redactor again(everything());
    const void* const more = again.redacted(*event.spec, data);
    for (const Field& field : event.spec->fields) look_at(field.get(more), field);
  }

 private:
  Redactor redactor_{everything()};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Arena arena(size_t{1} << 20);
  static RepeatedHeads heads;
  static Reader reader;
  if (size == 0) return 0;
  arena.reset();
  const Bytes bytes{data + 1, size - 1};
  const Context context;
  DecodeCounters counters;
  DecodeOptions options;
  options.extended = (data[0] & 2) != 0;
  Scope scope(arena, heads, options, counters, ~EventMask{0}, context, reader);
  if ((data[0] & 1) != 0) {
    decode_dns_message(bytes, Packet{}, scope);
    return 0;
  }
  NetPacketHttp event{};
  HttpFraming framing;
  if (parse_http(bytes, arena, event.message, framing) != Parse::Ok) return 0;
  scope.emit(kNetPacketHttp, &event);
  return 0;
}
