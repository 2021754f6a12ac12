// SPDX-License-Identifier: Apache-2.0
// Detectors for tracee, in C++. This one header is all there is to include; read
// it from top to bottom and you know the whole interface.
//
// A detector subscribes to events and answers some of them with findings, which
// are events again: they have an id, a name and data, can be selected, filtered
// and written like any other, and may be what the next detector waits for.
//
//   #include <tracee/detector.h>
//   using namespace tracee::detection;
//
//   class TelnetDetector : public EventDetector {
//    public:
//     DetectorDefinition definition() const override {
//       return {.id = "telnet",
//               .requirements = {.events = {{.name = "net_packet_tcp",
//                                            .data_filters = {"dst_port=23"}}}},
//               .produced_event = {.name = "telnet", .description = "Telnet is used",
//                                  .version = {1, 0, 0}, .fields = {{"peer", "string"}}},
//               .auto_populate = {.detected_from = true}};
//     }
//     Outputs on_event(const Event& event) override {
//       const Tcp* tcp = event.message<Tcp>("proto_tcp");
//       if (tcp == nullptr || !tcp->syn || tcp->ack_flag) return {};
//       return detected(with_fields(string_value("peer", *event.get<std::string_view>("dst"))));
//     }
//   };
//   TRACEE_DETECTORS(TelnetDetector)
//
// Build it as a shared object and hand it over: tracee --detectors ./telnet.so
//
// Rules of the house. All calls come from one thread, in the order of the events;
// a detector must not block. What on_event() is given lives until it returns:
// copy what you keep. An exception is an error: it is caught, counted and told,
// the event goes its way, and the detector is called again for the next one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tracee::detection {

// A plugin and a tracee work together when their numbers are equal. The number
// changes with any change to what follows that a compiled plugin would notice.
inline constexpr uint32_t kAbi = 1;

// ---- 1. What a detector says of itself -------------------------------------

struct Version {
  uint32_t major = 0, minor = 0, patch = 0;
};

// A required event must be there; an optional one that is not is done without.
enum class Dependency : uint8_t { Required, Optional };

struct EventRequirement {
  std::string name{};  // `tracee list` shows what there is
  Dependency dependency = Dependency::Required;
  std::optional<Version> min_version{};  // inclusive
  std::optional<Version> max_version{};  // exclusive
  // "FIELD=VALUE,…" or "FIELD!=VALUE,…", as behind EVENT.data. of --events.
  std::vector<std::string> data_filters{};
  // "comm=curl", "container", …, as behind EVENT.scope. of --events.
  std::vector<std::string> scope_filters{};
};

// process, container, symbol, dns, system, syscall
struct DataStoreRequirement {
  std::string name{};
  Dependency dependency = Dependency::Required;
};

// environment, executable-hash (config: inode, dev-inode, digest-inode), container
struct EnrichmentRequirement {
  std::string name{};
  Dependency dependency = Dependency::Required;
  std::string config{};
};

struct DetectorRequirements {
  std::vector<EventRequirement> events{};  // at least one
  std::vector<DataStoreRequirement> data_stores{};
  std::vector<EnrichmentRequirement> enrichments{};
  std::vector<std::string> architectures{};  // amd64, arm64; none: every one
  std::string min_tracee_version{};          // inclusive, "0.1.0"; empty: any
  std::string max_tracee_version{};          // exclusive
};

// `type`: string, int32, int64, uint32, uint64, bool or bytes.
struct EventField {
  std::string name{}, type{};
  std::string description{};
  bool optional = false;  // findings may lack it
};

struct EventDefinition {
  std::string name{};  // unique over all events
  std::string description{};
  Version version{};
  std::vector<EventField> fields{};
  std::vector<std::string> tags{};  // sets it can be selected by
};

enum class Severity : uint8_t { Info, Low, Medium, High, Critical };

struct Mitre {
  struct {
    std::string name{};
  } tactic{};
  struct {
    std::string id{}, name{};
  } technique{};
};

struct Threat {
  std::string description{};
  Mitre mitre{};
  Severity severity = Severity::Info;
  std::string name{};
  std::vector<std::pair<std::string, std::string>> properties{};
};

