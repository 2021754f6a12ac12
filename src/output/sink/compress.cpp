// SPDX-License-Identifier: Apache-2.0
#include "output/sink/compress.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "base/fd.h"

namespace tracee {
namespace {

constexpr int kLevel = 3;  // zstd's own choice: fast, and JSON shrinks to a tenth

bool write_all(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t taken = ::write(fd, data, size);
    if (taken < 0 && errno != EINTR) return false;
    if (taken <= 0) continue;
    data += taken;
    size -= static_cast<size_t>(taken);
  }
  return true;
}

}  // namespace

std::string compress_file(const std::string& from, const std::string& to, bool sync) {
  const Fd in(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!in) return strerror(errno);
  struct stat info;
  if (fstat(in.get(), &info) != 0) return strerror(errno);
  const Fd out(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                      info.st_mode & 0777));
  if (!out) return strerror(errno);
  const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                   ZSTD_freeCCtx);
  if (!context) return "no memory";
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::vector<char> raw(ZSTD_CStreamInSize()), packed(ZSTD_CStreamOutSize());
  for (bool last = false; !last;) {
    const ssize_t got = ::read(in.get(), raw.data(), raw.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return strerror(errno);
    last = got == 0;
    ZSTD_inBuffer input{raw.data(), static_cast<size_t>(got), 0};
    size_t left = 1;
    while (input.pos < input.size || (last && left != 0)) {
      ZSTD_outBuffer output{packed.data(), packed.size(), 0};
      left =
          ZSTD_compressStream2(context.get(), &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left) != 0) return ZSTD_getErrorName(left);
      if (!write_all(out.get(), packed.data(), output.pos)) return strerror(errno);
    }
  }
  if (sync && fsync(out.get()) != 0) return strerror(errno);
  return {};
}

}  // namespace tracee
