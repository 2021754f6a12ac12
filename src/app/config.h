// SPDX-License-Identifier: Apache-2.0
// Options from elsewhere than the command line: the environment and YAML files. What
// the command line gives of an option is all of it, then what the environment gives.
#pragma once

#include <string>

#include "app/options.h"
#include "base/result.h"

namespace tracee {

// Adds what the environment (TRACEE_DNS_PORTS=53) and the file of --config
// (`dns-ports: [53]`) say of options that are not given yet. Errors are
// Exit::Usage, with the place.
Result<> add_environment(Options& options);

// Gives every option what it was given. Errors name the place.
Result<> apply_options(Options& options);

// An error about an option, "--NAME…: what", with the place where it was given.
Error with_place(const Options& options, Error error);

// The options that hold, as a file that --config takes; secrets are not shown.
std::string dump_config(const Options& options);

}  // namespace tracee
