// SPDX-License-Identifier: Apache-2.0
#include "view/text.h"

#include <cstdio>
#include <ctime>
#include <iterator>

namespace tracee {
namespace {

// Three digits and a prefix of a thousand each.
std::string scaled(uint64_t number, const char* between, const char* unit) {
  static constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T", "P", "E"};
  double value = static_cast<double>(number);
  size_t prefix = 0;
  while (value >= 999.5 && prefix + 1 < std::size(kPrefixes)) {
    value /= 1000;
    ++prefix;
  }
  const int decimals = prefix == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  char text[40];
  std::snprintf(text, sizeof text, "%.*f%s%s%s", decimals, value, between, kPrefixes[prefix], unit);
  return text;
}

}  // namespace

std::string short_number(uint64_t number) { return scaled(number, "", ""); }
std::string short_bytes(uint64_t bytes) { return scaled(bytes, " ", "B"); }
std::string short_rate(uint64_t bytes_a_second) { return scaled(bytes_a_second * 8, " ", "bit/s"); }

size_t columns_of_text(std::string_view text) {
  size_t columns = 0;
  for (const char c : text) columns += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return columns;
}

std::string cut_text(std::string_view text, size_t width) {
  if (columns_of_text(text) <= width) return std::string(text);
  if (width == 0) return {};
  size_t end = 0;
  for (size_t columns = 0; end < text.size(); ++end) {
    const bool starts = (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80;
    if (starts && columns++ == width - 1) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return out;
}

static std::string local_text(uint64_t time_ns, const char* format) {
  const auto seconds = static_cast<time_t>(time_ns / 1'000'000'000);
  tm local{};
  localtime_r(&seconds, &local);
  char text[32];
  return {text, std::strftime(text, sizeof text, format, &local)};
}

std::string clock_text(uint64_t time_ns) { return local_text(time_ns, "%H:%M:%S"); }
std::string clock_text(uint64_t time_ns, uint64_t span_ns) {
  if (span_ns >= 10'000'000'000) return clock_text(time_ns);
  const std::string ms = std::to_string(time_ns / 1'000'000 % 1000 + 1000);
  return clock_text(time_ns) + "." + ms.substr(1);
}
std::string date_text(uint64_t time_ns) { return local_text(time_ns, "%Y-%m-%d"); }

}  // namespace tracee
