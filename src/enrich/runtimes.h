// SPDX-License-Identifier: Apache-2.0
// Asks container runtimes for the names of one container: Docker and Podman over
// HTTP, containerd over its own gRPC and CRI, CRI-O over CRI. Blocks: for the
// resolver's thread only. Believes nothing: another container's answer, one that is
// too long and one that is none all count as no answer.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "enrich/container.h"

namespace tracee {

struct RuntimeSocket {
  Runtime runtime;
  std::string path;
};

// `RUNTIME:SOCKET`, as in docker:/run/docker.sock.
Result<RuntimeSocket> parse_runtime(const std::string& text);
// Where Debian's packages, k3s and the projects themselves put them.
std::vector<RuntimeSocket> default_runtimes();

struct Question {
  std::string id;
  Runtime runtime = Runtime::Unknown;
  std::string only_namespace;  // of containerd; not empty: nobody else is asked
};

class Runtimes {
 public:
  Runtimes(std::vector<RuntimeSocket> sockets, const std::atomic<bool>& ending,
           long time_ms = 2000);
  bool empty() const noexcept { return places_.empty(); }

  // It gives up once `ending`. Nothing: no runtime knows it, or none can be reached.
  std::optional<ContainerNames> ask(const Question& question);

 private:
  struct Place {
    RuntimeSocket socket;
    // One that did not answer in time is left alone until then.
    std::chrono::steady_clock::time_point not_before{};
  };
  std::vector<Place> places_;
  const std::atomic<bool>& ending_;
  long time_ms_;
};

// What the answers say; for tests and fuzzing too. Nothing: not of that container.
std::optional<ContainerNames> read_docker(std::string_view text, std::string_view id,
                                          std::string& image_id);
std::optional<ContainerNames> read_containerd(std::string_view message, std::string_view id);
std::optional<ContainerNames> read_cri_container(std::string_view message, std::string_view id);
std::optional<ContainerNames> read_cri_sandbox(std::string_view message, std::string_view id);

}  // namespace tracee
