// SPDX-License-Identifier: Apache-2.0
#include "capture/live.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/btf.h>
#include <linux/membarrier.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>

#include "capture/cgroup.h"
#include "capture/tracepoint.h"
#include "tracee.skel.h"

namespace tracee {
namespace {

constexpr int kNapMs = 5;
constexpr size_t kBatch = 4096;

// libbpf speaks while it works; only what it said first about a failure matters.
// With TRACEE_BPF_LOG in the environment all of it is shown, the verifier's log too.
thread_local std::string last_complaint;
// The program that it names.
thread_local std::string last_program;

int listen_to_libbpf(libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_WARN && std::getenv("TRACEE_BPF_LOG") != nullptr) {
    va_list again;
    va_copy(again, arguments);
    std::vfprintf(stderr, format, again);
    va_end(again);
  }
  if (level != LIBBPF_WARN || !last_complaint.empty()) return 0;
  char text[512];
  std::vsnprintf(text, sizeof text, format, arguments);
  std::string_view line(text);
  if (line.starts_with("libbpf: ")) line.remove_prefix(8);
  last_complaint = line.substr(0, line.find('\n'));
  constexpr std::string_view kProgram = "prog '";
  if (line.starts_with(kProgram)) {
    line.remove_prefix(kProgram.size());
    last_program = line.substr(0, line.find('\''));
  }
  return 0;
}

std::string complaint(int error) {
  const std::string reason = std::strerror(error < 0 ? -error : error);
  return last_complaint.empty() ? reason : last_complaint + " (" + reason + ")";
}

std::unique_ptr<struct wire_rules> rules_for_classes(uint32_t wanted) {
  auto rules = std::make_unique<struct wire_rules>();
  rules->generation = 1;
  rules->wanted = wanted;
  rules->nobody = 1;
  for (uint32_t i = 0; i < std::size(rules->of_classes); ++i) {
    rules->of_classes[i] = (i & wanted) != 0 ? 1 : 0;
  }
  return rules;
}

uint8_t shed_word(Shed shed) {
  switch (shed) {
    case Shed::Drop:
      break;
    case Shed::Headers:
      return WIRE_SHED_PAYLOAD;
    case Shed::Sample:
      return WIRE_SHED_FLOWS;
  }
  return WIRE_SHED_NOTHING;
}

// Programs run under RCU and this waits for its readers. Where it is refused
// (nohz_full), no packet takes as long as the sleep.
void wait_for_programs() {
  if (::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

}  // namespace

void LiveSource::FreeObject::operator()(struct tracee_bpf* object) const noexcept {
  tracee_bpf__destroy(object);
}
void LiveSource::FreeLink::operator()(struct bpf_link* link) const noexcept {
  bpf_link__destroy(link);
}

LiveSource::LiveSource() = default;
LiveSource::~LiveSource() = default;

Result<std::unique_ptr<LiveSource>> LiveSource::open(const LiveOptions& options) {
  libbpf_set_print(&listen_to_libbpf);
  if (auto rights = check_rights(); !rights) return forward(rights);
  auto types = KernelTypes::read();
  if (!types) return forward(types);
  const KernelFeatures features = probe_kernel(*types);

  auto plan = plan_owners(features, options.attribution);
  if (!plan) return forward(plan);
  std::unique_ptr<LiveSource> source(new LiveSource);
  if (!options.required_only) {
    source->features_ = features;
    source->plan_ = *plan;
  }
  auto done = source->start(options, *types);
  // An optional program that promised to work and does not must not cost the trace, nor
  // the other optional ones.
  auto first = done;
  while (!done && done.error().code == Exit::Missing && source->retreat(done.error(), options)) {
    source->links_.clear();
    done = source->start(options, *types);
  }
  if (!done) return forward(first);
  return source;
}

// What is tried next; false: nothing is left to try.
bool LiveSource::retreat(const Error& error, const LiveOptions& options) {
  if (setback_.empty()) setback_ = error.what;
  KernelFeatures fewer = features_;
  if (give_up(fewer, last_program, error.what)) {
    auto plan = plan_owners(fewer, options.attribution);
    if (!plan) return false;
    features_ = fewer;
    plan_ = *plan;
    return true;
  }
  // A required one fails, perhaps with what it does only where it is possible.
  if (options.attribution || stripped_) return false;
  stripped_ = true;
  features_ = {};
  plan_ = {};
  return true;
}

Result<> LiveSource::start(const LiveOptions& options, const KernelTypes& types) {
  // Asked once: the kernel writes so many counters, whatever a later answer would be.
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 1) {
    return fail(Exit::RunTime, std::string("cannot count the CPUs: ") + std::strerror(-cpus),
                "check that /sys is mounted and the limit of open files");
  }
  cpu_count_ = static_cast<size_t>(cpus);
  auto done = load(options, types);
  if (done) done = watch_ring();
  if (done && options.attach) done = attach();
  return done;
}

// All that the plan needs is loaded, and nothing else.
void LiveSource::choose_programs() {
  const auto& programs = object_->progs;
  const auto want = [](std::initializer_list<bpf_program*> wanted, bool condition = true) {
    for (bpf_program* program : wanted) bpf_program__set_autoload(program, condition);
  };
  want({programs.on_ingress, programs.on_egress, programs.on_socket, programs.on_connect4,
        programs.on_connect6, programs.on_sendmsg4, programs.on_sendmsg6, programs.on_recvmsg4,
        programs.on_recvmsg6});
  want({programs.on_send, programs.on_receive}, plan_.back_end == BackEnd::Tracepoint);
  want({programs.on_send_call, programs.on_receive_call}, plan_.back_end == BackEnd::Fentry);
  want({programs.on_setsockopt}, plan_.back_end == BackEnd::Cgroup);
  want({programs.on_accepted}, plan_.accept == AcceptHook::Function);
  want({programs.on_mptcp_accepted},
       plan_.accept == AcceptHook::Function && features_.mptcp_accepts);
  want({programs.on_accept, programs.on_accept4, programs.on_release},
       plan_.accept == AcceptHook::Call);
  want({programs.on_getpeername4, programs.on_getpeername6}, plan_.accept == AcceptHook::Address);
  want({programs.on_open_file}, features_.open_files);
  want({programs.on_fork, programs.on_exec, programs.on_exit, programs.on_cgroup, programs.on_task},
       features_.processes);
  want({programs.on_state}, features_.late_owners);
}

Result<> LiveSource::load(const LiveOptions& options, const KernelTypes& types) {
  last_program.clear();
  if (options.dns_ports.size() > WIRE_DNS_PORTS)
    return fail(Exit::Usage, "too many DNS ports: " + std::to_string(options.dns_ports.size()),
                "give at most " + std::to_string(WIRE_DNS_PORTS));
  last_complaint.clear();
  object_.reset();
  // Read by libbpf while it loads, and filled when it is known what for.
  const Fd layouts(::memfd_create("layouts", MFD_CLOEXEC));
  const std::string path = "/proc/self/fd/" + std::to_string(layouts.get());
  LIBBPF_OPTS(bpf_object_open_opts, opening, .btf_custom_path = path.c_str());
  if (!options.whole_types && ::access(path.c_str(), R_OK) == 0)
    object_.reset(tracee_bpf__open_opts(&opening));
  if (!object_ || !types.write_reduced(bpf_object__btf(object_->obj), layouts))
    object_.reset(tracee_bpf__open());
  if (!object_) return fail(Exit::RunTime, "cannot open the BPF object: " + complaint(errno));

  choose_programs();
  if (options.refused != nullptr) {
    bpf_program* program = bpf_object__find_program_by_name(object_->obj, options.refused);
    if (program != nullptr) bpf_program__set_type(program, BPF_PROG_TYPE_XDP);
  }
  const size_t ring_bytes =
      std::bit_ceil(std::clamp(options.ring_bytes, size_t{256} << 10, size_t{1} << 30));
  bpf_map__set_max_entries(object_->maps.packets, static_cast<uint32_t>(ring_bytes));

  struct wire_config config = {};
  config.own_pid = own_host_pid();
  config.wake_bytes = static_cast<uint32_t>(ring_bytes / 8);
  config.dns_port_count = static_cast<uint32_t>(options.dns_ports.size());
  std::copy(options.dns_ports.begin(), options.dns_ports.end(), config.dns_ports);
  config.payload_bytes = options.payload_bytes;
  config.can_read_kernel = features_.probe_read;
  config.can_read_regs = features_.call_registers;
  config.can_find_mptcp = features_.mptcp;
  if (features_.casts) {
    config.task_struct_id = types.find("task_struct", BTF_KIND_STRUCT);
    config.sock_id = types.find("sock", BTF_KIND_STRUCT);
  }
  config.notes_accepts = plan_.accept == AcceptHook::Call;
  config.sees_use = plan_.back_end != BackEnd::Cgroup;
  config.shed = shed_word(options.shed);
  config.shed_bytes = static_cast<uint32_t>(ring_bytes / 2);
  config.shed_flows = std::max(options.sampled_flows, 1u);
  [[maybe_unused]] const auto got =
      ::getrandom(&config.shed_seed, sizeof config.shed_seed, GRND_NONBLOCK);
  std::memcpy(&object_->rodata->config, &config, sizeof config);

  if (options.measure) measuring_ = Fd(bpf_enable_stats(BPF_STATS_RUN_TIME));
  const int error = tracee_bpf__load(object_.get());
  if (error == -ENOMEM)
    return fail(Exit::RunTime, "not enough memory for the packet ring: " + complaint(error),
                "make it smaller than " + std::to_string(ring_bytes) + " bytes");
  if (error != 0)
    return fail(Exit::Missing, "the kernel refuses the BPF programs: " + complaint(error),
                "Linux 5.15 or later with BTF and cgroup BPF is needed");
  if (options.rules != nullptr) {
    put_rules(*options.rules);
  } else {
    put_rules(*rules_for_classes(options.wanted));
  }
  return {};
}

Result<> LiveSource::watch_ring() {
  const int map = bpf_map__fd(object_->maps.packets);
  ring_ = std::make_unique<Ring>(map, bpf_map__max_entries(object_->maps.packets),
                                 size_t{WIRE_RECORD_LARGE});
  reader_ = std::make_unique<Mapping>(bpf_map__fd(object_->maps.reader), 0, page_size(),
                                      PROT_READ | PROT_WRITE);
  wake_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  // Edge-triggered: only a wake-up from the kernel ends a nap, not mere packets.
  epoll_event event = {EPOLLIN | EPOLLET, {}};
  if (!ring_->valid() || !reader_->valid() || !wake_ ||
      ::epoll_ctl(wake_.get(), EPOLL_CTL_ADD, map, &event) != 0)
    return fail(Exit::RunTime, std::string("cannot map the packet ring: ") + std::strerror(errno),
                "try a smaller ring buffer");
  return {};
}

Result<> LiveSource::keep(const char* name, bpf_link* link) {
  if (link == nullptr)
    return fail(Exit::Missing, std::string("cannot attach ") + name + ": " + complaint(errno),
                "Linux 5.15 or later with cgroup BPF is needed");
  links_.emplace_back(link);
  return {};
}

Result<> LiveSource::attach() {
  auto root = open_cgroup_root();
  if (!root) return forward(root);

  const auto& programs = object_->progs;
  // Those that are not loaded are left out.
  const auto attach_all = [&](std::initializer_list<bpf_program*> wanted) -> Result<> {
    for (bpf_program* program : wanted) {
      if (bpf_program__fd(program) < 0) continue;
      last_complaint.clear();
      const bool is_cgroup = bpf_program__type(program) != BPF_PROG_TYPE_TRACING;
      bpf_link* link = is_cgroup ? bpf_program__attach_cgroup(program, root->get())
                                 : bpf_program__attach(program);
      if (auto done = keep(bpf_program__section_name(program), link); !done) return done;
    }
    return {};
  };
  // Owners before packets: then no packet of an owned socket comes without one.
  auto done =
      attach_all({programs.on_socket,         programs.on_connect4,     programs.on_connect6,
                  programs.on_sendmsg4,       programs.on_sendmsg6,     programs.on_recvmsg4,
                  programs.on_recvmsg6,       programs.on_setsockopt,   programs.on_getpeername4,
                  programs.on_getpeername6,   programs.on_send,         programs.on_receive,
                  programs.on_send_call,      programs.on_receive_call, programs.on_accepted,
                  programs.on_mptcp_accepted, programs.on_release,      programs.on_fork,
                  programs.on_exec,           programs.on_exit,         programs.on_cgroup,
                  programs.on_state});
  if (done) done = attach_accept_calls();
  if (!done) return done;
  note_open_sockets();
  return attach_all({programs.on_ingress, programs.on_egress});
}

Result<> LiveSource::attach_accept_calls() {
  if (plan_.accept != AcceptHook::Call) return {};
  for (const auto& [program, name] :
       {std::pair(object_->progs.on_accept, "syscalls/sys_exit_accept"),
        std::pair(object_->progs.on_accept4, "syscalls/sys_exit_accept4")}) {
    auto event = open_tracepoint(name);
    last_program = bpf_program__name(program);
    if (!event) return forward(event);
    last_complaint.clear();
    if (auto done = keep(name, bpf_program__attach_perf_event(program, event->get())); !done)
      return done;
    (void)event->release();  // the link closes it
  }
  return {};
}

void LiveSource::note_open_sockets() noexcept {
  if (!features_.open_files) return;
  const std::unique_ptr<bpf_link, FreeLink> link(
      bpf_program__attach_iter(object_->progs.on_open_file, nullptr));
  const Fd walk(link ? bpf_iter_create(bpf_link__fd(link.get())) : -1);
  features_.open_files = static_cast<bool>(walk);
  // The program writes nothing, so reading to the end is the whole walk.
  char none[1];
  ssize_t got;
  do {
    got = walk ? ::read(walk.get(), none, sizeof none) : 0;
  } while (got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN)));
}

