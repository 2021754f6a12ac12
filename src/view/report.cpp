// SPDX-License-Identifier: Apache-2.0
#include "view/report.h"

#include <simdjson.h>

#include <algorithm>

namespace tracee {
namespace {

// Views into the parser's memory, which the next line takes.
using Json = simdjson::dom::element;

const Json& nothing() {
  static simdjson::dom::parser parser;
  static const Json kNull = parser.parse("null", 4).value();
  return kNull;
}

// A member, or an empty value: a log may lack what our own events have.
Json member(const Json& object, std::string_view name) {
  Json found;
  return object.is_object() && object[name].get(found) == simdjson::SUCCESS ? found : nothing();
}
// What is no list is an empty one.
simdjson::dom::array list_of(const Json& value) {
  simdjson::dom::array list;
  static simdjson::dom::parser parser;
  static const simdjson::dom::array kEmpty = parser.parse("[]", 2).get_array().value();
  return value.get(list) == simdjson::SUCCESS ? list : kEmpty;
}
// The first element, or an empty value.
Json first_of(const Json& value) {
  Json first;
  return value.is_array() && value.at(0).get(first) == simdjson::SUCCESS ? first : nothing();
}
std::string text_of(const Json& value) {
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}
uint64_t number_of(const Json& value) {
  uint64_t number = 0;
  return value.get(number) == simdjson::SUCCESS ? number : 0;
}

// Keeps a table within its bound: the quarter whose last event is oldest goes.
template <class Map, class Last>
uint64_t forget_oldest(Map& map, size_t most, Last&& last) {
  if (map.size() <= most) return 0;
  std::vector<uint64_t> ages;
  ages.reserve(map.size());
  for (const auto& [key, value] : map) ages.push_back(last(value));
  std::ranges::nth_element(ages, ages.begin() + static_cast<ptrdiff_t>(ages.size() / 4));
  const uint64_t limit = ages[ages.size() / 4];
  const size_t before = map.size();
  const size_t most_gone = most / 4 + 1;
  for (auto it = map.begin(); it != map.end() && before - map.size() < most_gone;) {
    it = last(it->second) <= limit ? map.erase(it) : std::next(it);
  }
  return before - map.size();
}

std::string with_port(const std::string& address, uint64_t port) {
  if (port == 0) return address;
  const bool v6 = address.find(':') != address.npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

}  // namespace

struct Report::Line {
  uint64_t time_ns = 0, bytes = 0;
  std::string event, protocol, process, container, local, remote;
  uint64_t local_port = 0, remote_port = 0;
  bool is_packet = false;
  std::map<std::string_view, Json> args;  // by name
  Json whole;

