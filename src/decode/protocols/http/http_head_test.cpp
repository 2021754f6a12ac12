// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/http/http_head.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace tracee {
namespace {

struct Read {
  explicit Read(std::string_view text) : text(text) {
    EXPECT_EQ(split_start_line(text, line), Parse::Ok) << text;
    is_plain = read_plain_headers(text, line, plain, framing);
    llhttp = read_headers_by_llhttp(text, line, judged, expected);
  }

  std::string_view text;
  Arena arena{1 << 18};
  HttpStartLine line;
  HttpHeaders plain{arena, arena, 4096}, judged{arena, arena, 4096};
  HttpFraming framing{}, expected{};
  bool is_plain = false;
  Parse llhttp = Parse::Ok;
};

TEST(HttpHead, PlainHeadsAreWhatLlhttpTakes) {
  for (const char* text : {
           "GET / HTTP/1.1\r\n\r\n",
           "GET /a?b=c&d HTTP/1.0\r\nHost: x\r\naccept: a, b\r\n\r\nbody",
           "custom! /x HTTP/1.1\r\nA:\r\nB:   \r\nC:x  \r\nEn-Tete: \xc3\xa9t\xc3\xa9\r\n\r\n",
           "POST / HTTP/1.1\r\ncontent-length: 12\r\n\r\n",
           "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: upgrade, close\r\n\r\n",
           "HTTP/1.1 404 Not Found\r\nUpgrade: h2c\r\nX_y.z~: 1\r\n\r\n",
       }) {
    Read read(text);
    EXPECT_TRUE(read.is_plain) << text;
    EXPECT_EQ(read.llhttp, Parse::Ok) << text;
    EXPECT_TRUE(std::ranges::equal(read.plain.all(), read.judged.all(),
                                   [](const HttpHeader& a, const HttpHeader& b) {
                                     return a.name == b.name && a.value == b.value;
                                   }))
        << text;
    EXPECT_EQ(read.framing.head_bytes, read.expected.head_bytes) << text;
    EXPECT_EQ(read.framing.length, read.expected.length) << text;
    EXPECT_EQ(read.framing.has_length, read.expected.has_length) << text;
    EXPECT_EQ(read.framing.is_chunked, read.expected.is_chunked) << text;
    EXPECT_EQ(read.framing.other_coding, read.expected.other_coding) << text;
  }
}

TEST(HttpHead, WhatLeavesAQuestionIsNotPlain) {
  for (const char* text : {
           "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",            // folded
           "GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n",            // a bare line feed
           "GET / HTTP/1.1\nA: b\r\n\r\n",                    //
           "GET / HTTP/1.1\r\nA : b\r\n\r\n",                 // no token
           "GET / HTTP/1.1\r\n: b\r\n\r\n",                   //
           "GET / HTTP/1.1\r\nA: b\x01\r\n\r\n",              // a control
           "GET / HTTP/1.1\r\nA: b\tc\r\n\r\n",               //
           "GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n",            //
           "GET / HTTP/1.1\r\nA: b\r\n",                      // not whole
           "GET / HTTP/1.1\r\nA: b\r\n\r",                    //
           "GET / HTTP/1.1\r\nA",                             //
           "GET / HTTP/1.9\r\n\r\n",                          // another version
           "GET x HTTP/1.1\r\n\r\n",                          // another form
           "GET /a b HTTP/1.1\r\n\r\n",                       //
           "GET /\xc3\xa9 HTTP/1.1\r\n\r\n",                  //
           "GET /#a HTTP/1.1\r\n\r\n",                        //
           "CONNECT x:1 HTTP/1.1\r\n\r\n",                    //
           "HTTP/1.1 200\r\n\r\n",                            // no reason
           "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",   // framing
           "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",   //
           "POST / HTTP/1.1\r\nContent-Length: 1 2\r\n\r\n",  //
           "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",      //
           "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
           "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
           "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
           "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
       }) {
    EXPECT_FALSE(Read(text).is_plain) << text;
  }
}

}  // namespace
}  // namespace tracee
