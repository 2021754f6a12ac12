// SPDX-License-Identifier: Apache-2.0
#include "output/format/escape.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace tracee {
namespace {

std::string json(std::string_view text) {
  Buffer out(4096);
  put_json_text(text, out);
  return std::string(out.text());
}

std::string plain(std::string_view text) {
  Buffer out(4096);
  put_plain_text(text, out);
  return std::string(out.text());
}

TEST(JsonText, AsGoEscapes) {
  EXPECT_EQ(json("plain text"), "plain text");
  EXPECT_EQ(json("\"\\"), "\\\"\\\\");
  EXPECT_EQ(json("\n\r\t"), "\\n\\r\\t");
  EXPECT_EQ(json(std::string_view("\0\x01\b\f\x1f", 5)), "\\u0000\\u0001\\u0008\\u000c\\u001f");
  EXPECT_EQ(json("<a&b>"), "\\u003ca\\u0026b\\u003e");
  EXPECT_EQ(json("\x7f"), "\x7f");
  EXPECT_EQ(json("h\xc3\xa9 \xf0\x9f\x98\x80"), "h\xc3\xa9 \xf0\x9f\x98\x80");
  EXPECT_EQ(json("\xe2\x80\xa8\xe2\x80\xa9"), "\\u2028\\u2029");
  EXPECT_EQ(json("a\xff\xc3z"), "a\\ufffd\\ufffdz");
}

TEST(JsonText, AnyBytesMakeAValidString) {
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 40, 0);
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_TRUE(nlohmann::json::accept("\"" + json(bytes) + "\"")) << i;
  }
}

// Texts are looked at in blocks; each byte value must be seen at each place in one.
TEST(JsonText, EachByteAtEachPlace) {
  for (size_t size = 1; size <= 40; ++size) {
    for (size_t place = 0; place < size; ++place) {
      for (int value = 0; value < 256; ++value) {
        std::string text(size, 'x');
        text[place] = static_cast<char>(value);
        std::string expected(place, 'x');
        expected += json(text.substr(place, 1));
        expected.append(size - place - 1, 'x');
        ASSERT_EQ(json(text), expected) << value << " at " << place << " of " << size;
      }
    }
  }
}

TEST(JsonText, TooLittleRoomIsSaid) {
  Buffer out(8);
  put_json_text("123456789", out);
  EXPECT_TRUE(out.overflowed());
  out.rewind(0);
  EXPECT_FALSE(out.overflowed());
}

TEST(PlainText, CannotSteerATerminal) {
  EXPECT_EQ(plain("ok \xc3\xa9"), "ok \xc3\xa9");
  EXPECT_EQ(plain("\x1b[2J"), "\\x1b[2J");
  EXPECT_EQ(plain("a\nb"), "a\\x0ab");
  EXPECT_EQ(plain("\xc2\x9b"), "\\xc2\\x9b");  // CSI as one code point
  EXPECT_EQ(plain("\x7f\xff"), "\\x7f\\xff");
}

}  // namespace
}  // namespace tracee