void LiveSource::list_processes(RecordHandler& handler) noexcept {
  if (!features_.processes) return;
  const std::unique_ptr<bpf_link, FreeLink> link(
      bpf_program__attach_iter(object_->progs.on_task, nullptr));
  const Fd walk(link ? bpf_iter_create(bpf_link__fd(link.get())) : -1);
  if (!walk) return;
  // A read gives whole records, but may end anywhere in the last.
  alignas(8) uint8_t buffer[64 << 10];
  size_t have = 0;
  ssize_t got;
  do {
    got = ::read(walk.get(), buffer + have, sizeof buffer - have);
    if (got > 0) have += static_cast<size_t>(got);
    size_t at = 0;
    while (have - at >= sizeof(struct process_record)) {
      alignas(8) uint8_t whole[sizeof(struct process_record) + WIRE_PATH_BYTES + WIRE_ARGS_BYTES];
      std::memcpy(whole, buffer + at, sizeof(struct process_record));
      const auto& record = *reinterpret_cast<const struct process_record*>(whole);
      const size_t size = sizeof record + record.path_len + record.args_len;
      if (size > sizeof whole || size > have - at) break;
      std::memcpy(whole, buffer + at, size);
      handler.on_news(Bytes(whole, size));
      at += size;
    }
    std::memmove(buffer, buffer + at, have - at);
    have -= at;
  } while (got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN)));
}