// What tracee adds to each finding by itself.
struct AutoPopulateFields {
  bool threat = false;            // the definition's threat metadata, if it has any
  bool detected_from = false;     // the event it was found in, and what that was found in
  bool process_ancestry = false;  // up to five ancestors of the process
};

struct DetectorDefinition {
  std::string id{};  // unique over all detectors
  DetectorRequirements requirements{};
  EventDefinition produced_event{};
  std::optional<Threat> threat_metadata{};
  AutoPopulateFields auto_populate{};
};

// ---- 2. What a detector is given: an event -----------------------------------

struct Ipv4 {
  uint32_t version, ihl, tos, length, id, flags, frag_offset, ttl;
  std::string_view protocol;
  uint32_t checksum;
  std::string_view src_ip, dst_ip;
};

struct Ipv6 {
  uint32_t version, traffic_class, flow_label, length;
  std::string_view next_header;
  uint32_t hop_limit;
  std::string_view src_ip, dst_ip;
};

struct Tcp {
  uint32_t src_port, dst_port, seq, ack, data_offset;
  bool fin, syn, rst, psh, ack_flag, urg, ece, cwr, ns;
  uint32_t window, checksum, urgent;
};

struct Udp {
  uint32_t src_port, dst_port, length, checksum;
};

struct Icmp {
  std::string_view type_code;
  uint32_t checksum, id, seq;
};

struct Icmpv6 {
  std::string_view type_code;
  uint32_t checksum;
};

struct DnsQuestion {
  std::string_view name, type, klass;
};

struct DnsSoa {
  std::string_view mname, rname;
  uint32_t serial, refresh, retry, expire, minimum;
};
struct DnsSrv {
  uint32_t priority, weight, port;
  std::string_view name;
};
struct DnsMx {
  uint32_t preference;
  std::string_view name;
};
struct DnsUri {
  uint32_t priority, weight;
  std::string_view target;
};
struct DnsOption {
  std::string_view code, data;
};

// The members behind `ttl` belong to records of one type: empty or null in others.
struct DnsRecord {
  std::string_view name, type, klass;
  uint32_t ttl;
  std::string_view ip, ns, cname, ptr;
  std::span<const std::string_view> txts;
  const DnsSoa* soa;
  const DnsSrv* srv;
  const DnsMx* mx;
  std::span<const DnsOption> opt;
  const DnsUri* uri;
  std::string_view txt;   // undecoded, with its length octets
  std::string_view data;  // of all other types, in presentation form
};

struct Dns {
  uint32_t id, qr;
  std::string_view op_code;
  bool aa, tc, rd, ra;
  uint32_t z;
  std::string_view response_code;
  uint32_t qd_count, an_count, ns_count, ar_count;
  std::span<const DnsQuestion> questions;
  std::span<const DnsRecord> answers, authorities, additionals;
};

struct DnsQueryData {
  std::string_view query, query_type, query_class;
};
struct DnsQuestions {
  std::span<const DnsQueryData> questions;
};
struct DnsAnswer {
  std::string_view answer_type;
  uint32_t ttl;
  std::string_view answer;
};
struct DnsResponseData {
  DnsQueryData query_data;
  std::span<const DnsAnswer> dns_answer;
};
struct DnsResponses {
  std::span<const DnsResponseData> responses;
};

// Of the request and response events; of plain packets `metadata` is a text:
// ingress, egress or unknown.
struct PacketMetadata {
  std::string_view src_ip, dst_ip;
  uint32_t src_port, dst_port, protocol, packet_len;
  std::string_view iface;
};

struct HttpHeader {
  std::string_view name;
  std::span<const std::string_view> values;
};

// Sorted by name; names are canonical (Content-Type).
struct HttpHeaders {
  std::span<const HttpHeader> all;
  // The first value of that name, or "".
  std::string_view first(std::string_view name) const {
    for (const HttpHeader& header : all) {
      if (header.name == name && !header.values.empty()) return header.values[0];
    }
    return {};
  }
};

struct Http {
  std::string_view direction, method, protocol, host, uri_path, status;
  uint32_t status_code;
  HttpHeaders headers;
  int64_t content_length;
};

