// SPDX-License-Identifier: Apache-2.0
#include "detect/lookups.h"

#include <algorithm>
#include <cstring>

#include "event/address.h"
#include "filter/names.h"

namespace tracee {
namespace {

using detection::SystemInfo;

// ---- records of which nothing but expressions knows

struct DnsAnswer {
  std::string_view query;
  std::span<const std::string_view> ips, domains;
};
constexpr Field kDnsAnswer[] = {
    field<&DnsAnswer::query, "query">("Name that was asked for."),
    field<&DnsAnswer::ips, "ips">("Its addresses."),
    field<&DnsAnswer::domains, "domains">("Its other names."),
};
constexpr RecordSpec kDnsAnswerSpec{"dns", kDnsAnswer};

std::string_view architecture(const SystemInfo& s) noexcept { return s.architecture; }
std::string_view kernel_release(const SystemInfo& s) noexcept { return s.kernel_release; }
std::string_view hostname(const SystemInfo& s) noexcept { return s.hostname; }
std::string_view os_name(const SystemInfo& s) noexcept { return s.os_name; }
std::string_view os_version(const SystemInfo& s) noexcept { return s.os_version; }
std::string_view os_pretty_name(const SystemInfo& s) noexcept { return s.os_pretty_name; }
std::string_view tracee_version(const SystemInfo& s) noexcept { return s.tracee_version; }
constexpr Field kSystem[] = {
    field<&architecture, "architecture">("amd64, arm64."),
    field<&kernel_release, "kernel_release">("As uname has it."),
    field<&hostname, "hostname">("As uname has it."),
    field<&SystemInfo::boot_time_ns, "boot_time">("Ns since the epoch."),
    field<&os_name, "os_name">("Of /etc/os-release."),
    field<&os_version, "os_version">("Of /etc/os-release."),
    field<&os_pretty_name, "os_pretty_name">("Of /etc/os-release."),
    field<&tracee_version, "tracee_version">("Version of this program."),
};
constexpr RecordSpec kSystemSpec{"system", kSystem};

// ---- results in the scratch block

Value record(const void* object) noexcept {
  Value out;
  out.kind = Kind::Record;
  out.p = object;
  return out;
}

std::span<Context> contexts(size_t count, Scratch& scratch) noexcept {
  char* room = take(scratch, count * sizeof(Context), alignof(Context));
  if (room == nullptr) return {};
  auto* first = reinterpret_cast<Context*>(room);
  std::uninitialized_default_construct_n(first, count);
  return {first, count};
}

Value context_at(const void* first, uint32_t index) noexcept {
  return record(static_cast<const Context*>(first) + index);
}

Value list(std::span<const Context> elements) noexcept {
  Value out;
  out.kind = Kind::List;
  out.count = static_cast<uint32_t>(elements.size());
  out.p = elements.data();
  return out;
}

// False: no room.
bool copy(std::string_view text, Scratch& scratch, std::string_view& out) noexcept {
  char* room = take(scratch, text.size());
  if (room == nullptr) return false;
  if (!text.empty()) std::memcpy(room, text.data(), text.size());
  out = {room, text.size()};
  return true;
}
bool copy(const std::vector<std::string>& texts, Scratch& scratch,
          std::span<const std::string_view>& out) noexcept {
  char* room = take(scratch, texts.size() * sizeof(std::string_view), alignof(std::string_view));
  if (room == nullptr) return false;
  auto* first = reinterpret_cast<std::string_view*>(room);
  for (size_t i = 0; i < texts.size(); ++i) {
    if (!copy(texts[i], scratch, *std::construct_at(first + i))) return false;
  }
  out = {first, texts.size()};
  return true;
}

std::string_view text_of(const Value& value, char (&room)[kAddressTextMax]) noexcept {
  if (value.kind == Kind::Text) return value.text();
  if (value.kind != Kind::Address) return {};
  return {room, format_address(room, value.address())};
}

// Negative numbers and those of more than 32 bits are no id of anything.
bool id_of(const Value& value, uint32_t& out) noexcept {
  const bool number = value.kind == Kind::Unsigned || value.kind == Kind::Signed;
  if (!number || value.u > UINT32_MAX) return false;
  out = static_cast<uint32_t>(value.u);
  return true;
}

constexpr Kind kNumber[] = {Kind::Unsigned};
constexpr Kind kTwoNumbers[] = {Kind::Unsigned, Kind::Unsigned};
constexpr Kind kText[] = {Kind::Text};

using Arguments = std::span<const Value>;
using Ask = Value (*)(const Stores&, Arguments, Scratch&);

Value get_process(const Stores& stores, Arguments arguments, Scratch& scratch) {
  const auto room = contexts(1, scratch);
  uint32_t id = 0;
  const bool found = !room.empty() && id_of(arguments[0], id) && stores.find_process(id, room[0]);
  return found ? record(room.data()) : nothing();
}

Value get_ancestry(const Stores& stores, Arguments arguments, Scratch& scratch) {
  constexpr uint64_t kMost = 16;
  const bool below = arguments[1].kind == Kind::Signed && arguments[1].i < 0;
  const auto room = contexts(below ? 0 : std::min(arguments[1].u, kMost), scratch);
  uint32_t id = 0;
  return list(room.first(id_of(arguments[0], id) ? stores.find_line(id, room) : 0));
}

Value get_children(const Stores& stores, Arguments arguments, Scratch& scratch) {
  constexpr size_t kMost = 32;
  const auto room = contexts(kMost, scratch);
  uint32_t id = 0;
  return list(room.first(id_of(arguments[0], id) ? stores.find_children(id, room) : 0));
}

template <bool ByName>
Value get_container(const Stores& stores, Arguments arguments, Scratch& scratch) {
  const auto room = contexts(1, scratch);
  char text[kAddressTextMax];
  const bool found =
      !room.empty() && stores.find_container(text_of(arguments[0], text), ByName, room[0]);
  return found ? record(room.data()) : nothing();
}

Value get_response(const Stores& stores, Arguments arguments, Scratch& scratch) {
  detection::DnsKnowledge known;
  char text[kAddressTextMax];
  const std::string_view name = text_of(arguments[0], text);
  if (name.empty() || !stores.find_name(name, known)) return nothing();
  char* room = take(scratch, sizeof(DnsAnswer), alignof(DnsAnswer));
  if (room == nullptr) return nothing();
  auto* out = std::construct_at(reinterpret_cast<DnsAnswer*>(room));
  const bool fits = copy(known.query, scratch, out->query) && copy(known.ips, scratch, out->ips) &&
                    copy(known.domains, scratch, out->domains);
  return fits ? record(out) : nothing();
}

Value get_system(const Stores& stores, Arguments, Scratch&) {
  return record(&stores.system_info());
}

Value get_syscall_name(const Stores&, Arguments arguments, Scratch&) {
  uint32_t number = 0;
  const std::string_view name =
      id_of(arguments[0], number) ? syscall_name(number) : std::string_view();
  return name.empty() ? nothing() : value_of(name);
}

Value get_syscall_id(const Stores&, Arguments arguments, Scratch&) {
  char text[kAddressTextMax];
  const int64_t number = syscall_number(text_of(arguments[0], text));
  return number < 0 ? nothing() : value_of(static_cast<uint64_t>(number));
}

struct Known {
  OuterFunction::Signature signature;
  Ask ask;
};

std::span<const Known> all_functions() {
  static const Known kAll[] = {
      {{"process", "get", kNumber, Kind::Record, Kind::Text, &process_record()}, &get_process},
      {{"process", "getAncestry", kTwoNumbers, Kind::List, Kind::Record, &process_record(),
        &context_at},
       &get_ancestry},
      {{"process", "getChildren", kNumber, Kind::List, Kind::Record, &process_record(),
        &context_at},
       &get_children},
      {{"container", "get", kText, Kind::Record, Kind::Text, &container_record()},
       &get_container<false>},
      {{"container", "getByName", kText, Kind::Record, Kind::Text, &container_record()},
       &get_container<true>},
      {{"dns", "getResponse", kText, Kind::Record, Kind::Text, &kDnsAnswerSpec}, &get_response},
      {{"system", "info", {}, Kind::Record, Kind::Text, &kSystemSpec}, &get_system},
      {{"syscall", "getName", kNumber, Kind::Text}, &get_syscall_name},
      {{"syscall", "getId", kText, Kind::Unsigned}, &get_syscall_id},
  };
  return kAll;
}

}  // namespace

class Lookups::Function final : public OuterFunction {
 public:
  Function(const Known& known, const Lookups& owner)
      : OuterFunction(known.signature), ask_(known.ask), owner_(owner) {}

