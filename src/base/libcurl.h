// SPDX-License-Identifier: Apache-2.0
// libcurl, loaded when something first sends a request: what is called of it. curl's own macros
// check the types of options; here set_option() leaves that to who calls it: a number is a long,
// or curl_off_t where curl says so.
#pragma once

#include <curl/curl.h>

#include "base/late_library.h"

namespace tracee {

struct Libcurl : LateLibrary {
  Libcurl();

  decltype(&::curl_easy_init) init{find("curl_easy_init")};
  decltype(&::curl_easy_cleanup) cleanup{find("curl_easy_cleanup")};
  decltype(&::curl_easy_reset) reset{find("curl_easy_reset")};
  decltype(&::curl_easy_setopt) set_option{find("curl_easy_setopt")};
  decltype(&::curl_easy_getinfo) get_info{find("curl_easy_getinfo")};
  decltype(&::curl_easy_perform) perform{find("curl_easy_perform")};
  decltype(&::curl_easy_strerror) text_of{find("curl_easy_strerror")};
  decltype(&::curl_slist_append) append{find("curl_slist_append")};
  decltype(&::curl_slist_free_all) free_list{find("curl_slist_free_all")};

 private:
  decltype(&::curl_global_init) start_{find("curl_global_init")};
};

// Ready for use if it could be loaded. Any thread; requests of one handle are one thread's.
const Libcurl& libcurl();

}  // namespace tracee
