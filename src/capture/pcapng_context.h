// SPDX-License-Identifier: Apache-2.0
// A packet's Context in a pcapng file: as a comment for people, and as a custom
// option that gives it back whole. Both directions of the option are here.
//
// The option is `opt_custom` 2989 (bytes, kept by tools that copy packets) of
// enterprise 32473, which RFC 5612 sets aside for examples: nobody owns it, so the
// bytes behind it begin with a mark. Layout (docs/capture.md):
//
//   enterprise u32 (the section's byte order), "tracee", version u8 (1), members
//
// A member is a key and a value. The key is the member's number times two, plus one
// for a text. All numbers are LEB128 (seven bits a byte, lowest first, the top bit
// says that more follow); a text is its length, then its bytes.
// What a context has anyway (0, empty, "none") is left out. Numbers of members
// are never used again; members that a reader does not know are stepped over.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "capture/frame.h"
#include "event/context.h"

namespace tracee {

constexpr uint32_t kExampleEnterprise = 32473;

// Room that encode_context() and write_comment() may take at most; longer texts
// are cut for the comment, and for the option left out.
constexpr size_t kContextBytesMax = 16 * 1024;
constexpr size_t kCommentBytesMax = 1024;

// Writes the option's value in host byte order; returns its length.
size_t encode_context(const Context& context, uint8_t* out) noexcept;

// False: another's option, or a damaged one. The time, the two lengths of the
// packet and its direction are the file's, not the option's. Texts in `out` are
// views into `value`.
bool decode_context(Bytes value, FileOrder order, Context& out) noexcept;

// "curl pid=4711 tid=4711 uid=1000 …"; 0: nobody owns the packet. UTF-8 without
// control characters, whatever the owner calls itself.
size_t write_comment(const Context& context, char* out) noexcept;

}  // namespace tracee
