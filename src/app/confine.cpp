// SPDX-License-Identifier: Apache-2.0
#include "app/confine.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <utility>

#include "base/capabilities.h"
#include "base/fd.h"
#include "base/sanitizer.h"

namespace tracee {
namespace {

// By purpose; those that an architecture does not have are passed over.
constexpr const char* kAllowed[] = {
    // descriptors and files
    "read", "readv", "pread64", "preadv", "preadv2", "write", "writev", "pwrite64", "pwritev",
    "pwritev2", "open", "openat", "openat2", "close", "close_range", "lseek", "_llseek", "fstat",
    "stat", "lstat", "newfstatat", "fstatat64", "statx", "statfs", "fstatfs", "access", "faccessat",
    "faccessat2", "readlink", "readlinkat", "getdents64", "fcntl", "fcntl64", "dup", "dup2", "dup3",
    "pipe", "pipe2", "ftruncate", "fallocate", "fsync", "fdatasync", "sync_file_range", "fadvise64",
    "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "chmod",
    "fchmod", "fchmodat", "umask", "getcwd", "flock", "ioctl", "sendfile", "splice", "utimensat",
    "fsetxattr", "fgetxattr", "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
    // memory
    "brk", "mmap", "mmap2", "mremap", "munmap", "mprotect", "madvise", "mlock", "membarrier",
    // waiting, time, signals
    "poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_create", "epoll_ctl",
    "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd2", "timerfd_create", "timerfd_settime",
    "timerfd_gettime", "signalfd4", "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep",
    "gettimeofday", "time", "setitimer", "getitimer", "alarm", "timer_create", "timer_settime",
    "timer_delete", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait",
    "rt_sigpending", "rt_sigsuspend", "sigaltstack", "restart_syscall", "pause", "kill", "tgkill",
    "pidfd_open", "pidfd_send_signal", "wait4", "waitid",
    // threads
    "futex", "futex_waitv", "set_robust_list", "get_robust_list", "rseq", "set_tid_address",
    "sched_yield", "sched_getaffinity", "sched_setaffinity", "sched_getparam", "sched_getscheduler",
    "sched_get_priority_max", "sched_get_priority_min", "exit", "exit_group",
    // network of the sinks
    "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "getsockname",
    "getpeername", "getsockopt", "setsockopt", "shutdown", "sendto", "sendmsg", "sendmmsg",
    "recvfrom", "recvmsg", "recvmmsg",
    // about oneself
    "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getgroups", "getpgrp",
    "getpgid", "getsid", "getrandom", "getrusage", "times", "getrlimit", "ugetrlimit", "prlimit64",
    "uname", "sysinfo", "getcpu", "capget", "capset", "prctl", "arch_prctl"};

// On objects that are there already: counters, another walk over the tasks, the end.
constexpr uint64_t kBpfAllowed[] = {BPF_MAP_LOOKUP_ELEM, BPF_OBJ_GET_INFO_BY_FD, BPF_LINK_CREATE,
                                    BPF_ITER_CREATE, BPF_LINK_DETACH};

std::optional<Confinement> prepared;

Result<> failed(const std::string& what, int error) {
  return fail(Exit::RunTime, what + ": " + std::strerror(error),
              "--no-confine goes on with all privileges");
}

// Of what is made anew: where that happens.
std::string folder_of(const std::string& path) {
  std::error_code none;
  if (std::filesystem::is_directory(path, none)) return path;
  const auto parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

Result<> become(const std::string& name) {
  const passwd* user = ::getpwnam(name.c_str());
  if (user == nullptr) return failed("--user: '" + name + "' is gone", ENOENT);
  // The C library does this for all threads.
  if (::initgroups(user->pw_name, user->pw_gid) != 0 ||
      ::setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
      ::setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
    return failed("--user: cannot become '" + name + "'", errno);
  return {};
}

bool is_kernel_before(long major, long minor) {
  utsname host;
  if (::uname(&host) != 0) return false;
  char* dot = nullptr;
  const long first = std::strtol(host.release, &dot, 10);
  const long second = *dot == '.' ? std::strtol(dot + 1, nullptr, 10) : 0;
  return first < major || (first == major && second < minor);
}

constexpr uint64_t kWrites =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

// Writing only below these folders, and to /dev; no programs. Kernels without Landlock, or
// with it turned off, leave it at the rest.
void limit_files(const std::vector<std::string>& written) {
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = kWrites;
  const Fd rules(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!rules) return;
  const auto allow = [&](const std::string& folder, uint64_t access) {
    const Fd at(::open(folder.c_str(), O_PATH | O_CLOEXEC));
    landlock_path_beneath_attr beneath{};
    beneath.allowed_access = access;
    beneath.parent_fd = at.get();
    if (at) ::syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
  };
  for (const std::string& path : written)
    allow(folder_of(path), kWrites & ~LANDLOCK_ACCESS_FS_EXECUTE);
  allow("/dev", LANDLOCK_ACCESS_FS_WRITE_FILE);
  ::syscall(SYS_landlock_restrict_self, rules.get(), 0);
}

struct ReleaseFilter {
  void operator()(void* filter) const noexcept { seccomp_release(filter); }
};

Result<> limit_calls() {
  const std::unique_ptr<void, ReleaseFilter> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return failed("no filter of system calls", ENOMEM);
  int error = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  const auto allow = [&](const char* name, std::initializer_list<scmp_arg_cmp> conditions) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR || error != 0) return;
    error = seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, number,
                                   static_cast<unsigned>(conditions.size()), conditions.begin());
  };
  for (const char* name : kAllowed) allow(name, {});
  for (const uint64_t command : kBpfAllowed) allow("bpf", {{0, SCMP_CMP_EQ, command, 0}});
  // Threads of libraries; never processes. The C library takes ENOSYS of clone3, whose flags
  // cannot be seen, for a reason to use clone.
  allow("clone", {{0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD}});
  if (kSanitized) {
    for (const char* name : {"ptrace", "getdents"}) allow(name, {});
    allow("clone", {{0, SCMP_CMP_MASKED_EQ, CLONE_UNTRACED, CLONE_UNTRACED}});
  }
  if (error == 0)
    error = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  if (error == 0) error = seccomp_load(filter.get());
  return error == 0 ? Result<>() : failed("cannot filter system calls", -error);
}

}  // namespace

