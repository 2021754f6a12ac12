// SPDX-License-Identifier: Apache-2.0
// Any text as a file of options: they hold, or the error names the place. What
// holds, dumped and read again, is the same.
#include <cstdlib>

#include "app/config.h"
#include "support/fuzz_file.h"

namespace {

using namespace tracee;

Result<Options> read(const std::string& path) {
  Options options;
  options.given.push_back({"config", {path}, {}});
  if (auto added = add_environment(options); !added) return forward(added);
  if (auto applied = apply_options(options); !applied) return forward(applied);
  return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const test::FuzzFile file(data, size);
  const auto options = read(file.path());
  if (!options) {
    const std::string& what = options.error().what;
    if (what.find(file.path() + ":") == what.npos) std::abort();
    return 0;
  }
  const std::string dumped = dump_config(*options);
  if (dumped.find("# a secret is not shown") != dumped.npos) return 0;
  const test::FuzzFile second(reinterpret_cast<const uint8_t*>(dumped.data()), dumped.size());
  const auto again = read(second.path());
  if (!again || dump_config(*again) != dumped) std::abort();
  return 0;
}
