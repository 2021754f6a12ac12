// SPDX-License-Identifier: Apache-2.0
#include "output/settings.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace tracee {
namespace {

using std::chrono::milliseconds;

TEST(Settings, TheFirstMarkBeginsTheOptions) {
  EXPECT_EQ(split_options("a/b?c=d?e").place, "a/b");
  EXPECT_EQ(split_options("a/b?c=d?e").options, "c=d?e");
  EXPECT_EQ(split_options("a/b").options, "");
}

TEST(Settings, Units) {
  EXPECT_EQ(parse_bytes("64KiB"), 65536u);
  EXPECT_EQ(parse_bytes("2GiB"), uint64_t{2} << 30);
  EXPECT_EQ(parse_bytes("5"), 5u);
  for (const char* wrong :
       {"", "x", "1 MiB", "-1", "1e3", "99999999999999999999", "17179869184GiB"}) {
    EXPECT_FALSE(parse_bytes(wrong)) << wrong;
  }
  EXPECT_EQ(parse_time("250ms"), milliseconds(250));
  EXPECT_EQ(parse_time("7d"), std::chrono::hours(7 * 24));
  EXPECT_EQ(parse_time("3"), milliseconds(3000));
  EXPECT_FALSE(parse_time("3w"));
}

TEST(Settings, ValuesAreTyped) {
  Settings settings("--output x", "a=1&b=2KiB&c=5s&d=yes&e=two&f=%2526%3F%zz");
  static constexpr std::string_view kWords[] = {"one", "two"};
  EXPECT_EQ(settings.number("a", 9, 0, 10), 1u);
  EXPECT_EQ(settings.bytes("b", 9, 0, 4096), 2048u);
  EXPECT_EQ(settings.time("c", milliseconds(1)), milliseconds(5000));
  EXPECT_TRUE(settings.flag("d", false));
  EXPECT_EQ(settings.choice("e", kWords, 0), 1u);
  EXPECT_EQ(settings.text("f"), "%26?%zz");
  EXPECT_EQ(settings.number("absent", 9, 0, 10), 9u);
  EXPECT_TRUE(settings.finish());
}

TEST(Settings, TheFilterIsTheRestAsItStands) {
  Settings settings("x", "a=1&filter=data.dst_port == 53 && process.name != \"%41\"&b=2");
  EXPECT_EQ(settings.text("filter"), "data.dst_port == 53 && process.name != \"%41\"&b=2");
  EXPECT_EQ(settings.text("a"), "1");
  EXPECT_TRUE(settings.finish());
}

// Asks for one option of each type, and returns what finish() says.
std::string complaint(std::string_view options) {
  Settings settings("--output x", options);
  static constexpr std::string_view kWords[] = {"one", "two"};
  settings.number("number", 5, 1, 10);
  settings.bytes("bytes", 4096, 1024, 1 << 20);
  settings.time("time", milliseconds(1000), milliseconds(10));
  settings.choice("choice", kWords, 0);
  settings.flag("flag", false);
  settings.text("text");
  const auto done = settings.finish();
  return done ? "" : done.error().what + " | " + done.error().hint;
}

TEST(Settings, MistakesSayWhatToDo) {
  EXPECT_EQ(complaint(""), "");
  EXPECT_EQ(complaint("numbr=5"), "--output x: unknown option 'numbr' | did you mean 'number'?");
  EXPECT_EQ(complaint("number=11"),
            "--output x: number: '11' is not a number from 1 to 10 | as in number=5");
  EXPECT_EQ(complaint("bytes=1"),
            "--output x: bytes: '1' is not a size from 1KiB to 1MiB | write a number with KiB, MiB "
            "or GiB, as in bytes=64MiB");
  EXPECT_EQ(
      complaint("time=1ms"),
      "--output x: time: '1ms' is not a time of 10ms or more | write 250ms, 10s, 5m, 1h or 7d");
  EXPECT_EQ(complaint("choice=tow"),
            "--output x: choice: unknown value 'tow' | did you mean 'two'?");
  EXPECT_EQ(complaint("flag=maybe").substr(0, 41), "--output x: flag: unknown value 'maybe' |");
  EXPECT_EQ(complaint("text="), "--output x: text is empty | give it a value, or leave it out");
  EXPECT_EQ(complaint("number=1&number=2"),
            "--output x: option 'number' is given twice | give it once");
  EXPECT_EQ(complaint("number"), "--output x: option 'number' has no value | write number=VALUE");
}

TEST(Settings, SecretsAreNamedNotWritten) {
  ASSERT_EQ(setenv("TRACEE_TEST_SECRET", "from environment", 1), 0);
  const std::string path = testing::TempDir() + "tracee_settings_secret";
  std::ofstream(path) << "from file\nsecond line\n";
  Settings settings("x", "a=env:TRACEE_TEST_SECRET&b-file=" + path + "&c=plain");
  EXPECT_EQ(settings.secret("a"), "from environment");
  EXPECT_EQ(settings.secret("b"), "from file");
  EXPECT_EQ(settings.secret("c"), "plain");
  EXPECT_EQ(settings.secret("d"), "");
  EXPECT_TRUE(settings.finish());
  std::remove(path.c_str());
  Settings missing("x", "a=env:TRACEE_TEST_NOT_SET");
  missing.secret("a");
  EXPECT_FALSE(missing.finish());
  Settings unreadable("x", "a-file=/nonexistent");
  unreadable.secret("a");
  EXPECT_FALSE(unreadable.finish());
  Settings both("x", "a=1&a-file=/nonexistent");
  both.secret("a");
  EXPECT_FALSE(both.finish());
}

TEST(Settings, MessagesHideSecrets) {
  EXPECT_EQ(redacted("forward:tcp://joe:secret@host:24224?tag=x"),
            "forward:tcp://joe:***@host:24224?tag=x");
  EXPECT_EQ(redacted("tcp://joe:se@cret@host"), "tcp://joe:***@host");
  EXPECT_EQ(redacted("https://host/path?password=x&token=y&a=b"),
            "https://host/path?password=***&token=***&a=b");
  EXPECT_EQ(redacted("host?password=env:NAME&password-file=/run/x"),
            "host?password=env:NAME&password-file=/run/x");
  EXPECT_EQ(redacted("a:9092,b:9092/topic?sasl.password=x"),
            "a:9092,b:9092/topic?sasl.password=***");
  EXPECT_EQ(redacted("/var/log/a@b:c.json"), "/var/log/a@b:c.json");
}

}  // namespace
}  // namespace tracee
