// SPDX-License-Identifier: Apache-2.0
#include "base/sip_hash.h"

#include <sys/random.h>

#include <ctime>

namespace tracee {

const SipKey& secret_key() {
  static const SipKey kKey = [] {
    SipKey out{};
    if (::getrandom(&out, sizeof out, GRND_NONBLOCK) == sizeof out) return out;
    // Early in the boot there is no chance yet; the time is better than what everybody knows.
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return SipKey{static_cast<uint64_t>(now.tv_nsec), static_cast<uint64_t>(now.tv_sec)};
  }();
  return kKey;
}

}  // namespace tracee
