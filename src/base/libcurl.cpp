// SPDX-License-Identifier: Apache-2.0
#include "base/libcurl.h"

namespace tracee {

Libcurl::Libcurl() : LateLibrary(TRACEE_LIBCURL, "libcurl4") {
  if (loaded()) start_(CURL_GLOBAL_DEFAULT);
}

const Libcurl& libcurl() {
  static const Libcurl kLibrary;
  return kLibrary;
}

}  // namespace tracee
