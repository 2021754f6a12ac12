// SPDX-License-Identifier: Apache-2.0
#include "app/detector_watch.h"
#include "app/run.h"
#include "app/service.h"
#include "app/signals.h"
#include "app/summary.h"

namespace tracee {
namespace {

void reload_policies(Pipeline& pipeline, const Pipeline::Apply& apply) {
  tell_reloading();
  const auto done = pipeline.reload(apply);
  tell_service_manager("READY=1");
  if (!done) {
    say("the policies stay as they were:");
    say_error(done.error());
    return;
  }
  say("policies read again: tracing " + std::to_string(pipeline.event_count()) + " events");
}

void take_detectors(DetectorWatch& watch, Pipeline& pipeline, const Pipeline::Apply& apply) {
  auto files = watch.take();
  if (!files) return;
  const auto done = pipeline.take_detectors(std::move(*files), apply);
  Detection& detection = pipeline.detection();
  watch.in_force(detection.files());
  for (const Error& warning : detection.warnings()) say_error(warning);
  if (!detection.warnings().empty()) say("what is wrong stays as it was");
  if (!done) {
    say("the selection stays as it was:");
    say_error(done.error());
  }
  say("detectors read again: " + std::to_string(detection.size()));
}

}  // namespace

void serve_requests(Pipeline& pipeline, const Pipeline::Apply& apply) {
  if (!take_any_request()) return;
  if (take_reopen_request()) pipeline.reopen();
  DetectorWatch* const watch = pipeline.detector_watch();
  if (take_reload_request()) {
    if (watch != nullptr) watch->read_again();
    reload_policies(pipeline, apply);
  }
  if (watch != nullptr && take_detectors_request()) take_detectors(*watch, pipeline, apply);
}

}  // namespace tracee
