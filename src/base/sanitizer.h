// SPDX-License-Identifier: Apache-2.0
// Whether this build looks for its own mistakes (TRACEE_SANITIZE). The one place that knows:
// a sanitizer's leak check at the end looks at the process as a debugger does.
#pragma once

namespace tracee {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

}  // namespace tracee
