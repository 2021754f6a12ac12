// SPDX-License-Identifier: Apache-2.0
// The one place that knows the order of the rooms: a record is enriched and
// decoded, its events are filtered and written. One worker, one thread; nothing
// here allocates per packet. Several workers of a replay have a pipeline each
// (replay_workers.h), and one more that has the outputs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "app/captures.h"
#include "base/result.h"
#include "capture/source.h"
#include "decode/decoder.h"
#include "decode/redact.h"
#include "detect/detection.h"
#include "enrich/enricher.h"
#include "enrich/interfaces.h"
#include "filter/pcap_filter.h"
#include "filter/selection.h"
#include "output/output.h"

namespace tracee {

// How owners are known, as the envelope's `network.attribution` has it.
inline constexpr std::string_view kAttributions[] = {"creator", "user", "listener", "none"};

struct PipelineCounters {
  uint64_t received = 0;   // records
  uint64_t unwanted = 0;   // of these: what --pcap-filter left out
  uint64_t of_others = 0;  // and packets that are not the command's
  uint64_t decoded = 0;    // events made of them
  uint64_t findings = 0;   // events that detectors made of these
  uint64_t filtered = 0;   // events that the selection did not keep
  uint64_t matched = 0;    // events given to the outputs
  uint64_t captured = 0;   // records that a capture took
  uint64_t by_attribution[std::size(kAttributions)] = {};
  uint64_t reloads = 0, failed_reloads = 0;
  uint64_t reloaded_ns = 0;  // since the epoch; 0: never

  // Adds what one of several workers has counted.
  void add(const PipelineCounters& worker) noexcept;
};

class DetectorWatch;

class Pipeline final : public RecordHandler, private EventHandler {
 public:
  using Source = std::function<Result<Selection>()>;
  using Apply = std::function<void(const struct wire_rules&)>;

  // `limit`: take no more events after this many. `streams_of`: see Decoder.
  Pipeline(Selection selection, const DecodeOptions& options,
           std::vector<std::unique_ptr<Output>> outputs, std::optional<uint64_t> limit,
           const Pipeline* streams_of = nullptr);

  // Detectors see what they require, selected or not; of their findings the
  // selection decides, as of every event. Before the first record.
  void detect_with(std::unique_ptr<Detection> detection);
  // Detectors whose files have changed, from the next record on; the selection is made
  // anew like in reload(), and so is its error. What is wrong with files is in
  // detection().warnings().
  Result<> take_detectors(DetectorFiles files, const Apply& apply);
  Detection& detection() { return *detection_; }
  // Who reads them; must outlive the pipeline. Null: nobody.
  void watch_with(DetectorWatch* watch) noexcept { watch_ = watch; }
  DetectorWatch* detector_watch() const noexcept { return watch_; }
  // Packets go there too, as packets.
  void capture_into(Captures captures);

  // Who gets an event from here on gets it without this: outputs, viewers, detectors.
  // Selections see it as it is.
  void redact(const Redaction& what) {
    if (what.any()) redactor_ = std::make_unique<Redactor>(what);
  }

  // Packets that it does not keep are not decoded.
  void look_only_at(PcapFilter packets) { packets_ = std::move(packets); }

  // Where a new selection comes from when one is asked for. reload() keeps the old
  // one on error. In a live trace `apply` gives the new rules to the kernel side and
  // comes back when no record of the old ones is left: until then each record meets
  // the selection whose rules have kept it.
  void reload_from(Source source) { source_ = std::move(source); }
  Result<> reload(const Apply& apply);

  // Shows what is kept to a viewer as well; without outputs to it alone. It must
  // outlive the pipeline. Null: nobody.
  void show_to(EventHandler* viewer) noexcept { viewer_ = viewer; }

  // Who knows more of owners than their records say; must outlive the pipeline.
  // `show_executable`: the envelope has the path.
  void ask(Enricher& enricher, bool show_executable) {
    enricher_ = &enricher;
    show_executable_ = show_executable;
  }

  void on_record(const Record& record) noexcept override { take(record, Part::Whole); }
  // For one of several workers: some of the record's events. Alone counts the record.
  void take(const Record& record, Part part) noexcept;
  // False: no selected event needs Part::Ordered.
  bool has_order() const noexcept { return decoder_.has_order(); }
  // Adds what `worker`, of the same selection, has counted; it begins anew.
  void take_counts(Pipeline& worker) noexcept;

  void on_news(Bytes record) noexcept override;

  // Writes a lost_events event to every output. `time_ns` since the epoch.
  void report_loss(std::string_view stage, uint64_t count, uint64_t interval_ms,
                   uint64_t time_ns) noexcept;

