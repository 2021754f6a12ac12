// SPDX-License-Identifier: Apache-2.0
// Which of the two compilations of llhttp's state machine runs. See llhttp.cmake.
#include <llhttp.h>

int llhttp_plain_init(llhttp__internal_t* state);
int llhttp_plain_execute(llhttp__internal_t* state, const char* begin, const char* end);
int llhttp_sse42_init(llhttp__internal_t* state);
int llhttp_sse42_execute(llhttp__internal_t* state, const char* begin, const char* end);

int llhttp__internal_init(llhttp__internal_t* state) {
  return __builtin_cpu_supports("sse4.2") ? llhttp_sse42_init(state) : llhttp_plain_init(state);
}

int llhttp__internal_execute(llhttp__internal_t* state, const char* begin, const char* end) {
  return __builtin_cpu_supports("sse4.2") ? llhttp_sse42_execute(state, begin, end)
                                          : llhttp_plain_execute(state, begin, end);
}
