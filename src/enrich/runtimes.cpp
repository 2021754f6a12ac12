// SPDX-License-Identifier: Apache-2.0
#include "enrich/runtimes.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "enrich/http.h"
#include "enrich/protobuf.h"

namespace tracee {
namespace {

using Json = nlohmann::json;

constexpr auto kPause = std::chrono::seconds(10);
constexpr size_t kMaxNamespaces = 64;
constexpr int kGrpcNotFound = 5;

constexpr std::string_view kContainerName = "io.kubernetes.container.name";
constexpr std::string_view kPodName = "io.kubernetes.pod.name";
constexpr std::string_view kPodNamespace = "io.kubernetes.pod.namespace";
constexpr std::string_view kPodUid = "io.kubernetes.pod.uid";

// `label(NAME)` gives a label's value.
template <class Label>
void take_labels(ContainerNames& names, Label&& label) {
  names.pod_name = label(kPodName);
  names.pod_namespace = label(kPodNamespace);
  names.pod_uid = label(kPodUid);
  names.pod_sandbox = label("io.cri-containerd.kind") == "sandbox" ||
                      label("io.kubernetes.docker.type") == "podsandbox" ||
                      label("io.kubernetes.cri-o.ContainerType") == "sandbox";
  if (const std::string_view name = label(kContainerName); !name.empty()) names.name = name;
}

std::string_view text_at(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string()
             ? std::string_view(found->get_ref<const std::string&>())
             : std::string_view();
}

const Json& object_at(const Json& object, const char* key) {
  static const Json kNone = Json::object();
  if (!object.is_object()) return kNone;
  const auto found = object.find(key);
  return found != object.end() ? *found : kNone;
}

std::string digest_of(std::string_view reference) {
  const size_t at = reference.find("sha256:");
  return at == reference.npos ? std::string() : std::string(reference.substr(at));
}

// Path components from outside: an id that is none does not get into a URL.
bool is_plain(std::string_view id) {
  return !id.empty() && id.size() <= 256 && std::ranges::all_of(id, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  });
}

bool is_hex_id(std::string_view id) {
  return id.size() == 64 && id.find_first_not_of("0123456789abcdef") == id.npos;
}

// What became of one runtime.
struct Asked {
  std::optional<ContainerNames> names{};
  bool late = false;
};

Asked ask_docker(HttpClient& http, const Question& question) {
  const Reply reply = http.get("/containers/" + question.id + "/json");
  if (reply.state == Reply::State::Late) return {{}, true};
  if (reply.state != Reply::State::Answered || reply.status != 200) return {};
  std::string image_id;
  Asked out{read_docker(reply.body, question.id, image_id)};
  if (!out.names || !is_plain(image_id.substr(image_id.find(':') + 1))) return out;
  const Reply image = http.get("/images/" + image_id + "/json");
  if (image.state == Reply::State::Answered && image.status == 200) {
    const Json json = Json::parse(image.body, nullptr, false);
    const Json& digests = object_at(json, "RepoDigests");
    if (digests.is_array() && !digests.empty() && digests[0].is_string()) {
      out.names->image_digest = digest_of(digests[0].get_ref<const std::string&>());
    }
  }
  if (out.names->image_digest.empty()) out.names->image_digest = digest_of(image_id);
  return out;
}

Asked ask_cri(HttpClient& http, const Question& question) {
  const std::string message = proto_text(1, question.id);
  const Reply container = http.call("/runtime.v1.RuntimeService/ContainerStatus", message);
  if (container.state == Reply::State::Late) return {{}, true};
  if (container.grpc_status == 0) return {read_cri_container(container.body, question.id)};
  if (container.grpc_status != kGrpcNotFound) return {};
  const Reply sandbox = http.call("/runtime.v1.RuntimeService/PodSandboxStatus", message);
  if (sandbox.state == Reply::State::Late) return {{}, true};
  if (sandbox.grpc_status == 0) return {read_cri_sandbox(sandbox.body, question.id)};
  return {};
}

std::vector<std::string> namespaces_of(HttpClient& http, bool& late) {
  std::vector<std::string> out;
  const Reply reply = http.call("/containerd.services.namespaces.v1.Namespaces/List", {});
  late = reply.state == Reply::State::Late;
  if (reply.state != Reply::State::Answered || reply.grpc_status != 0) return out;
  ProtoReader reader(reply.body);
  while (reader.next() && out.size() < kMaxNamespaces) {
    if (reader.field() == 1) out.emplace_back(proto_bytes(reader.bytes(), 1));
  }
  // Kubernetes' containers are the most.
  std::stable_partition(out.begin(), out.end(), [](const auto& name) { return name == "k8s.io"; });
  return out;
}

Asked ask_containerd(HttpClient& http, const Question& question) {
  bool late = false;
  const std::vector<std::string> spaces = question.only_namespace.empty()
                                              ? namespaces_of(http, late)
                                              : std::vector{question.only_namespace};
  if (late) return {{}, true};
  for (const std::string& space : spaces) {
    if (!is_plain(space)) continue;
    const std::vector<std::string> headers = {"containerd-namespace: " + space};
    const Reply reply = http.call("/containerd.services.containers.v1.Containers/Get",
                                  proto_text(1, question.id), headers);
    if (reply.state == Reply::State::Late) return {{}, true};
    if (reply.state != Reply::State::Answered || reply.grpc_status != 0) continue;
    Asked out{read_containerd(reply.body, question.id)};
    if (!out.names) continue;
    const Reply image = http.call("/containerd.services.images.v1.Images/Get",
                                  proto_text(1, out.names->image), headers);
    if (image.grpc_status == 0) {
      const std::string_view found = proto_bytes(image.body, 1);
      if (proto_bytes(found, 1) == out.names->image)
        out.names->image_digest = digest_of(proto_bytes(proto_bytes(found, 3), 2));
    }
    return out;
  }
  return question.only_namespace.empty() ? ask_cri(http, question) : Asked{};
}

Asked ask_one(HttpClient& http, const RuntimeSocket& socket, const Question& question) {
  switch (socket.runtime) {
    case Runtime::Docker:
    case Runtime::Podman:
      return ask_docker(http, question);
    case Runtime::Containerd:
      return ask_containerd(http, question);
    case Runtime::Crio:
      return ask_cri(http, question);
    case Runtime::Unknown:
      break;
  }
  return {};
}

}  // namespace

