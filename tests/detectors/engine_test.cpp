// SPDX-License-Identifier: Apache-2.0
// The engine's rules, one test a rule; docs/detectors-conformance.md names them.
#include "detect/engine.h"

#include <algorithm>
#include <ctime>
#include <stdexcept>

#include "detectors/fixtures.h"

namespace tracee {
namespace {

using test::Script;
using test::script;
using test::Texts;
using test::Trial;
using test::api::AutoPopulateFields;
using test::api::Dependency;
using test::api::detected;
using test::api::Event;
using test::api::Outputs;

TEST(Lifecycle, IdsAreAllocatedFrom7500Upwards) {
  Trial run({script("one"), script("two")});
  EXPECT_EQ(run.registry().catalog().find("one")->id, 7500u);
  EXPECT_EQ(run.registry().catalog().find("two")->id, 7501u);
}

TEST(Lifecycle, ProducedEventsAreInTheCatalogueWithTheirSets) {
  Script one = script("one");
  one.definition.produced_event.tags = {"net", "mine"};
  Trial run({one});
  const Catalog& catalog = run.registry().catalog();
  for (const char* set : {"detectors", "default", "net", "mine"}) {
    const auto events = catalog.in_set(set);
    EXPECT_EQ(std::ranges::count(events, catalog.find("one")), 1) << set;
  }
  EXPECT_EQ(run.select({"tag=mine"}).feed('t'), Texts{"one"});
}

TEST(Lifecycle, DuplicateEventNamesAreFatal) {
  Script two = script("two");
  two.definition.produced_event.name = "one";
  Trial run({script("one"), two});
  ASSERT_FALSE(run.fatal());
  EXPECT_NE(run.fatal().error().what.find("a second event 'one'"), std::string::npos);
  Trial taken({[] {
    Script out = script("x");
    out.definition.produced_event.name = "net_packet_udp";
    return out;
  }()});
  EXPECT_FALSE(taken.fatal()) << "an event of tracee's own";
}

TEST(Registration, ASecondDetectorOfOneIdIsAnError) {
  Script two = script("two");
  two.definition.id = "one";
  Trial run({script("one"), two});
  EXPECT_NE(run.warnings().find("a second detector of that id"), std::string::npos);
  EXPECT_EQ(run.registry().detectors().size(), 1u);
}

TEST(Registration, RequirementSyntaxIsChecked) {
  const auto complaint = [](const std::function<void(test::api::DetectorDefinition&)>& spoil) {
    Script one = script("one");
    spoil(one.definition);
    return Trial({one}).warnings();
  };
  EXPECT_NE(complaint([](auto& d) {
              d.requirements.events[0].name = "";
            }).find("a required event without a name"),
            std::string::npos);
  EXPECT_NE(complaint([](auto& d) {
              d.requirements.events[0].min_version = {1, 2, 0};
              d.requirements.events[0].max_version = {1, 2, 0};
            }).find("no version of 'net_packet_tcp' fits"),
            std::string::npos);
  for (const char* filter : {"dst_port", "=80", "dst_port=", "dst_port>80", "!=80"}) {
    EXPECT_NE(complaint([&](auto& d) {
                d.requirements.events[0].data_filters = {filter};
              }).find("is no data filter"),
              std::string::npos)
        << filter;
  }
  EXPECT_NE(complaint([](auto& d) {
              d.requirements.events[0].data_filters = {"dst_prt=80"};
            }).find("invalid event data field"),
            std::string::npos);
  EXPECT_NE(complaint([](auto& d) {
              d.requirements.events[0].scope_filters = {"com=curl"};
            }).find("invalid event scope field"),
            std::string::npos);
  EXPECT_NE(complaint([](auto& d) { d.requirements.events.clear(); }).find("no required events"),
            std::string::npos);
  EXPECT_EQ(complaint([](auto&) {}), "");
}

TEST(Registration, AMissingRequiredStoreIsAnErrorAnOptionalOneIsNot) {
  Script one = script("one"), two = script("two"), three = script("three");
  one.definition.requirements.data_stores = {{"symbol"}};
  two.definition.requirements.data_stores = {{"symbol", Dependency::Optional}, {"dns"}};
  three.definition.requirements.data_stores = {{"nonsense"}};
  Trial run({one, two, three});
  EXPECT_EQ(run.registry().detectors().size(), 1u);
  EXPECT_NE(run.warnings().find("no data store 'symbol'"), std::string::npos);
  EXPECT_NE(run.warnings().find("no data store 'nonsense'"), std::string::npos);
}

TEST(Registration, EnrichmentsThatAreNotThere) {
  Script one = script("one"), two = script("two"), three = script("three"), four = script("four");
  one.definition.requirements.enrichments = {{"environment"}};
  two.definition.requirements.enrichments = {{"environment", Dependency::Optional}};
  three.definition.requirements.enrichments = {{"nonsense", Dependency::Optional}};
  four.definition.requirements.enrichments = {{"container"}};
  Trial run({one, two, three, four});
  EXPECT_EQ(run.registry().detectors().size(), 2u) << "two, with a warning, and four";
  EXPECT_NE(run.warnings().find("unknown enrichment 'nonsense'"), std::string::npos);
}

TEST(Registration, OtherArchitecturesAndVersionsAreSkippedSilently) {
  Script arm = script("arm"), both = script("both"), newer = script("newer"),
         older = script("older");
  arm.definition.requirements.architectures = {"arm64"};
  both.definition.requirements.architectures = {"arm64", "amd64"};
  newer.definition.requirements.min_tracee_version = "0.2.0";
  older.definition.requirements.max_tracee_version = "0.1.0";
  Trial run({arm, both, newer, older});
  EXPECT_EQ(run.warnings(), "");
  EXPECT_EQ(run.registry().detectors().size(), 1u);
  Trial development({newer, older}, {"amd64", "v0.1.0-12-gabcdef"});
  EXPECT_EQ(development.registry().detectors().size(), 2u) << "development versions always pass";
}

TEST(Registration, ARequiredEventMustBeKnownAndOfTheVersion) {
  Script one = script("one", "net_packet_tpc"), two = script("two"), three = script("three");
  two.definition.requirements.events[0].min_version = {2, 0, 0};
  three.definition.requirements.events.push_back(
      {.name = "nowhere", .dependency = Dependency::Optional});
  Trial run({one, two, three});
  EXPECT_NE(run.warnings().find("unknown event 'net_packet_tpc'"), std::string::npos);
  EXPECT_NE(run.warnings().find("another version of 'net_packet_tcp'"), std::string::npos);
  EXPECT_EQ(run.select({"three"}).feed('t'), Texts{"three"});
}

TEST(Registration, WhoNeedsADetectorThatFailedFailsToo) {
  Script one = script("one", "nowhere"), two = script("two", "one"), three = script("three");
  Trial run({one, two, three});
  EXPECT_EQ(run.registry().detectors().size(), 1u);
  EXPECT_EQ(run.registry().catalog().find("one"), nullptr);
}

TEST(Init, RunsOnlyWhenTheEventIsSelected) {
  int started = 0, closed = 0;
  Script one = script("one");
  one.init = [&](const auto&) { ++started; };
  one.close = [&] { ++closed; };
  {
    Trial run({one, script("two")});
    run.select({"two"});
    EXPECT_EQ(started, 0);
    EXPECT_EQ(run.feed('t'), Texts{"two"});
    run.select({"one"});
    EXPECT_EQ(started, 1) << "enabled at run time";
    EXPECT_EQ(run.feed('t'), Texts{"one"});
    run.select({"two"});
    EXPECT_EQ(closed, 1) << "disabled at run time";
    run.select({"one"});
  }
  EXPECT_EQ(started, 2);
  EXPECT_EQ(closed, 2) << "shutdown closes what is enabled";
}

TEST(Init, AFailingOneTurnsTheDetectorOff) {
  Script one = script("one");
  one.init = [](const auto&) { throw std::runtime_error("no licence"); };
  Trial run({one, script("two")});
  EXPECT_EQ(run.select({"one", "two"}).feed('t'), Texts{"two"});
  ASSERT_EQ(run.said().size(), 1u);
  EXPECT_NE(run.said()[0].find("does not start: no licence"), std::string::npos);
}

TEST(Init, GetsALoggerStoresAndConfig) {
  std::string source;
  Script one = script("one");
  one.init = [&](const test::api::DetectorParams& params) {
    params.logger->info("ready", "n", 3, "ok", true, "who", "me");
    params.logger->debug("not shown");
    for (const auto& [key, value] : params.config) source = key + value;
    EXPECT_EQ(params.stores->dns().response("x").error, test::api::StoreError::Unhealthy);
    EXPECT_EQ(params.stores->system().info()->tracee_version, "0.1.0");
  };
  Trial run({one});
  run.select({"one"});
  EXPECT_EQ(run.said(), Texts{"detector one: ready n=3 ok=true who=me"});
  EXPECT_EQ(source, "sourcetest");
}

TEST(Init, RequiredEventsAreEnabledWithoutBeingShown) {
  Script one = script("one", "net_packet_http");
  Script two = script("two", "one");
  Trial run({one, two});
  run.select({"two"});
  ASSERT_EQ(run.engine().required().size(), 1u);
  EXPECT_EQ(run.engine().required()[0]->name, "net_packet_http");
  EXPECT_TRUE(run.on("one")) << "two needs it";
}

TEST(Dispatch, DataFiltersDecide) {
  Script port = script("port"), other = script("other"), both = script("both");
  port.definition.requirements.events[0].data_filters = {"dst_port=80"};
  other.definition.requirements.events[0].data_filters = {"dst_port!=80"};
  both.definition.requirements.events[0].data_filters = {"dst_port=80,443", "src=10.0.0.*"};
  Trial run({port, other, both});
  EXPECT_EQ(run.select({"tag=detectors"}).feed('t'), (Texts{"port", "both"}));
  EXPECT_EQ(run.counters("other").events, 0u) << "it is not even called";
}

TEST(Dispatch, FiltersOnOneFieldAreOredOnSeveralAnded) {
  Script any = script("any"), all = script("all");
  any.definition.requirements.events[0].data_filters = {"dst_port=443", "dst_port=80"};
  all.definition.requirements.events[0].data_filters = {"dst_port=80", "src_port=1"};
  Trial run({any, all});
  EXPECT_EQ(run.select({"tag=detectors"}).feed('t'), Texts{"any"});
}

TEST(Dispatch, ScopeFiltersDecide) {
  std::vector<Script> scripts;
  for (const char* filter :
       {"container", "container=started", "host", "pid=11", "pid=1", "comm=curl", "comm!=curl"}) {
    Script each = script("d" + std::to_string(scripts.size()));
    each.definition.requirements.events[0].scope_filters = {filter};
    scripts.push_back(each);
  }
  Trial run(scripts);
  EXPECT_EQ(run.select({"tag=detectors"}).feed('t'), (Texts{"d0", "d1", "d3", "d5"}))
      << run.warnings();
}

TEST(Dispatch, TheScopeOfThePolicyLimitsWhatADetectorSees) {
  Trial run({script("one")});
  run.select(Wishes{{"one"}, {"comm=wget"}, {}, {}});
  EXPECT_EQ(run.feed('t'), Texts{});
  EXPECT_EQ(run.counters("one").events, 0u);
  run.select(Wishes{{"one"}, {"comm=curl"}, {}, {}});
  EXPECT_EQ(run.feed('t'), Texts{"one"});
}

TEST(Dispatch, ErrorsAreCountedAndTheOthersGoOn) {
  Script one = script("one"), two = script("two"), three = script("three");
  one.on_event = [](const Event&) -> Outputs { throw std::runtime_error("broken"); };
  two.on_event = [](const Event&) -> Outputs { throw 5; };
  Trial run({one, two, three});
  run.select({"tag=detectors"});
  EXPECT_EQ(run.feed('t'), Texts{"three"});
  EXPECT_EQ(run.feed('t'), Texts{"three"});
  EXPECT_EQ(run.counters("one").errors, 2u) << "called again, no retry of the first";
  EXPECT_EQ(run.counters("two").errors, 2u);
  ASSERT_EQ(run.said().size(), 2u) << "each is told once";
  EXPECT_NE(run.said()[0].find("broken"), std::string::npos);
}

TEST(Finding, HasItsOwnIdAndTheInputsTimeAndWorkload) {
  Trial run({script("one")});
  run.select({"one"}).feed('t');
  ASSERT_EQ(run.found().size(), 1u);
  EXPECT_EQ(run.found()[0].id, 7500u);
  EXPECT_EQ(run.found()[0].time_ns, run.fixtures().context.time_ns);
  EXPECT_EQ(run.found()[0].process, "curl");
  EXPECT_EQ(run.found()[0].policies, 0u) << "the input was not selected itself";
  run.select({"one", "net_packet_tcp"}).feed('t');
  EXPECT_EQ(run.found()[0].policies, 1u) << "a copy of the input's";
}

TEST(Finding, TheThreatIsTheOutputsElseTheDefinitions) {
  Script none = script("none"), fill = script("fill"), over = script("over"), off = script("off");
  const test::api::Threat threat{.description = "d", .severity = test::api::Severity::High};
  none.definition.auto_populate.threat = true;  // no threat to fill in: legal
  for (Script* each : {&fill, &over, &off}) {
    each->definition.threat_metadata = threat;
    each->definition.auto_populate.threat = true;
  }
  over.on_event = [](const Event&) {
    auto out = detected();
    out[0].threat = test::api::Threat{.severity = test::api::Severity::Critical};
    return out;
  };
  off.on_event = [](const Event&) {
    auto out = detected();
    out[0].auto_populate = AutoPopulateFields{};
    return out;
  };
  Trial run({none, fill, over, off});
  run.select({"tag=detectors"}).feed('t');
  ASSERT_EQ(run.found().size(), 4u);
  EXPECT_FALSE(run.found()[0].threat);
  EXPECT_EQ(run.found()[1].severity, 3);
  EXPECT_EQ(run.found()[2].severity, 4);
  EXPECT_FALSE(run.found()[3].threat);
  EXPECT_EQ(run.select({"threat.severity>=high"}).feed('t').size(), 3u) << "selected by threat";
}

TEST(Finding, DetectedFromHasTheInputAndItsHistory) {
  Script one = script("one"), two = script("two", "one"), three = script("three", "two");
  for (Script* each : {&one, &two, &three}) each->definition.auto_populate.detected_from = true;
  Trial run({one, two, three});
  run.select({"tag=detectors"}).feed('t');
  ASSERT_EQ(run.found().size(), 3u);
  EXPECT_EQ(run.found()[0].from, Texts{"net_packet_tcp"});
  EXPECT_EQ(run.found()[2].from, (Texts{"two", "one", "net_packet_tcp"}));
  EXPECT_EQ(run.found()[2].from_dst_port, "80");
}

TEST(Finding, DataHasTheDeclaredTypes) {
  Script one = script("one");
  one.definition.produced_event.fields = {
      {"a", "uint32"}, {"b", "string"}, {"c", "bytes", "", true}};
  int call = 0;
  one.on_event = [&](const Event&) -> Outputs {
    using namespace test::api;
    switch (call++) {
      case 0:
        return detected(with_fields(string_value("b", "x"), uint32_value("a", 7)));
      case 1:
        return detected_with_data({uint32_value("a", 7), string_value("b", "x"),
                                   bytes_value("c", {1, 2, 255}), int64_value("more", -9)});
      case 2:
        return detected(with_fields(int32_value("a", 7), string_value("b", "x")));
      default:
        return detected(with_fields(uint32_value("a", 7)));
    }
  };
  Trial run({one});
  run.select({"one"});
  EXPECT_EQ(run.feed('t'), Texts{"one(a=7 b=x)"});
  EXPECT_EQ(run.feed('t'), Texts{"one(a=7 b=x c=AQL/ more=-9)"});
  EXPECT_EQ(run.feed('t'), Texts{}) << "another type than declared";
  EXPECT_EQ(run.feed('t'), Texts{}) << "a field is missing";
  EXPECT_EQ(run.counters("one").errors, 2u);
}

TEST(Finding, NonsenseIsAnErrorAndTheOthersGoOn) {
  using namespace test::api;
  Script one = script("one"), two = script("two");
  int call = 0;
  one.on_event = [&](const Event&) -> Outputs {
    std::vector<OutputValue> many;
    switch (call++) {
      case 0:  // more fields than there may be
        for (int i = 0; i < 40; ++i) many.push_back(uint32_value("f" + std::to_string(i), 1));
        return detected(many);
      case 1:  // more than a packet's findings may take
        return detected(with_fields(string_value("f", std::string(size_t{64} << 20, 'x'))));
      case 2:  // more findings than anybody can want
        return Outputs(50'000);
      case 3:  // a name that is none
        return detected(with_fields(uint32_value("", 1)));
      default:
        return detected();
    }
  };
  Trial run({one, two});
  run.select({"tag=detectors"});
  for (int i = 0; i < 4; ++i) {
    const Texts found = run.feed('t');
    EXPECT_EQ(std::ranges::count(found, "two"), 1) << "call " << i;
  }
  EXPECT_GE(run.counters("one").errors + run.engine().counters().out_of_room, 3u);
  EXPECT_EQ(run.feed('t'), (Texts{"one", "two"})) << "it goes on";
  EXPECT_FALSE(run.said().empty());
}

TEST(Chain, IsBreadthFirst) {
  Trial run(
      {script("a1"), script("a2"), script("b1", "a1"), script("b2", "a2"), script("c1", "b1")});
  EXPECT_EQ(run.select({"tag=detectors"}).feed('t'), (Texts{"a1", "a2", "b1", "b2", "c1"}));
}

TEST(Chain, EndsAfterFiveLevels) {
  std::vector<Script> scripts = {script("d1")};
  for (int i = 2; i <= 7; ++i) {
    scripts.push_back(script("d" + std::to_string(i), "d" + std::to_string(i - 1)));
  }
  Trial run(scripts);
  EXPECT_EQ(run.select({"tag=detectors"}).feed('t'), (Texts{"d1", "d2", "d3", "d4", "d5"}));
  EXPECT_EQ(run.engine().counters().too_deep, 1u);
  EXPECT_EQ(run.said().size(), 1u);
}

TEST(Chain, CirclesEndToo) {
  Script a = script("a"), b = script("b", "a");
  a.definition.requirements.events.push_back({.name = "b"});
  Trial run({a, b});
  EXPECT_EQ(run.select({"a"}).feed('t'), (Texts{"a", "b", "a", "b", "a"}));
}

TEST(Tick, ComesOnceASecondOfEventTime) {
  Script one = script("one");
  std::vector<uint64_t> ticks;
  one.on_tick = [&](uint64_t now) {
    ticks.push_back(now);
    return ticks.size() == 2 ? detected() : Outputs();
  };
  Trial run({one});
  run.select({"one"});
  constexpr uint64_t kSecond = 1'000'000'000;
  run.tick(100 * kSecond);
  EXPECT_TRUE(ticks.empty()) << "seconds count from the first event";
  run.tick(100 * kSecond + kSecond / 2);
  run.tick(101 * kSecond);
  EXPECT_EQ(run.tick(103 * kSecond), Texts{"one"});
  EXPECT_EQ(ticks, (std::vector<uint64_t>{101 * kSecond, 103 * kSecond}));
  EXPECT_EQ(run.found()[0].time_ns, 103 * kSecond);
}

TEST(Slow, ADetectorThatTakesLongIsTold) {
  Script one = script("one");
  one.on_event = [](const Event&) {
    const timespec time{0, 120'000'000};
    nanosleep(&time, nullptr);
    return detected();
  };
  Trial run({one});
  run.select({"one"});
  EXPECT_EQ(run.feed('t'), Texts{"one"});
  run.feed('t');
  EXPECT_GE(run.counters("one").took_ns, 240'000'000u);
  EXPECT_EQ(run.counters("one").calls_by_time[3], 2u);
  ASSERT_EQ(run.said().size(), 1u);
  EXPECT_NE(run.said()[0].find("ms for one event"), std::string::npos);
}

}  // namespace
}  // namespace tracee
