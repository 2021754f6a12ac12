// SPDX-License-Identifier: Apache-2.0
// The formats by name, and what goes for all of them.
#include <algorithm>
#include <array>
#include <vector>

#include "output/format/format.h"

namespace tracee {
namespace {

// Shows each event with its time counted from a start. A thread may be older than
// that, so the time of its start stays as it is.
class RelativeTime final : public Format {
 public:
  RelativeTime(std::unique_ptr<Format> inner, uint64_t start_ns)
      : inner_(std::move(inner)), start_ns_(start_ns) {}

  void prologue(Buffer& out) noexcept override { inner_->prologue(out); }

  void write(const Event& event, Buffer& out) noexcept override {
    if (start_ns_ == 0) start_ns_ = event.context->time_ns;
    Context context = *event.context;
    context.time_ns -= std::min(context.time_ns, start_ns_);
    Event shifted = event;
    shifted.context = &context;
    inner_->write(shifted, out);
  }

 private:
  std::unique_ptr<Format> inner_;
  uint64_t start_ns_;
};

struct Named {
  std::string_view name;
  std::unique_ptr<Format> (*make)(const Catalog&, const FormatOptions&);
};

constexpr Named kFormats[] = {
    {"json",
     [](const Catalog& catalog, const FormatOptions& options) {
       return make_json_format(catalog, options.extended);
     }},
    {"json-v1", &make_json_v1_format},
    {"table",
     [](const Catalog&, const FormatOptions& options) { return make_table_format(options); }},
    {"table-verbose",
     [](const Catalog&, const FormatOptions& options) { return make_table_format(options, true); }},
};

constexpr std::string_view kTemplate = "template", kTemplateOf = "template=";

constexpr auto kNames = [] {
  std::array<std::string_view, std::size(kFormats) + 1> names{};
  std::ranges::transform(kFormats, names.begin(), &Named::name);
  names.back() = kTemplate;
  return names;
}();

}  // namespace

std::span<const std::string_view> format_names() { return kNames; }

Result<std::unique_ptr<Format>> make_format(const std::string& name, const Catalog& catalog,
                                            const FormatOptions& options) {
  std::unique_ptr<Format> made;
  for (const Named& known : kFormats) {
    if (known.name == name) made = known.make(catalog, options);
  }
  if (name.starts_with(kTemplateOf)) {
    auto read = make_template_format(name.substr(kTemplateOf.size()), catalog);
    if (!read) return read;
    made = std::move(*read);
  }
  if (name == kTemplate) {
    return fail(Exit::Usage, "--output: template without its file", "write --output template=FILE");
  }
  if (!made) {
    // And those that are no formats of events.
    std::vector<std::string_view> names(kNames.begin(), kNames.end());
    names.insert(names.end(), {"pcapng", "none"});
    const std::string near = did_you_mean(name, names);
    std::string all;
    for (const auto each : names) all += (all.empty() ? "" : ", ") + std::string(each);
    return fail(Exit::Usage, "--output: unknown format '" + name + "'",
                near.empty() ? "formats are " + all : near);
  }
  if (options.relative) made = std::make_unique<RelativeTime>(std::move(made), options.start_ns);
  return made;
}

}  // namespace tracee
