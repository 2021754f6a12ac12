// SPDX-License-Identifier: Apache-2.0
// Errors of everything that is not a packet: start-up, options, files, attach.
//
//   Result<Fd> open_it(...);
//   auto fd = open_it(...);
//   if (!fd) return forward(fd);
//
// `what` says what is wrong, `hint` what to do about it; both go to the user.
// On the packet path there are no Results, only small enums.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace tracee {

// The process exits with this number.
enum class Exit { Done = 0, RunTime = 1, Usage = 2, Missing = 3 };

struct Error {
  Exit code = Exit::RunTime;
  std::string what;
  std::string hint;
};

template <class T = void>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Exit code, std::string what, std::string hint = {}) {
  return tl::unexpected<Error>(Error{code, std::move(what), std::move(hint)});
}

// Hands the error of one Result to a caller whose Result holds another type.
template <class T>
tl::unexpected<Error> forward(tl::expected<T, Error>& failed) {
  return tl::unexpected<Error>(std::move(failed.error()));
}

}  // namespace tracee