Result<> prepare_confinement(Confinement wanted) {
  if (!wanted.user.empty() && ::getpwnam(wanted.user.c_str()) == nullptr)
    return fail(Exit::Usage, "--user: unknown user '" + wanted.user + "'",
                "give the name of an account of this host");
  uint64_t kept = 0;
  const auto keep = [&kept](int number) { kept |= uint64_t{1} << number; };
  if (wanted.signals_others) keep(CAP_KILL);
  if (wanted.files_are_read_again) keep(CAP_DAC_READ_SEARCH);
  for (const std::string& path : wanted.written) {
    struct stat folder {};
    if (::stat(folder_of(path).c_str(), &folder) == 0 && folder.st_uid != ::geteuid())
      keep(CAP_DAC_OVERRIDE);
  }
  // Before 5.19 the map of the counters is closed to who may not use BPF.
  if (is_kernel_before(5, 19)) keep(CAP_BPF);
  // Who becomes another user keeps none, and the C library wants all threads to have them
  // until then.
  if (wanted.user.empty()) plan_capabilities(kept);
  prepared = std::move(wanted);
  return {};
}

Result<> confine() {
  if (!prepared) return {};
  if (!prepared->user.empty()) {
    if (auto done = become(prepared->user); !done) return done;
    plan_capabilities(0);
  }
  if (kSanitized) ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);  // it was given up with the user
  if (!drop_capabilities()) return failed("cannot give up capabilities", errno);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return failed("cannot rule out new privileges", errno);
  limit_files(prepared->written);
  return limit_calls();
}

}  // namespace tracee
