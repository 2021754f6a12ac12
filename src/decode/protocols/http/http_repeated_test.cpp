// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/http/http_repeated.h"

#include <gtest/gtest.h>

#include <string>

namespace tracee {
namespace {

struct Heads {
  // What is read, as text, with the head's length; its bytes are gone afterwards.
  std::string of(std::string text) {
    arena.reset();
    result = heads.read({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, arena,
                        message, framing);
    if (result != Parse::Ok) return "";
    std::string out(message.is_response ? message.status : message.method);
    out.append(" ").append(message.host).append(message.uri_path);
    for (const MapEntry& entry : message.headers) {
      for (const std::string_view value : entry.values) {
        out.append(" ").append(entry.key).append("=").append(value);
      }
    }
    return out + " " + std::to_string(framing.head_bytes);
  }

  RepeatedHeads heads;
  Arena arena{1 << 18};
  HttpMessage message{};
  HttpFraming framing{};
  Parse result = Parse::Ok;
};

// Longer than what is looked at before heads are compared.
constexpr const char* kRequest =
    "GET /a%20b HTTP/1.1\r\nhost: h\r\nb: 2\r\na: 1\r\nb: 3\r\n"
    "c: 0123456789012345678901234567890123456789\r\n\r\n";
constexpr const char* kRead = "GET h/a b A=1 B=2 B=3 C=0123456789012345678901234567890123456789 95";

TEST(HttpRepeated, TheSameHeadHasTheSameNumber) {
  Heads heads;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(heads.of(kRequest), kRead);
    EXPECT_EQ(heads.message.number, 0u) << "it may never come again";
  }
  EXPECT_EQ(heads.of(kRequest), kRead);
  const uint64_t number = heads.message.number;
  EXPECT_NE(number, 0u);
  EXPECT_EQ(heads.of(kRequest), kRead);
  EXPECT_EQ(heads.message.number, number);

  // What stays is a copy of the bytes and what was changed of them, not a view.
  std::string text = kRequest;
  const HttpMessage& message = heads.message;
  heads.heads.read({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, heads.arena,
                   heads.message, heads.framing);
  text.assign(text.size(), 'x');
  heads.arena.reset();
  EXPECT_EQ(message.uri_path, "/a b");
  EXPECT_EQ(message.headers[1].values[1], "3");
  EXPECT_EQ(heads.arena.used_bytes(), 0u);
}

TEST(HttpRepeated, NumbersOfTwoReadersDiffer) {
  Heads one, other;
  for (Heads* heads : {&one, &other}) {
    for (int i = 0; i < 3; ++i) heads->of(kRequest);
    EXPECT_NE(heads->message.number, 0u);
  }
  EXPECT_NE(one.message.number, other.message.number);
}

TEST(HttpRepeated, OneOctetMakesAnotherHead) {
  Heads heads;
  const std::string request = kRequest;
  for (size_t at = 0; at < request.size(); ++at) {
    for (int i = 0; i < 3; ++i) heads.of(request);
    const uint64_t number = heads.message.number;
    EXPECT_NE(number, 0u);
    std::string changed = request;
    changed[at] ^= 1;
    Heads fresh;
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(heads.of(changed), fresh.of(changed)) << at;
      EXPECT_NE(heads.message.number, number) << at;
    }
    EXPECT_EQ(heads.of(request), kRead) << at;
  }
}

// What comes behind a head is not of it: a body, or another head.
TEST(HttpRepeated, HeadsEndWhereTheyEnd) {
  Heads heads;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(heads.of("GET / HTTP/1.1\r\n\r\n"), "GET / 18");
  const uint64_t number = heads.message.number;
  EXPECT_EQ(heads.of("GET / HTTP/1.1\r\n"), "");
  EXPECT_EQ(heads.result, Parse::Truncated);
  EXPECT_EQ(heads.of("GET / HTTP/1.1\r\nA: b\r\n\r\n"), "GET / A=b 24");
  EXPECT_EQ(heads.of("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nA: b\r\n\r\n"), "GET / 18");
  EXPECT_NE(heads.message.number, number);  // another length, another place
  // One that ends with bare line feeds ends before what ends it otherwise.
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(heads.of("GET / HTTP/1.1\nA: b\n\nrest\r\n\r\n"), "GET / A=b 21");
  }
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(heads.of("GET / HTTP/1.1\nA: b\n\n"), "GET / A=b 21");
    EXPECT_EQ(heads.message.number, 0u);
  }
}

TEST(HttpRepeated, FaultsAreRepeatedToo) {
  Heads heads;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(heads.of("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
              "POST / Content-Length=-1 39");
    EXPECT_TRUE(heads.framing.is_faulty);
  }
  EXPECT_EQ(heads.of("no HTTP\r\n\r\n"), "");
  EXPECT_EQ(heads.result, Parse::NotMine);
}

// A long head, and one whose lists are, is read all the same.
TEST(HttpRepeated, WhatHasNoRoomHasNoNumber) {
  Heads heads;
  const std::string value(3000, 'x');
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 300; ++i) many += "a:b\r\n";
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(heads.of("GET / HTTP/1.1\r\nA: " + value + "\r\n\r\n"), "GET / A=" + value + " 3023");
    EXPECT_EQ(heads.message.number, 0u);
    EXPECT_TRUE(heads.of(many + "\r\n").ends_with(" A=b 1518"));
    EXPECT_EQ(heads.message.number, 0u);
  }
}

}  // namespace
}  // namespace tracee