struct HttpRequest {
  std::string_view method, protocol, host, uri_path;
  HttpHeaders headers;
  int64_t content_length;
};

struct HttpResponse {
  std::string_view status, protocol;
  uint32_t status_code;
  HttpHeaders headers;
  int64_t content_length;
};

struct Bytes {
  std::span<const uint8_t> bytes;
};
struct Texts {
  std::span<const std::string_view> texts;
};

// Numbers of arguments: ports and all else of up to 32 bits are uint32_t, flags bool.
using Value =
    std::variant<std::monostate, std::string_view, int32_t, int64_t, uint32_t, uint64_t, bool,
                 Bytes, Texts, const Ipv4*, const Ipv6*, const Tcp*, const Udp*, const Icmp*,
                 const Icmpv6*, const Dns*, const DnsQuestions*, const DnsResponses*,
                 const PacketMetadata*, const Http*, const HttpRequest*, const HttpResponse*>;

struct EventValue {
  std::string_view name;
  Value value;
};

// A value that was asked for by name and type, or why there is none.
enum class Lack : uint8_t { None, Missing, WrongType };
template <class T>
struct Got {
  T value{};
  Lack lack = Lack::None;

  explicit operator bool() const { return lack == Lack::None; }
  const T& operator*() const { return value; }  // T{} when there is none
  const T* operator->() const { return &value; }
};

// Of whom the event is. Numbers are 0 and texts empty where nobody owns the packet.
struct Process {
  uint32_t unique_id = 0, parent_unique_id = 0;  // hashes of host id and start
  uint32_t host_pid = 0, pid = 0, host_tid = 0, tid = 0, host_ppid = 0, ppid = 0;
  uint32_t real_user_id = 0;
  uint64_t start_time_ns = 0;
  std::string_view name{};  // of the thread
  std::string_view executable{};
  std::string_view syscall{};
};
struct Container {
  std::string_view id{}, name{}, image{}, image_digest{};
  bool started = false;
};
struct Kubernetes {
  std::string_view pod_name{}, pod_namespace{}, pod_uid{};
};
struct Workload {
  Process process{};
  Container container{};
  Kubernetes k8s{};
};

struct DetectedFrom {
  uint32_t id = 0;
  std::string_view name{};
  std::span<const EventValue> data{};
  const DetectedFrom* parent = nullptr;  // what that was found in, if it was
};

// Read it, do not change it: other detectors see the same one.
struct Event {
  uint32_t id = 0;
  std::string_view name{};
  uint64_t timestamp_ns = 0;  // since the epoch
  Workload workload{};
  std::span<const std::string_view> policies{};  // that kept it
  std::span<const EventValue> data{};
  const DetectedFrom* detected_from = nullptr;  // of findings

  // get<std::string_view>("src"), get<uint32_t>("dst_port")
  template <class T>
  Got<T> get(std::string_view field) const {
    for (const EventValue& each : data) {
      if (each.name != field) continue;
      if (const T* value = std::get_if<T>(&each.value)) return {*value, Lack::None};
      return {{}, Lack::WrongType};
    }
    return {{}, Lack::Missing};
  }
  // message<Dns>("proto_dns"); null: there is none, or it is something else.
  template <class T>
  const T* message(std::string_view field) const {
    return *get<const T*>(field);
  }
};

// The chain of a finding: how many findings it is away from a packet, the event
// it was made of, and the packet's event at its beginning. 0 and null: not known.
inline uint32_t chain_depth(const Event& event) {
  uint32_t depth = 0;
  for (const DetectedFrom* at = event.detected_from; at != nullptr; at = at->parent) ++depth;
  return depth;
}
inline const DetectedFrom* chain_root(const Event& event) {
  const DetectedFrom* at = event.detected_from;
  while (at != nullptr && at->parent != nullptr) at = at->parent;
  return at;
}
inline std::vector<const DetectedFrom*> chain(const Event& event) {
  std::vector<const DetectedFrom*> out;
  for (const DetectedFrom* at = event.detected_from; at != nullptr; at = at->parent) {
    out.push_back(at);
  }
  return out;
}

