// SPDX-License-Identifier: Apache-2.0
#include "filter/scope.h"

#include <gtest/gtest.h>

#include "filter/program.h"

namespace tracee {
namespace {

// 1 ← 10 ← 20 ← 30; 40 is init's own child. 30 is new, and so is container "new".
class Family final : public ProcessTree {
 public:
  bool parent_of(const Context& process, Context& parent) const noexcept override {
    const uint32_t pid = process.host_process_id;
    const uint32_t id = pid == 30 ? 20 : pid == 20 ? 10 : pid == 10 || pid == 40 ? 1 : 0;
    parent.host_process_id = parent.host_thread_id = id;
    parent.process_name = id == 10 ? "bash" : "other";
    return id != 0;
  }
  bool is_new_process(const Context& process) const noexcept override {
    return process.host_process_id == 30;
  }
  bool is_new_container(std::string_view id) const noexcept override { return id == "new"; }
  uint32_t host_mount_namespace() const noexcept override { return 7; }
};

const Family kFamily;

Context some_context() {
  Context c;
  c.host_process_id = 30;
  c.host_thread_id = 31;
  c.user_id = 1000;
  c.mount_namespace = 7;
  c.pid_namespace = 8;
  c.process_name = "systemd-resolve";
  c.host_name = "rugged";
  c.executable_path = "/usr/bin/curl";
  c.container.id = "0123456789ab";
  c.flags.container_started = true;
  return c;
}

bool keeps(const std::vector<std::string>& scopes, const Context& context = some_context()) {
  std::vector<ScopeText> texts;
  for (const std::string& scope : scopes) texts.push_back({"--scope", scope});
  auto terms = read_scope(texts, &kFamily);
  EXPECT_TRUE(terms) << terms.error().what << ": " << terms.error().hint;
  if (!terms) return false;
  Tree all;
  for (RuleTerm& term : *terms) all = both(std::move(all), std::move(term.tree));
  return Program::make(all)->keeps(Event{nullptr, &context, nullptr});
}

TEST(Scope, Numbers) {
  EXPECT_TRUE(keeps({}));
  EXPECT_TRUE(keeps({"uid=1000"}));
  EXPECT_TRUE(keeps({"uid=0,1000"}));
  EXPECT_TRUE(keeps({"uid=0", "uid=1000"})) << "one key";
  EXPECT_FALSE(keeps({"uid!=1000"}));
  EXPECT_TRUE(keeps({"uid!=0"}));
  EXPECT_TRUE(keeps({"uid>999", "uid<1001"}));
  EXPECT_FALSE(keeps({"uid>1000"}));
  EXPECT_TRUE(keeps({"pid=30"})) << "the process";
  EXPECT_TRUE(keeps({"pid=31"})) << "or the thread";
  EXPECT_FALSE(keeps({"pid!=31"})) << "neither of them";
  EXPECT_TRUE(keeps({"pid!=32"}));
  EXPECT_TRUE(keeps({"mntns=7", "pidns!=7"}));
  EXPECT_FALSE(keeps({"mntns=7", "pidns!=8"})) << "keys are ANDed";
}

TEST(Scope, Names) {
  EXPECT_TRUE(keeps({"comm=systemd-resolve"}));
  EXPECT_TRUE(keeps({"comm=systemd-resolved"})) << "on 15 bytes";
  EXPECT_TRUE(keeps({"comm=curl,system*"}));
  EXPECT_FALSE(keeps({"comm!=systemd*"}));
  EXPECT_TRUE(keeps({"uts=rugged"}));
  EXPECT_TRUE(keeps({"comm!=curl"}, Context{})) << "no owner has an empty name";
  EXPECT_FALSE(keeps({"comm=curl"}, Context{}));
  EXPECT_TRUE(keeps({"exec=/usr/bin/curl"}));
  EXPECT_TRUE(keeps({"bin=host:/usr/bin/curl"}));
  EXPECT_TRUE(keeps({"binary=7:/usr/bin/curl"}));
  EXPECT_FALSE(keeps({"executable=8:/usr/bin/curl"}));
  EXPECT_FALSE(keeps({"exec!=/usr/bin/curl"}));
}

TEST(Scope, Processes) {
  EXPECT_TRUE(keeps({"pid=new"}));
  EXPECT_FALSE(keeps({"pid!=new"}));
  EXPECT_TRUE(keeps({"tree=30"}));
  EXPECT_TRUE(keeps({"tree=10"}));
  EXPECT_TRUE(keeps({"tree=5,1"}));
  EXPECT_FALSE(keeps({"tree=40"}));
  EXPECT_FALSE(keeps({"tree!=10"}));
  EXPECT_TRUE(keeps({"tree!=40"}));
  EXPECT_FALSE(keeps({"tree=10", "tree!=20"})) << "cut out";
  EXPECT_TRUE(keeps({"tree=10,30", "tree!=20"})) << "and in again below";
  EXPECT_FALSE(keeps({"comm=bash"}));
  EXPECT_TRUE(keeps({"comm=bash", "follow"})) << "an ancestor is";
  EXPECT_FALSE(keeps({"comm=zsh", "follow"}));
}

TEST(Scope, Containers) {
  Context host = some_context(), fresh = some_context();
  host.container.id = {};
  fresh.container.id = "new";
  EXPECT_TRUE(keeps({"container"}));
  EXPECT_FALSE(keeps({"container"}, host));
  EXPECT_FALSE(keeps({"not-container"}));
  EXPECT_TRUE(keeps({"not-container"}, host));
  EXPECT_TRUE(keeps({"container=0123"}));
  EXPECT_FALSE(keeps({"container=1234"}));
  EXPECT_FALSE(keeps({"container!=0123"}));
  EXPECT_TRUE(keeps({"container=started"}));
  EXPECT_TRUE(keeps({"container=new"}, fresh));
  EXPECT_FALSE(keeps({"container!=new"}, fresh));
  EXPECT_TRUE(keeps({"container!=new"}));
}

TEST(Scope, Errors) {
  const std::pair<const char*, const char*> kWrongs[] = {
      {"", "invalid format"},
      {" uid=1", "invalid format"},
      {"uid=1 ", "invalid format"},
      {"not-", "invalid format"},
      {"uidd=1", "invalid scope option"},
      {"follow=1", "invalid scope option"},
      {"p=1", "invalid scope option"},
      {"uid", "invalid expression"},
      {"uid=", "invalid expression"},
      {"uid==1", "invalid operator"},
      {"uid=x", "invalid flag value"},
      {"uid=-1", "invalid flag value"},
      {"uid=4294967296", "invalid flag value"},
      {"uid<0", "invalid expression"},
      {"mntns<5", "invalid expression"},
      {"pidns>=5", "invalid expression"},
      {"comm>a", "invalid expression"},
      {"pid>new", "invalid expression"},
      {"tree=x", "invalid value"},
      {"tree=0", "invalid value"},
      {"tree<5", "invalid expression"},
      {"exec=curl", "invalid value"},
      {"exec=host:curl", "invalid value"},
      {"exec=x:/bin/sh", "invalid value"},
      {"container!=started", "invalid expression"},
      {"container>1", "invalid expression"},
      {"container=", "invalid expression"},
  };
  for (const auto& [text, error_class] : kWrongs) {
    auto terms = read_scope({{"--scope", text}}, &kFamily);
    ASSERT_FALSE(terms) << text;
    EXPECT_EQ(terms.error().code, Exit::Usage);
    EXPECT_NE(terms.error().what.find(error_class), std::string::npos)
        << text << ": " << terms.error().what;
    EXPECT_FALSE(terms.error().hint.empty()) << text;
  }
  for (const char* text : {"tree=1", "pid=new", "follow", "container=new", "exec=host:/x"}) {
    auto terms = read_scope({{"--scope", text}}, nullptr);
    ASSERT_FALSE(terms) << text;
    EXPECT_NE(terms.error().what.find("needs the process tree"), std::string::npos);
  }
  EXPECT_EQ(read_scope({{"--scope", "comn=x"}}, nullptr).error().hint, "did you mean 'comm'?");
}

}  // namespace
}  // namespace tracee
