// SPDX-License-Identifier: Apache-2.0
// The reference's JSON. The tables say what is in it; their compiled form
// (json_record.h) and the owner's ready texts (json_envelope.h) write it.
#include <bit>
#include <string>
#include <vector>

#include "base/digits.h"
#include "event/context.h"
#include "output/format/escape.h"
#include "output/format/format.h"
#include "output/format/json_envelope.h"
#include "output/format/json_finding.h"
#include "output/format/json_record.h"

namespace tracee {
namespace {

// Packet events have no stack; the reference shows one zero address.
constexpr std::string_view kStack = ",\"stackAddresses\":[0]";
constexpr std::string_view kArguments = ",\"args\":";

// The constant parts of one kind of event.
struct Constants {
  std::string event;     // ,"eventId":…,"eventName":…
  std::string returned;  // ,"argsNum":…,"returnValue":0,"syscall":
  // Both, with the policy of the command line between.
  std::string no_policy;
  JsonRecord arguments{{}};
};

std::string event_text(const EventSpec& spec) {
  return ",\"eventId\":\"" + std::to_string(spec.id) + "\",\"eventName\":" + json_string(spec.name);
}

Constants constants_of(const EventSpec& spec) {
  Constants out;
  out.event = event_text(spec);
  out.returned = ",\"argsNum\":" + std::to_string(spec.fields.size()) + ",\"returnValue\":0" +
                 std::string(kContextSyscall.key);
  out.no_policy = out.event + ",\"matchedPolicies\":[\"\"]" + out.returned;
  out.arguments = JsonRecord(spec.fields, JsonRecord::Style::Arguments);
  return out;
}

char* put_text(std::string_view text, char* at) noexcept {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

// The key is left out when no policy is named; the command line has one name, "".
char* put_policies(const Event& event, char* at, char* end) noexcept {
  std::string_view before = ",\"matchedPolicies\":[";
  for (uint64_t rest = event.policies; rest != 0; rest &= rest - 1) {
    if (static_cast<size_t>(end - at) < before.size()) return nullptr;
    at = put_text(before, at);
    at = put_json_string(event.policy_names[static_cast<size_t>(std::countr_zero(rest))], at, end);
    if (at == nullptr) return nullptr;
    before = ",";
  }
  if (event.policies == 0) return at;
  if (at == end) return nullptr;
  *at = ']';
  return at + 1;
}

class JsonFormat final : public Format {
 public:
  JsonFormat(const Catalog& catalog, bool extended) {
    for (const EventSpec* spec : catalog.events()) {
      if (kinds_.size() <= spec->id) kinds_.resize(spec->id + 1);
      kinds_[spec->id] = constants_of(*spec);
    }
    if (extended) network_ = JsonRecord({&kContextNetwork, 1});
  }

  void write(const Event& event, Buffer& out) noexcept override {
    if (event.finding != nullptr) return write_finding(event, out);
    const std::span<char> rest = out.rest();
    char* const start = rest.data();
    char* const end = start + rest.size();
    const Constants& kind = kinds_[event.spec->id];
    char* at = put_envelope(event, kind.event, kind.returned, kind.no_policy, start, end);
    if (at != nullptr) at = put_arguments(event, kind, at, end);
    if (at != nullptr) at = network_.put_members(event.context, at, end);
    if (at == nullptr || end - at < 2) {
      out.overflow();
      return;
    }
    at = put_text("}\n", at);
    out.commit(static_cast<size_t>(at - start));
  }

 private:
  // A finding may lack fields, and have more than its kind declares; it may be of a
  // detector that came after the catalogue.
  void write_finding(const Event& event, Buffer& out) noexcept {
    char digits[kMaxDigits];
    const std::string_view count(
        digits, static_cast<size_t>(put_digits(digits, finding_size(event)) - digits));
    const std::string returned = ",\"argsNum\":" + std::string(count) + ",\"returnValue\":0" +
                                 std::string(kContextSyscall.key);
    const std::span<char> rest = out.rest();
    char* const end = rest.data() + rest.size();
    char* at = put_envelope(event, event_text(*event.spec), returned, {}, rest.data(), end);
    if (at == nullptr) return out.overflow();
    out.commit(static_cast<size_t>(at - rest.data()));
    out.put(kArguments);
    put_finding(event, data_, out);
    const std::span<char> left = out.rest();
    at = network_.put_members(event.context, left.data(), left.data() + left.size());
    if (at == nullptr) return out.overflow();
    out.commit(static_cast<size_t>(at - left.data()));
    out.put("}\n");
  }

  // `no_policy`: `event` and `returned` with the policy of the command line between,
  // or empty.
  char* put_envelope(const Event& event, std::string_view kind, std::string_view returned,
                     std::string_view no_policy, char* at, char* end) noexcept {
    const Context& context = *event.context;
    const OwnerText* const owner = owners_.of(context);
    if (owner == nullptr) return nullptr;
    const size_t room = time_key_.size() + owner->before_cpu.size() + owner->head.size() +
                        kind.size() + no_policy.size() + 2 * kMaxDigits;
    if (static_cast<size_t>(end - at) < room) return nullptr;
    at = put_digits(put_text(time_key_, at), context.time_ns);
    at = put_digits(put_text(owner->before_cpu, at), context.cpu);
    at = put_text(owner->head, at);
    if (!no_policy.empty() && event.policy_names.data() == kCommandLine && event.policies == 1) {
      at = put_text(no_policy, at);
    } else {
      at = put_policies(event, put_text(kind, at), end);
      if (at == nullptr || static_cast<size_t>(end - at) < returned.size()) return nullptr;
      at = put_text(returned, at);
    }
    at = put_json_string(context.syscall, at, end);
    if (at == nullptr || static_cast<size_t>(end - at) < kStack.size() + owner->tail.size()) {
      return nullptr;
    }
    return put_text(owner->tail, put_text(kStack, at));
  }

  static char* put_arguments(const Event& event, const Constants& kind, char* at,
                             char* end) noexcept {
    if (static_cast<size_t>(end - at) < kArguments.size()) return nullptr;
    char* const list = put_text(kArguments, at);
    at = kind.arguments.put_members(event.data, list, end);
    if (at == nullptr || end - at < 2) return nullptr;
    if (at == list) return put_text("[]", at);
    *list = '[';  // in place of the first comma
    return put_text("}]", at);
  }

  const std::string time_key_ = "{" + std::string(kContextHead[0].key.substr(1));
  V1Data data_;                   // of what findings were found in
  std::vector<Constants> kinds_;  // by event id
  JsonRecord network_{{}};
  OwnerTexts owners_;
};

}  // namespace

std::unique_ptr<Format> make_json_format(const Catalog& catalog, bool extended) {
  return std::make_unique<JsonFormat>(catalog, extended);
}

}  // namespace tracee
