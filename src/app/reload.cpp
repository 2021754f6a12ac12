// SPDX-License-Identifier: Apache-2.0
#include "app/run.h"
#include "app/service.h"
#include "app/signals.h"
#include "app/summary.h"

namespace tracee {

void serve_requests(Pipeline& pipeline, const Pipeline::Apply& apply) {
  if (take_reopen_request()) pipeline.reopen();
  if (!take_reload_request()) return;
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

}  // namespace tracee
