// SPDX-License-Identifier: Apache-2.0
#include "filter/yaml.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace tracee {
namespace {

// The error of a file that says this, from its line on; "" when it is taken.
std::string error_of(const std::string& text) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("tracee-yaml-" + std::to_string(getpid()));
  std::ofstream(path) << text;
  const auto read = read_yaml(path);
  std::filesystem::remove(path);
  return read ? "" : read.error().what.substr(path.size());
}

TEST(Yaml, WhatHasNoEndIsAnError) {
  for (const char* text : {",", ", {a: [b", "a: 1\n---\n, x"}) {
    EXPECT_NE(error_of(text).find("more than 100 documents"), std::string::npos) << text;
  }
}

TEST(Yaml, Bounds) {
  std::string documents, values = "[";
  for (int i = 0; i < 100; ++i) documents += "---\na\n";
  for (int i = 0; i < 100'000; ++i) values += "1,";
  EXPECT_EQ(error_of(documents), "");
  EXPECT_EQ(error_of(documents + "---\na\n"), ":201:1: more than 100 documents");
  EXPECT_NE(error_of(values + "]").find("more than 100,000 values"), std::string::npos);
  // What an alias names counts as often as it is named.
  std::string names = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    names += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int n = 1; n < 10; ++n) names += ", " + before;
    names += "]\n";
  }
  EXPECT_NE(error_of(names).find("more than 100,000 values"), std::string::npos);
}

}  // namespace
}  // namespace tracee