  Json arg(std::string_view name) const {
    const auto found = args.find(name);
    return found == args.end() ? nothing() : found->second;
  }
};

struct Report::Parser {
  simdjson::dom::parser json;
};

Report::Report(size_t most) : parser_(std::make_unique<Parser>()), most_(most) {}
Report::~Report() = default;

void Report::Sum::add(uint64_t time_ns, uint64_t packet_bytes, bool is_packet) noexcept {
  ++events;
  if (is_packet) {
    ++packets;
    bytes += packet_bytes;
  }
  if (first_ns == 0 || time_ns < first_ns) first_ns = time_ns;
  last_ns = std::max(last_ns, time_ns);
}

Result<> Report::add(std::string_view text) {
  Line line;
  Json& whole = line.whole;
  if (parser_->json.parse(text.data(), text.size()).get(whole) != simdjson::SUCCESS ||
      member(whole, "eventName").is_null() || !member(whole, "args").is_array()) {
    return fail(Exit::RunTime, "it is not an event of tracee's default JSON",
                "write the log with tracee --output json");
  }
  line.event = text_of(member(whole, "eventName"));
  line.time_ns = number_of(member(whole, "timestamp"));
  for (const Json argument : list_of(member(whole, "args"))) {
    std::string_view name;
    if (member(argument, "name").get(name) == simdjson::SUCCESS) {
      line.args[name] = member(argument, "value");
    }
  }
  if (line.event == "lost_events") {
    lost_ += number_of(line.arg("count"));
    return {};
  }
  const uint64_t pid = number_of(member(whole, "hostProcessId"));
  if (pid != 0) line.process = text_of(member(whole, "processName")) + "/" + std::to_string(pid);
  const Json container = member(whole, "container");
  line.container = text_of(member(container, "name"));
  if (line.container.empty()) line.container = text_of(member(whole, "containerId")).substr(0, 12);

  const Json meta = line.arg("metadata");
  const bool has_ends = line.args.contains("src");
  const std::string src = text_of(has_ends ? line.arg("src") : member(meta, "src_ip"));
  const std::string dst = text_of(has_ends ? line.arg("dst") : member(meta, "dst_ip"));
  const uint64_t src_port = number_of(has_ends ? line.arg("src_port") : member(meta, "src_port"));
  const uint64_t dst_port = number_of(has_ends ? line.arg("dst_port") : member(meta, "dst_port"));
  // Without the extended form the client's end, whose port is higher, counts as the local one.
  const Json network = member(whole, "network");
  const std::string direction = text_of(member(network, "direction"));
  const bool out = direction.empty() ? src_port != dst_port ? src_port > dst_port : src < dst
                                     : direction == "egress";
  line.local = out ? src : dst;
  line.remote = out ? dst : src;
  line.local_port = out ? src_port : dst_port;
  line.remote_port = out ? dst_port : src_port;
  line.bytes = number_of(member(network, "packetLength"));
  has_bytes_ = has_bytes_ || line.bytes > 0;

  constexpr std::string_view kPrefix = "net_packet_";
  line.protocol = line.event.starts_with(kPrefix) ? line.event.substr(kPrefix.size()) : "";
  line.is_packet = line.protocol == "tcp" || line.protocol == "udp" || line.protocol == "icmp" ||
                   line.protocol == "icmpv6";
  all_.add(line.time_ns, line.bytes, line.is_packet);
  note_timeline(line);
  if (line.protocol.empty()) {
    note_finding(line);
    return {};
  }
  protocols_[line.protocol].add(line.time_ns, line.bytes, line.is_packet);
  note_packet(line);
  note_dns(line);
  note_http(line);
  const auto sum = [](const Sum& value) { return value.last_ns; };
  const auto inner = [](const auto& value) { return value.sum.last_ns; };
  forgotten_ += forget_oldest(processes_, most_, inner) + forget_oldest(peers_, most_, sum) +
                forget_oldest(edges_, most_, sum) + forget_oldest(questions_, most_, inner) +
                forget_oldest(requests_, most_, inner);
  if (open_requests_.size() > most_) open_requests_.clear();
  return {};
}

void Report::note_packet(const Line& line) {
  const std::string process = line.process.empty() ? "(nobody)" : line.process;
  Process& owner = processes_[process];
  owner.sum.add(line.time_ns, line.bytes, line.is_packet);
  if (!line.container.empty()) owner.container = line.container;
  if (line.remote.empty()) return;
  peers_[line.remote].add(line.time_ns, line.bytes, line.is_packet);
  edges_[{process, line.remote}].add(line.time_ns, line.bytes, line.is_packet);
}

// Of net_packet_dns, or of the request and response events where it is not there.
void Report::note_dns(const Line& line) {
  std::string name, type, answer;
  bool is_question = false;
  if (const Json message = line.arg("proto_dns"); message.is_object()) {
    const Json question = first_of(member(message, "questions"));
    if (question.is_null()) return;
    name = text_of(member(question, "name"));
    type = text_of(member(question, "type"));
    is_question = number_of(member(message, "QR")) == 0;
    if (!is_question) {
      answer = text_of(member(message, "responseCode"));
      for (const Json record : list_of(member(message, "answers"))) {
        for (const char* shown : {"IP", "CNAME", "NS", "PTR"}) {
          const std::string value = text_of(member(record, shown));
          if (!value.empty()) answer = value;
        }
      }
    }
  } else if (const Json asked = first_of(line.arg("dns_questions")); !asked.is_null()) {
    name = text_of(member(asked, "query"));
    type = text_of(member(asked, "query_type"));
    is_question = true;
  } else if (const Json told = first_of(line.arg("dns_response")); !told.is_null()) {
    const Json query = member(told, "query_data");
    name = text_of(member(query, "query"));
    type = text_of(member(query, "query_type"));
    answer = "no answer";
    for (const Json each : list_of(member(told, "dns_answer"))) {
      answer = text_of(member(each, "answer"));
    }
  } else {
    return;
  }
  Question& question = questions_[{line.process, name + " " + type}];
  if (is_question) {
    question.sum.add(line.time_ns, 0, false);
  } else {
    question.sum.last_ns = std::max(question.sum.last_ns, line.time_ns);
    question.answer = answer;
  }
}

void Report::note_http(const Line& line) {
  Json message = nothing();
  for (const char* name : {"proto_http", "http_request", "http_response"}) {
    if (line.args.contains(name)) message = line.arg(name);
  }
  if (message.is_null()) return;
  const std::string connection = line.process + " " + with_port(line.local, line.local_port) + " " +
                                 with_port(line.remote, line.remote_port);
  const std::string method = text_of(member(message, "method"));
  if (!method.empty()) {
    std::pair key(line.process, method + " " + text_of(member(message, "host")) +
                                    text_of(member(message, "uri_path")));
    requests_[key].sum.add(line.time_ns, 0, false);
    open_requests_[connection] = std::move(key);
    return;
  }
  const auto open = open_requests_.find(connection);
  if (open == open_requests_.end()) return;
  const auto request = requests_.find(open->second);
  if (request == requests_.end()) return;
  request->second.status = text_of(member(message, "status"));
  request->second.sum.last_ns = std::max(request->second.sum.last_ns, line.time_ns);
}

void Report::note_finding(const Line& line) {
  if (findings_.size() >= kFindings) {
    ++more_findings_;
    return;
  }
  Finding finding;
  finding.time_ns = line.time_ns;
  finding.name = line.event;
  finding.process = line.process;
  const Json metadata = member(line.whole, "metadata");
  const Json threat = member(line.whole, "threat");
  finding.text = text_of(member(metadata, "Description"));
  if (const Json severity = member(threat, "severity"); severity.is_number()) {
    static constexpr const char* kNames[] = {"info", "low", "medium", "high", "critical"};
    const auto level = number_of(severity);
    finding.severity = level < std::size(kNames) ? kNames[level] : "";
  }
  for (const auto& [name, value] : line.args) {
    finding.text += finding.text.empty() ? "" : "; ";
    finding.text += std::string(name) + ": " +
                    (value.is_string() ? text_of(value) : simdjson::to_string(value));
  }
  findings_.push_back(std::move(finding));
}

// The first slices are a millisecond wide; they pair up when time runs over the end.
void Report::note_timeline(const Line& line) {
  if (begin_ns_ == 0) {
    begin_ns_ = line.time_ns;
    width_ns_ = 1'000'000;
  }
  const uint64_t after = line.time_ns > begin_ns_ ? line.time_ns - begin_ns_ : 0;
  while (after / width_ns_ >= kBuckets) {
    width_ns_ *= 2;
    for (auto& [name, slices] : timeline_) {
      for (size_t i = 0; i < kBuckets; ++i) {
        slices[i] = i < kBuckets / 2 ? slices[2 * i] + slices[2 * i + 1] : 0;
      }
    }
  }
  const std::string name = line.protocol.empty() ? "findings" : line.protocol;
  timeline_[name][after / width_ns_] += 1;
}

}  // namespace tracee
