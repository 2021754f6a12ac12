// SPDX-License-Identifier: Apache-2.0
#include "detect/stores.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "base/clock.h"
#include "detect/api_event.h"
#include "detect/registry.h"

namespace tracee {
namespace {

using detection::Answer;
using detection::StoreError;

constexpr size_t kMaxOwners = 8192;
// What one question for several processes answers at most.
constexpr size_t kMostProcesses = 64;

template <class T>
Answer<T> no(StoreError error) {
  return {T{}, error};
}

detection::SystemInfo read_system(const std::string& tracee_version) {
  detection::SystemInfo out;
  out.tracee_version = tracee_version;
  out.architecture = host_architecture();
  utsname names;
  if (uname(&names) == 0) {
    out.kernel_release = names.release;
    out.hostname = names.nodename;
  }
  out.boot_time_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);
  std::ifstream file("/etc/os-release");
  for (std::string line; std::getline(file, line);) {
    const size_t equals = line.find('=');
    if (equals == line.npos) continue;
    std::string value = line.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    const std::string_view key(line.data(), equals);
    if (key == "NAME") out.os_name = value;
    if (key == "VERSION_ID") out.os_version = value;
    if (key == "PRETTY_NAME") out.os_pretty_name = value;
  }
  return out;
}

}  // namespace

// One process, and the container it was in, with texts of its own.
struct Stores::Owner {
  Context context;
  std::string process_name, executable, syscall, host_name;
  std::string id, name, image, digest;

  explicit Owner(const Context& c)
      : context(c),
        process_name(c.process_name),
        executable(c.executable_path),
        host_name(c.host_name),
        id(c.container.id),
        name(c.container.name),
        image(c.container.image),
        digest(c.container.image_digest) {
    context.process_name = process_name;
    context.executable_path = executable;
    context.executable = {};
    context.command_line = {};
    context.user_name = {};
    context.syscall = {};
    context.host_name = host_name;
    context.container = {id, name, image, digest};
    context.kubernetes = {};
    context.interface = {};
    context.direction = {};
  }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
};

struct Stores::Views {
  explicit Views(const Stores& stores, const std::string& version)
      : process(stores), container(stores), dns(stores), system(read_system(version)) {}

  struct OfProcess final : detection::ProcessStore {
    explicit OfProcess(const Stores& all) : all(all) {}
    Answer<detection::Process> get(uint32_t id) const override {
      Context found;
      if (!all.find_process(id, found)) return no<detection::Process>(lacking());
      return {api_process(found)};
    }
    Answer<std::vector<detection::Process>> children(uint32_t id) const override {
      return several([&](std::span<Context> room) { return all.find_children(id, room); });
    }
    Answer<std::vector<detection::Process>> ancestry(uint32_t id, uint32_t depth) const override {
      if (depth == 0) return no<std::vector<detection::Process>>(StoreError::InvalidArgument);
      return several([&](std::span<Context> room) {
        return all.find_line(id, room.first(std::min<size_t>(depth, room.size())));
      });
    }
    template <class Find>
    Answer<std::vector<detection::Process>> several(Find&& find) const {
      std::vector<Context> room(kMostProcesses);
      room.resize(find(std::span<Context>(room)));
      Answer<std::vector<detection::Process>> out;
      for (const Context& each : room) out.value.push_back(api_process(each));
      if (out.value.empty()) out.error = lacking();
      return out;
    }
    StoreError lacking() const {
      return all.remembers_owners_ ? StoreError::NotFound : StoreError::Unhealthy;
    }
    const Stores& all;
  } process;

  struct OfContainer final : detection::ContainerStore {
    explicit OfContainer(const Stores& all) : all(all) {}
    Answer<detection::Container> first(std::string_view text, bool by_name) const {
      if (text.empty()) return no<detection::Container>(StoreError::InvalidArgument);
      Context found;
      if (all.find_container(text, by_name, found)) return {api_container(found)};
      return no<detection::Container>(all.remembers_owners_ ? StoreError::NotFound
                                                            : StoreError::Unhealthy);
    }
    Answer<detection::Container> get(std::string_view prefix) const override {
      return first(prefix, false);
    }
    Answer<detection::Container> get_by_name(std::string_view name) const override {
      return first(name, true);
    }
    const Stores& all;
  } container;

  struct OfDns final : detection::DnsStore {
    explicit OfDns(const Stores& all) : all(all) {}
    Answer<detection::DnsKnowledge> response(std::string_view name) const override {
      if (name.empty()) return no<detection::DnsKnowledge>(StoreError::InvalidArgument);
      if (all.dns_event_ == nullptr) return no<detection::DnsKnowledge>(StoreError::Unhealthy);
      Answer<detection::DnsKnowledge> out;
      if (!all.names_.find(name, all.now_ns_, out.value)) out.error = StoreError::NotFound;
      return out;
    }
    const Stores& all;
  } dns;

