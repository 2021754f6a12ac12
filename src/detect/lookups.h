// SPDX-License-Identifier: Apache-2.0
// What the expressions of YAML detectors may ask beside the event: the lists of their
// folder that are sets, and the stores.
//
//   process.get(ID)  process.getAncestry(ID, N)  process.getChildren(ID)
//   container.get(ID)  container.getByName(NAME)
//   dns.getResponse(NAME_OR_ADDRESS)  system.info()
//   syscall.getName(NUMBER)  syscall.getId(NAME)
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "detect/stores.h"
#include "filter/outer.h"

namespace tracee {

using LargeSets = std::map<std::string, std::shared_ptr<const OuterSet>, std::less<>>;

class Lookups final : public Outer {
 public:
  Lookups();
  ~Lookups() override;
  Lookups(const Lookups&) = delete;
  Lookups& operator=(const Lookups&) = delete;

  // The sets of the detector's folder; must outlive the next expressions.
  void use(const LargeSets& sets) { sets_ = &sets; }
  // Before the first event.
  void ask(const Stores& stores) { stores_ = &stores; }

  std::shared_ptr<const OuterSet> set(std::string_view name) const override;
  const OuterFunction* function(std::string_view object, std::string_view name) override;
  std::string refusal(std::string_view object, std::string_view name) const override;

  // What the expressions so far have asked for.
  bool asks_owners() const { return asks_owners_; }
  bool asks_dns() const { return asks_dns_; }

 private:
  class Function;
  const LargeSets* sets_ = nullptr;
  const Stores* stores_ = nullptr;
  std::vector<std::unique_ptr<OuterFunction>> functions_;
  bool asks_owners_ = false, asks_dns_ = false;
};

}  // namespace tracee
