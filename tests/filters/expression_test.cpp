// SPDX-License-Identifier: Apache-2.0
// Hundreds of expressions and what becomes of them, from a table.
#include <gtest/gtest.h>

#include <fstream>

#include "filter/selection.h"
#include "fixtures.h"

namespace tracee {
namespace {

struct Line {
  size_t number;
  std::vector<std::string> cells;
};

std::vector<Line> read_table(const char* path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::vector<Line> out;
  std::string text;
  for (size_t number = 1; std::getline(file, text); ++number) {
    if (text.empty() || text.starts_with('#')) continue;
    Line line{number, {}};
    // The last cell is the expression; it may hold tabs.
    const size_t cells = text.starts_with('!') ? 3 : 2;
    size_t at = 0;
    while (line.cells.size() + 1 < cells) {
      const size_t tab = text.find('\t', at);
      line.cells.push_back(text.substr(at, tab - at));
      at = tab + 1;
    }
    line.cells.push_back(text.substr(at));
    out.push_back(std::move(line));
  }
  return out;
}

Result<Selection> select(const std::string& expression) {
  Wishes wishes;
  wishes.events = {"*"};
  wishes.filters = {expression};
  return Selection::parse(wishes, test::catalog());
}

TEST(Expressions, Table) {
  const test::Fixtures fixtures;
  const auto lines = read_table(TRACEE_TEST_DATA "/filters/expressions.tsv");
  for (const Line& line : lines) {
    const std::string& expression = line.cells.back();
    SCOPED_TRACE("line " + std::to_string(line.number) + ": " + expression);
    const auto selection = select(expression);
    if (line.cells[0].starts_with('!')) {
      if (selection) {
        ADD_FAILURE() << "is taken";
        continue;
      }
      const Error& error = selection.error();
      EXPECT_EQ(error.code, Exit::Usage);
      const std::string start = "--filter: column " + line.cells[0].substr(1) + ": ";
      EXPECT_TRUE(error.what.starts_with(start)) << error.what;
      EXPECT_NE(error.what.find(line.cells[1]), std::string::npos) << error.what;
      EXPECT_NE(error.hint.find('^'), std::string::npos);
      continue;
    }
    if (!selection) {
      ADD_FAILURE() << selection.error().what;
      continue;
    }
    std::string kept;
    for (const char letter : fixtures.kLetters) {
      if (selection->keeps(fixtures.event(letter))) kept += letter;
    }
    EXPECT_EQ(kept.empty() ? "-" : kept, line.cells[0]);
  }
  EXPECT_GE(lines.size(), 300u);
}

TEST(Expressions, DepthAndLengthAreBounded) {
  EXPECT_FALSE(select(std::string(200, '(') + "true" + std::string(200, ')')));
  EXPECT_FALSE(select(std::string(200, '!') + "true"));
  EXPECT_FALSE(select("data" + std::string(1000, '.') + "x"));
  std::string members = "data";
  for (int i = 0; i < 1000; ++i) members += ".x";
  EXPECT_FALSE(select(members));
  EXPECT_FALSE(select("syscall == \"" + std::string(70'000, 'x') + "\""));
  // A chain is no nesting.
  std::string chain = "data.dst_port == 1";
  for (int i = 0; i < 1000; ++i) chain += " || data.dst_port == 80";
  EXPECT_TRUE(select(chain));
}

}  // namespace
}  // namespace tracee
