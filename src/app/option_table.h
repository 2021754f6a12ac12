// SPDX-License-Identifier: Apache-2.0
// Every option of tracing, once. The command line and its help, configuration files,
// the environment, --dump-config, manuals and completions are readers of this table:
// what is called `--dns-ports` is `dns-ports:` in a file and TRACEE_DNS_PORTS.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/options.h"
#include "base/result.h"

namespace tracee {

struct OptionRow {
  std::string_view name;
  char letter = 0;           // 0: none
  std::string_view value{};  // what its value is called; empty: a switch
  std::string_view help;
  // Takes its texts; of a switch "true". Errors are Exit::Usage and begin with --NAME.
  Result<> (*set)(Options& out, const std::vector<std::string>& texts);
  bool repeated = false;
  bool in_files = true;  // and in --dump-config
  // What holds when it is not given, as texts; null: nothing does.
  std::vector<std::string> (*fallback)() = nullptr;
  // The option may stand without a value, which is then this one.
  std::string_view implied{};
};

std::span<const OptionRow> option_table();
// Null: there is none of that name.
const OptionRow* find_option(std::string_view name);

}  // namespace tracee
