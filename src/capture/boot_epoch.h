// SPDX-License-Identifier: Apache-2.0
// When the host booted, by its clock of today: what has to be added to the kernel's
// boot clock, in which packets and processes are timed, to have the time since the
// epoch. It changes only when somebody sets the clock, since both clocks are slewed
// alike (kernel/time/timekeeping.c).
//
// Owned by one thread. Nothing here can fail.
#pragma once

#include <cstdint>

namespace tracee {

class BootEpoch {
 public:
  // Ns since the epoch by the two clocks, read at nearly the same time.
  struct Reading {
    uint64_t boot_ns = 0, real_ns = 0;
    uint64_t width_ns = 0;  // how far apart the two may have been read
  };

  explicit BootEpoch(Reading reading = measure()) noexcept { set(reading); }

  // For times of packets, as exact as the clocks can be compared (some 20 ns).
  uint64_t exact_ns() const noexcept { return exact_; }
  // For starts of processes and threads. Every run on a boot has to give the same
  // process the same start, so this is rounded to well above the error of measuring.
  uint64_t rounded_ns() const noexcept { return rounded_; }

  // Follows a clock that was set since; to be called about once a second.
  void follow() noexcept { follow(measure()); }
  void follow(Reading now) noexcept;

  // The tightest of several readings.
  static Reading measure() noexcept;

 private:
  void set(Reading reading) noexcept;

  uint64_t exact_ = 0, rounded_ = 0;
};

}  // namespace tracee
