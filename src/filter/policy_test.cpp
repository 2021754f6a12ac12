// SPDX-License-Identifier: Apache-2.0
#include "filter/policy.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "filter/selection.h"

namespace tracee {
namespace {

struct Flow {
  Address dst;
  uint16_t port;
};
constexpr Field kFields[] = {
    argument<&Flow::dst, "dst">("x", "Destination."),
    argument<&Flow::port, "dst_port">("x", "Port."),
};
constexpr std::string_view kSets[] = {"default"};
constexpr EventSpec kOne{1, "one", "1.0.0", kSets, kFields, "One.", ""};
constexpr EventSpec kTwo{2, "two", "1.0.0", kSets, kFields, "Two.", ""};
constexpr const EventSpec* kEvents[] = {&kOne, &kTwo};
const Catalog kCatalog(kEvents);

// A folder of its own that goes with it.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/policy_test.XXXXXX";
    path_ = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name) << text;
    return path_ + "/" + name;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

constexpr const char* kPlain = R"(type: policy
name: web
description: Who speaks to web servers.
scope:
  - comm=curl,wget
rules:
  - event: one
    filters:
      - data.dst_port=80
      - uid=1000
)";
constexpr const char* kResource = R"(apiVersion: tracee.aquasec.com/v1beta1
kind: Policy
metadata:
  name: all-of-it
  annotations: {description: Everything.}
spec:
  scope: [global]
  defaultActions: [log]
  rules:
    - event: one
    - event: two
      filters: [retval=0]
      actions: [print]
)";

Result<Selection> select(const std::vector<std::string>& paths) {
  Wishes wishes;
  wishes.policies = paths;
  return Selection::parse(wishes, kCatalog);
}

TEST(Policies, BothShapesAndTheirBits) {
  const Folder folder;
  folder.write("b.yaml", kPlain);
  folder.write("a.yml", kResource);
  folder.write("ignored.txt", "{");
  folder.write("c.json",
               R"({"type":"policy","name":"c","scope":["uid=5"],"rules":[{"event":"two"}]})");
  auto selection = select({folder.path()});
  ASSERT_TRUE(selection) << selection.error().what;
  ASSERT_EQ(selection->policy_names().size(), 3u);
  EXPECT_EQ(selection->policy_names()[0], "all-of-it");
  EXPECT_EQ(selection->policy_names()[1], "web");
  Context context;
  context.process_name = "curl";
  context.user_id = 1000;
  Flow sample{Address::none(), 80};
  const Event one{&kOne, &context, &sample}, two{&kTwo, &context, &sample};
  EXPECT_EQ(selection->matched(one), 0b011u);
  EXPECT_EQ(selection->matched(two), 0b001u);
  sample.port = 81;
  EXPECT_EQ(selection->matched(one), 0b001u);
  context.user_id = 5;
  EXPECT_EQ(selection->matched(two), 0b101u);
}

struct Wrong {
  const char* text;
  const char* place;
  const char* what;
};