  // Time passes, for detectors, even when no packet comes. `now_ns` since the epoch.
  void on_time(uint64_t now_ns) noexcept;
  // Tells the stream what the outputs dropped since the last time.
  void report_output_loss(uint64_t interval_ms, uint64_t time_ns) noexcept;

  void flush() noexcept;
  // Writes what waits and ends the captures. `lost`: packets that never came here.
  void finish(uint64_t lost) noexcept;
  // Each 100 ms: flush(), and what outputs do with time.
  void tick() noexcept;
  // SIGUSR1.
  void reopen() noexcept;
  // The end: what waits is delivered, as long as that makes progress.
  void close() noexcept;
  // Packets of others are not decoded.
  void look_only_at(std::shared_ptr<const OwnerTest> owners) { owners_ = std::move(owners); }

  void start_enricher(std::vector<RuntimeSocket> runtimes) {
    if (enricher_ != nullptr) enricher_->start(std::move(runtimes));
  }
  int answers_fd() const noexcept { return enricher_ != nullptr ? enricher_->answers_fd() : -1; }
  // Of the processes that were found running.
  void read_command_lines() {
    if (enricher_ != nullptr) enricher_->processes().read_command_lines();
  }
  // Reads anew what names were missed of, takes in answers that have come.
  void refresh();

  // Something waits to be flushed.
  bool waiting() const noexcept;

  // There is no point in going on: the limit is reached, or no output is left.
  bool finished() const noexcept;

  // What the kernel side has to deliver; without push-down each packet of which a
  // selected event could be made.
  std::unique_ptr<struct wire_rules> kernel_rules() { return rules_of(selection_, generation_); }
  void push_down(bool wanted) { pushes_down_ = wanted; }
  const Captures& captures() const noexcept { return captures_; }
  size_t event_count() const { return selection_.events().size(); }
  const PipelineCounters& counters() const noexcept { return counters_; }
  // How often each event was selected, of those that were and those that are asked for.
  std::vector<std::pair<const EventSpec*, uint64_t>> event_counts() const;
  const Enricher* enricher() const noexcept { return enricher_; }
  const DecodeCounters& decode_counters() const noexcept { return decoder_.counters(); }
  const std::vector<std::unique_ptr<Output>>& outputs() const noexcept { return outputs_; }
  // Null: there are no detectors.
  const Engine* detectors() const noexcept { return engine_; }

 private:
  // The way of detectors' events: to the outputs only, the engine knows them.
  class Findings final : public EventHandler {
   public:
    explicit Findings(Pipeline& pipeline) : pipeline_(pipeline) {}
    void on_event(const Event& event) noexcept override;

   private:
    Pipeline& pipeline_;
  };

  void on_event(const Event& event) noexcept override;
  std::unique_ptr<struct wire_rules> rules_of(Selection& selection, uint32_t generation) const;
  void select(Event& event) noexcept;
  void write(const Event& event) noexcept;
  // The events of these selections, and what their detectors need to see.
  void enable(std::span<const Selection* const> selections);
  bool limit_reached() const noexcept;
  Result<> take_selection(const Apply& apply);
  void count_kinds();
  // Nobody looks at the events.
  bool only_packets() const noexcept {
    return outputs_.empty() && viewer_ == nullptr && !captures_.empty();
  }

  Selection selection_;
  uint32_t generation_ = 1;        // of its rules in the kernel
  std::optional<Selection> next_;  // during a reload, and of the next generation
  bool pushes_down_ = true;
  // Of the record that is being decoded.
  const Selection* asked_ = &selection_;
  uint64_t rules_ = UINT64_MAX;
  EventMask enabled_;
  Decoder decoder_;
  std::unique_ptr<Detection> detection_;
  DetectorWatch* watch_ = nullptr;
  Engine* engine_ = nullptr;
  Interfaces interfaces_;
  Enricher* enricher_ = nullptr;
  bool show_executable_ = false;
  std::shared_ptr<const OwnerTest> owners_;
  std::vector<std::unique_ptr<Output>> outputs_;
  std::optional<uint64_t> limit_;
  std::optional<PcapFilter> packets_;
  Source source_;
  EventHandler* viewer_ = nullptr;
  std::unique_ptr<Redactor> redactor_;  // null: nothing is hidden
  Captures captures_;
  PipelineCounters counters_;
  struct KindCount {
    const EventSpec* spec = nullptr;
    uint64_t count = 0;
  };
  std::vector<KindCount> kinds_;  // by event id, as far as any is selected
  std::vector<uint32_t> kind_ids_;
};

}  // namespace tracee
