// SPDX-License-Identifier: Apache-2.0
// A file, or standard output, written by the worker. Promises:
//   - A file holds whole events only. What a full disk took of an event is cut off
//     again, the event is counted as dropped, and the next ones are tried anew.
//   - A rotated file is set aside under its time (PATH.20260102T030405.000000Z);
//     compression, retention and fsync are done by a thread of their own.
//   - A file is made 0640, and never through a symbolic link that somebody else
//     could have put into a shared folder.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "output/settings.h"
#include "output/sink/sink.h"

namespace tracee {

// `path` empty: standard output. `prologue` is what each new file begins with.
// Reads the options that docs/outputs.md lists.
Result<std::unique_ptr<Sink>> open_file_sink(const std::string& path, std::string prologue,
                                             Settings& settings);

}  // namespace tracee