int LiveSource::before_wait() noexcept {
  if (more_) return 0;
  if (batch_ > 0) return kNapMs;
  // The counterpart is wake_flag() in the BPF program: either it sees the
  // announcement or we see its reservation.
  announce_sleep(1);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return ring_->empty() ? -1 : 0;
}

void LiveSource::announce_sleep(uint32_t asleep) noexcept {
  __atomic_store_n(&reader_->at<struct wire_reader>(0)->asleep, asleep, __ATOMIC_SEQ_CST);
}

size_t LiveSource::drain(RecordHandler& handler) noexcept {
  announce_sleep(0);
  epoll_event event;
  (void)::epoll_wait(wake_.get(), &event, 1, 0);  // takes back a wake-up that is being answered

  batch_ = 0;
  taken_ = 0;
  ring_->consume([this, &handler](const uint8_t* data, size_t size) {
    return on_sample(data, size, handler);
  });
  more_ = taken_ >= kBatch;
  received_ += batch_;
  return batch_;
}

// False: the batch is full.
bool LiveSource::on_sample(const uint8_t* data, size_t size, RecordHandler& handler) noexcept {
  const bool more = ++taken_ < kBatch;
  if (reinterpret_cast<const struct record_head*>(data)->kind != WIRE_PACKET) {
    handler.on_news(Bytes(data, size));
    return more;
  }
  const auto& from = *reinterpret_cast<const struct packet_record*>(data);
  // The kernel side reserves whole WIRE_RECORD_* sizes and keeps data_len within.
  const size_t room = size - sizeof from;
  Record record;
  record.time_ns = from.time_ns + boot_epoch_.exact_ns();
  record.packet = Bytes(from.data, std::min<size_t>(from.data_len, room));
  record.packet_length = from.packet_len;
  record.cpu = from.cpu;
  record.ifindex = from.ifindex;
  record.net_ns = from.net_ns;
  record.gso_segments = from.gso_segments;
  record.direction = static_cast<Direction>(from.direction);
  record.wants = from.wants;
  record.generation = from.generation;
  record.rules = from.rules;
  record.owner = &from.owner;
  record.boot_epoch_ns = boot_epoch_.rounded_ns();
  handler.on_record(record);
  ++batch_;
  return more;
}

