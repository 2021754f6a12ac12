// SPDX-License-Identifier: Apache-2.0
#include "detect/dns_names.h"

#include <gtest/gtest.h>

#include <ranges>
#include <string>
#include <vector>

#include "decode/protocols/dns/dns_event.h"

namespace tracee {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

struct Answer {
  std::string name, target;  // a CNAME; without target an address, 192.0.2.1
};

void learn(DnsNames& names, const std::string& question, const std::vector<Answer>& answers) {
  static constexpr uint8_t kAddress[] = {192, 0, 2, 1};
  const AddressText address{Address::v4(kAddress), {}};
  const DnsQuestion asked{question, "A", "IN"};
  std::vector<std::string_view> targets;
  for (const Answer& answer : answers) targets.emplace_back(answer.target);
  std::vector<DnsRecord> records;
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].target.empty()) {
      records.push_back({answers[i].name, "A", "IN", 60, dns_type::kA, &address});
    } else {
      records.push_back({answers[i].name, "CNAME", "IN", 60, dns_type::kCname, &targets[i]});
    }
  }
  DnsMessage message{};
  message.qr = 1;
  message.questions = {&asked, 1};
  message.answers = records;
  names.learn(&message, kDnsMessage, kSecond);
}

TEST(DnsNames, FollowsAnswersBothWays) {
  DnsNames names;
  learn(names, "www.test", {{"www.test", "CDN.test"}, {"cdn.test", ""}});
  detection::DnsKnowledge found;
  ASSERT_TRUE(names.find("www.test", kSecond, found));
  EXPECT_EQ(found.domains, (std::vector<std::string>{"www.test", "cdn.test"}));
  EXPECT_EQ(found.ips, std::vector<std::string>{"192.0.2.1"});
  ASSERT_TRUE(names.find("192.0.2.1", kSecond, found));
  EXPECT_EQ(found.domains, (std::vector<std::string>{"www.test", "cdn.test"}));
  EXPECT_FALSE(names.find("192.0.2.1", 62 * kSecond, found)) << "its time is over";
}

TEST(DnsNames, OfManyThatLeadToOneAddressTheNewestAreFound) {
  DnsNames names;
  const auto name = [](size_t number) { return "n" + std::to_string(number) + ".test"; };
  constexpr size_t kCount = DnsNames::kMaxQuestions + 100;
  for (size_t i = 0; i < kCount; ++i) learn(names, name(i), {{name(i), ""}});
  EXPECT_EQ(names.questions(), DnsNames::kMaxQuestions);
  detection::DnsKnowledge found;
  ASSERT_TRUE(names.find("192.0.2.1", kSecond, found));
  ASSERT_EQ(found.domains.size(), DnsNames::kMaxAsked);
  EXPECT_EQ(found.domains.back(), name(kCount - 1));
  EXPECT_EQ(found.domains.front(), name(kCount - DnsNames::kMaxAsked));
  EXPECT_FALSE(names.find(name(0), kSecond, found)) << "its question has gone";
  EXPECT_TRUE(names.find(name(100), kSecond, found));
}

TEST(DnsNames, OneQuestionHasBoundedAnswers) {
  DnsNames names;
  std::vector<Answer> answers;
  for (size_t i = 0; i < 2 * DnsNames::kMaxAnswers; ++i) {
    answers.push_back({"a" + std::to_string(i) + ".test", ""});
  }
  for (size_t i = 0; i < 20; ++i) learn(names, "q" + std::to_string(i) + ".test", answers);
  detection::DnsKnowledge found;
  ASSERT_TRUE(names.find("192.0.2.1", kSecond, found));
  EXPECT_EQ(found.domains.size(), DnsNames::kMaxAnswers);
  EXPECT_FALSE(names.find("a100.test", kSecond, found));
}

TEST(DnsNames, TheirBytesAreBounded) {
  DnsNames names;
  std::vector<Answer> answers;
  for (size_t i = 0; i < DnsNames::kMaxAnswers; ++i) {
    answers.push_back({std::to_string(i) + std::string(250, 'x'), ""});
  }
  for (size_t i = 0; i < DnsNames::kMaxQuestions; ++i) {
    learn(names, std::to_string(i) + std::string(250, 'q'), answers);
    ASSERT_LE(names.bytes(), DnsNames::kMaxBytes);
  }
  EXPECT_GT(names.questions(), 100U);
  EXPECT_LT(names.questions(), DnsNames::kMaxQuestions);
}

}  // namespace
}  // namespace tracee
