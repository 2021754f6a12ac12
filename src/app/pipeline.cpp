// SPDX-License-Identifier: Apache-2.0
#include "app/pipeline.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "enrich/owner.h"
#include "event/lost_events.h"

namespace tracee {
namespace {

EventMask mask_of(const std::vector<const EventSpec*>& events) {
  EventMask mask = 0;
  for (const EventSpec* spec : events) {
    const bool from_packets = std::ranges::find(packet_events(), spec) != packet_events().end();
    if (from_packets) mask |= event_bit(*spec);
  }
  return mask;
}

// They differ in their first letter; whatever begins otherwise is none of them.
constexpr auto kAttributionByLetter = [] {
  std::array<uint8_t, 256> out{};
  out.fill(std::size(kAttributions) - 1);
  for (size_t i = 0; i < std::size(kAttributions); ++i) {
    out[static_cast<uint8_t>(kAttributions[i].front())] = static_cast<uint8_t>(i);
  }
  return out;
}();

size_t attribution_index(std::string_view name) noexcept {
  return kAttributionByLetter[name.empty() ? 0 : static_cast<uint8_t>(name.front())];
}

std::string_view direction_name(Direction direction) noexcept {
  switch (direction) {
    case Direction::Ingress:
      return "ingress";
    case Direction::Egress:
      return "egress";
    case Direction::Unknown:
      break;
  }
  return {};
}

}  // namespace

Pipeline::Pipeline(Selection selection, const DecodeOptions& options,
                   std::vector<std::unique_ptr<Output>> outputs, std::optional<uint64_t> limit,
                   const Pipeline* streams_of)
    : selection_(std::move(selection)),
      enabled_(mask_of(selection_.events())),
      decoder_(options, enabled_, streams_of != nullptr ? &streams_of->decoder_ : nullptr),
      outputs_(std::move(outputs)),
      limit_(limit) {
  count_kinds();
}

void Pipeline::detect_with(std::unique_ptr<Detection> detection) {
  detection_ = std::move(detection);
  engine_ = &detection_->engine();
  count_kinds();
  const Selection* only[] = {&selection_};
  enable(only);
}

void Pipeline::enable(std::span<const Selection* const> selections) {
  std::vector<Engine::Selected> selected;
  enabled_ = 0;
  for (const Selection* selection : selections) {
    enabled_ |= mask_of(selection->events());
    for (const EventSpec* spec : selection->events()) {
      // Policies of two selections have the same bits: then a detector sees what is
      // in any scope.
      selected.push_back(
          {spec, selections.size() > 1 ? ~uint64_t{0} : selection->selecting(*spec)});
    }
  }
  if (engine_ != nullptr) {
    engine_->select(selected);
    enabled_ |= mask_of(engine_->required());
  }
  decoder_.enable(enabled_);
}

void Pipeline::take(const Record& record, Part part) noexcept {
  const bool counts = part != Part::Ordered;
  counters_.received += counts;
  if (engine_ != nullptr) on_time(record.time_ns);
  if (packets_ && !packets_->keeps(record.packet, record.packet_length)) {
    counters_.unwanted += counts;
    return;
  }
  Context context;
  if (record.stored != nullptr) context = *record.stored;
  context.time_ns = record.time_ns;
  context.packet_length = record.packet_length;
  context.captured_length = static_cast<uint32_t>(record.packet.size());
  context.direction = direction_name(record.direction);
  if (record.stored == nullptr) {
    context.cpu = record.cpu;
    context.ifindex = record.ifindex;
    context.net_ns = record.net_ns;
    context.gso_segments = std::max<uint32_t>(record.gso_segments, 1);
    context.interface = interfaces_.name(record.net_ns, record.ifindex);
  }
  if (record.owner != nullptr) {
    const bool egress = record.direction == Direction::Egress;
    if (enricher_ != nullptr) {
      enricher_->fill(*record.owner, record.boot_epoch_ns, egress, context);
      if (show_executable_) context.executable.path = context.executable_path;
    } else {
      fill_owner(*record.owner, record.boot_epoch_ns, egress, context);
    }
  }
  counters_.by_attribution[attribution_index(context.attribution)] += counts;
  if (owners_ && !owners_->keeps(context)) {
    counters_.of_others += counts;
    return;
  }
  asked_ = next_ && record.generation != generation_ ? &*next_ : &selection_;
  rules_ = record.rules;
  const uint64_t matched = counters_.matched;
  const bool over = limit_reached();
  if (enabled_ != 0) {
    decoder_.decode(record.packet, record.packet_length, context, *this, record.wants, part);
  }
  if (captures_.empty() || over) return;
  const bool selected = counters_.matched != matched;
  if (captures_.take(context, record.packet, record.packet_length, selected)) ++counters_.captured;
}

void PipelineCounters::add(const PipelineCounters& worker) noexcept {
  received += worker.received;
  unwanted += worker.unwanted;
  of_others += worker.of_others;
  decoded += worker.decoded;
  findings += worker.findings;
  filtered += worker.filtered;
  matched += worker.matched;
  captured += worker.captured;
  for (size_t i = 0; i < std::size(by_attribution); ++i) {
    by_attribution[i] += worker.by_attribution[i];
  }
}
// All but what reloads count, which no worker does.
static_assert(sizeof(PipelineCounters) == (8 + std::size(kAttributions) + 3) * sizeof(uint64_t));

void Pipeline::take_counts(Pipeline& worker) noexcept {
  counters_.add(worker.counters_);
  worker.counters_ = {};
  decoder_.take_counts(worker.decoder_);
  for (const uint32_t id : kind_ids_) kinds_[id].count += std::exchange(worker.kinds_[id].count, 0);
}

void Pipeline::capture_into(Captures captures) {
  captures_ = std::move(captures);
  if (only_packets() && !captures_.needs_events()) {
    enabled_ = 0;
    decoder_.enable(enabled_);
  }
}

// Where nothing but packets is written, they are what is counted.
bool Pipeline::limit_reached() const noexcept {
  return limit_ && (only_packets() ? counters_.captured : counters_.matched) >= *limit_;
}

// Set-up only: counting itself must not allocate.
void Pipeline::count_kinds() {
  std::vector<const EventSpec*> specs = selection_.events();
  specs.push_back(&kLostEvents);
  for (const EventSpec* spec : specs) {
    if (kinds_.size() <= spec->id) kinds_.resize(spec->id + 1);
    if (kinds_[spec->id].spec == nullptr) kind_ids_.push_back(spec->id);
    kinds_[spec->id].spec = spec;
  }
}

std::vector<std::pair<const EventSpec*, uint64_t>> Pipeline::event_counts() const {
  std::vector<std::pair<const EventSpec*, uint64_t>> out;
  for (const KindCount& kind : kinds_) {
    if (kind.spec != nullptr) out.emplace_back(kind.spec, kind.count);
  }
  return out;
}

void Pipeline::on_news(Bytes record) noexcept {
  if (enricher_ != nullptr) enricher_->take(record);
}

void Pipeline::refresh() {
  interfaces_.refresh();
  if (enricher_ != nullptr) enricher_->refresh();
}

void Pipeline::on_event(const Event& event) noexcept {
  ++counters_.decoded;
  Event selected = event;
  select(selected);
  if (redactor_) selected.data = redactor_->redacted(*event.spec, event.data);
  write(selected);
  if (engine_ == nullptr || !engine_->wants(*event.spec)) return;
  Findings findings(*this);
  engine_->on_event(selected, asked_->in_scope(event), findings);
}

void Pipeline::Findings::on_event(const Event& event) noexcept {
  ++pipeline_.counters_.findings;
  Event selected = event;
  pipeline_.select(selected);
  pipeline_.write(selected);
}

// Notes in `event` who selected it.
void Pipeline::select(Event& event) noexcept {
  event.policies =
      limit_reached() ? 0 : asked_->matched(event, event.finding == nullptr ? rules_ : UINT64_MAX);
  event.policy_names = asked_->policy_names();
}

void Pipeline::write(const Event& event) noexcept {
  if (event.policies == 0) {
    ++counters_.filtered;
    return;
  }
  ++counters_.matched;
  if (event.spec->id < kinds_.size()) ++kinds_[event.spec->id].count;
  for (const auto& output : outputs_) output->write(event);
  if (viewer_ != nullptr) viewer_->on_event(event);
}

void Pipeline::on_time(uint64_t now_ns) noexcept {
  if (engine_ == nullptr) return;
  Findings findings(*this);
  engine_->on_time(now_ns, findings);
}

std::unique_ptr<struct wire_rules> Pipeline::rules_of(Selection& selection,
                                                      uint32_t generation) const {
  std::vector<KernelRule> rules;
  if (only_packets() && !captures_.needs_events()) {
    // Packets are all that is asked for.
  } else if (pushes_down_) {
    rules = selection.push_down(&wire_wants);
  } else {
    rules.resize(1);
    for (const EventSpec* spec : selection.events()) rules[0].wants |= wire_wants(*spec);
  }
  uint32_t required = 0;
  if (engine_ != nullptr) {
    for (const EventSpec* spec : engine_->required()) required |= wire_wants(*spec);
  }
  if (required != 0) {
    // Detectors see all of what they require: a rule without conditions. Where there
    // is no room for another, the first becomes it; user space asks again anyway.
    const bool room = rules.size() < WIRE_RULES;
    if (room) rules.emplace_back();
    KernelRule& all = room ? rules.back() : rules.front();
    all.wants |= required;
    all.box = {};
  }
  if (const uint32_t wants = captures_.wire_wants(); wants != 0) {
    if (rules.size() == WIRE_RULES) {
      rules.back().wants |= wants;
      rules.back().box = {};
    } else {
      rules.push_back({wants, {}});
    }
  }
  return wire_rules_of(rules, generation);
}

Result<> Pipeline::take_detectors(DetectorFiles files, const Apply& apply) {
  detection_->reload(std::move(files));
  const Selection* only[] = {&selection_};
  enable(only);
  return reload(apply);
}

Result<> Pipeline::reload(const Apply& apply) {
  if (!source_) return {};  // nothing to read again
  auto done = take_selection(apply);
  if (!done) {
    ++counters_.failed_reloads;
    return done;
  }
  ++counters_.reloads;
  counters_.reloaded_ns = static_cast<uint64_t>(std::time(nullptr)) * 1'000'000'000;
  return done;
}

Result<> Pipeline::take_selection(const Apply& apply) {
  auto fresh = source_();
  if (!fresh) return forward(fresh);
  next_ = std::move(*fresh);
  const Selection* both[] = {&selection_, &*next_};
  enable(both);
  if (apply) apply(*rules_of(*next_, generation_ + 1));
  ++generation_;
  selection_ = std::move(*next_);
  next_.reset();
  count_kinds();
  asked_ = &selection_;
  const Selection* only[] = {&selection_};
  enable(only);
  return {};
}

void Pipeline::report_loss(std::string_view stage, uint64_t count, uint64_t interval_ms,
                           uint64_t time_ns) noexcept {
  const LostEvents lost{stage, count, interval_ms};
  Context context;
  context.time_ns = time_ns;
  for (const auto& output : outputs_) output->write(Event{&kLostEvents, &context, &lost}, true);
}

void Pipeline::report_output_loss(uint64_t interval_ms, uint64_t time_ns) noexcept {
  Context context;
  context.time_ns = time_ns;
  LostEvents lost{"output", 0, interval_ms};
  const Event event{&kLostEvents, &context, &lost};
  for (const auto& loser : outputs_) {
    lost.count = loser->take_new_loss();
    if (lost.count == 0) continue;
    for (const auto& other : outputs_) {
      if (other != loser) other->write(event, true);
    }
  }
  // A report to an output that still drops would only be one more loss.
  for (const auto& output : outputs_) {
    lost.count = output->take_owed_loss();
    if (lost.count > 0) output->write(event, true);
  }
}

void Pipeline::flush() noexcept {
  for (const auto& output : outputs_) output->flush();
  captures_.flush();
}

void Pipeline::finish(uint64_t lost) noexcept {
  flush();
  captures_.finish(lost);
}

void Pipeline::tick() noexcept {
  for (const auto& output : outputs_) output->tick();
}

void Pipeline::reopen() noexcept {
  for (const auto& output : outputs_) output->reopen();
  captures_.reopen();
}

void Pipeline::close() noexcept {
  // All at once, so that the slowest one is what the end waits for, not their sum.
  for (const auto& output : outputs_) output->close();
  for (const auto& output : outputs_) output->join();
}

bool Pipeline::waiting() const noexcept {
  return std::ranges::any_of(outputs_, [](const auto& output) { return output->waiting(); }) ||
         captures_.waiting();
}

bool Pipeline::finished() const noexcept {
  if (limit_reached()) return true;
  return viewer_ == nullptr && captures_.broken() &&
         std::ranges::all_of(outputs_, [](const auto& output) { return output->reader_gone(); });
}

}  // namespace tracee
