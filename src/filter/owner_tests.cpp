// SPDX-License-Identifier: Apache-2.0
#include "filter/owner_tests.h"

#include <algorithm>

namespace tracee {
namespace {

// Deeper process trees exist on no host; a loop in a table must end.
constexpr int kMaxAncestors = 128;

class Descends final : public OwnerTest {
 public:
  Descends(const ProcessTree& processes, std::vector<uint32_t> roots, std::vector<uint32_t> cut)
      : processes_(processes), roots_(std::move(roots)), cut_(std::move(cut)) {}

  bool keeps(const Context& context) const noexcept override {
    Context at = context;
    for (int i = 0; i < kMaxAncestors && at.host_process_id != 0; ++i) {
      if (std::ranges::find(roots_, at.host_process_id) != roots_.end()) return true;
      if (std::ranges::find(cut_, at.host_process_id) != cut_.end()) return false;
      Context parent;
      if (!processes_.parent_of(at, parent)) break;
      at = parent;
    }
    return roots_.empty();
  }

 private:
  const ProcessTree& processes_;
  std::vector<uint32_t> roots_, cut_;
};

class NewProcess final : public OwnerTest {
 public:
  explicit NewProcess(const ProcessTree& processes) : processes_(processes) {}
  bool keeps(const Context& context) const noexcept override {
    return context.host_process_id != 0 && processes_.is_new_process(context);
  }

 private:
  const ProcessTree& processes_;
};

class NewContainer final : public OwnerTest {
 public:
  explicit NewContainer(const ProcessTree& processes) : processes_(processes) {}
  bool keeps(const Context& context) const noexcept override {
    return !context.container.id.empty() && processes_.is_new_container(context.container.id);
  }

 private:
  const ProcessTree& processes_;
};

class Follow final : public OwnerTest {
 public:
  Follow(const ProcessTree& processes, Program scope)
      : processes_(processes), scope_(std::move(scope)) {}

  bool keeps(const Context& context) const noexcept override {
    // A scope reads the context only.
    if (scope_.keeps(Event{nullptr, &context, nullptr})) return true;
    Context at = context;
    for (int i = 0; i < kMaxAncestors && at.host_process_id != 0; ++i) {
      Context parent;
      if (!processes_.parent_of(at, parent)) return false;
      if (scope_.keeps(Event{nullptr, &parent, nullptr})) return true;
      at = parent;
    }
    return false;
  }

 private:
  const ProcessTree& processes_;
  Program scope_;
};

}  // namespace

std::shared_ptr<const OwnerTest> descends_test(const ProcessTree& processes,
                                               std::vector<uint32_t> roots,
                                               std::vector<uint32_t> cut) {
  return std::make_shared<Descends>(processes, std::move(roots), std::move(cut));
}

std::shared_ptr<const OwnerTest> new_process_test(const ProcessTree& processes) {
  return std::make_shared<NewProcess>(processes);
}

std::shared_ptr<const OwnerTest> new_container_test(const ProcessTree& processes) {
  return std::make_shared<NewContainer>(processes);
}

std::shared_ptr<const OwnerTest> follow_test(const ProcessTree& processes, Program scope) {
  return std::make_shared<Follow>(processes, std::move(scope));
}

Tree owner_tree(std::shared_ptr<const OwnerTest> test) {
  Tree out{Tree::Op::Owner};
  out.owner = std::move(test);
  return out;
}

}  // namespace tracee
