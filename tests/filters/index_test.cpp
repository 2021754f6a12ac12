// SPDX-License-Identifier: Apache-2.0
// The index of conditions against the conditions themselves.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "filter/checker.h"
#include "filter/program.h"
#include "filter/tree_index.h"
#include "fixtures.h"

namespace tracee {
namespace {

std::vector<std::string> good_expressions() {
  std::ifstream file(TRACEE_TEST_DATA "/filters/expressions.tsv");
  std::vector<std::string> out;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#' || line[0] == '!') continue;
    out.push_back(line.substr(line.find('\t') + 1));
  }
  return out;
}

// The conditions on events like this one, from every expression.
std::vector<Tree> trees_for(const EventSpec& spec, const std::vector<std::string>& expressions) {
  std::vector<Tree> out;
  for (const std::string& expression : expressions) {
    auto node = parse_expression(expression);
    if (!node) continue;
    auto trees = check_expression(*node, test::catalog().events(), test::catalog());
    if (!trees) continue;
    const auto all = test::catalog().events();
    const auto at = std::ranges::find(all, &spec) - all.begin();
    out.push_back(std::move((*trees)[static_cast<size_t>(at)]));
  }
  return out;
}

bool has(std::span<const uint64_t> bits, size_t at) { return (bits[at / 64] >> at % 64 & 1) != 0; }

TEST(TreeIndex, LeavesOutNothingThatAnEventSatisfies) {
  const test::Fixtures fixtures;
  const auto expressions = good_expressions();
  size_t left_out = 0, filed = 0;
  for (const char letter : fixtures.kLetters) {
    const Event event = fixtures.event(letter);
    const auto trees = trees_for(*event.spec, expressions);
    ASSERT_GT(trees.size(), 250u);
    std::vector<const Tree*> pointers;
    for (const Tree& tree : trees) pointers.push_back(&tree);
    const TreeIndex index(pointers);
    std::vector<uint64_t> bits(index.words());
    index.candidates(event, bits);
    for (size_t i = 0; i < trees.size(); ++i) {
      if (has(bits, i)) continue;
      ++left_out;
      EXPECT_FALSE(Program::make(trees[i])->keeps(event)) << letter << ' ' << i;
    }
    filed += index.filed();
  }
  // It would prove little if all were left to be asked.
  EXPECT_GT(filed, 200u);
  EXPECT_GT(left_out, 200u);
}

TEST(TreeIndex, FilesByPortNameDomainAndNetwork) {
  const test::Fixtures fixtures;
  const auto candidates = [&](char letter, const std::vector<std::string>& expressions) {
    const Event event = fixtures.event(letter);
    const auto trees = trees_for(*event.spec, expressions);
    std::vector<const Tree*> pointers;
    for (const Tree& tree : trees) pointers.push_back(&tree);
    const TreeIndex index(pointers);
    EXPECT_EQ(index.filed(), expressions.size());
    std::vector<uint64_t> bits(index.words());
    index.candidates(event, bits);
    std::string out;
    for (size_t i = 0; i < trees.size(); ++i) out += has(bits, i) ? '1' : '0';
    return out;
  };
  EXPECT_EQ(
      candidates('t', {"data.dst_port == 80", "data.dst_port == 81", "data.dst_port >= 80",
                       "data.dst_port in [22, 79]", "data.proto_tcp.SYN && data.dst_port == 5"}),
      "10100");
  EXPECT_EQ(candidates('t', {"data.dst == 192.0.2.9", "data.dst in 192.0.2.0/28",
                             "data.dst in [10.0.0.0/8, 192.0.3.0/24]", "data.dst in ::/0"}),
            "1100");
  EXPECT_EQ(candidates('d', {"data.proto_dns.questions.name.endsWith(\"Example.test\")",
                             "data.proto_dns.questions.name.endsWith(\"example.org\")",
                             "data.proto_dns.questions.exists(q, q.name == \"www.Example.test\")",
                             "data.proto_dns.questions.exists(q, q.name == \"www\")",
                             "data.proto_dns.questions.type == \"A\" || data.src_port == 1"}),
            "10101");
  EXPECT_EQ(candidates('h', {"process.name == \"curl\"", "process.name.startsWith(\"cu\")",
                             "data.proto_http.headers[\"User-Agent\"] == \"x\"",
                             "process.uid == 1000", "process.uid < 1000"}),
            "11010");
}

}  // namespace
}  // namespace tracee
