// SPDX-License-Identifier: Apache-2.0
// Packets for tests, written as they look on the wire, and events as texts.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "decode/decoder.h"
#include "decode/redact.h"
#include "event/address.h"

namespace tracee::test {

using Octets = std::vector<uint8_t>;

// "45 00 …": hexadecimal, blanks between octets at will.
inline Octets hex(std::string_view text) {
  Octets out;
  unsigned value = 0;
  int digits = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    value = value * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    if (++digits % 2 == 0) {
      out.push_back(static_cast<uint8_t>(value));
      value = 0;
    }
  }
  return out;
}

inline Octets operator+(Octets a, const Octets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Octets octets(std::string_view text) { return Octets(text.begin(), text.end()); }

inline Octets be16(size_t v) { return {static_cast<uint8_t>(v >> 8), static_cast<uint8_t>(v)}; }

// 10.0.0.1 to 10.0.0.2, no options, id 1, DF, TTL 64.
inline Octets ipv4(uint8_t protocol, const Octets& payload) {
  return hex("45 00") + be16(20 + payload.size()) + hex("00 01 40 00 40") + Octets{protocol} +
         hex("00 00 0a 00 00 01 0a 00 00 02") + payload;
}

// 2001:db8::1 to 2001:db8::2, hop limit 64.
inline Octets ipv6(uint8_t next, const Octets& payload) {
  return hex("60 00 00 00") + be16(payload.size()) + Octets{next, 64} +
         hex("20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000002") + payload;
}

inline Octets udp(uint16_t src, uint16_t dst, const Octets& payload) {
  return be16(src) + be16(dst) + be16(8 + payload.size()) + hex("00 00") + payload;
}

// Sequence number 1, ACK and PSH, no options.
inline Octets tcp(uint16_t src, uint16_t dst, const Octets& payload) {
  return be16(src) + be16(dst) + hex("00000001 00000002 50 18 01 00 00 00 00 00") + payload;
}

// A value as it is printed, without quotes: enough to compare.
inline std::string show(const Value& value, const Field& field) {
  switch (value.kind) {
    case Kind::Unsigned:
    case Kind::Flag:
    case Kind::Bool:
      return std::to_string(value.u);
    case Kind::Signed:
      return std::to_string(value.i);
    case Kind::Text:
      return std::string(value.text());
    case Kind::Address: {
      char out[kAddressTextMax];
      return std::string(out, format_address(out, value.address()));
    }
    case Kind::Record: {
      std::string out;
      for (const Field& member : field.of->fields) {
        if (member.empty == Empty::Absent && member.get(value.p).count == 0) continue;
        out += (out.empty() ? "" : " ") + std::string(member.name) + "=" +
               show(member.get(value.p), member);
      }
      return "{" + out + "}";
    }
    case Kind::List: {
      std::string out;
      Field element = field;
      element.kind = field.element;
      for (uint32_t i = 0; i < value.count; ++i) {
        out += (i > 0 ? " " : "") + show(field.at(value.p, i), element);
      }
      return "[" + out + "]";
    }
    case Kind::Map: {
      std::string out;
      for (const MapEntry& entry : value.map()) {
        for (const auto text : entry.values) {
          out += (out.empty() ? "" : "; ") + std::string(entry.key) + ": " + std::string(text);
        }
      }
      return "{" + out + "}";
    }
  }
  return "";
}

// The events of packets, as "name arg=value …" lines.
class Events final : public EventHandler {
 public:
  explicit Events(DecodeOptions options = {}, EventMask enabled = ~EventMask{0})
      : decoder_(options, enabled) {}

  std::vector<std::string> of(const Octets& packet, size_t length = 0) {
    lines_.clear();
    // A copy of exact size: reading past it is an error a sanitizer sees.
    const Octets exact(packet);
    decoder_.decode(exact, static_cast<uint32_t>(length == 0 ? exact.size() : length), {}, *this);
    return lines_;
  }
  // The one event of that name, or "" when there is none.
  std::string one(std::string_view name, const Octets& packet) {
    std::string found;
    for (const std::string& line : of(packet)) {
      if (!line.starts_with(std::string(name) + " ")) continue;
      EXPECT_EQ(found, "") << "more than one " << name;
      found = line.substr(name.size() + 1);
    }
    return found;
  }
  std::vector<std::string> names(const Octets& packet) {
    std::vector<std::string> out;
    for (const std::string& line : of(packet)) out.push_back(line.substr(0, line.find(' ')));
    return out;
  }
  const DecodeCounters& counters() const { return decoder_.counters(); }
  void redact(const Redaction& what) { redactor_ = std::make_unique<Redactor>(what); }

  void on_event(const Event& event) noexcept override {
    const void* const data =
        redactor_ == nullptr ? event.data : redactor_->redacted(*event.spec, event.data);
    std::string line(event.spec->name);
    for (const Field& field : event.spec->fields) {
      line += " " + std::string(field.name) + "=" + show(field.get(data), field);
    }
    lines_.push_back(line);
  }

 private:
  Decoder decoder_;
  std::unique_ptr<Redactor> redactor_;
  std::vector<std::string> lines_;
};

}  // namespace tracee::test