  struct OfSystem final : detection::SystemStore {
    explicit OfSystem(detection::SystemInfo known) : known(std::move(known)) {}
    Answer<detection::SystemInfo> info() const override { return {known}; }
    detection::SystemInfo known;
  } system;

  struct OfSyscall final : detection::SyscallStore {
    Answer<std::string> name(uint32_t id) const override {
      const std::string_view found = syscall_name(id);
      if (found.empty()) return no<std::string>(StoreError::NotFound);
      return {std::string(found)};
    }
    Answer<uint32_t> id(std::string_view name) const override {
      const int64_t found = syscall_number(name);
      if (found < 0) return no<uint32_t>(StoreError::NotFound);
      return {static_cast<uint32_t>(found)};
    }
  } syscall;
};

Stores::Stores(const std::string& tracee_version)
    : views_(std::make_unique<Views>(*this, tracee_version)) {}
Stores::~Stores() = default;

const detection::ProcessStore& Stores::process() const { return views_->process; }
const detection::ContainerStore& Stores::container() const { return views_->container; }
const detection::DnsStore& Stores::dns() const { return views_->dns; }
const detection::SystemStore& Stores::system() const { return views_->system; }
const detection::SyscallStore& Stores::syscall() const { return views_->syscall; }

void Stores::learn_from(const EventSpec& dns) {
  for (const Field& field : dns.fields) {
    if (field.type == "trace.ProtoDNS") dns_message_ = &field;
  }
  if (dns_message_ != nullptr) dns_event_ = &dns;
}

void Stores::look_at(const Event& event) noexcept {
  try {
    if (remembers_owners_) remember(*event.context);
    if (event.spec == dns_event_) {
      names_.learn(dns_message_->get(event.data).p, *dns_message_->of, event.context->time_ns);
    }
  } catch (const std::bad_alloc&) {
    // A store that lacks something answers that it does not know.
  }
}

void Stores::remember(const Context& context) {
  const uint32_t id = context.process_entity;
  if (id == 0) return;
  if (const auto known = by_entity_.find(id); known != by_entity_.end()) {
    const Context& old = known->second->context;
    const bool same = old.process_name == context.process_name &&
                      old.executable_path == context.executable_path &&
                      old.container == context.container;
    if (same) {
      owners_.splice(owners_.begin(), owners_, known->second);
      return;
    }
    // It runs another program now, or its container has got a name.
    owners_.erase(known->second);
    by_entity_.erase(known);
  }
  if (owners_.size() == kMaxOwners) {
    by_entity_.erase(owners_.back().context.process_entity);
    owners_.pop_back();
  }
  owners_.emplace_front(context);
  by_entity_.emplace(id, owners_.begin());
}

bool Stores::find_process(uint32_t entity, Context& out) const noexcept {
  if (entity == 0) return false;
  if (tables_ != nullptr && tables_->find_process(entity, out)) return true;
  const auto found = by_entity_.find(entity);
  if (found == by_entity_.end()) return false;
  out = found->second->context;
  return true;
}

size_t Stores::find_children(uint32_t entity, std::span<Context> out) const noexcept {
  if (tables_ != nullptr) return tables_->find_children(entity, out);
  size_t count = 0;
  for (const Owner& owner : owners_) {
    if (entity == 0 || count == out.size()) break;
    if (owner.context.parent_entity == entity) out[count++] = owner.context;
  }
  return count;
}

size_t Stores::find_line(uint32_t entity, std::span<Context> out) const noexcept {
  size_t count = 0;
  while (count < out.size() && find_process(entity, out[count])) {
    entity = out[count++].parent_entity;
  }
  return count;
}

bool Stores::find_container(std::string_view text, bool by_name, Context& out) const noexcept {
  if (text.empty()) return false;
  if (tables_ != nullptr && tables_->find_container(text, by_name, out)) return true;
  const auto owner = std::ranges::find_if(owners_, [&](const Owner& each) {
    const Container& container = each.context.container;
    return !container.id.empty() &&
           (by_name ? container.name == text : container.id.starts_with(text));
  });
  if (owner == owners_.end()) return false;
  out = owner->context;
  return true;
}

const detection::SystemInfo& Stores::system_info() const noexcept { return views_->system.known; }

std::span<const Context> Stores::ancestors(const Context& of, uint32_t depth,
                                           Arena& arena) const noexcept {
  constexpr uint32_t kMost = 5;
  auto out = arena.take<Context>(std::min(depth, kMost));
  for (Context& each : out) std::construct_at(&each);
  return out.first(find_line(of.parent_entity, out));
}

}  // namespace tracee
