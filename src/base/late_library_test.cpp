// SPDX-License-Identifier: Apache-2.0
#include "base/late_library.h"

#include <gtest/gtest.h>
#include <math.h>

namespace tracee {
namespace {

struct Mathematics : LateLibrary {
  Mathematics() : LateLibrary("libm.so.6", "libc6") {}
  decltype(static_cast<double (*)(double)>(&::cos)) cosine{find("cos")};
};

TEST(LateLibrary, CallsWhatItFound) {
  const Mathematics mathematics;
  ASSERT_TRUE(mathematics.loaded());
  EXPECT_EQ(1.0, mathematics.cosine(0.0));
}

struct Absent : LateLibrary {
  Absent() : LateLibrary("libnobody-has-this.so.1", "nobody1") {}
  decltype(static_cast<double (*)(double)>(&::cos)) cosine{find("cos")};
};

TEST(LateLibrary, SaysWhatToInstall) {
  const Absent absent;
  const auto loaded = absent.loaded();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(Exit::RunTime, loaded.error().code);
  EXPECT_NE(std::string::npos, loaded.error().what.find("libnobody-has-this.so.1"));
  EXPECT_NE(std::string::npos, loaded.error().hint.find("nobody1"));
  EXPECT_EQ(nullptr, absent.cosine);
}

struct Older : LateLibrary {
  Older() : LateLibrary("libm.so.6", "libc6") {}
  decltype(static_cast<double (*)(double)>(&::cos)) cosine{find("cos")};
  decltype(cosine) newer{find("a_function_of_next_year")};
  decltype(cosine) newest{find("a_function_of_the_year_after")};
};

TEST(LateLibrary, NamesTheFirstFunctionItLacks) {
  const Older older;
  const auto loaded = older.loaded();
  ASSERT_FALSE(loaded);
  EXPECT_NE(std::string::npos, loaded.error().what.find("a_function_of_next_year"));
}

}  // namespace
}  // namespace tracee