// Writes the rules that are not active, as far as they are used, then switches.
void LiveSource::put_rules(const struct wire_rules& rules) noexcept {
  auto* bss = object_->bss;
  const uint32_t next = 1 - bss->active_rules;
  auto* to = reinterpret_cast<struct wire_rules*>(&bss->rules[next]);
  std::memcpy(to, &rules, offsetof(struct wire_rules, masks));
  std::copy_n(rules.masks, rules.mask_count, to->masks);
  std::memcpy(to->nodes, rules.nodes, rules.node_count * sizeof rules.nodes[0]);
  __atomic_store_n(&bss->active_rules, next, __ATOMIC_RELEASE);
}

void LiveSource::change_rules(const struct wire_rules& rules, RecordHandler& handler) noexcept {
  put_rules(rules);
  // Whatever the old rules kept is in the ring when no program runs any more that
  // has read them.
  wait_for_programs();
  const uint64_t kept = counters().emitted;
  while (received_ < kept) drain(handler);
}

void LiveSource::stop(RecordHandler& handler) noexcept {
  // Closing a link would do, were there no child that has inherited the descriptor.
  for (const auto& link : links_) (void)bpf_link__detach(link.get());
  links_.clear();
  wait_for_programs();
  do {
    drain(handler);
  } while (more_);
}

