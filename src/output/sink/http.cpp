// SPDX-License-Identifier: Apache-2.0
#include "output/sink/http.h"

#include <algorithm>
#include <fstream>

#include "base/libcurl.h"
#include "output/sink/url.h"

namespace tracee {
namespace {

constexpr size_t kMostAnswer = 8192;

size_t on_body(char* data, size_t size, size_t count, void* user) {
  auto& body = *static_cast<std::string*>(user);
  body.append(data, std::min(size * count, kMostAnswer - std::min(body.size(), kMostAnswer)));
  return size * count;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return (*static_cast<const std::function<bool()>*>(user))() ? 1 : 0;
}

bool readable(const std::string& path) { return path.empty() || std::ifstream(path).good(); }

}  // namespace

Result<HttpSettings> HttpSettings::read(std::string_view kind, const std::string& place,
                                        std::string_view path, Settings& settings) {
  if (auto loaded = libcurl().loaded(); !loaded) return forward(loaded);
  const std::string label = "--output " + std::string(kind);
  auto url = parse_url(place);
  if (!url || (url->scheme != "http" && url->scheme != "https")) {
    return fail(Exit::Usage, label + ": no URL in '" + redacted(place) + "'",
                "write " + std::string(kind) + ":http://HOST:PORT/PATH, or https");
  }
  HttpSettings out;
  out.where = url->scheme + "://" + url->where();
  if (url->path.empty() || (url->path == "/" && !path.empty())) url->path = path;
  out.url = out.where + url->path;
  out.where = out.url;
  // What the server is to see after its own `?`, which ours have taken.
  if (const std::string query = settings.secret("query"); !query.empty()) out.url += "?" + query;
  out.user = settings.text("user", url->user);
  out.password = settings.secret("password");
  if (out.password.empty()) out.password = url->password;
  out.token = settings.secret("token");
  if (const std::string header = settings.secret("header"); !header.empty()) {
    out.headers.push_back(header);
    if (header.find(':') == header.npos) {
      settings.complain("header: no colon in it", "write header-file=PATH, its line NAME: VALUE");
    }
  }
  out.timeout = settings.time("timeout", std::chrono::seconds(10));
  out.ca_file = settings.text("tls-ca");
  out.certificate_file = settings.text("tls-cert");
  out.key_file = settings.text("tls-key");
  out.verify = settings.flag("tls-verify", true);
  for (const std::string* file : {&out.ca_file, &out.certificate_file, &out.key_file}) {
    if (!readable(*file)) settings.complain("cannot read " + *file, "check the path");
  }
  if (url->scheme == "http" && !(out.ca_file + out.certificate_file + out.key_file).empty()) {
    settings.complain("tls options for a URL without TLS", "write https://, or leave them out");
  }
  const uint64_t retries = settings.number("retries", 0, 0, 1'000'000);
  out.retries = settings.has("retries") ? retries : UINT64_MAX;
  out.retry_most = settings.time("retry-most", std::chrono::seconds(30));
  return out;
}

std::string PostAnswer::said() const {
  if (status != 0) return "answered " + std::to_string(status);
  return problem;
}

struct HttpPoster::Handles {
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  std::string content_type;

  ~Handles() {
    libcurl().free_list(headers);
    libcurl().cleanup(easy);
  }
};

HttpPoster::HttpPoster(HttpSettings settings, std::function<bool()> stop)
    : settings_(std::move(settings)),
      stop_(std::move(stop)),
      handles_(std::make_unique<Handles>()) {
  handles_->easy = libcurl().init();
  CURL* easy = handles_->easy;
  if (easy == nullptr) return;
  libcurl().set_option(easy, CURLOPT_URL, settings_.url.c_str());
  libcurl().set_option(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  libcurl().set_option(easy, CURLOPT_NOSIGNAL, 1L);
  libcurl().set_option(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(settings_.timeout.count()));
  libcurl().set_option(easy, CURLOPT_WRITEFUNCTION, on_body);
  libcurl().set_option(easy, CURLOPT_NOPROGRESS, 0L);
  libcurl().set_option(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
  libcurl().set_option(easy, CURLOPT_XFERINFODATA, &stop_);
  if (!settings_.user.empty()) {
    libcurl().set_option(easy, CURLOPT_USERNAME, settings_.user.c_str());
    libcurl().set_option(easy, CURLOPT_PASSWORD, settings_.password.c_str());
  }
  if (!settings_.token.empty()) {
    libcurl().set_option(easy, CURLOPT_HTTPAUTH, long{CURLAUTH_BEARER});
    libcurl().set_option(easy, CURLOPT_XOAUTH2_BEARER, settings_.token.c_str());
  }
  if (!settings_.ca_file.empty())
    libcurl().set_option(easy, CURLOPT_CAINFO, settings_.ca_file.c_str());
  if (!settings_.certificate_file.empty()) {
    libcurl().set_option(easy, CURLOPT_SSLCERT, settings_.certificate_file.c_str());
  }
  if (!settings_.key_file.empty()) {
    libcurl().set_option(easy, CURLOPT_SSLKEY, settings_.key_file.c_str());
  }
  if (!settings_.verify) {
    libcurl().set_option(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    libcurl().set_option(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

HttpPoster::~HttpPoster() = default;

PostAnswer HttpPoster::post(std::string_view body, const std::string& content_type) {
  PostAnswer answer;
  CURL* easy = handles_->easy;
  if (easy == nullptr) {
    answer.problem = "no memory";
    return answer;
  }
  if (handles_->content_type != content_type) {
    libcurl().free_list(handles_->headers);
    handles_->headers = libcurl().append(nullptr, ("Content-Type: " + content_type).c_str());
    // Without it curl waits a second for permission to send a large body.
    handles_->headers = libcurl().append(handles_->headers, "Expect:");
    for (const std::string& header : settings_.headers) {
      handles_->headers = libcurl().append(handles_->headers, header.c_str());
    }
    handles_->content_type = content_type;
    libcurl().set_option(easy, CURLOPT_HTTPHEADER, handles_->headers);
  }
  libcurl().set_option(easy, CURLOPT_WRITEDATA, &answer.body);
  libcurl().set_option(easy, CURLOPT_POSTFIELDS, body.data());
  libcurl().set_option(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  const CURLcode code = libcurl().perform(easy);
  if (code != CURLE_OK) {
    answer.problem = libcurl().text_of(code);
    return answer;
  }
  long status = 0;
  libcurl().get_info(easy, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  curl_off_t after = 0;
  libcurl().get_info(easy, CURLINFO_RETRY_AFTER, &after);
  answer.retry_after = std::chrono::seconds(std::clamp<curl_off_t>(after, 0, 3600));
  return answer;
}

}  // namespace tracee
