// SPDX-License-Identifier: Apache-2.0
#include "app/docs.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "app/version.h"
#include "docs/pages.h"
#include "filter/scope.h"
#include "output/output.h"

namespace tracee {
namespace {

time_t date_of_docs() {
  const char* text = std::getenv("SOURCE_DATE_EPOCH");
  if (text == nullptr) return std::time(nullptr);
  time_t seconds = 0;
  const std::string_view view(text);
  std::from_chars(view.data(), view.data() + view.size(), seconds);
  return seconds;
}

// "man7/tracee-net_packet_dns.7" is tracee-net_packet_dns; "bash/tracee" is bash.
std::string name_of(const Page& page, bool by_folder) {
  const std::filesystem::path path(page.path);
  return by_folder ? path.parent_path().string() : path.stem().string();
}

Result<> write_page(const std::filesystem::path& path, const std::string& text) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) {
    return fail(Exit::RunTime, "docs: cannot write " + path.string(),
                "check that the folder may be written to");
  }
  return {};
}

struct DocFormat {
  std::string_view name;
  std::vector<Page> (*write)(const Subject&);
  bool by_folder = false;  // pages are told apart by their folders
};
constexpr DocFormat kDocFormats[] = {{"man", &manual_pages},
                                     {"complete", &completions, true},
                                     {"schema", &schemas},
                                     {"md", &reference_pages}};

template <class Words>
std::vector<std::string> strings(const Words& words) {
  return {words.begin(), words.end()};
}

}  // namespace

Result<> write_docs(const Options& options, const Catalog& catalog) {
  CommandLine command_line = options.docs.command_line;
  command_line.output_formats = strings(output_formats());
  command_line.scope_keys = strings(scope_keys());
  command_line.event_scope_keys = strings(event_scope_keys());
  const Subject subject{catalog, command_line, kVersion, date_of_docs()};
  const auto* const format = std::ranges::find(kDocFormats, options.docs.format, &DocFormat::name);
  const bool complete = format->by_folder;
  const std::vector<Page> pages = format->write(subject);
  if (!options.docs.folder.empty()) {
    for (const Page& page : pages) {
      const auto path = std::filesystem::path(options.docs.folder) / page.path;
      if (auto written = write_page(path, page.text); !written) return written;
    }
    return {};
  }
  std::vector<std::string> names;
  names.reserve(pages.size());
  for (const Page& page : pages) names.push_back(name_of(page, complete));
  const std::string& wanted = options.docs.page.empty() ? names.front() : options.docs.page;
  auto found = std::ranges::find(names, wanted);
  // An event's own name will do.
  if (found == names.end()) found = std::ranges::find(names, "tracee-" + wanted);
  if (found == names.end()) {
    std::vector<std::string_view> views(names.begin(), names.end());
    for (const EventSpec* spec : catalog.events()) views.push_back(spec->name);
    const std::string near = did_you_mean(wanted, views);
    return fail(Exit::Usage, "docs: no page '" + wanted + "'",
                near.empty() ? "`--to FOLDER` writes them all" : near);
  }
  fmt::print("{}", pages[static_cast<size_t>(found - names.begin())].text);
  return {};
}

}  // namespace tracee
