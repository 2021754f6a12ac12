// SPDX-License-Identifier: Apache-2.0
#include "detect/yaml_folder.h"

#include <algorithm>
#include <filesystem>
#include <functional>

#include "base/folder.h"
#include "detect/large_set.h"
#include "detect/yaml_reader.h"

namespace tracee {
namespace {

namespace fs = std::filesystem;

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return text;
}

bool is_list_name(std::string_view name) {
  return !name.empty() && name[0] >= 'A' && name[0] <= 'Z' && std::ranges::all_of(name, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::optional<SetKind> set_kind(std::string_view type) {
  if (type == "string_list") return SetKind::Texts;
  if (type == "domain_list") return SetKind::Domains;
  if (type == "address_list") return SetKind::Addresses;
  return std::nullopt;
}

Result<YamlList> read_list(const YamlReader& reader, const std::string& path, const YamlNode& top,
                           SetKind kind) {
  static constexpr std::string_view kKeys[] = {"type", "name", "values", "file"};
  if (auto checked = reader.only_keys(top, kKeys); !checked) return forward(checked);
  YamlList out;
  auto name = reader.text(top, "name", true);
  if (!name) return forward(name);
  if (!is_list_name(*name)) {
    return reader.wrong(*top.find("name"), "'" + *name + "' is no name for a list",
                        "capital letters, digits and _, as in BAD_DOMAINS");
  }
  out.name = *name;
  out.place = place_of(path, *top.find("name"));
  auto file = reader.text(top, "file", false);
  if (!file) return forward(file);
  if (!file->empty()) {
    if (top.find("values") != nullptr) {
      return reader.wrong(*top.find("file"), "values and a file", "leave one of them out");
    }
    out.source = (fs::path(path).parent_path() / *file).string();
    auto set = read_set(kind, out.source);
    if (!set) return forward(set);
    out.set = std::move(*set);
    return out;
  }
  auto values = reader.texts(top.find("values"), "values");
  if (!values) return forward(values);
  if (kind != SetKind::Texts) {
    std::vector<SetEntry> entries;
    for (const PlacedText& value : *values) entries.push_back({value.text, value.place});
    auto set = make_set(kind, entries);
    if (!set) return forward(set);
    out.set = std::move(*set);
    return out;
  }
  for (PlacedText& value : *values) out.literals.push_back(std::move(value.text));
  return out;
}

uint64_t fingerprint_of(const std::string& path) {
  auto text = read_text(path, SIZE_MAX);
  return text ? std::hash<std::string>()(*text) : 0;
}

Result<YamlFile> read_file(const std::string& path, bool lists_only) {
  YamlFile out;
  out.path = path;
  out.fingerprint = fingerprint_of(path);
  auto documents = read_yaml(path);
  if (!documents) return forward(documents);
  if (documents->size() != 1) {
    return fail(Exit::Usage, path + ":1:1: a file holds one detector or one list", "");
  }
  const YamlReader reader(path);
  const YamlNode& top = documents->front();
  const YamlNode* type = top.find("type");
  const std::string name = type == nullptr ? "" : lower(type->text);
  if (const auto kind = set_kind(name)) {
    auto list = read_list(reader, path, top, *kind);
    if (!list) return forward(list);
    if (!list->source.empty()) out.fingerprint ^= fingerprint_of(list->source) * 31 + 1;
    out.list = std::move(*list);
    return out;
  }
  if (lists_only) return out;
  if (name != "detector") {
    return reader.wrong(type != nullptr ? *type : top, "this is no detector",
                        "write type: detector, or type: string_list, domain_list, address_list");
  }
  auto rule = read_rule(path, top);
  if (!rule) return forward(rule);
  out.rule = std::move(*rule);
  return out;
}

// Those of the folder of a file that is named by itself; what is wrong with them is
// not what was asked.
std::vector<YamlFile> lists_beside(const std::string& file) {
  std::vector<YamlFile> out;
  fs::path folder = fs::path(file).parent_path();
  if (folder.empty()) folder = ".";
  each_entry(folder.string(), [&](std::string_view name) {
    const fs::path path = folder / name;
    const std::string extension = path.extension().string();
    std::error_code no_file;
    if ((extension != ".yaml" && extension != ".yml") || !fs::is_regular_file(path, no_file) ||
        fs::equivalent(path, file, no_file)) {
      return;
    }
    auto read = read_file(path.string(), true);
    if (read && read->list) out.push_back(std::move(*read));
  });
  return out;
}

}  // namespace

Result<YamlFolder> read_folder(const std::vector<std::string>& files, bool named,
                               const YamlFolder* before, std::vector<Error>& warnings) {
  YamlFolder out;
  for (const std::string& path : files) {
    auto read = read_file(path, false);
    if (read) {
      out.files.push_back(std::move(*read));
      continue;
    }
    warnings.push_back(read.error());
    if (before == nullptr) continue;
    const auto old = std::ranges::find(before->files, path, &YamlFile::path);
    if (old != before->files.end()) out.files.push_back(*old);
  }
  if (named && files.size() == 1) {
    for (YamlFile& list : lists_beside(files[0])) out.files.push_back(std::move(list));
  }
  auto lists = std::make_shared<YamlLists>();
  for (const YamlFile& file : out.files) {
    if (!file.list) continue;
    const YamlList& list = *file.list;
    if (lists->literals.contains(list.name) || lists->sets.contains(list.name)) {
      return fail(Exit::Usage, list.place + ": a second list '" + list.name + "'",
                  "nothing of its folder is loaded; rename one");
    }
    if (list.set != nullptr) {
      lists->sets.emplace(list.name, list.set);
    } else {
      lists->literals.emplace(list.name, list.literals);
    }
  }
  out.lists = std::move(lists);
  return out;
}

}  // namespace tracee
