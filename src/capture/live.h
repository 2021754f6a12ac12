// SPDX-License-Identifier: Apache-2.0
// Live packets: owns the BPF object, its attachments and its ring.
//
//   auto source = LiveSource::open(options);
//   while (running) {
//     poll {source->wait_fd(), ...} for at most source->before_wait() ms;
//     source->drain(handler);           // also when the time ran out
//   }
//   source->stop(handler);
//
// One thread uses it. Nothing stays in the kernel when the process dies, however
// it dies: every attachment is a link that lives as long as its descriptor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "capture/boot_epoch.h"
#include "capture/kernel_types.h"
#include "capture/mapping.h"
#include "capture/probe.h"
#include "capture/ring.h"
#include "capture/source.h"

struct bpf_link;
struct tracee_bpf;

namespace tracee {

// What becomes of packets when tracee is behind. docs/overload.md
enum class Shed : uint8_t {
  Drop,     // those for which there is no room are lost
  Headers,  // before that: payload
  Sample,   // before that: most flows
};

struct LiveOptions {
  const struct wire_rules* rules = nullptr;  // what to keep; copied
  uint32_t wanted = 0;                       // without rules: every packet of these classes
  uint32_t payload_bytes = 0;                // so much behind the headers of each, at least
  std::vector<uint16_t> dns_ports = {53};    // at most WIRE_DNS_PORTS
  size_t ring_bytes = size_t{16} << 20;      // rounded up to a power of two
  Shed shed = Shed::Drop;
  uint32_t sampled_flows = 16;         // Sample: one of so many is kept
  bool attach = true;                  // false: only load, for tests
  bool whole_types = false;            // libbpf looks through all the kernel's types, for tests
  bool required_only = false;          // without the optional programs, for tests
  const char* refused = nullptr;       // a program that the kernel shall refuse, for tests
  std::optional<BackEnd> attribution;  // none: the best that works
  bool measure = false;                // the kernel takes the time of programs
};

// How long a program ran, and how often, since it was loaded.
struct ProgramTime {
  std::string name;
  uint64_t runs, ns;
};

class LiveSource {
 public:
  // Loads, attaches and looks through the open sockets. Errors say what is
  // missing and carry Exit::Missing when it is a privilege or kernel feature.
  static Result<std::unique_ptr<LiveSource>> open(const LiveOptions& options);

  ~LiveSource();
  LiveSource(const LiveSource&) = delete;
  LiveSource& operator=(const LiveSource&) = delete;

  // Readable when the kernel wants the ring drained before the time is up.
  int wait_fd() const noexcept { return wake_.get(); }

  // To be asked before each wait: how long it may last, in ms; -1 is without
  // limit. Right after packets it is a nap during which the kernel saves itself
  // the wake-ups; after a nap without packets the next one wakes us at once.
  int before_wait() noexcept;

  // Tells `handler` of every process there is now, as news. To be called before
  // the first drain(), and again when news were lost.
  void list_processes(RecordHandler& handler) noexcept;

  // Hands over the packets and news that are ready, but no more than a batch, so
  // that the caller sees its signals under any load. Returns the number of packets.
  size_t drain(RecordHandler& handler) noexcept;

  // Holds packets against other rules from now on; each packet meets the old ones
  // or the new ones, and none is lost. When this returns, all that the old ones
  // kept has been handed over. The new generation is the old one's successor.
  void change_rules(const struct wire_rules& rules, RecordHandler& handler) noexcept;

  // Detaches, waits for programs that still run, drains to the end. Afterwards
  // counters().emitted == received().
  void stop(RecordHandler& handler) noexcept;

  // Lets the times of packets follow a clock that was set; to be called about once a
  // second.
  void follow_clock() noexcept { boot_epoch_.follow(); }

  // Sums over the CPUs.
  struct wire_counters counters() const noexcept;
  struct wire_news_counters news_counters() const noexcept;
  // Of each program that is loaded. Zero unless somebody has the kernel measure.
  std::vector<ProgramTime> program_times() const;
  // Bytes of the ring that wait, and all of them.
  std::pair<uint64_t, uint64_t> ring_fill() const noexcept;
  uint64_t received() const noexcept { return received_; }

  // What is in use; the rest is less exact without it.
  const KernelFeatures& features() const noexcept { return features_; }
  const OwnerPlan& plan() const noexcept { return plan_; }
  // Why what the probes had promised did not work; empty: it did.
  const std::string& setback() const noexcept { return setback_; }

  // For tests that run single programs: owned by this object.
  struct tracee_bpf* object() noexcept {
    return object_.get();
  }

 private:
  struct FreeObject {
    void operator()(struct tracee_bpf* object) const noexcept;
  };
  struct FreeLink {
    void operator()(struct bpf_link* link) const noexcept;
  };

  LiveSource();
  Result<> load(const LiveOptions& options, const KernelTypes& types);
  Result<> watch_ring();
  Result<> start(const LiveOptions& options, const KernelTypes& types);
  bool retreat(const Error& error, const LiveOptions& options);
  Result<> attach();
  Result<> attach_accept_calls();
  Result<> keep(const char* name, struct bpf_link* link);
  void choose_programs();
  void note_open_sockets() noexcept;
  void put_rules(const struct wire_rules& rules) noexcept;
  void announce_sleep(uint32_t asleep) noexcept;
  bool on_sample(const uint8_t* data, size_t size, RecordHandler& handler) noexcept;

  std::unique_ptr<struct tracee_bpf, FreeObject> object_;
  std::vector<std::unique_ptr<struct bpf_link, FreeLink>> links_;
  std::unique_ptr<Ring> ring_;
  std::unique_ptr<Mapping> reader_;  // struct wire_reader
  Fd wake_;
  Fd measuring_;  // as long as it is open, programs are timed
  KernelFeatures features_;
  OwnerPlan plan_;
  std::string setback_;
  bool stripped_ = false;  // to the required programs
  size_t batch_ = 0;       // packets of the current or last drain()
  size_t taken_ = 0;       // records of it
  uint64_t received_ = 0;
  size_t cpu_count_ = 0;  // possible ones
  BootEpoch boot_epoch_;
  bool more_ = false;  // the batch ended before the ring did
};

}  // namespace tracee
