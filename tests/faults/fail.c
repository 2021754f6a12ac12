/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a process, fails one call of it.
 *
 *   FAULT=FUNCTION:NUMBER:ERRNO   the NUMBERth call of FUNCTION fails with ERRNO
 *   FAULT_WHEN=FILE               counting begins when FILE is there
 *   FAULT_COUNTS=FILE             at the end: how often each was called
 *
 * `bpf` and the others of syscall(2) go by the names in `numbers`. A call that fails
 * does nothing else.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALLS(X)                                                                          \
  X(open) X(openat) X(fopen) X(mmap) X(socket) X(bind) X(listen) X(epoll_create1)         \
  X(epoll_ctl) X(timerfd_create) X(signalfd) X(inotify_init1) X(inotify_add_watch)        \
  X(eventfd) X(pipe2) X(write) X(rename) X(fsync) X(ftruncate) X(bpf) X(perf_event_open)  \
  X(pthread_create) X(malloc) X(memfd_create) X(read) X(dlopen)
enum {
#define X(name) CALL_##name,
  CALLS(X)
#undef X
  CALL_COUNT
};
static const char* const names[] = {
#define X(name) #name,
    CALLS(X)
#undef X
};
static atomic_ulong counts[CALL_COUNT];
static int failing = -1, fault_errno;
static unsigned long failing_number;
static const char *when, *counts_to;
static atomic_int ready;

static int armed(void) {
  return when == NULL || syscall(SYS_access, when, F_OK) == 0;
}

__attribute__((constructor)) static void begin(void) {
  char name[32];
  int error = 0;
  const char* fault = getenv("FAULT");
  when = getenv("FAULT_WHEN");
  counts_to = getenv("FAULT_COUNTS");
  if (fault != NULL && sscanf(fault, "%31[a-z_0-9]:%lu:%d", name, &failing_number, &error) == 3) {
    for (int i = 0; i < CALL_COUNT; i++) {
      if (strcmp(names[i], name) == 0) failing = i;
    }
    fault_errno = error;
  }
  unsetenv("LD_PRELOAD"); /* children are others */
  ready = 1;
}

__attribute__((destructor)) static void end(void) {
  ready = 0;
  if (counts_to == NULL) return;
  FILE* file = fopen(counts_to, "w");
  if (file == NULL) return;
  for (int i = 0; i < CALL_COUNT; i++) fprintf(file, "%s %lu\n", names[i], counts[i]);
  fclose(file);
}

/* Is this the call? */
static int fails(int call) {
  if (!ready || (failing != call && counts_to == NULL) || !armed()) return 0;
  if (atomic_fetch_add(&counts[call], 1) + 1 != failing_number || failing != call) return 0;
  errno = fault_errno;
  return 1;
}

#define NEXT(name) ((__typeof__(&name))next(#name))
static void* next(const char* name) { return dlsym(RTLD_NEXT, name); }

static int open_any(int call, int folder, const char* path, int flags, int mode) {
  return fails(call) ? -1 : (int)syscall(SYS_openat, folder, path, flags, mode);
}
static int mode_of(int flags, va_list list) {
  return flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, int) : 0;
}
#define OPEN(name)                                                        \
  int name(const char* path, int flags, ...) {                            \
    va_list list;                                                         \
    va_start(list, flags);                                                \
    const int mode = mode_of(flags, list);                                \
    va_end(list);                                                         \
    return open_any(CALL_open, AT_FDCWD, path, flags, mode);              \
  }
#define OPENAT(name)                                                      \
  int name(int folder, const char* path, int flags, ...) {                \
    va_list list;                                                         \
    va_start(list, flags);                                                \
    const int mode = mode_of(flags, list);                                \
    va_end(list);                                                         \
    return open_any(CALL_openat, folder, path, flags, mode);              \
  }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

FILE* fopen(const char* path, const char* mode) {
  return fails(CALL_fopen) ? NULL : NEXT(fopen)(path, mode);
}
FILE* fopen64(const char* path, const char* mode) {
  return fails(CALL_fopen) ? NULL : NEXT(fopen64)(path, mode);
}
void* mmap(void* at, size_t size, int protection, int flags, int fd, off_t offset) {
  return fails(CALL_mmap) ? (void*)-1
                          : (void*)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}
void* mmap64(void* at, size_t size, int protection, int flags, int fd, off_t offset) {
  return mmap(at, size, protection, flags, fd, offset);
}

#define SIMPLE(type, name, bad, parameters, arguments)                        \
  type name parameters {                                                      \
    return fails(CALL_##name) ? (bad) : ((type(*) parameters)next(#name))arguments; \
  }
SIMPLE(void*, dlopen, NULL, (const char* file, int flags), (file, flags))
SIMPLE(int, socket, -1, (int domain, int kind, int protocol), (domain, kind, protocol))
SIMPLE(int, bind, -1, (int fd, const struct sockaddr* to, socklen_t size), (fd, to, size))
SIMPLE(int, listen, -1, (int fd, int backlog), (fd, backlog))
SIMPLE(int, epoll_create1, -1, (int flags), (flags))
SIMPLE(int, timerfd_create, -1, (int clock, int flags), (clock, flags))
SIMPLE(int, signalfd, -1, (int fd, const void* mask, int flags), (fd, mask, flags))
SIMPLE(int, inotify_init1, -1, (int flags), (flags))
SIMPLE(int, inotify_add_watch, -1, (int fd, const char* path, unsigned mask), (fd, path, mask))
SIMPLE(int, eventfd, -1, (unsigned value, int flags), (value, flags))
SIMPLE(int, pipe2, -1, (int fds[2], int flags), (fds, flags))
SIMPLE(int, rename, -1, (const char* from, const char* to), (from, to))
SIMPLE(int, fsync, -1, (int fd), (fd))
SIMPLE(int, memfd_create, -1, (const char* name, unsigned flags), (name, flags))
struct epoll_event;
SIMPLE(int, epoll_ctl, -1, (int fd, int what, int other, struct epoll_event* event),
       (fd, what, other, event))

int ftruncate(int fd, off_t size) {
  return fails(CALL_ftruncate) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }
/*
 * What is said to people must come through, or nothing could be looked at; and an
 * eventfd (of no file type) takes every write.
 */
static int may_fail(int fd) {
  struct stat what;
  return fd != STDERR_FILENO && fstat(fd, &what) == 0 && (what.st_mode & S_IFMT) != 0;
}
ssize_t write(int fd, const void* from, size_t size) {
  return ready && may_fail(fd) && fails(CALL_write) ? -1 : syscall(SYS_write, fd, from, size);
}
ssize_t read(int fd, void* to, size_t size) {
  return ready && may_fail(fd) && fails(CALL_read) ? -1 : syscall(SYS_read, fd, to, size);
}
int pthread_create(pthread_t* out, const pthread_attr_t* attributes, void* (*run)(void*),
                   void* argument) {
  return fails(CALL_pthread_create) ? fault_errno
                                    : NEXT(pthread_create)(out, attributes, run, argument);
}
extern void* __libc_malloc(size_t size);
void* malloc(size_t size) { return fails(CALL_malloc) ? NULL : __libc_malloc(size); }

long syscall(long number, ...) {
  static long (*real)(long, ...);
  long a[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
  va_end(list);
  if (real == NULL) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  if ((number == SYS_bpf && fails(CALL_bpf)) ||
      (number == SYS_perf_event_open && fails(CALL_perf_event_open)))
    return -1;
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
