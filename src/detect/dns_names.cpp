// SPDX-License-Identifier: Apache-2.0
#include "detect/dns_names.h"

#include <algorithm>

#include "event/address.h"

namespace tracee {
namespace {

const Field* field_of(const RecordSpec& spec, std::string_view name) {
  for (const Field& field : spec.fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

Value member(const void* object, const RecordSpec& spec, std::string_view name) {
  const Field* field = field_of(spec, name);
  if (field == nullptr || (field->present != nullptr && !field->present(object))) return {};
  return field->get(object);
}

// Names compare without case; those of reverse look-ups as the bare octets.
std::string key_of(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  for (const std::string_view suffix : {".in-addr.arpa", ".ip6.arpa"}) {
    if (out.ends_with(suffix)) out.resize(out.size() - suffix.size());
  }
  return out;
}

// What a record points to; "": nothing that is kept.
std::string target_of(const void* record, const RecordSpec& spec, bool& is_address) {
  const std::string_view type = member(record, spec, "type").text();
  is_address = type == "A" || type == "AAAA";
  if (is_address) {
    const Value ip = member(record, spec, "IP");
    if (ip.kind != Kind::Address) return "";
    char text[kAddressTextMax];
    return {text, format_address(text, ip.address())};
  }
  for (const std::string_view name : {"CNAME", "PTR"}) {
    if (type == name) return key_of(member(record, spec, name).text());
  }
  for (const std::string_view name : {"MX", "SRV"}) {
    if (type != name) continue;
    const Value value = member(record, spec, name);
    return key_of(member(value.p, *field_of(spec, name)->of, "name").text());
  }
  return "";
}

}  // namespace

// A name is in its root and in the index.
size_t DnsNames::bytes_of(const std::string& name) {
  return 2 * (sizeof(std::string) + name.size()) + sizeof(Edge) + 64;
}

// The number of the name among those of the root, which it is made one of.
uint16_t DnsNames::mention(const std::string& name, Roots::iterator root) {
  const auto known = std::ranges::find(root->names, name);
  const auto number = static_cast<uint16_t>(known - root->names.begin());
  if (known == root->names.end()) {
    root->names.push_back(name);
    bytes_ += bytes_of(name);
    mentions_.insert({name, root->number, root});
  }
  return number;
}

void DnsNames::forget(Roots::iterator root) {
  for (const std::string& name : root->names) {
    mentions_.erase({name, root->number, root});
    bytes_ -= bytes_of(name);
  }
  by_question_.erase(root->names.front());
  roots_.erase(root);
}

void DnsNames::learn(const void* message, const RecordSpec& spec, uint64_t time_ns) {
  const Value questions = member(message, spec, "questions");
  const Value answers = member(message, spec, "answers");
  const bool response = member(message, spec, "QR").u == 1;
  if (!response || questions.count != 1 || answers.count == 0) return;
  const Field& asked = *field_of(spec, "questions");
  const std::string question = key_of(member(asked.at(questions.p, 0).p, *asked.of, "name").text());

  if (const auto known = by_question_.find(question); known != by_question_.end()) {
    roots_.splice(roots_.begin(), roots_, known->second);
  } else {
    if (roots_.size() == kMaxQuestions) forget(std::prev(roots_.end()));
    roots_.push_front({asked_++, {question}, {}});
    bytes_ += bytes_of(question);
    mentions_.insert({question, roots_.front().number, roots_.begin()});
    by_question_.emplace(question, roots_.begin());
  }
  const auto root = roots_.begin();
  const Field& list = *field_of(spec, "answers");
  for (uint32_t i = 0; i < answers.count; ++i) {
    if (i >= kMaxAnswers && root->edges.size() == kMaxAnswers) break;
    const void* record = list.at(answers.p, i).p;
    bool is_address = false;
    const std::string to = target_of(record, *list.of, is_address);
    if (to.empty()) continue;
    const std::string from = key_of(member(record, *list.of, "name").text());
    const uint64_t expires = time_ns + member(record, *list.of, "TTL").u * 1'000'000'000;
    const auto same = std::ranges::find_if(root->edges, [&](const Edge& edge) {
      return root->names[edge.from] == from && root->names[edge.to] == to;
    });
    if (same != root->edges.end()) {
      same->expires_ns = expires;
      continue;
    }
    if (root->edges.size() == kMaxAnswers) continue;
    const uint16_t from_number = mention(from, root);
    root->edges.push_back({from_number, mention(to, root), is_address, expires});
  }
  while (bytes_ > kMaxBytes && roots_.size() > 1) forget(std::prev(roots_.end()));
}

namespace {

void add(std::vector<std::string>& list, const std::string& text) {
  if (std::ranges::find(list, text) == list.end()) list.push_back(text);
}

}  // namespace

// All that is reached from `start` over answers that live: upwards what stands for
// it, downwards what it stands for. The nearest first.
std::vector<const DnsNames::Edge*> DnsNames::reached(const Root& root, uint16_t start, bool up,
                                                     uint64_t now_ns) {
  std::vector<const Edge*> out;
  std::vector<uint16_t> open = {start};
  for (size_t i = 0; i < open.size(); ++i) {
    for (const Edge& edge : root.edges) {
      if (edge.expires_ns < now_ns || (up ? edge.to : edge.from) != open[i]) continue;
      const uint16_t next = up ? edge.from : edge.to;
      if (std::ranges::find(open, next) != open.end()) continue;
      open.push_back(next);
      out.push_back(&edge);
    }
  }
  return out;
}

bool DnsNames::find(std::string_view name, uint64_t now_ns, detection::DnsKnowledge& out) const {
  const std::string asked = key_of(name);
  out = {};
  out.query = asked;
  std::vector<std::string> before, after, addresses;
  bool known = false;
  size_t left = kMaxAsked;
  for (auto at = mentions_.lower_bound({asked, UINT64_MAX, {}});
       at != mentions_.end() && at->name == asked && left > 0; ++at, --left) {
    const Root& root = *at->root;
    const auto number =
        static_cast<uint16_t>(std::ranges::find(root.names, asked) - root.names.begin());
    const auto above = reached(root, number, true, now_ns);
    const auto below = reached(root, number, false, now_ns);
    known = known || number == 0 || !above.empty() || !below.empty();
    const auto full = [&] { return before.size() + after.size() + addresses.size() >= kMaxFound; };
    const auto take = [&](std::vector<std::string>& list, uint16_t one) {
      if (!full()) add(list, root.names[one]);
    };
    for (const Edge* edge : above) take(before, edge->from);
    for (const Edge* edge : below) take(edge->to_address ? addresses : after, edge->to);
    if (full()) break;
  }
  if (!known) return false;
  std::ranges::reverse(before);
  for (const std::string& each : before) add(out.domains, each);
  add(parse_address(asked) ? out.ips : out.domains, asked);
  for (const std::string& each : after) add(out.domains, each);
  for (const std::string& each : addresses) add(out.ips, each);
  return true;
}

}  // namespace tracee
