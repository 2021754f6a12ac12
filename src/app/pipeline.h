// SPDX-License-Identifier: Apache-2.0
// The one place that knows the order of the rooms: a record is enriched and
// decoded, its events are filtered and written. One worker, one thread; nothing
// here allocates per packet.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "capture/source.h"
#include "decode/decoder.h"
#include "enrich/interfaces.h"
#include "filter/pcap_filter.h"
#include "filter/selection.h"
#include "output/output.h"

namespace tracee {

struct PipelineCounters {
  uint64_t received = 0;  // records
  uint64_t unwanted = 0;  // of these: what --pcap-filter left out
  uint64_t decoded = 0;   // events made of them
  uint64_t filtered = 0;  // events that the selection did not keep
  uint64_t matched = 0;   // events given to the outputs
};

class Pipeline final : public RecordHandler, private EventHandler {
 public:
  // `limit`: take no more events after this many.
  Pipeline(Selection selection, const DecodeOptions& options,
           std::vector<std::unique_ptr<Output>> outputs, std::optional<uint64_t> limit);

  // Packets that it does not keep are not decoded.
  void look_only_at(PcapFilter packets) { packets_ = std::move(packets); }

  // Where a new selection comes from when one is asked for; the kernel side then
  // delivers what any selection may want. reload() keeps the old one on error.
  using Source = std::function<Result<Selection>()>;
  void reload_from(Source source) { source_ = std::move(source); }
  Result<> reload();

  void on_record(const Record& record) noexcept override;

  // Writes a lost_events event to every output. `time_ns` since the epoch.
  void report_loss(std::string_view stage, uint64_t count, uint64_t interval_ms,
                   uint64_t time_ns) noexcept;

  void flush() noexcept;
  // Reads the interfaces' names anew if a packet came from one without a name.
  void refresh_interfaces() { interfaces_.refresh(); }

  // Something waits to be flushed.
  bool waiting() const noexcept;

  // There is no point in going on: the limit is reached, or no output is left.
  bool finished() const noexcept;

  // What the kernel side has to deliver.
  uint32_t wire_wants() const { return tracee::wire_wants(source_ ? ~EventMask{0} : enabled_); }
  size_t event_count() const { return selection_.events().size(); }
  const PipelineCounters& counters() const noexcept { return counters_; }
  const DecodeCounters& decode_counters() const noexcept { return decoder_.counters(); }
  const std::vector<std::unique_ptr<Output>>& outputs() const noexcept { return outputs_; }

 private:
  void on_event(const Event& event) noexcept override;

  Selection selection_;
  EventMask enabled_;
  Decoder decoder_;
  Interfaces interfaces_;
  std::vector<std::unique_ptr<Output>> outputs_;
  std::optional<uint64_t> limit_;
  std::optional<PcapFilter> packets_;
  Source source_;
  PipelineCounters counters_;
};

}  // namespace tracee
