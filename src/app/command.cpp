// SPDX-License-Identifier: Apache-2.0
#include "app/command.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "capture/probe.h"

namespace tracee {
namespace {

// As env(1) and shells have it.
constexpr Exit kNotFound{127}, kNotExecutable{126};

tl::unexpected<Error> cannot_run(const std::string& name, int error) {
  const bool missing = error == ENOENT;
  return fail(
      missing ? kNotFound : kNotExecutable, name + ": " + std::strerror(error),
      missing ? "no such program: check its name and PATH" : "it is there, but cannot be executed");
}

// errno says why not.
bool is_program(const std::string& path) {
  struct stat file;
  if (::access(path.c_str(), X_OK) != 0 || ::stat(path.c_str(), &file) != 0) return false;
  if (S_ISREG(file.st_mode)) return true;
  errno = EACCES;
  return false;
}

// Where execvp(3) would find it; errno says why not.
std::string find_program(const std::string& name) {
  if (name.find('/') != name.npos) return is_program(name) ? name : "";
  const char* variable = std::getenv("PATH");
  std::string_view path = variable != nullptr ? variable : "/usr/bin:/bin";
  int error = ENOENT;
  while (!path.empty()) {
    const size_t size = std::min(path.find(':'), path.size());
    std::string program(size == 0 ? "." : path.substr(0, size));
    path.remove_prefix(std::min(size + 1, path.size()));
    program += '/';
    program += name;
    if (is_program(program)) return program;
    if (errno == EACCES) error = EACCES;
  }
  errno = error;
  return "";
}

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(Exit::RunTime, "cannot make a pipe", "raise the open-file limit");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// In the new process. Nothing of the tracer may outlive this.
[[noreturn]] void become(const std::string& program, char* const* arguments, Pipe& go, Fd& trouble,
                         bool keep_stdout) {
  go.write.reset();
  const uint32_t pid = own_host_pid();
  char word = 0;
  if (::write(trouble.get(), &pid, sizeof pid) != sizeof pid ||
      ::read(go.read.get(), &word, 1) != 1)
    ::_exit(127);
  if (keep_stdout) (void)::dup2(STDERR_FILENO, STDOUT_FILENO);
  // An ignored signal would stay so.
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM})
    ::signal(number, SIG_DFL);
  ::execv(program.c_str(), arguments);
  const int error = errno;
  (void)!::write(trouble.get(), &error, sizeof error);
  ::_exit(126);
}

}  // namespace

Result<Command> Command::prepare(const std::vector<std::string>& words, bool keep_stdout) {
  Command out;
  out.name_ = words.front();
  const std::string program = find_program(out.name_);
  if (program.empty()) return cannot_run(out.name_, errno);
  std::vector<char*> arguments;
  for (const std::string& word : words)
    arguments.push_back(const_cast<char*>(word.c_str()));  // NOLINT: execv's type
  arguments.push_back(nullptr);
  auto go = make_pipe();
  auto trouble = make_pipe();
  if (!go || !trouble) return forward(go ? trouble : go);
  const pid_t pid = ::fork();
  if (pid == 0) become(program, arguments.data(), *go, trouble->write, keep_stdout);
  out.process_ = Fd(pid > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)) : -1);
  if (!out.process_)
    return fail(Exit::RunTime, std::string("cannot start a process: ") + std::strerror(errno),
                "raise the limit of processes");
  out.go_ = std::move(go->write);
  out.trouble_ = std::move(trouble->read);
  trouble->write.reset();
  if (::read(out.trouble_.get(), &out.host_pid_, sizeof out.host_pid_) != sizeof out.host_pid_ ||
      out.host_pid_ == 0)
    out.host_pid_ = static_cast<uint32_t>(pid);
  return out;
}

Result<> Command::start() {
  const char word = 1;
  int error = 0;
  if (::write(go_.get(), &word, 1) != 1) error = errno;
  go_.reset();
  // The other end is closed by the execution.
  if (error == 0 && ::read(trouble_.get(), &error, sizeof error) != sizeof error) return {};
  return cannot_run(name_, error);
}

std::optional<int> Command::status() {
  if (status_ || !process_) return status_;
  siginfo_t info{};
  const auto id = static_cast<id_t>(process_.get());
  if (::waitid(static_cast<idtype_t>(P_PIDFD), id, &info, WEXITED | WNOHANG) != 0 ||
      info.si_pid == 0)
    return std::nullopt;
  status_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
  return status_;
}

Command::~Command() {
  if (!process_ || status()) return;
  if (go_) {
    // It has not started: it ends by itself once its pipe is closed.
    go_.reset();
    siginfo_t info{};
    (void)::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(process_.get()), &info,
                   WEXITED);
    return;
  }
  (void)::syscall(SYS_pidfd_send_signal, process_.get(), SIGTERM, nullptr, 0);
}

}  // namespace tracee