std::optional<ContainerNames> read_docker(std::string_view text, std::string_view id,
                                          std::string& image_id) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || text_at(json, "Id") != id) return std::nullopt;
  ContainerNames out;
  std::string_view name = text_at(json, "Name");
  if (name.starts_with('/')) name.remove_prefix(1);
  out.name = name;
  const Json& config = object_at(json, "Config");
  out.image = text_at(config, "Image");
  image_id = text_at(json, "Image");
  const Json& labels = object_at(config, "Labels");
  take_labels(out, [&](std::string_view key) { return text_at(labels, std::string(key).c_str()); });
  return out;
}

std::optional<ContainerNames> read_containerd(std::string_view message, std::string_view id) {
  const std::string_view container = proto_bytes(message, 1);
  if (proto_bytes(container, 1) != id) return std::nullopt;
  ContainerNames out;
  out.image = proto_bytes(container, 3);
  const auto label = [&](std::string_view key) { return proto_map(container, 2, key); };
  out.name = label("nerdctl/name");
  take_labels(out, label);
  // Its own clients call a container by its id.
  if (out.name.empty() && out.pod_name.empty() && !is_hex_id(id)) out.name = id;
  return out;
}

std::optional<ContainerNames> read_cri_container(std::string_view message, std::string_view id) {
  const std::string_view status = proto_bytes(message, 1);
  if (proto_bytes(status, 1) != id) return std::nullopt;
  ContainerNames out;
  out.name = proto_bytes(proto_bytes(status, 2), 1);
  out.image = proto_bytes(proto_bytes(status, 8), 1);
  out.image_digest = digest_of(proto_bytes(status, 9));
  take_labels(out, [&](std::string_view key) { return proto_map(status, 12, key); });
  return out;
}

std::optional<ContainerNames> read_cri_sandbox(std::string_view message, std::string_view id) {
  const std::string_view status = proto_bytes(message, 1);
  if (proto_bytes(status, 1) != id) return std::nullopt;
  const std::string_view metadata = proto_bytes(status, 2);
  ContainerNames out;
  out.pod_name = proto_bytes(metadata, 1);
  out.pod_uid = proto_bytes(metadata, 2);
  out.pod_namespace = proto_bytes(metadata, 3);
  out.pod_sandbox = true;
  return out;
}

Result<RuntimeSocket> parse_runtime(const std::string& text) {
  const size_t colon = text.find(':');
  RuntimeSocket out{runtime_of(text.substr(0, colon)), {}};
  if (colon != text.npos) out.path = text.substr(colon + 1);
  // curl's own way to write it
  if (out.path.starts_with("unix://")) out.path.erase(0, 7);
  if (out.runtime == Runtime::Unknown || !out.path.starts_with('/')) {
    return fail(Exit::Usage, "--cri: '" + text + "' is not RUNTIME:SOCKET",
                "write docker:, containerd:, crio: or podman: and the socket's path, or none");
  }
  return out;
}

std::vector<RuntimeSocket> default_runtimes() {
  return {{Runtime::Containerd, "/run/containerd/containerd.sock"},
          {Runtime::Containerd, "/run/k3s/containerd/containerd.sock"},
          {Runtime::Docker, "/run/docker.sock"},
          {Runtime::Crio, "/run/crio/crio.sock"},
          {Runtime::Podman, "/run/podman/podman.sock"}};
}

Runtimes::Runtimes(std::vector<RuntimeSocket> sockets, const std::atomic<bool>& ending,
                   long time_ms)
    : ending_(ending), time_ms_(time_ms) {
  for (RuntimeSocket& socket : sockets) places_.push_back({std::move(socket)});
}

std::optional<ContainerNames> Runtimes::ask(const Question& question) {
  if (!is_plain(question.id)) return std::nullopt;
  const bool native = !question.only_namespace.empty();
  std::vector<Place*> order;
  for (Place& place : places_) {
    if (!native || place.socket.runtime == Runtime::Containerd) order.push_back(&place);
  }
  // Docker's containers are containerd's too, but there they have no names.
  std::stable_partition(order.begin(), order.end(), [&](const Place* place) {
    return place->socket.runtime == question.runtime;
  });
  for (Place* place : order) {
    const auto now = std::chrono::steady_clock::now();
    if (now < place->not_before || ending_) continue;
    HttpClient http(place->socket.path, ending_, time_ms_);
    Asked asked = ask_one(http, place->socket, question);
    if (asked.late) place->not_before = now + kPause;
    if (asked.names) return std::move(asked.names);
  }
  return std::nullopt;
}

}  // namespace tracee
