// SPDX-License-Identifier: Apache-2.0
#include "app/replay_workers.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "app/signals.h"
#include "base/thread.h"

namespace tracee {
namespace {

// A chunk ends when one of these is reached. Its text then fits the second-level cache
// as a rule, and taking turns costs little beside its work.
constexpr size_t kPackets = 256;
constexpr size_t kBytes = 128 * 1024;
constexpr size_t kEarlyText = 1024 * 1024;

// Room for one packet, the largest, and the contexts of all.
constexpr size_t kRoom = FileReader::kMaxPeek + kPackets * (sizeof(Context) + alignof(Context));

// One may wait to be written while its worker goes on with the other.
constexpr size_t kLanesPerWorker = 2;

// Locks what is held for microseconds: to go to sleep and be woken takes longer.
class ShortWait {
 public:
  explicit ShortWait(std::mutex& mutex) : lock_(mutex, std::try_to_lock) {
    constexpr int kTries = 2000;
    for (int i = 0; i < kTries && !lock_.owns_lock(); ++i) (void)lock_.try_lock();
    if (!lock_.owns_lock()) lock_.lock();
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace

ReplayLane::ReplayLane(std::unique_ptr<Pipeline> pipeline, Parts early, Parts whole)
    : pipeline_(std::move(pipeline)),
      has_order_(pipeline_->has_order()),
      early_(std::move(early)),
      whole_(std::move(whole)),
      block_(FileReader::make_block()),
      bytes_(kRoom) {
  pipeline_->show_to(this);
  records_.reserve(kPackets);
  ends_.reserve(kPackets * early_.size());
}

bool ReplayLane::has_room(const ReplaySource& source) const noexcept {
  return records_.size() < kPackets && packet_bytes_ < kBytes && source.keeps() &&
         std::ranges::all_of(early_,
                             [](const auto& part) { return part->waiting_bytes() < kEarlyText; });
}

// `in_block`: its bytes stay where they are. A context's numbers are the reader's.
void ReplayLane::keep(Record& record, bool in_block) noexcept {
  const auto copy = [this](const auto& from) {
    const auto to = bytes_.take<uint8_t>(from.size());
    std::copy_n(reinterpret_cast<const uint8_t*>(from.data()), to.size(), to.data());
    return to;
  };
  if (!in_block) record.packet = copy(record.packet);
  if (record.stored == nullptr) return;
  Context* const context = bytes_.make(*record.stored);
  record.stored = context;
  if (in_block) return;
  each_text(*context, [&](std::string_view& text) { text = as_text(copy(text)); });
}

bool ReplayLane::read(ReplaySource& source) noexcept {
  source.read_into(block_.get());
  bytes_.reset();
  records_.clear();
  ends_.clear();
  packet_bytes_ = 0;
  now_ = &early_;
  bool more = true;
  while (has_room(source)) {
    Record record;
    more = source.next(record) == ReplaySource::Next::Packet;
    if (!more) break;
    keep(record, source.keeps());
    records_.push_back(record);
    packet_bytes_ += record.packet.size();
    if (!has_order_) continue;
    pipeline_->take(record, Part::Ordered);
    for (const auto& part : early_) ends_.push_back(part->waiting_events());
  }
  counts_ = source.counts();
  return more;
}

void ReplayLane::format() noexcept {
  now_ = &whole_;
  for (size_t i = 0; i < records_.size(); ++i) {
    pipeline_->take(records_[i], Part::Alone);
    if (!has_order_) continue;
    for (size_t k = 0; k < early_.size(); ++k) {
      const size_t at = i * early_.size() + k;
      whole_[k]->copy(*early_[k], i == 0 ? 0 : ends_[at - early_.size()], ends_[at]);
    }
  }
  for (const auto& part : early_) part->clear();
}

void ReplayLane::hand_over(Pipeline& pipeline) noexcept {
  pipeline.take_counts(*pipeline_);
  for (size_t k = 0; k < whole_.size(); ++k) {
    pipeline.outputs()[k]->take(*early_[k]);
    pipeline.outputs()[k]->take(*whole_[k]);
  }
}

void ReplayLane::on_event(const Event& event) noexcept {
  for (const auto& part : *now_) part->write(event);
}

Result<std::unique_ptr<ReplayWorkers>> ReplayWorkers::make(size_t count, Pipeline& pipeline,
                                                           const WorkerMaker& make) {
  std::unique_ptr<ReplayWorkers> out(new ReplayWorkers(count, pipeline));
  for (size_t i = 0; i < kLanesPerWorker * count; ++i) {
    auto own = make();
    if (!own) return forward(own);
    ReplayLane::Parts parts[2];
    for (const auto& output : pipeline.outputs()) {
      for (auto& half : parts) {
        auto part = output->part();
        if (!part) return forward(part);
        half.push_back(std::move(*part));
      }
    }
    out->lanes_.push_back(
        std::make_unique<ReplayLane>(std::move(*own), std::move(parts[0]), std::move(parts[1])));
  }
  out->ready_.resize(out->lanes_.size());
  return out;
}

void ReplayWorkers::run(ReplaySource& source, const Written& written) {
  std::vector<std::thread> others;
  for (size_t i = 1; i < count_; ++i) {
    others.push_back(start_thread([this, i, &source, &written] { work(i, source, written); }));
  }
  work(0, source, written);
  for (std::thread& other : others) other.join();
}

void ReplayWorkers::work(size_t worker, ReplaySource& source, const Written& written) noexcept {
  for (;;) {
    ReplayLane& lane = free_lane(worker);
    {
      const ShortWait turn(reading_);
      if (at_end_ || stop_requested()) return;
      lane.number = read_++;
      if (!lane.read(source)) at_end_ = true;
    }
    lane.format();
    if (!deliver(lane, written)) at_end_ = true;
  }
}

// The first one by preference: its memory is in the core's cache.
ReplayLane& ReplayWorkers::free_lane(size_t worker) noexcept {
  ReplayLane* found = nullptr;
  std::unique_lock lock(lock_);
  freed_.wait(lock, [&] {
    for (size_t i = 0; i < kLanesPerWorker && found == nullptr; ++i) {
      ReplayLane& lane = *lanes_[worker * kLanesPerWorker + i];
      if (!lane.waits) found = &lane;
    }
    return found != nullptr;
  });
  return *found;
}

// Whoever is writing takes what becomes ready meanwhile.
bool ReplayWorkers::deliver(ReplayLane& lane, const Written& written) noexcept {
  bool go_on = true;
  std::unique_lock lock(lock_);
  lane.waits = true;
  ready_[lane.number % ready_.size()] = &lane;
  if (writing_) return go_on;
  writing_ = true;
  while (ReplayLane* due = std::exchange(ready_[written_ % ready_.size()], nullptr)) {
    lock.unlock();
    due->hand_over(pipeline_);
    go_on = written(*due) && go_on;
    lock.lock();
    ++written_;
    due->waits = false;
    freed_.notify_all();
  }
  writing_ = false;
  return go_on;
}

}  // namespace tracee
