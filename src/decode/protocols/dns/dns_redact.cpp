// SPDX-License-Identifier: Apache-2.0
// DNS events without hidden names. A record of such a name is hidden with all that its
// data says, but for addresses.
#include <algorithm>

#include "decode/protocols/dns/dns_event.h"
#include "decode/redact.h"

namespace tracee {
namespace {

struct Hiding {
  const Redaction& what;
  Arena& arena;

  void name(std::string_view& text, bool all = false) const noexcept {
    if ((all && !text.empty()) || what.hides_name(text)) text = kRedacted;
  }
  void part(std::string_view& text, bool all = false) const noexcept {
    if ((all && !text.empty()) || what.hides_part_of(text)) text = kRedacted;
  }
  // A copy; empty: no room.
  template <class T>
  std::span<T> copy(std::span<const T> from) const noexcept {
    const auto out = arena.take<T>(from.size());
    std::ranges::copy(from.first(out.size()), out.begin());
    return out;
  }
};

std::span<const DnsQuestion> hide(std::span<const DnsQuestion> questions,
                                  const Hiding& in) noexcept {
  const auto out = in.copy(questions);
  for (DnsQuestion& question : out) in.name(question.name);
  return out;
}

void hide_data(std::string_view& text, const Hiding& in, bool all) noexcept { in.part(text, all); }

void hide_data(DnsSoa& soa, const Hiding& in, bool all) noexcept {
  in.name(soa.mname, all);
  in.name(soa.rname, all);
}

void hide_data(DnsMx& mx, const Hiding& in, bool all) noexcept { in.name(mx.name, all); }
void hide_data(DnsSrv& srv, const Hiding& in, bool all) noexcept { in.name(srv.name, all); }
void hide_data(DnsUri& uri, const Hiding& in, bool all) noexcept { in.part(uri.target, all); }

void hide_data(DnsText& text, const Hiding& in, bool all) noexcept {
  static constexpr std::string_view kOnly[] = {kRedacted};
  const auto hides = [&](std::string_view one) { return in.what.hides_part_of(one); };
  if (!all && !hides(text.raw) && std::ranges::none_of(text.strings, hides)) return;
  text = {kOnly, kRedacted};
}

void hide_data(std::span<const DnsOption>& options, const Hiding& in, bool) noexcept {
  const auto out = in.copy(options);
  for (DnsOption& option : out) {
    if (!in.what.hides_part_of(option.data) && !in.what.hides_part_of(option.text)) continue;
    option.data = kRedacted;
    if (!option.text.empty()) option.text = kRedacted;
  }
  options = out;
}

template <class T>
const void* hidden(const void* rdata, const Hiding& in, bool all) noexcept {
  T* const copy = in.arena.make(*static_cast<const T*>(rdata));
  if (copy != nullptr) hide_data(*copy, in, all);
  return copy;
}

void hide(DnsRecord& record, const Hiding& in) noexcept {
  const bool all = in.what.hides_name(record.name);
  in.name(record.name);
  if (record.rdata == nullptr) return;
  switch (record.type_number) {
    case dns_type::kA:
    case dns_type::kAaaa:
      return;
    case dns_type::kSoa:
      record.rdata = hidden<DnsSoa>(record.rdata, in, all);
      return;
    case dns_type::kMx:
      record.rdata = hidden<DnsMx>(record.rdata, in, all);
      return;
    case dns_type::kSrv:
      record.rdata = hidden<DnsSrv>(record.rdata, in, all);
      return;
    case dns_type::kUri:
      record.rdata = hidden<DnsUri>(record.rdata, in, all);
      return;
    case dns_type::kTxt:
    case dns_type::kHinfo:
      record.rdata = hidden<DnsText>(record.rdata, in, all);
      return;
    case dns_type::kOpt:
      record.rdata = hidden<std::span<const DnsOption>>(record.rdata, in, all);
      return;
    default:  // one text: a name, or the presentation form
      record.rdata = hidden<std::string_view>(record.rdata, in, all);
  }
}

std::span<const DnsRecord> hide(std::span<const DnsRecord> records, const Hiding& in) noexcept {
  const auto out = in.copy(records);
  for (DnsRecord& record : out) hide(record, in);
  return out;
}

const void* hide_message(const void* data, const Hiding& in) noexcept {
  NetPacketDns* const copy = in.arena.make(*static_cast<const NetPacketDns*>(data));
  DnsMessage& message = copy->message;
  message.questions = hide(message.questions, in);
  message.answers = hide(message.answers, in);
  message.authorities = hide(message.authorities, in);
  message.additionals = hide(message.additionals, in);
  return copy;
}

const void* hide_request(const void* data, const Hiding& in) noexcept {
  auto* const copy = in.arena.make(*static_cast<const NetPacketDnsRequest*>(data));
  copy->questions = hide(copy->questions, in);
  return copy;
}

const void* hide_response(const void* data, const Hiding& in) noexcept {
  auto* const copy = in.arena.make(*static_cast<const NetPacketDnsResponse*>(data));
  const auto responses = in.copy(copy->responses);
  bool all = false;
  for (DnsResponse& response : responses) {
    all = all || in.what.hides_name(response.question.name);
    in.name(response.question.name);
  }
  // All questions show the same answers.
  const auto answers =
      responses.empty() ? std::span<DnsAnswer>() : in.copy(responses.front().answers);
  for (DnsAnswer& answer : answers) {
    const bool is_address = answer.type == "A" || answer.type == "AAAA";
    in.part(answer.answer, all && !is_address);
  }
  for (DnsResponse& response : responses) response.answers = answers;
  copy->responses = responses;
  return copy;
}

}  // namespace

const void* redact_dns(const EventSpec& spec, const void* data, const Redaction& what,
                       Arena& arena) noexcept {
  if (what.names.empty()) return data;
  const Hiding in{what, arena};
  if (&spec == &kNetPacketDns) return hide_message(data, in);
  return &spec == &kNetPacketDnsRequest ? hide_request(data, in) : hide_response(data, in);
}

}  // namespace tracee
