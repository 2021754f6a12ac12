// SPDX-License-Identifier: Apache-2.0
// Runtimes that are absent, slow, broken, or say things of another container. A
// server of one thread plays Docker over a UNIX socket.
#include "enrich/runtimes.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <thread>

#include "base/fd.h"
#include "enrich/protobuf.h"
#include "enrich/resolver.h"

namespace tracee {
namespace {

const std::string kId(64, 'a');
const std::string kJson = R"({"Id":")" + kId +
                          R"(","Name":"/web","Image":"sha256:77","Config":{"Image":"nginx:1",
    "Labels":{"io.kubernetes.pod.name":"p","io.kubernetes.pod.namespace":"n",
              "io.kubernetes.pod.uid":"u","io.kubernetes.container.name":"c"}}})";

// Answers each connection by what `answer` makes of its request; "" : never.
class FakeRuntime {
 public:
  explicit FakeRuntime(std::function<std::string(const std::string&)> answer)
      : answer_(std::move(answer)), listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    ::unlink(path_.c_str());
    EXPECT_EQ(0, ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
    EXPECT_EQ(0, ::listen(listener_.get(), 8));
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeRuntime() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
    ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }

 private:
  void serve() {
    std::vector<Fd> silent;
    for (;;) {
      Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!peer) return;
      char request[4096];
      const ssize_t size = ::read(peer.get(), request, sizeof request);
      const std::string reply = answer_({request, static_cast<size_t>(std::max<ssize_t>(size, 0))});
      if (reply.empty()) {
        silent.push_back(std::move(peer));
        continue;
      }
      size_t at = 0;
      while (at < reply.size()) {
        const ssize_t sent = ::send(peer.get(), reply.data() + at, reply.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) break;
        at += static_cast<size_t>(sent);
      }
    }
  }

  const std::string path_ = testing::TempDir() + "runtime." + std::to_string(::getpid());
  std::function<std::string(const std::string&)> answer_;
  Fd listener_;
  std::thread thread_;
};

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

std::optional<ContainerNames> ask(const std::string& socket, long time_ms = 60'000) {
  const std::atomic<bool> ending = false;
  Runtimes runtimes({{Runtime::Docker, socket}}, ending, time_ms);
  return runtimes.ask({kId, Runtime::Unknown, {}});
}

TEST(Runtimes, DockersAnswer) {
  const FakeRuntime docker([](const std::string& request) {
    if (request.find("GET /images/sha256:77/json") == 0)
      return ok(R"({"RepoDigests":["nginx@sha256:99"]})");
    return request.find("GET /containers/" + kId + "/json") == 0 ? ok(kJson) : ok("{}");
  });
  const auto names = ask(docker.path());
  ASSERT_TRUE(names);
  EXPECT_EQ(names->name, "c") << "Kubernetes' name of the container, not the kubelet's";
  EXPECT_EQ(names->image, "nginx:1");
  EXPECT_EQ(names->image_digest, "sha256:99");
  EXPECT_EQ(names->pod_name, "p");
  EXPECT_EQ(names->pod_namespace, "n");
  EXPECT_EQ(names->pod_uid, "u");
  EXPECT_FALSE(names->pod_sandbox);
}

