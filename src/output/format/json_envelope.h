// SPDX-License-Identifier: Apache-2.0
// What the JSON of an event says of its packet's owner. Nine tenths of an envelope
// are the same from packet to packet of one thread, so these are rendered once and
// kept: the events of a thread that is seen again cost a comparison and a copy.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "event/context.h"
#include "output/format/json_record.h"

namespace tracee {

// The three parts of the envelope that only the owner decides.
struct OwnerText {
  std::string_view before_cpu;  // ,"threadStartTime":…,"processorId":
  std::string_view head;        // ,"processId":…,"kubernetes":{…}
  std::string_view tail;        // ,"contextFlags":…,"parentEntityId":…
};

class OwnerTexts {
 public:
  OwnerTexts();

  // The views hold until the next call. Null: the texts are longer than any
  // owner's can be.
  const OwnerText* of(const Context& context) noexcept;

 private:
  static constexpr size_t kEntries = 128;
  static constexpr size_t kTextBytes = 4096;  // no container's names need half of it
  static constexpr size_t kOnceBytes = size_t{1} << 20;

  struct Entry {
    Context owner;  // its texts are copies, behind those of `text`
    OwnerText text;
    bool used = false;
  };

  bool fill(Entry& entry, std::span<char> texts, const Context& context) const noexcept;

  JsonRecord before_cpu_, head_, tail_;
  std::string cpu_key_;
  std::array<Entry, kEntries> entries_;
  // kTextBytes of each entry; those that are not used cost no memory.
  std::unique_ptr<char[]> texts_;
  // Of an owner whose names are too long to be kept.
  Entry once_;
  std::unique_ptr<char[]> once_texts_;
};

}  // namespace tracee
