// SPDX-License-Identifier: Apache-2.0
// Confinement is for ever, so each case confines a child and asks it what it can do.
#include "app/confine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <thread>

#include "base/sanitizer.h"

namespace tracee {
namespace {

constexpr int kHolds = 0, kNot = 1, kNotConfined = 2;

class Folder {
 public:
  Folder() { EXPECT_NE(nullptr, ::mkdtemp(path_)); }
  ~Folder() {
    for (const char* name : {"/out/file", "/out", "/file"}) {
      const std::string path = path_ + std::string(name);
      if (::unlink(path.c_str()) != 0) ::rmdir(path.c_str());
    }
    ::rmdir(path_);
  }
  std::string operator/(const char* name) const { return std::string(path_) + "/" + name; }

 private:
  char path_[32] = "/tmp/tracee-confine-XXXXXX";
};

// Of a child that is confined, and may write `written`.
template <class Question>
int asked(const std::string& written, Question&& holds) {
  const pid_t child = ::fork();
  if (child == 0) {
    Confinement wanted;
    wanted.written = {written};
    if (!prepare_confinement(wanted) || !confine()) ::_exit(kNotConfined);
    ::_exit(holds() ? kHolds : kNot);
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool is_refused(long result) { return result == -1 && errno == EPERM; }

TEST(Confine, RefusesWhatNobodyNeedsAnyMore) {
  const auto refused = [] {
    char* const nothing[] = {nullptr};
    bpf_attr load = {};
    return is_refused(::execve("/bin/true", nothing, nothing)) && is_refused(::fork()) &&
           // A sanitizer's leak check traces: it has to pass there.
           (kSanitized || is_refused(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr))) &&
           is_refused(::mount("none", "/", "tmpfs", 0, nullptr)) && is_refused(::setuid(0)) &&
           is_refused(::syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load)) &&
           is_refused(::syscall(SYS_unshare, 0)) && ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  };
  EXPECT_EQ(kHolds, asked("/tmp/x", refused));
}

TEST(Confine, LeavesWhatTracingNeeds) {
  const Folder folder;
  ASSERT_EQ(0, ::mkdir((folder / "out").c_str(), 0755));
  const std::string path = folder / "out/file";
  const auto works = [&] {
    bool ran = false;
    std::thread([&ran] { ran = true; }).join();
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT, 0640);
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    bpf_attr look = {};
    // The filter lets it pass; the kernel says that there is no such map.
    const bool bpf = ::syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &look, sizeof look) == -1 &&
                     errno != EPERM && errno != ENOSYS;
    return ran && file >= 0 && ::rename(path.c_str(), (path + ".old").c_str()) == 0 &&
           ::unlink((path + ".old").c_str()) == 0 && socket >= 0 && bpf;
  };
  EXPECT_EQ(kHolds, asked(path, works));
}

TEST(Confine, FilesElsewhereCannotBeWritten) {
  if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1) <= 0)
    GTEST_SKIP() << "no Landlock here: where files are written is not limited";
  const Folder folder;
  ASSERT_EQ(0, ::mkdir((folder / "out").c_str(), 0755));
  const auto refused = [&] {
    return ::open((folder / "file").c_str(), O_WRONLY | O_CREAT, 0640) == -1 && errno == EACCES &&
           ::open((folder / "out/file").c_str(), O_WRONLY | O_CREAT, 0640) >= 0;
  };
  EXPECT_EQ(kHolds, asked(folder / "out/file", refused));
}

TEST(Confine, NothingPreparedIsNothingDone) {
  EXPECT_TRUE(confine());
  EXPECT_EQ(0, ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

TEST(Confine, AnUnknownUserIsAnErrorOfUse) {
  Confinement wanted;
  wanted.user = "no such user";
  const auto done = prepare_confinement(wanted);
  ASSERT_FALSE(done);
  EXPECT_EQ(Exit::Usage, done.error().code);
  EXPECT_FALSE(done.error().hint.empty());
}

}  // namespace
}  // namespace tracee