  Value call(Arguments arguments, const Event&, Scratch& scratch) const noexcept override {
    if (owner_.stores_ == nullptr) return nothing();
    try {
      return ask_(*owner_.stores_, arguments, scratch);
    } catch (...) {  // no memory: not known
      return nothing();
    }
  }

 private:
  Ask ask_;
  const Lookups& owner_;
};

Lookups::Lookups() {
  for (const Known& known : all_functions()) {
    functions_.push_back(std::make_unique<Function>(known, *this));
  }
}

Lookups::~Lookups() = default;

std::shared_ptr<const OuterSet> Lookups::set(std::string_view name) const {
  if (sets_ == nullptr) return nullptr;
  const auto found = sets_->find(name);
  return found == sets_->end() ? nullptr : found->second;
}

const OuterFunction* Lookups::function(std::string_view object, std::string_view name) {
  for (const auto& each : functions_) {
    const OuterFunction::Signature& signature = each->signature();
    if (signature.object != object || signature.name != name) continue;
    asks_owners_ = asks_owners_ || object == "process" || object == "container";
    asks_dns_ = asks_dns_ || object == "dns";
    return each.get();
  }
  return nullptr;
}

std::string Lookups::refusal(std::string_view object, std::string_view name) const {
  if (object == "kernel") return "there is no store of kernel symbols: they say nothing of packets";
  const auto of_object = [&](const auto& each) { return each->signature().object == object; };
  if (std::ranges::none_of(functions_, of_object)) return "";
  std::string out =
      "'" + std::string(object) + "' has no function '" + std::string(name) + "'; it has";
  for (const auto& each : functions_) {
    if (of_object(each)) out += " " + std::string(each->signature().name);
  }
  return out;
}

}  // namespace tracee