// ---- 3. What a detector answers: findings ----------------------------------------

struct OutputValue {
  std::string name{};
  // std::vector<uint8_t>: bytes
  std::variant<std::string, int32_t, int64_t, uint32_t, uint64_t, bool, std::vector<uint8_t>>
      value{};
};

inline OutputValue string_value(std::string name, std::string_view value) {
  return {std::move(name), std::string(value)};
}
inline OutputValue int32_value(std::string name, int32_t v) { return {std::move(name), v}; }
inline OutputValue int64_value(std::string name, int64_t v) { return {std::move(name), v}; }
inline OutputValue uint32_value(std::string name, uint32_t v) { return {std::move(name), v}; }
inline OutputValue uint64_value(std::string name, uint64_t v) { return {std::move(name), v}; }
inline OutputValue bool_value(std::string name, bool v) { return {std::move(name), v}; }
inline OutputValue bytes_value(std::string name, std::vector<uint8_t> v) {
  return {std::move(name), std::move(v)};
}

// One finding. Fields that the definition does not declare are shown with the
// type of their value; those it declares must have theirs.
struct DetectorOutput {
  std::vector<OutputValue> data{};
  // Instead of what the definition says.
  std::optional<AutoPopulateFields> auto_populate{};
  std::optional<Threat> threat{};
  std::optional<uint32_t> ancestry_depth{};  // 0: none
};
using Outputs = std::vector<DetectorOutput>;

template <class... Values>
std::vector<OutputValue> with_fields(Values... values) {
  std::vector<OutputValue> out;
  (out.push_back(std::move(values)), ...);
  return out;
}
inline Outputs detected(std::vector<OutputValue> data = {}) {
  Outputs out(1);
  out[0].data = std::move(data);
  return out;
}
// The same under its newer name.
inline Outputs detected_with_data(std::vector<OutputValue> data) {
  return detected(std::move(data));
}

// ---- 4. What a detector may use ------------------------------------------------------

// Lines on tracee's standard error, under the detector's id, with names and
// values in turn: logger->info("found MX record", "name", mx->name). Debug lines are
// shown when TRACEE_DEBUG is set.
class Logger {
 public:
  enum class Level : uint8_t { Debug, Info, Warn, Error };

  template <class... Pairs>
  void debug(std::string_view text, const Pairs&... pairs) {
    log(Level::Debug, text, pairs...);
  }
  template <class... Pairs>
  void info(std::string_view text, const Pairs&... pairs) {
    log(Level::Info, text, pairs...);
  }
  template <class... Pairs>
  void warn(std::string_view text, const Pairs&... pairs) {
    log(Level::Warn, text, pairs...);
  }
  template <class... Pairs>
  void error(std::string_view text, const Pairs&... pairs) {
    log(Level::Error, text, pairs...);
  }

 protected:
  ~Logger() = default;
  // `words`: name, value, name, value, …
  virtual void write(Level level, std::string_view text, std::span<const std::string> words) = 0;
  virtual bool shows(Level level) const = 0;

 private:
  template <class T>
  static std::string word(const T& value) {
    if constexpr (std::is_convertible_v<T, std::string_view>) {
      return std::string(std::string_view(value));
    } else if constexpr (std::is_same_v<T, bool>) {
      return value ? "true" : "false";
    } else {
      return std::to_string(value);
    }
  }
  template <class... Pairs>
  void log(Level level, std::string_view text, const Pairs&... pairs) {
    static_assert(sizeof...(pairs) % 2 == 0, "names and values come in pairs");
    if (!shows(level)) return;
    const std::vector<std::string> words = {word(pairs)...};
    write(level, text, words);
  }
};

// Data stores: read only, never null. One that is not there answers Unhealthy.
enum class StoreError : uint8_t { None, NotFound, Unhealthy, NotImplemented, InvalidArgument };
template <class T>
struct Answer {
  T value{};
  StoreError error = StoreError::None;

  explicit operator bool() const { return error == StoreError::None; }
  const T& operator*() const { return value; }
  const T* operator->() const { return &value; }
};

