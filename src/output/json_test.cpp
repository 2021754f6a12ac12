// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "event/catalog.h"
#include "event/context.h"
#include "output/format/format.h"

namespace tracee {
namespace {

// Not names that another test of this room has: g++ 12 gives their tables one linkage.
struct JsonInner {
  int64_t number;
  std::string_view text;
};
struct JsonSample {
  Address address;
  bool yes;
  Flag flag;
  JsonInner inner;
  std::span<const JsonInner> list;
  std::span<const std::string_view> texts;
  TextMap map;
};
bool has_text(const JsonInner& inner) noexcept { return inner.number >= 0; }

constexpr Field kInnerFields[] = {
    field<&JsonInner::number, "number">("A number."),
    only_when<&has_text>(field<&JsonInner::text, "text">("A text.")),
};
constexpr RecordSpec kInner{"JsonInner", kInnerFields};
constexpr Field kSampleFields[] = {
    argument<&JsonSample::address, "address">("const char*", "An address."),
    argument<&JsonSample::yes, "yes">("bool", "A truth."),
    argument<&JsonSample::flag, "flag">("u8", "A flag."),
    argument<&JsonSample::inner, "inner">("JsonInner", "A record.", &kInner),
    argument<&JsonSample::list, "list">("[]JsonInner", "Records.", &kInner),
    argument<&JsonSample::texts, "texts">("[]string", "Texts."),
    argument<&JsonSample::map, "map">("map", "A map."),
};
constexpr std::string_view kSets[] = {"test"};
constexpr EventSpec kSample{.id = 7,
                            .name = "sample",
                            .version = "1.0.0",
                            .sets = kSets,
                            .fields = kSampleFields,
                            .summary = "A sample.",
                            .example = "tracee"};
constexpr EventSpec kBare{.id = 8,
                          .name = "bare",
                          .version = "1.0.0",
                          .sets = kSets,
                          .fields = {},
                          .summary = "No arguments.",
                          .example = "tracee"};
// Records that have a number.
uint64_t number_of(const void* inner) noexcept {
  const int64_t number = static_cast<const JsonInner*>(inner)->number;
  return number > 0 ? static_cast<uint64_t>(number) : 0;
}
constexpr RecordSpec kNumbered{"JsonNumbered", kInnerFields, &number_of};
constexpr Field kNumberedFields[] = {
    argument<&JsonSample::inner, "inner">("JsonInner", "A record.", &kNumbered),
};
constexpr EventSpec kNumberedSample{.id = 9,
                                    .name = "numbered",
                                    .version = "1.0.0",
                                    .sets = kSets,
                                    .fields = kNumberedFields,
                                    .summary = "A sample.",
                                    .example = "tracee"};
constexpr const EventSpec* kEvents[] = {&kSample, &kBare, &kNumberedSample};

constexpr uint8_t kOctets[] = {192, 0, 2, 7};
constexpr JsonInner kList[] = {{1, "one"}, {-2, "not shown"}};
constexpr std::string_view kTexts[] = {"a", "b\"c"};
constexpr MapEntry kMap[] = {{"Key", kTexts}, {"Other", {kTexts, 1}}};

JsonSample some_sample() {
  return {Address::v4(kOctets), true, Flag{true}, {-1, "hidden"}, kList, kTexts, kMap};
}

std::unique_ptr<Format> json() { return make_json_format(Catalog(kEvents), true); }

std::string line_of(Format& format, const Event& event, size_t capacity = size_t{4} << 20) {
  Buffer out(capacity);
  format.write(event, out);
  if (!out.overflowed()) return std::string(out.text());
  EXPECT_EQ(out.size(), 0u) << "an event that does not fit leaves nothing";
  return "";
}

TEST(Json, EachKindOfValue) {
  const auto format = json();
  const Context context;
  const JsonSample sample = some_sample();
  const auto line = nlohmann::json::parse(line_of(*format, {&kSample, &context, &sample}));
  EXPECT_EQ(line.at("args").dump(),
            R"([{"name":"address","type":"const char*","value":"192.0.2.7"},)"
            R"({"name":"yes","type":"bool","value":true},)"
            R"({"name":"flag","type":"u8","value":1},)"
            R"({"name":"inner","type":"JsonInner","value":{"number":-1,"text":""}},)"
            R"({"name":"list","type":"[]JsonInner","value":)"
            R"([{"number":1,"text":"one"},{"number":-2,"text":""}]},)"
            R"({"name":"texts","type":"[]string","value":["a","b\"c"]},)"
            R"({"name":"map","type":"map","value":{"Key":["a","b\"c"],"Other":["a"]}}])");

  const JsonSample empty{};
  const auto zeros = nlohmann::json::parse(line_of(*format, {&kSample, &context, &empty}));
  EXPECT_EQ(zeros.at("args")[0].at("value"), "");
  EXPECT_EQ(zeros.at("args")[4].at("value").dump(), "[]");
  EXPECT_EQ(zeros.at("args")[6].at("value").dump(), "{}");

  const auto bare = nlohmann::json::parse(line_of(*format, {&kBare, &context, nullptr}));
  EXPECT_EQ(bare.at("args").dump(), "[]");
}

