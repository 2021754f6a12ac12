// SPDX-License-Identifier: Apache-2.0
// Any bytes as an HTTP message head: what is accepted has the shape it promises.
#include <cstdlib>

#include "decode/protocols/http/http.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tracee;
  static Arena arena(1 << 20);
  arena.reset();
  HttpMessage message;
  HttpFraming framing;
  const Bytes bytes{data, size};
  if (parse_http(bytes, arena, message, framing) != Parse::Ok) return 0;
  const size_t head = framing.head_bytes;
  if (head > size || head < 8) std::abort();
  if (!message.protocol.starts_with("HTTP/1.")) std::abort();
  if (message.is_response ? message.status.size() < 3 : message.method.empty()) std::abort();
  for (size_t i = 0; i < message.headers.size(); ++i) {
    if (message.headers[i].values.empty()) std::abort();
    if (i > 0 && !(message.headers[i - 1].key < message.headers[i].key)) std::abort();
  }
  if (message.content_length < -1) std::abort();
  return 0;
}