struct wire_counters LiveSource::counters() const noexcept {
  struct wire_counters sum = {};
  std::vector<struct wire_counters> cpus(cpu_count_);
  const uint32_t key = 0;
  if (bpf_map_lookup_elem(bpf_map__fd(object_->maps.counters), &key, cpus.data()) != 0) return sum;
  for (const auto& cpu : cpus) {
    sum.seen += cpu.seen;
    sum.filtered += cpu.filtered;
    sum.ring_full += cpu.ring_full;
    sum.load_failed += cpu.load_failed;
    sum.emitted += cpu.emitted;
    sum.shed += cpu.shed;
    sum.cut += cpu.cut;
  }
  return sum;
}

std::vector<ProgramTime> LiveSource::program_times() const {
  std::vector<ProgramTime> out;
  bpf_program* program = nullptr;
  while ((program = bpf_object__next_program(object_->obj, program)) != nullptr) {
    bpf_prog_info info = {};
    uint32_t size = sizeof info;
    const int fd = bpf_program__fd(program);
    if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) != 0) continue;
    out.push_back({bpf_program__name(program), info.run_cnt, info.run_time_ns});
  }
  return out;
}

std::pair<uint64_t, uint64_t> LiveSource::ring_fill() const noexcept {
  return {ring_->waiting(), ring_->bytes()};
}

struct wire_news_counters LiveSource::news_counters() const noexcept {
  struct wire_news_counters sum = {};
  std::vector<struct wire_news_counters> cpus(cpu_count_);
  const uint32_t key = 0;
  if (bpf_map_lookup_elem(bpf_map__fd(object_->maps.news), &key, cpus.data()) != 0) return sum;
  for (const auto& cpu : cpus) {
    sum.emitted += cpu.emitted;
    sum.lost += cpu.lost;
  }
  return sum;
}

}  // namespace tracee