// Whatever the room, an event is there whole or not at all.
TEST(Json, AnyRoom) {
  const auto format = json();
  const Context context;
  const JsonSample sample = some_sample();
  constexpr std::string_view kPolicies[] = {"one", "two"};
  const Event event{&kSample, &context, &sample, 3, kPolicies};
  const std::string whole = line_of(*format, event);
  ASSERT_NE(whole, "");
  EXPECT_EQ(nlohmann::json::parse(whole).at("matchedPolicies").dump(), R"(["one","two"])");
  size_t fitted = 0;
  for (size_t room = 0; room < 2 * whole.size(); ++room) {
    const std::string line = line_of(*format, event, room);
    if (line.empty()) continue;
    ASSERT_EQ(line, whole) << room;
    ++fitted;
  }
  EXPECT_GT(fitted, whole.size() / 2);
}

// The owner's texts are kept from event to event. A context that differs in any
// byte, or in what a text says at the same place, must not get another's: each is
// compared with what a format prints that has seen no other.
TEST(Json, KeptTextsAreTheOwners) {
  const JsonSample sample = some_sample();
  alignas(8) std::array<char, 64> letters;
  letters.fill('a');
  Context base;
  each_text(base, [&](std::string_view& text) { text = {letters.data(), 3}; });
  base.time_ns = 1;
  const auto format = json();
  const auto expect_fresh = [&](const Context& context, size_t at) {
    line_of(*format, {&kSample, &base, &sample});
    const Event event{&kSample, &context, &sample};
    ASSERT_EQ(line_of(*format, event), line_of(*json(), event)) << "byte " << at;
  };

  const auto place = reinterpret_cast<uintptr_t>(letters.data());
  size_t texts = 0;
  for (size_t at = 0; at < sizeof(Context); ++at) {
    uint8_t bytes[sizeof(Context)];
    std::memcpy(bytes, &base, sizeof bytes);
    uint64_t word = 0;
    std::memcpy(&word, bytes + at / 8 * 8, sizeof word);
    // Of a view only the lowest bit of its place and of its length may change.
    const bool is_view = word == place || word == 3;
    if (is_view && at % 8 != 0) continue;
    if (word == place) ++texts;
    bytes[at] ^= 1;
    Context changed;
    std::memcpy(static_cast<void*>(&changed), bytes, sizeof bytes);
    expect_fresh(changed, at);
  }
  size_t all = 0;
  each_text(base, [&](std::string_view&) { ++all; });
  EXPECT_EQ(texts, all) << "each_text() misses a text of Context";

  // The record's memory is used again: other letters, the same views.
  line_of(*format, {&kSample, &base, &sample});
  letters.fill('b');
  const Event event{&kSample, &base, &sample};
  EXPECT_EQ(line_of(*format, event), line_of(*json(), event));
}

// What has the number of something that was printed is not looked at again, so a text
// that breaks the promise shows what was printed.
TEST(Json, NumberedRecordsArePrintedOnce) {
  const auto format = json();
  const Context context;
  const auto text_of = [&](int64_t number, std::string_view text) {
    JsonSample sample = some_sample();
    sample.inner = {number, text};
    const std::string line = line_of(*format, {&kNumberedSample, &context, &sample});
    const auto inner = nlohmann::json::parse(line).at("args")[0].at("value");
    EXPECT_EQ(inner.at("number"), number);
    return inner.at("text").get<std::string>();
  };
  EXPECT_EQ(text_of(1, "first"), "first");
  EXPECT_EQ(text_of(1, "other"), "first");
  EXPECT_EQ(text_of(0, "without"), "without");
  EXPECT_EQ(text_of(0, "a number"), "a number");
  for (int64_t number = 2; number < 200; ++number) {
    EXPECT_EQ(text_of(number, std::to_string(number)), std::to_string(number));
  }
  EXPECT_EQ(text_of(199, "other"), "199");
  EXPECT_EQ(text_of(1, "again"), "again") << "its place was taken";
  const std::string length(5000, 'x');
  EXPECT_EQ(text_of(300, length), length);
  EXPECT_EQ(text_of(300, "not kept"), "not kept");
}

TEST(Json, NumberedRecordsInAnyRoom) {
  const Context context;
  JsonSample sample = some_sample();
  sample.inner = {1, "text"};
  const Event event{&kNumberedSample, &context, &sample};
  const std::string whole = line_of(*json(), event);
  const auto format = json();
  size_t fitted = 0;
  for (size_t room = 0; room < 2 * whole.size(); ++room) {
    for (int i = 0; i < 2; ++i) {  // as it is written, and as it was kept
      const std::string line = line_of(*format, event, room);
      if (line.empty()) continue;
      ASSERT_EQ(line, whole) << room;
      ++fitted;
    }
  }
  EXPECT_GT(fitted, whole.size());
}

TEST(Json, VeryLongNames) {
  const JsonSample sample = some_sample();
  const std::string name(20'000, '"');
  Context context;
  context.container.name = name;
  const auto format = json();
  for (int i = 0; i < 2; ++i) {
    const auto line = nlohmann::json::parse(line_of(*format, {&kSample, &context, &sample}));
    EXPECT_EQ(line.at("container").at("name"), name);
  }
}

}  // namespace
}  // namespace tracee