TEST(Runtimes, WhatIsNoAnswer) {
  EXPECT_FALSE(ask("/nonexistent/docker.sock"));
  const std::string other = std::string(kJson).replace(kJson.find(kId), 1, "b");
  for (const std::string& reply :
       {std::string("garbage\r\n\r\n"), ok(""), ok("[]"), ok("{\"Id\":7}"), ok(kJson.substr(0, 90)),
        ok(other), std::string("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
        ok(std::string(5 << 20, ' ')), ok(std::string(100'000, '['))}) {
    const FakeRuntime docker([&](const std::string&) { return reply; });
    EXPECT_FALSE(ask(docker.path())) << reply.substr(0, 60);
  }
}

TEST(Runtimes, ASlowOneIsLeftAloneForAWhile) {
  std::atomic<int> asked = 0;
  const FakeRuntime docker([&](const std::string&) {
    ++asked;
    return std::string();
  });
  const std::atomic<bool> ending = false;
  Runtimes runtimes({{Runtime::Docker, docker.path()}}, ending, 100);
  EXPECT_FALSE(runtimes.ask({kId, Runtime::Unknown, {}}));
  EXPECT_FALSE(runtimes.ask({kId, Runtime::Unknown, {}}));
  EXPECT_EQ(asked, 1);
}

TEST(Runtimes, IdsThatAreNoneAreNotAsked) {
  const FakeRuntime docker([](const std::string&) { return ok(kJson); });
  const std::atomic<bool> ending = false;
  Runtimes runtimes({{Runtime::Docker, docker.path()}}, ending);
  for (const char* id : {"", "../images", "a/b", "a b", "a?x"}) {
    EXPECT_FALSE(runtimes.ask({id, Runtime::Unknown, {}})) << id;
  }
}

TEST(Runtimes, ReadsContainerdsMessages) {
  const auto pair = [](std::string_view key, std::string_view value) {
    return proto_text(2, proto_text(1, key) + proto_text(2, value));
  };
  const std::string container = proto_text(1, "web") + pair("io.kubernetes.pod.name", "p") +
                                pair("io.cri-containerd.kind", "sandbox") +
                                proto_text(3, "busybox:1");
  const std::string message = proto_text(1, container);
  const auto names = read_containerd(message, "web");
  ASSERT_TRUE(names);
  EXPECT_EQ(names->image, "busybox:1");
  EXPECT_EQ(names->pod_name, "p");
  EXPECT_TRUE(names->pod_sandbox);
  EXPECT_EQ(names->name, "");
  EXPECT_FALSE(read_containerd(message, "other"));
  for (size_t size = 0; size < message.size(); ++size) {
    (void)read_containerd(std::string_view(message).substr(0, size), "web");
  }
  EXPECT_EQ(read_containerd(proto_text(1, proto_text(1, "web")), "web")->name, "web")
      << "its own clients have no other name";
}

TEST(Runtimes, ReadsCri) {
  const std::string status =
      proto_text(1, kId) + proto_text(2, proto_text(1, "c")) +
      proto_text(8, proto_text(1, "docker.io/library/busybox:1")) + proto_text(9, "x@sha256:5") +
      proto_text(12, proto_text(1, "io.kubernetes.pod.namespace") + proto_text(2, "n"));
  const auto names = read_cri_container(proto_text(1, status), kId);
  ASSERT_TRUE(names);
  EXPECT_EQ(names->name, "c");
  EXPECT_EQ(names->image, "docker.io/library/busybox:1");
  EXPECT_EQ(names->image_digest, "sha256:5");
  EXPECT_EQ(names->pod_namespace, "n");
  const std::string pod = proto_text(
      1, proto_text(1, kId) +
             proto_text(2, proto_text(1, "p") + proto_text(2, "u") + proto_text(3, "n")));
  ASSERT_TRUE(read_cri_sandbox(pod, kId));
  EXPECT_EQ(read_cri_sandbox(pod, kId)->pod_uid, "u");
  EXPECT_TRUE(read_cri_sandbox(pod, kId)->pod_sandbox);
  EXPECT_FALSE(read_cri_sandbox(pod, "x"));
}

TEST(Runtimes, BrokenMessagesEnd) {
  for (const char* text : {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x0a\x7f", "\x0a",
                           "\x0b", "\x0d\x01", "\x09\x01\x02"}) {
    EXPECT_EQ(proto_bytes(text, 1), "");
  }
}

TEST(Runtimes, SocketsByName) {
  EXPECT_EQ(parse_runtime("docker:/run/docker.sock")->path, "/run/docker.sock");
  EXPECT_EQ(parse_runtime("crio:unix:///run/crio.sock")->path, "/run/crio.sock");
  EXPECT_EQ(parse_runtime("podman:/p")->runtime, Runtime::Podman);
  for (const char* text : {"", "docker", "docker:", "docker:sock", "dockerd:/run/x", "/run/x"}) {
    ASSERT_FALSE(parse_runtime(text)) << text;
    EXPECT_EQ(parse_runtime(text).error().code, Exit::Usage);
  }
}

TEST(Resolver, AnswersAndEnds) {
  const FakeRuntime docker([](const std::string&) { return ok(kJson); });
  Resolver resolver({{Runtime::Docker, docker.path()}}, 60'000);
  EXPECT_EQ(resolver.room(), Resolver::kQuestions);
  EXPECT_TRUE(resolver.answers().empty());
  resolver.ask({kId, Runtime::Docker, {}});
  std::deque<Answer> answers;
  while (answers.empty()) {
    std::this_thread::yield();
    answers = resolver.answers();
  }
  EXPECT_EQ(answers[0].id, kId);
  EXPECT_EQ(answers[0].names.image, "nginx:1");
}

TEST(Resolver, EndsWhileARuntimeIsSilent) {
  const FakeRuntime docker([](const std::string&) { return std::string(); });
  Resolver resolver({{Runtime::Docker, docker.path()}}, 600'000);
  resolver.ask({kId, Runtime::Docker, {}});
  // The end of the scope is the test: it must not take the ten minutes.
}

TEST(Resolver, WithoutSocketsHasNoRoom) {
  const Resolver resolver({});
  EXPECT_EQ(resolver.room(), 0u);
  EXPECT_EQ(resolver.answers_fd(), -1);
}

}  // namespace
}  // namespace tracee