TEST(Policies, ErrorsHaveAPlace) {
  const Wrong wrongs[] = {
      {"", "1:1", "empty"},
      {"x: [", "", "p.yaml:"},
      {"- a", "1:1", "no policy"},
      {"type: policcy\nname: a", "1:7", "no policy"},
      {"type: policy\nname: a\nrule: []", "3:1", "unknown key 'rule'"},
      {"type: policy\nscope: [global]", "1:1", "no name"},
      {"type: policy\nname: Not_A_Name\n", "2:7", "no policy name"},
      {"type: policy\nname: a\nrules: [{event: one}]", "1:1", "no scope"},
      {"type: policy\nname: a\nscope: []\nrules: [{event: one}]", "3:8", "no scope"},
      {"type: policy\nname: a\nscope: [global, uid=1]\nrules: [{event: one}]", "3:9", "global"},
      {"type: policy\nname: a\nscope: [uidd=1]\nrules: [{event: one}]", "3:9",
       "invalid scope option"},
      {"type: policy\nname: a\nscope: [global]\n", "1:1", "no rules"},
      {"type: policy\nname: a\nscope: [global]\nrules: []", "4:8", "no rules"},
      {"type: policy\nname: a\nscope: [global]\nrules: [{evnt: one}]", "4:10",
       "unknown key 'evnt'"},
      {"type: policy\nname: a\nscope: [global]\nrules: [{event: onee}]", "4:17", "invalid event"},
      {"type: policy\nname: a\nscope: [global]\nrules: [{event: one}, {event: one}]", "4:31",
       "twice"},
      {"type: policy\nname: a\nscope: [global]\nrules: [{event: one, filters: [data.x=1]}]", "4:32",
       "invalid event data field"},
      {"type: policy\nname: a\nscope: [global]\nrules: [{event: one, filters: [dst]}]", "4:32",
       "invalid filter"},
      {"type: policy\nname: a\nscope: [global]\nrules: [{event: one, filters: [retval=x]}]", "4:32",
       "invalid flag value"},
      {"type: policy\nname: a\nscope: [global]\nrules: [{event: one, filters: [nope=x]}]", "4:32",
       "invalid event scope field"},
      {"type: policy\nname: a\nscope: [global]\nrules: [{event: one, actions: [shout]}]", "4:32",
       "unknown action"},
      {"type: policy\nname: a\nname: b", "3:1", "twice"},
      {"kind: Policy\nspec: {}", "1:1", "apiVersion"},
      {"apiVersion: tracee.aquasec.com/v1beta1\nkind: Polcy", "2:7", "not Policy"},
      {"apiVersion: tracee.aquasec.com/v1beta1\nkind: Policy\nmetadata: {name: a}", "1:1",
       "no spec"},
      {"a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
       "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
       "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
       "", "more than 100,000"},
  };
  const Folder folder;
  for (const Wrong& wrong : wrongs) {
    const std::string path = folder.write("p.yaml", wrong.text);
    auto selection = select({path});
    ASSERT_FALSE(selection) << wrong.text;
    const std::string& what = selection.error().what;
    EXPECT_EQ(selection.error().code, Exit::Usage);
    EXPECT_TRUE(what.starts_with(path + ":" + wrong.place)) << wrong.text << "\n" << what;
    EXPECT_NE(what.find(wrong.what), std::string::npos) << wrong.text << "\n" << what;
    EXPECT_FALSE(selection.error().hint.empty()) << wrong.text;
  }
}

TEST(Policies, OnlySixtyFourWithNamesOfTheirOwn) {
  const Folder folder;
  const auto policy = [](int i) {
    return "type: policy\nname: p" + std::to_string(i) +
           "\nscope: [global]\nrules: [{event: one}]\n";
  };
  std::string all;
  for (int i = 0; i < 64; ++i) all += "---\n" + policy(i);
  auto selection = select({folder.write("all.yaml", all)});
  ASSERT_TRUE(selection) << selection.error().what;
  const Context context;
  const Flow sample{};
  EXPECT_EQ(selection->matched(Event{&kOne, &context, &sample}), UINT64_MAX);
  auto many = select({folder.write("all.yaml", all + "---\n" + policy(64))});
  ASSERT_FALSE(many);
  EXPECT_NE(many.error().what.find("more than 64"), std::string::npos);
  auto twice = select({folder.write("all.yaml", policy(1) + "---\n" + policy(1))});
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().what.find("a second policy 'p1'"), std::string::npos);
  EXPECT_FALSE(select({folder.path() + "/none.yaml"}));
  std::filesystem::remove(folder.path() + "/all.yaml");
  EXPECT_FALSE(select({folder.path()})) << "an empty folder";
}

TEST(Policies, ExcludeEventsAndScopesButNotFilters) {
  const Folder folder;
  Wishes wishes;
  wishes.policies = {folder.write("a.yaml", kResource)};
  wishes.filters = {"data.dst_port == 80"};
  auto selection = Selection::parse(wishes, kCatalog);
  ASSERT_TRUE(selection) << selection.error().what;
  const Context context;
  const Flow web{Address::none(), 80}, other{Address::none(), 81};
  EXPECT_TRUE(selection->keeps(Event{&kOne, &context, &web}));
  EXPECT_FALSE(selection->keeps(Event{&kOne, &context, &other}));
  wishes.events = {"one"};
  EXPECT_FALSE(Selection::parse(wishes, kCatalog));
  wishes.events = {};
  wishes.scopes = {"uid=1"};
  EXPECT_FALSE(Selection::parse(wishes, kCatalog));
}

}  // namespace
}  // namespace tracee
