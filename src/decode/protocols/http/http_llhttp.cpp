// SPDX-License-Identifier: Apache-2.0
// Header lines and framing as llhttp reads them; nothing else knows of it.
#include <llhttp.h>

#include "decode/protocols/http/http_head.h"

namespace tracee {
namespace {

// What the callbacks of one parse share.
struct Reading {
  HttpHeaders& headers;
  bool has_value = false;  // another part of it: the value continues on the next line
  bool no_room = false;
};

Reading& reading_of(llhttp_t* parser) noexcept { return *static_cast<Reading*>(parser->data); }

int on_header_field(llhttp_t* parser, const char* at, size_t size) noexcept {
  Reading& reading = reading_of(parser);
  reading.no_room = !reading.headers.add({at, size}, {});
  reading.has_value = false;
  return reading.no_room ? -1 : 0;
}

int on_header_value(llhttp_t* parser, const char* at, size_t size) noexcept {
  Reading& reading = reading_of(parser);
  const auto headers = reading.headers.all();
  if (headers.empty()) return -1;
  const std::string_view part = trimmed({at, size});
  if (!reading.has_value) {
    headers.back().value = part;
    reading.has_value = true;
    return 0;
  }
  reading.no_room = !reading.headers.fold(part);
  return reading.no_room ? -1 : 0;
}

int on_headers_complete(llhttp_t*) noexcept { return HPE_PAUSED; }

const llhttp_settings_t& callbacks() noexcept {
  static const llhttp_settings_t kSettings = [] {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_header_field = on_header_field;
    settings.on_header_value = on_header_value;
    settings.on_headers_complete = on_headers_complete;
    return settings;
  }();
  return kSettings;
}

}  // namespace

Parse read_headers_by_llhttp(std::string_view text, const HttpStartLine& line, HttpHeaders& headers,
                             HttpFraming& framing) noexcept {
  Reading reading{headers};
  llhttp_t parser;
  llhttp_init(&parser, line.is_response ? HTTP_RESPONSE : HTTP_REQUEST, &callbacks());
  // Conflicting lengths are what an analyst looks for, not a reason to be silent.
  llhttp_set_lenient_headers(&parser, 1);
  llhttp_set_lenient_chunked_length(&parser, 1);
  parser.data = &reading;
  std::string_view rest = text;
  if (!line.is_response) {
    // llhttp knows a list of methods; HTTP allows any token. It is shown one
    // that it knows and that frames the same way.
    const std::string_view known = line.method == "CONNECT" ? "CONNECT" : "GET";
    llhttp_execute(&parser, known.data(), known.size());
    rest = text.substr(line.method.size());
  }
  const llhttp_errno_t status = llhttp_execute(&parser, rest.data(), rest.size());
  if (reading.no_room) return Parse::NoRoom;
  if (status == HPE_OK) return Parse::Truncated;
  // Paused on the line feed that ends the head. llhttp takes a carriage return for
  // the empty line, whatever stands behind it; a recipient must not (RFC 9112, 2.2).
  const char* const stopped = llhttp_get_error_pos(&parser);
  const std::string_view seen = text.substr(0, static_cast<size_t>(stopped - text.data()));
  if (status != HPE_PAUSED || !(seen.ends_with("\n\r\n") || seen.ends_with("\n\n"))) {
    return Parse::Malformed;
  }
  framing = {
      .head_bytes = seen.size(),
      .length = parser.content_length,
      .has_length = (parser.flags & F_CONTENT_LENGTH) != 0,
      .is_chunked = (parser.flags & F_CHUNKED) != 0,
      .other_coding = (parser.flags & (F_CHUNKED | F_TRANSFER_ENCODING)) == F_TRANSFER_ENCODING,
      .is_faulty = false};
  return Parse::Ok;
}

}  // namespace tracee
