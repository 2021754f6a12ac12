// SPDX-License-Identifier: Apache-2.0
#include "app/pipeline.h"

#include <algorithm>

#include "enrich/owner.h"
#include "event/lost_events.h"

namespace tracee {
namespace {

EventMask mask_of(const Selection& selection) {
  EventMask mask = 0;
  for (const EventSpec* spec : selection.events()) {
    const bool from_packets = std::ranges::find(packet_events(), spec) != packet_events().end();
    if (from_packets) mask |= event_bit(*spec);
  }
  return mask;
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
                   std::vector<std::unique_ptr<Output>> outputs, std::optional<uint64_t> limit)
    : selection_(std::move(selection)),
      enabled_(mask_of(selection_)),
      decoder_(options, enabled_),
      outputs_(std::move(outputs)),
      limit_(limit) {}

void Pipeline::on_record(const Record& record) noexcept {
  ++counters_.received;
  if (packets_ && !packets_->keeps(record.packet, record.packet_length)) {
    ++counters_.unwanted;
    return;
  }
  Context context;
  context.time_ns = record.time_ns;
  context.cpu = record.cpu;
  context.ifindex = record.ifindex;
  context.net_ns = record.net_ns;
  context.packet_length = record.packet_length;
  context.captured_length = static_cast<uint32_t>(record.packet.size());
  context.gso_segments = std::max<uint32_t>(record.gso_segments, 1);
  context.interface = interfaces_.name(record.net_ns, record.ifindex);
  context.direction = direction_name(record.direction);
  if (record.owner != nullptr) {
    const bool egress = record.direction == Direction::Egress;
    fill_owner(*record.owner, record.boot_epoch_ns, egress, context);
  }
  asked_ = next_ && record.generation != generation_ ? &*next_ : &selection_;
  rules_ = record.rules;
  decoder_.decode(record.packet, record.packet_length, context, *this, record.wants);
}

void Pipeline::on_event(const Event& event) noexcept {
  ++counters_.decoded;
  const bool over = limit_ && counters_.matched >= *limit_;
  const uint64_t policies = over ? 0 : asked_->matched(event, rules_);
  if (policies == 0) {
    ++counters_.filtered;
    return;
  }
  ++counters_.matched;
  Event selected = event;
  selected.policies = policies;
  selected.policy_names = asked_->policy_names();
  for (const auto& output : outputs_) output->write(selected);
  if (viewer_ != nullptr) viewer_->on_event(selected);
}

std::unique_ptr<struct wire_rules> Pipeline::rules_of(Selection& selection,
                                                      uint32_t generation) const {
  std::vector<KernelRule> rules;
  if (pushes_down_) {
    rules = selection.push_down(&wire_wants);
  } else {
    rules.resize(1);
    for (const EventSpec* spec : selection.events()) rules[0].wants |= wire_wants(*spec);
  }
  return wire_rules_of(rules, generation);
}

Result<> Pipeline::reload(const Apply& apply) {
  auto fresh = source_();
  if (!fresh) return forward(fresh);
  next_ = std::move(*fresh);
  enabled_ |= mask_of(*next_);
  decoder_.enable(enabled_);
  if (apply) apply(*rules_of(*next_, generation_ + 1));
  ++generation_;
  selection_ = std::move(*next_);
  next_.reset();
  asked_ = &selection_;
  enabled_ = mask_of(selection_);
  decoder_.enable(enabled_);
  return {};
}

void Pipeline::report_loss(std::string_view stage, uint64_t count, uint64_t interval_ms,
                           uint64_t time_ns) noexcept {
  const LostEvents lost{stage, count, interval_ms};
  Context context;
  context.time_ns = time_ns;
  for (const auto& output : outputs_) output->write(Event{&kLostEvents, &context, &lost});
}

void Pipeline::flush() noexcept {
  for (const auto& output : outputs_) output->flush();
}

bool Pipeline::waiting() const noexcept {
  return std::ranges::any_of(outputs_, [](const auto& output) { return output->waiting(); });
}

bool Pipeline::finished() const noexcept {
  if (limit_ && counters_.matched >= *limit_) return true;
  return viewer_ == nullptr && std::ranges::all_of(outputs_, [](const auto& output) {
           return output->reader_gone() || !output->problem().empty();
         });
}

}  // namespace tracee