// Texts in answers live until the call that asked returns to tracee.
class ProcessStore {
 public:
  virtual Answer<Process> get(uint32_t unique_id) const = 0;
  virtual Answer<std::vector<Process>> children(uint32_t unique_id) const = 0;
  // [0] is the process itself; at most `depth` of them.
  virtual Answer<std::vector<Process>> ancestry(uint32_t unique_id, uint32_t depth) const = 0;

 protected:
  ~ProcessStore() = default;
};

class ContainerStore {
 public:
  virtual Answer<Container> get(std::string_view id_prefix) const = 0;
  virtual Answer<Container> get_by_name(std::string_view name) const = 0;

 protected:
  ~ContainerStore() = default;
};

// What the DNS answers seen so far say of a name or an address, while their time
// to live lasts.
struct DnsKnowledge {
  std::string query{};
  std::vector<std::string> ips{}, domains{};
};
class DnsStore {
 public:
  virtual Answer<DnsKnowledge> response(std::string_view name_or_address) const = 0;

 protected:
  ~DnsStore() = default;
};

struct SystemInfo {
  std::string architecture{}, kernel_release{}, hostname{};
  uint64_t boot_time_ns = 0;  // since the epoch
  std::string os_name{}, os_version{}, os_pretty_name{};
  std::string tracee_version{};
};
class SystemStore {
 public:
  virtual Answer<SystemInfo> info() const = 0;

 protected:
  ~SystemStore() = default;
};

class SyscallStore {
 public:
  virtual Answer<std::string> name(uint32_t id) const = 0;
  virtual Answer<uint32_t> id(std::string_view name) const = 0;

 protected:
  ~SyscallStore() = default;
};

class DataStores {
 public:
  virtual const ProcessStore& process() const = 0;
  virtual const ContainerStore& container() const = 0;
  virtual const DnsStore& dns() const = 0;
  virtual const SystemStore& system() const = 0;
  virtual const SyscallStore& syscall() const = 0;

 protected:
  ~DataStores() = default;
};

// What --detectors-config gave for this detector, by key.
using Config = std::vector<std::pair<std::string, std::string>>;

// Lives as long as the detector.
struct DetectorParams {
  Logger* logger = nullptr;
  const DataStores* stores = nullptr;
  Config config{};
};

// ---- 5. A detector --------------------------------------------------------------------

class EventDetector {
 public:
  EventDetector() = default;
  EventDetector(const EventDetector&) = delete;
  EventDetector& operator=(const EventDetector&) = delete;
  virtual ~EventDetector() = default;

  // Asked once, before anything else.
  virtual DetectorDefinition definition() const = 0;
  // Called when somebody has selected the produced event. An exception turns the
  // detector off and says why.
  virtual void init(const DetectorParams&) {}
  virtual Outputs on_event(const Event& event) = 0;
  // Called once a second of event time (a replay's seconds are the file's). Its
  // findings belong to no process.
  virtual Outputs on_tick(uint64_t /*now_ns*/) { return {}; }
  virtual void close() {}
};

// ---- 6. The way into tracee ------------------------------------------------------------

// The one symbol of a plugin. `abi` comes first for good: it is read before the rest.
struct Plugin {
  uint32_t abi;
  uint32_t count;
  std::unique_ptr<EventDetector> (*const* make)();
};

template <class Detector>
std::unique_ptr<EventDetector> make_detector() {
  return std::make_unique<Detector>();
}

template <class... Detectors>
inline constexpr std::unique_ptr<EventDetector> (*kMakers[])() = {&make_detector<Detectors>...};

}  // namespace tracee::detection

// Once in a plugin, outside of namespaces, with the classes of its detectors.
#define TRACEE_DETECTORS(...)                                                              \
  extern "C" [[gnu::visibility("default")]] const tracee::detection::Plugin tracee_plugin; \
  const tracee::detection::Plugin tracee_plugin = {                                        \
      tracee::detection::kAbi,                                                             \
      static_cast<uint32_t>(std::size(tracee::detection::kMakers<__VA_ARGS__>)),           \
      tracee::detection::kMakers<__VA_ARGS__>};
