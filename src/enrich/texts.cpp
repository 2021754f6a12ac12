// SPDX-License-Identifier: Apache-2.0
#include "enrich/texts.h"

namespace tracee {

Texts::Text* Texts::hold(std::string_view text) {
  if (text.empty()) return nullptr;
  if (const auto found = texts_.find(text); found != texts_.end()) return hold(found->second.get());
  if (!has_room(text.size())) {
    ++refused_;
    return nullptr;
  }
  auto made = std::make_unique<Text>(Text{std::string(text), 1});
  used_bytes_ += text.size();
  const std::string_view key = made->bytes;
  return texts_.emplace(key, std::move(made)).first->second.get();
}

Texts::Text* Texts::hold(Text* text) noexcept {
  if (text != nullptr) ++text->holders;
  return text;
}

void Texts::release(Text* text) noexcept {
  if (text == nullptr || --text->holders > 0) return;
  used_bytes_ -= text->bytes.size();
  // Not erase(key): the key would be read while its text goes.
  texts_.erase(texts_.find(text->bytes));
}

}  // namespace tracee
