// SPDX-License-Identifier: Apache-2.0
#include "filter/selection.h"

#include <gtest/gtest.h>

#include "event/address.h"
#include "event/lost_events.h"

namespace tracee {
namespace {

// A small catalogue of its own: the filter room knows no protocol.
struct Inner {
  uint16_t port;
  Flag syn;
  int64_t length;
};
struct Item {
  std::string_view name;
  uint16_t weight;
};
struct Sample {
  Address src, dst;
  uint16_t src_port, dst_port;
  Inner inner;
  std::span<const Item> items;
  TextMap headers;
};

constexpr Field kInnerFields[] = {
    field<&Inner::port, "port">("A port."),
    field<&Inner::syn, "SYN">("A flag."),
    field<&Inner::length, "length">("A signed number."),
};
constexpr RecordSpec kInner{"Inner", kInnerFields};
constexpr Field kItemFields[] = {
    field<&Item::name, "name">("A name."),
    field<&Item::weight, "weight">("A weight."),
};
constexpr RecordSpec kItem{"Item", kItemFields};
constexpr Field kSampleFields[] = {
    argument<&Sample::src, "src">("const char*", "Source."),
    argument<&Sample::dst, "dst">("const char*", "Destination."),
    argument<&Sample::src_port, "src_port">("u16", "Source port."),
    argument<&Sample::dst_port, "dst_port">("u16", "Destination port."),
    argument<&Sample::inner, "inner">("x", "Nested.", &kInner),
    argument<&Sample::items, "items">("x", "A list.", &kItem),
    argument<&Sample::headers, "headers">("x", "A map."),
};
constexpr std::string_view kDefaultSet[] = {"default", "all"};
constexpr std::string_view kAllSet[] = {"all"};
constexpr EventSpec kOne{1, "sample_one", "1.0.0", kDefaultSet, kSampleFields, "One.", ""};
constexpr EventSpec kTwo{2, "sample_two", "1.0.0", kAllSet, kSampleFields, "Two.", ""};
constexpr EventSpec kThree{3, "other", "1.0.0", kDefaultSet, kSampleFields, "Three.", ""};
constexpr const EventSpec* kAll[] = {&kOne, &kTwo, &kThree};

Result<Selection> parse(std::vector<std::string> flags) {
  static const Catalog catalog(kAll);
  return Selection::parse(flags, catalog);
}

std::string selected(std::vector<std::string> flags) {
  auto selection = parse(std::move(flags));
  if (!selection) return selection.error().what;
  std::string names;
  for (const EventSpec* spec : selection->events()) {
    names += (names.empty() ? "" : " ") + std::string(spec->name);
  }
  return names;
}

TEST(Selection, Names) {
  EXPECT_EQ(selected({}), "sample_one other");
  EXPECT_EQ(selected({"sample_two"}), "sample_two");
  EXPECT_EQ(selected({"sample_two,sample_one"}), "sample_one sample_two");
  EXPECT_EQ(selected({"sample_two", "other"}), "sample_two other");
  EXPECT_EQ(selected({"sample*"}), "sample_one sample_two");
  EXPECT_EQ(selected({"tag=all"}), "sample_one sample_two other");
  EXPECT_EQ(selected({"tag=nothing,default"}), "sample_one other") << "one of them exists";
  EXPECT_EQ(selected({"all"}), "sample_one sample_two other") << "a bare set";
  EXPECT_EQ(selected({"-other"}), "sample_one") << "default minus";
  EXPECT_EQ(selected({"-sample_one", "all"}), "sample_two other") << "after all else is added";
  EXPECT_EQ(selected({"sample_two.data.dst_port=80"}), "sample_two") << "a filter selects";
}

struct Wrong {
  const char* text;
  const char* error_class;
};

TEST(Selection, ErrorClasses) {
  const Wrong wrongs[] = {
      {"", "empty flag"},
      {"other,,sample_one", "invalid flag format"},
      {",other", "invalid flag format"},
      {" other", "invalid flag format"},
      {"other ", "invalid flag format"},
      {"- other", "invalid flag format"},
      {"-", "invalid flag format"},
      {".retval", "invalid flag format"},
      {"other.", "invalid flag format"},
      {"other.data.", "invalid flag format"},
      {"other.data.dst_port", "invalid flag format"},
      {"other.data.dst_port=", "invalid flag format"},
      {"other.data.dst_port>", "invalid flag format"},
      {"other.retvall=5", "invalid flag format"},
      {"other.data=5", "invalid flag format"},
      {"other.data.dst_port==1", "invalid flag operator"},
      {"other.data.dst_port=!1", "invalid flag operator"},
      {"other.data.dst_port<>1", "invalid flag operator"},
      {"other.data.dst_port>>1", "invalid flag operator"},
      {"other.data.dst_port= 1", "invalid flag value"},
      {"other.data.dst_port=1\t", "invalid flag value"},
      {"other.data.dst_port=1,,2", "invalid flag value"},
      {"othre", "invalid event to trace"},
      {"none*", "invalid event to trace"},
      {"othre.data.dst_port=1", "invalid event to trace"},
      {"-othre", "invalid event to exclude"},
      {"-sample*", "invalid event to exclude"},
      {"other.data.dst_prt=1", "invalid event data field"},
      {"other.data.inner=1", "invalid event data field"},
      {"other.data.inner.prt=1", "invalid event data field"},
      {"other.data.dst_port.x=1", "invalid event data field"},
      {"other.data.headers=1", "invalid event data field"},
      {"other.scope", "invalid flag format"},
      {"other.scope.x.y=1", "invalid flag format"},
      {"other.scope.pidd=1", "invalid event scope field"},
      {"other.scope.pid", "invalid flag format"},
      {"other.scope.pid=x", "invalid flag value"},
      {"other.scope.pid<0", "invalid expression"},
      {"other.scope.comm>x", "invalid flag value"},
      {"other.scope.container=5", "invalid expression"},
      {"other.scope.host=1", "invalid expression"},
      {"other.retval", "invalid flag format"},
      {"other.retval=x", "invalid flag value"},
      {"other.retval.x=0", "invalid flag format"},
      {"threat.severity>=high", "no detector matches"},
      {"threat.sevrity>=high", "invalid threat property"},
      {"threat.severity>=dire", "invalid flag value"},
      {"tag=nothing", "invalid tag"},
      {"tag=", "invalid flag format"},
      // values
      {"other.data.dst_port=http", "invalid flag value"},
      {"other.data.dst_port=8*", "invalid flag value"},
      {"other.data.dst_port=65536", "invalid flag value"},
      {"other.data.dst_port=-1", "invalid flag value"},
      {"other.data.dst_port=90-80", "invalid flag value"},
      {"other.data.dst_port=0x", "invalid flag value"},
      {"other.data.inner.SYN=2", "invalid flag value"},
      {"other.data.inner.SYN>0", "invalid flag value"},
      {"other.data.dst=10.0.0", "invalid flag value"},
      {"other.data.dst=10.0.0.0/33", "invalid flag value"},
      {"other.data.dst=10.0.0.0/", "invalid flag value"},
      {"other.data.dst=*", "invalid flag value"},
      {"other.data.dst<10.0.0.1", "invalid flag value"},
      {"other.data.items.name=a*b", "invalid flag value"},
      {"other.data.items.name=**", "invalid flag value"},
  };
  for (const Wrong& wrong : wrongs) {
    auto selection = parse({wrong.text});
    ASSERT_FALSE(selection) << wrong.text;
    EXPECT_EQ(selection.error().code, Exit::Usage);
    EXPECT_NE(selection.error().what.find(wrong.error_class), std::string::npos)
        << wrong.text << " gave: " << selection.error().what;
    EXPECT_FALSE(selection.error().hint.empty()) << wrong.text;
  }
}

TEST(Selection, HintsNameTheNearest) {
  EXPECT_EQ(parse({"othre"}).error().hint, "did you mean 'other'?");
  EXPECT_EQ(parse({"-sample_too"}).error().hint, "did you mean 'sample_two'?");
  EXPECT_EQ(parse({"tag=defaut"}).error().hint, "did you mean 'default'?");
  EXPECT_NE(parse({"other.data.dst_prt=1"}).error().hint.find("'dst_port'"), std::string::npos);
  EXPECT_NE(parse({"other.data.dst_port=8*"}).error().hint.find("range"), std::string::npos);
}

// 10.0.0.1:1000 → 192.0.2.9:80, SYN, length -1, items a/1 and b/2, header User-Agent.
struct Fixture {
  Item items[2] = {{"a.example.test", 1}, {"b.example.org", 2}};
  std::string_view agent[1] = {"curl/8.1"};
  MapEntry headers[1] = {{"User-Agent", agent}};
  Sample sample{*parse_address("10.0.0.1"),
                *parse_address("192.0.2.9"),
                1000,
                80,
                {80, Flag{true}, -1},
                items,
                headers};
};

bool keeps(std::vector<std::string> filters) {
  for (std::string& filter : filters) filter = "other.data." + filter;
  auto selection = parse(filters);
  EXPECT_TRUE(selection) << selection.error().what << ' ' << selection.error().hint;
  const Fixture fixture;
  const Context context;
  return selection && selection->keeps(Event{&kThree, &context, &fixture.sample});
}

TEST(Keeps, Numbers) {
  EXPECT_TRUE(keeps({"dst_port=80"}));
  EXPECT_TRUE(keeps({"dst_port=0x50"}));
  EXPECT_TRUE(keeps({"dst_port=53,80"}));
  EXPECT_TRUE(keeps({"dst_port=53", "dst_port=80"})) << "one field: ORed";
  EXPECT_FALSE(keeps({"dst_port=53"}));
  EXPECT_TRUE(keeps({"dst_port=79-81"}));
  EXPECT_TRUE(keeps({"dst_port=80-80"}));
  EXPECT_FALSE(keeps({"dst_port!=80"}));
  EXPECT_TRUE(keeps({"dst_port!=81"}));
  EXPECT_FALSE(keeps({"dst_port!=1-100"}));
  EXPECT_TRUE(keeps({"dst_port>79"}));
  EXPECT_FALSE(keeps({"dst_port>80"}));
  EXPECT_TRUE(keeps({"dst_port>=80"}));
  EXPECT_TRUE(keeps({"dst_port<=80"}));
  EXPECT_FALSE(keeps({"dst_port<80"}));
  EXPECT_TRUE(keeps({"inner.length=-1"}));
  EXPECT_TRUE(keeps({"inner.length=-5--1"}));
  EXPECT_TRUE(keeps({"inner.length<0"}));
}

TEST(Keeps, OneRuleInItsOrder) {
  EXPECT_TRUE(keeps({"dst_port>=1000", "dst_port=80"})) << "listed under = keeps";
  EXPECT_TRUE(keeps({"dst_port=80", "dst_port!=80"})) << "= before !=";
  EXPECT_FALSE(keeps({"dst_port>=70", "dst_port!=80"})) << "inside, but listed under !=";
  EXPECT_TRUE(keeps({"dst_port>=70", "dst_port<=90"})) << "inside all bounds";
  EXPECT_FALSE(keeps({"dst_port>=70", "dst_port<=79"}));
  EXPECT_TRUE(keeps({"dst_port=81", "dst_port!=82"})) << "not listed, != given";
}

TEST(Keeps, FieldsAreAnded) {
  EXPECT_TRUE(keeps({"dst_port=80", "src_port=1000"}));
  EXPECT_FALSE(keeps({"dst_port=80", "src_port=1001"}));
}

TEST(Keeps, Addresses) {
  EXPECT_TRUE(keeps({"dst=192.0.2.9"}));
  EXPECT_TRUE(keeps({"dest=192.0.2.9", "dest_port=80"})) << "aliases";
  EXPECT_TRUE(keeps({"dst=192.0.2.0/24"}));
  EXPECT_TRUE(keeps({"dst=192.0.0.0/13"}));
  EXPECT_FALSE(keeps({"dst=192.0.3.0/24"}));
  EXPECT_TRUE(keeps({"dst=0.0.0.0/0"}));
  EXPECT_FALSE(keeps({"dst=::/0"})) << "another family";
  EXPECT_TRUE(keeps({"dst=::ffff:192.0.2.0/120"})) << "mapped is v4";
  EXPECT_TRUE(keeps({"dst=192.*"}));
  EXPECT_TRUE(keeps({"dst=*.9"}));
  EXPECT_TRUE(keeps({"dst=*.0.*"}));
  EXPECT_FALSE(keeps({"dst!=192.0.2.0/24"}));
  EXPECT_TRUE(keeps({"src!=192.0.2.0/24"}));
}

TEST(Keeps, FlagsListsAndMaps) {
  EXPECT_TRUE(keeps({"inner.SYN=1"}));
  EXPECT_TRUE(keeps({"inner.SYN=true"}));
  EXPECT_FALSE(keeps({"inner.SYN=0"}));
  EXPECT_TRUE(keeps({"items.name=*.org"})) << "any element";
  EXPECT_TRUE(keeps({"items.weight>1"}));
  EXPECT_FALSE(keeps({"items.name!=*.org"})) << "no element may match";
  EXPECT_TRUE(keeps({"items.name!=*.net"}));
  EXPECT_FALSE(keeps({"items.name=A.example.test"})) << "case counts";
  EXPECT_TRUE(keeps({"headers.user-agent=curl*"})) << "header names ignore case";
  EXPECT_FALSE(keeps({"headers.Accept=x"})) << "absent fails =";
  EXPECT_TRUE(keeps({"headers.Accept!=x"})) << "absent passes !=";
}

TEST(Keeps, ScopesAndReturnValues) {
  Context context;
  context.process_id = 5;
  context.process_name = "curl";
  context.host_parent_id = 7;
  context.container.id = "0123";
  context.container.name = "web";
  context.flags.container_started = true;
  const Fixture fixture;
  const auto kept = [&](const std::string& filter) {
    auto selection = parse({"other." + filter});
    EXPECT_TRUE(selection) << filter << ": " << selection.error().what;
    return selection && selection->keeps(Event{&kThree, &context, &fixture.sample});
  };
  EXPECT_TRUE(kept("retval=0"));
  EXPECT_TRUE(kept("retval>=0"));
  EXPECT_TRUE(kept("retval!=-1"));
  EXPECT_FALSE(kept("retval=1,2"));
  EXPECT_FALSE(kept("retval<0"));
  EXPECT_TRUE(kept("scope.pid=5"));
  EXPECT_TRUE(kept("scope.processId=1-9"));
  EXPECT_TRUE(kept("scope.p!=6")) << "a lone != keeps what is not listed";
  EXPECT_TRUE(kept("scope.hostParentProcessId=7")) << "the parent, as its name says";
  EXPECT_TRUE(kept("scope.comm=cu*"));
  EXPECT_FALSE(kept("scope.processName!=curl"));
  EXPECT_TRUE(kept("scope.container"));
  EXPECT_TRUE(kept("scope.container=started"));
  EXPECT_FALSE(kept("scope.host"));
  EXPECT_TRUE(kept("scope.containerName=web"));
  EXPECT_TRUE(kept("scope.containerName!=db"));
  EXPECT_FALSE(kept("scope.podSandbox=true"));
  context.container.id = {};
  EXPECT_FALSE(kept("scope.container"));
  EXPECT_TRUE(kept("scope.host"));
  EXPECT_FALSE(kept("scope.containerName!=db")) << "not in a container";
  auto both = parse({"other.scope.pid=5", "other.scope.comm=wget"});
  EXPECT_FALSE(both->keeps(Event{&kThree, &context, &fixture.sample})) << "ANDed";
}

TEST(Selection, Threats) {
  static constexpr Threat kThreat{"Bypass", 3, "Exfiltration", "Impact"};
  EventSpec spec = kTwo;
  spec.threat = &kThreat;
  const EventSpec* all[] = {&kOne, &spec};
  const Catalog catalog(all);
  const auto count = [&](const std::string& flag) {
    auto selection = Selection::parse(std::vector<std::string>{flag}, catalog);
    return selection ? selection->events().size() : 0;
  };
  EXPECT_EQ(count("threat.severity>=high"), 1u);
  EXPECT_EQ(count("threat.severity=3"), 1u);
  EXPECT_EQ(count("threat.severity<high"), 0u);
  EXPECT_EQ(count("threat.name=Bypass"), 1u);
  EXPECT_EQ(count("threat.mitre.tactic!=Discovery"), 1u);
  EXPECT_EQ(count("threat.mitre.technique=Exfil"), 0u);
}

TEST(Keeps, OtherEventsAreNotKept) {
  auto selection = parse({"sample_one"});
  const Fixture fixture;
  const Context context;
  EXPECT_TRUE(selection->keeps(Event{&kOne, &context, &fixture.sample}));
  EXPECT_FALSE(selection->keeps(Event{&kThree, &context, &fixture.sample}));
  EXPECT_FALSE(selection->keeps(Event{&kLostEvents, &context, &fixture.sample}));
}

}  // namespace
}  // namespace tracee
