// SPDX-License-Identifier: Apache-2.0
#include "view/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tracee {
namespace {

using Json = nlohmann::json;

// A member, or an empty value: a log may lack what our own events have.
const Json& member(const Json& object, const char* name) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(name);
  return found == object.end() ? kNothing : *found;
}
std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}
uint64_t number_of(const Json& value) {
  return value.is_number_unsigned() ? value.get<uint64_t>() : 0;
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
  std::map<std::string, const Json*> args;  // by name
  const Json* whole = nullptr;

  const Json& arg(const char* name) const {
    static const Json kNothing;
    const auto found = args.find(name);
    return found == args.end() ? kNothing : *found->second;
  }
};

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
  const Json whole = Json::parse(text, nullptr, false);
  if (whole.is_discarded() || !whole.is_object() || !whole.contains("eventName") ||
      !member(whole, "args").is_array()) {
    return fail(Exit::RunTime, "it is not an event of tracee's default JSON",
                "write the log with tracee --output json");
  }
  Line line;
  line.whole = &whole;
  line.event = text_of(whole["eventName"]);
  line.time_ns = number_of(member(whole, "timestamp"));
  for (const Json& argument : whole["args"]) {
    const Json& name = member(argument, "name");
    if (name.is_string()) line.args[name.get<std::string>()] = &member(argument, "value");
  }
  if (line.event == "lost_events") {
    lost_ += number_of(line.arg("count"));
    return {};
  }
  const uint64_t pid = number_of(member(whole, "hostProcessId"));
  if (pid != 0) line.process = text_of(member(whole, "processName")) + "/" + std::to_string(pid);
  const Json& container = member(whole, "container");
  line.container = text_of(member(container, "name"));
  if (line.container.empty()) line.container = text_of(member(whole, "containerId")).substr(0, 12);

  const Json& meta = line.arg("metadata");
  const bool has_ends = line.args.contains("src");
  const std::string src = text_of(has_ends ? line.arg("src") : member(meta, "src_ip"));
  const std::string dst = text_of(has_ends ? line.arg("dst") : member(meta, "dst_ip"));
  const uint64_t src_port = number_of(has_ends ? line.arg("src_port") : member(meta, "src_port"));
  const uint64_t dst_port = number_of(has_ends ? line.arg("dst_port") : member(meta, "dst_port"));
  // Without the extended form the client's end, whose port is higher, counts as the local one.
  const Json& network = member(whole, "network");
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
  if (const Json& message = line.arg("proto_dns"); message.is_object()) {
    const Json& questions = member(message, "questions");
    if (!questions.is_array() || questions.empty()) return;
    name = text_of(member(questions[0], "name"));
    type = text_of(member(questions[0], "type"));
    is_question = number_of(member(message, "QR")) == 0;
    if (!is_question) {
      answer = text_of(member(message, "responseCode"));
      for (const Json& record : member(message, "answers")) {
        for (const char* shown : {"IP", "CNAME", "NS", "PTR"}) {
          const std::string value = text_of(member(record, shown));
          if (!value.empty()) answer = value;
        }
      }
    }
  } else if (const Json& asked = line.arg("dns_questions"); asked.is_array() && !asked.empty()) {
    name = text_of(member(asked[0], "query"));
    type = text_of(member(asked[0], "query_type"));
    is_question = true;
  } else if (const Json& told = line.arg("dns_response"); told.is_array() && !told.empty()) {
    const Json& query = member(told[0], "query_data");
    name = text_of(member(query, "query"));
    type = text_of(member(query, "query_type"));
    answer = "no answer";
    for (const Json& each : member(told[0], "dns_answer")) answer = text_of(member(each, "answer"));
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
  const Json* message = nullptr;
  for (const char* name : {"proto_http", "http_request", "http_response"}) {
    if (line.args.contains(name)) message = &line.arg(name);
  }
  if (message == nullptr) return;
  const std::string connection = line.process + " " + with_port(line.local, line.local_port) + " " +
                                 with_port(line.remote, line.remote_port);
  const std::string method = text_of(member(*message, "method"));
  if (!method.empty()) {
    std::pair key(line.process, method + " " + text_of(member(*message, "host")) +
                                    text_of(member(*message, "uri_path")));
    requests_[key].sum.add(line.time_ns, 0, false);
    open_requests_[connection] = std::move(key);
    return;
  }
  const auto open = open_requests_.find(connection);
  if (open == open_requests_.end()) return;
  const auto request = requests_.find(open->second);
  if (request == requests_.end()) return;
  request->second.status = text_of(member(*message, "status"));
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
  const Json& metadata = member(*line.whole, "metadata");
  const Json& threat = member(*line.whole, "threat");
  finding.text = text_of(member(metadata, "Description"));
  if (const Json& severity = member(threat, "severity"); severity.is_number_unsigned()) {
    static constexpr const char* kNames[] = {"info", "low", "medium", "high", "critical"};
    const auto level = severity.get<uint64_t>();
    finding.severity = level < std::size(kNames) ? kNames[level] : "";
  }
  for (const auto& [name, value] : line.args) {
    finding.text +=
        (finding.text.empty() ? "" : "; ") + name + ": " +
        (value->is_string() ? value->get<std::string>()
                            : value->dump(-1, ' ', false, Json::error_handler_t::replace));
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
