// SPDX-License-Identifier: Apache-2.0
// A context that outlives its packet, with texts of its own.
#pragma once

#include <cstring>
#include <memory>

#include "event/context.h"

namespace tracee {

class KeptContext {
 public:
  explicit KeptContext(const Context& context) : context_(context) {
    size_t size = 0;
    each_text(context_, [&](std::string_view& text) { size += text.size(); });
    texts_ = std::make_unique_for_overwrite<char[]>(size);
    char* at = texts_.get();
    each_text(context_, [&](std::string_view& text) {
      if (!text.empty()) std::memcpy(at, text.data(), text.size());
      text = {at, text.size()};
      at += text.size();
    });
  }

  const Context& operator*() const { return context_; }

 private:
  Context context_;
  std::unique_ptr<char[]> texts_;
};

}  // namespace tracee
