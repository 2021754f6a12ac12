// SPDX-License-Identifier: Apache-2.0
// The reader's end of a BPF ring buffer (kernel: Documentation/bpf/ringbuf.rst; the bits of a
// record's head are linux/bpf.h's). It differs from libbpf's in two things. The kernel offers
// the records twice, one copy behind the other, so that none is cut at the end; here only as
// much of the second copy is mapped as the largest record needs, and the ring is not twice in
// what this process has resident. And what was read is given back in steps, not with each
// record: the processors that write look at that position for each packet.
//
// One thread. Nothing here allocates or makes a system call after the constructor.
#pragma once

#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>

#include "capture/mapping.h"

namespace tracee {

class Ring {
 public:
  // `bytes`: the map's; `largest`: of a record.
  Ring(int map, size_t bytes, size_t largest) noexcept
      : mask_(bytes - 1),
        step_(bytes / 64),
        records_(page_size()),
        consumer_(map, 0, page_size(), PROT_READ | PROT_WRITE),
        producer_(map, page_size(), page_size() + bytes + whole_pages(largest + kHead), PROT_READ) {
  }

  // False: errno has the reason.
  bool valid() const noexcept { return consumer_.valid() && producer_.valid(); }

  // Calls take(data, size) for each record that is ready, in order, until it answers false.
  // The data is gone after the call.
  template <class Take>
  void consume(Take&& take) noexcept {
    unsigned long at = given_back();
    unsigned long told = at;
    const unsigned long end = position(*producer_.at<unsigned long>(0));
    bool more = true;
    while (more && at != end) {
      const auto* head = producer_.at<const uint32_t>(records_ + (at & mask_));
      const uint32_t length = __atomic_load_n(head, __ATOMIC_ACQUIRE);
      if ((length & BPF_RINGBUF_BUSY_BIT) != 0) break;  // reserved, not written yet
      const size_t size = length & ~uint32_t{BPF_RINGBUF_DISCARD_BIT};
      if (size == length) more = take(reinterpret_cast<const uint8_t*>(head) + kHead, size);
      at += (size + kHead + 7) & ~size_t{7};
      if (at - told < step_) continue;
      give_back(at);
      told = at;
    }
    if (told != at) give_back(at);
  }

  // Not empty also while a record is reserved that is not written yet.
  bool empty() const noexcept { return waiting() == 0; }
  // Bytes of the ring that are in use.
  size_t waiting() const noexcept {
    const unsigned long consumed = given_back();
    return position(*producer_.at<unsigned long>(0)) - consumed;
  }
  size_t bytes() const noexcept { return mask_ + 1; }

 private:
  static constexpr size_t kHead = BPF_RINGBUF_HDR_SZ;

  static size_t whole_pages(size_t size) {
    return (size + page_size() - 1) / page_size() * page_size();
  }
  static unsigned long position(const unsigned long& word) noexcept {
    return __atomic_load_n(&word, __ATOMIC_SEQ_CST);
  }
  unsigned long given_back() const noexcept { return position(*consumer_.at<unsigned long>(0)); }
  void give_back(unsigned long to) noexcept {
    __atomic_store_n(consumer_.at<unsigned long>(0), to, __ATOMIC_RELEASE);
  }

  size_t mask_, step_;
  size_t records_;    // where they begin, behind the producer's page
  Mapping consumer_;  // its page
  Mapping producer_;  // its page, then the records
};

}  // namespace tracee
