// SPDX-License-Identifier: Apache-2.0
#include "detect/stores.h"

#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "detect/api_event.h"
#include "detect/registry.h"

namespace tracee {
namespace {

using detection::Answer;
using detection::StoreError;

constexpr size_t kMaxOwners = 8192;

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
  timespec real, boot;
  clock_gettime(CLOCK_REALTIME, &real);
  clock_gettime(CLOCK_BOOTTIME, &boot);
  const auto ns = [](const timespec& t) {
    return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
  };
  out.boot_time_ns = ns(real) - ns(boot);
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
      const auto found = all.by_entity_.find(id);
      if (found == all.by_entity_.end()) return no<detection::Process>(lacking());
      return {api_process(found->second->context)};
    }
    Answer<std::vector<detection::Process>> children(uint32_t id) const override {
      Answer<std::vector<detection::Process>> out;
      for (const Owner& owner : all.owners_) {
        if (owner.context.parent_entity == id) out.value.push_back(api_process(owner.context));
      }
      if (out.value.empty()) out.error = lacking();
      return out;
    }
    Answer<std::vector<detection::Process>> ancestry(uint32_t id, uint32_t depth) const override {
      Answer<std::vector<detection::Process>> out;
      auto found = all.by_entity_.find(id);
      while (found != all.by_entity_.end() && out.value.size() < depth) {
        out.value.push_back(api_process(found->second->context));
        found = all.by_entity_.find(found->second->context.parent_entity);
      }
      if (out.value.empty()) out.error = depth == 0 ? StoreError::InvalidArgument : lacking();
      return out;
    }
    StoreError lacking() const {
      return all.remembers_owners_ ? StoreError::NotFound : StoreError::Unhealthy;
    }
    const Stores& all;
  } process;

  struct OfContainer final : detection::ContainerStore {
    explicit OfContainer(const Stores& all) : all(all) {}
    template <class Wanted>
    Answer<detection::Container> first(Wanted&& wanted) const {
      if (!all.remembers_owners_) return no<detection::Container>(StoreError::Unhealthy);
      const auto owner = std::ranges::find_if(all.owners_, [&](const Owner& each) {
        return !each.context.container.id.empty() && wanted(each.context.container);
      });
      if (owner == all.owners_.end()) return no<detection::Container>(StoreError::NotFound);
      return {api_container(owner->context)};
    }
    Answer<detection::Container> get(std::string_view prefix) const override {
      if (prefix.empty()) return no<detection::Container>(StoreError::InvalidArgument);
      return first([&](const Container& c) { return c.id.starts_with(prefix); });
    }
    Answer<detection::Container> get_by_name(std::string_view name) const override {
      if (name.empty()) return no<detection::Container>(StoreError::InvalidArgument);
      return first([&](const Container& c) { return c.name == name; });
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
    owners_.splice(owners_.begin(), owners_, known->second);
    return;
  }
  if (owners_.size() == kMaxOwners) {
    by_entity_.erase(owners_.back().context.process_entity);
    owners_.pop_back();
  }
  owners_.emplace_front(context);
  by_entity_.emplace(id, owners_.begin());
}

std::span<const Context> Stores::ancestors(const Context& of, uint32_t depth,
                                           Arena& arena) const noexcept {
  constexpr uint32_t kMost = 5;
  auto out = arena.take<Context>(std::min(depth, kMost));
  size_t count = 0;
  auto found = by_entity_.find(of.parent_entity);
  while (found != by_entity_.end() && count < out.size()) {
    std::construct_at(&out[count++], found->second->context);
    found = by_entity_.find(found->second->context.parent_entity);
  }
  return out.first(count);
}

}  // namespace tracee
