// SPDX-License-Identifier: Apache-2.0
#include "detect/detector_files.h"

#include <algorithm>
#include <filesystem>

#include "base/folder.h"

namespace tracee {
namespace {

namespace fs = std::filesystem;

enum class FileKind { Plugin, Yaml, Other };

FileKind kind_of(const fs::path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".so") return FileKind::Plugin;
  if (extension == ".yaml" || extension == ".yml") return FileKind::Yaml;
  return FileKind::Other;
}

// The files of one path, sorted.
Result<std::vector<std::string>> files_of(const std::string& path, bool& named) {
  if (path.empty() || path.find('=') != path.npos) {
    return fail(Exit::Usage, "--detectors: '" + path + "' is no path", "name a file or a folder");
  }
  std::error_code error;
  std::vector<std::string> files;
  named = !fs::is_directory(path, error);
  if (named) {
    files.push_back(path);
    if (!fs::is_regular_file(path, error)) {
      return fail(Exit::Usage,
                  "--detectors: " + path + ": " + (error ? error.message() : "no regular file"),
                  "name a .so or .yaml file, or a folder of them");
    }
    if (kind_of(path) == FileKind::Other) {
      return fail(Exit::Usage, "--detectors: " + path + ": neither a plugin nor YAML",
                  "detectors are in .so and .yaml files");
    }
  } else {
    error = each_entry(path, [&](std::string_view name) {
      const fs::path file = fs::path(path) / name;
      std::error_code no_file;
      if (kind_of(file) != FileKind::Other && fs::is_regular_file(file, no_file)) {
        files.push_back(file.string());
      }
    });
    std::ranges::sort(files);
  }
  if (error) return fail(Exit::Usage, "--detectors: " + path + ": " + error.message(), "");
  return files;
}

Result<DetectorFiles::Path> read_path(const std::string& path, const DetectorFiles::Path* before,
                                      std::vector<Error>& warnings) {
  DetectorFiles::Path out;
  out.path = path;
  auto files = files_of(path, out.named);
  if (!files) return forward(files);
  std::vector<std::string> yaml;
  for (const std::string& file : *files) {
    (kind_of(file) == FileKind::Plugin ? out.plugins : yaml).push_back(file);
  }
  std::vector<Error> faults;
  auto folder = read_folder(yaml, out.named, before != nullptr ? &before->yaml : nullptr, faults);
  const bool strict = out.named && before == nullptr;
  if (!folder && strict) return forward(folder);
  if (!folder) {
    faults.push_back(folder.error());
    out.yaml.lists = std::make_shared<YamlLists>();
    if (before != nullptr) out.yaml = before->yaml;
  } else {
    out.yaml = std::move(*folder);
  }
  if (strict && !faults.empty()) return tl::unexpected<Error>(std::move(faults.front()));
  std::ranges::move(faults, std::back_inserter(warnings));
  return out;
}

}  // namespace

std::vector<std::string> DetectorFiles::folders() const {
  std::vector<std::string> out;
  const auto add = [&](const fs::path& folder) {
    const std::string text = folder.empty() ? "." : folder.string();
    if (std::ranges::find(out, text) == out.end()) out.push_back(text);
  };
  for (const Path& each : paths) {
    add(each.named ? fs::path(each.path).parent_path() : fs::path(each.path));
    for (const YamlFile& file : each.yaml.files) {
      if (file.list && !file.list->source.empty()) add(fs::path(file.list->source).parent_path());
    }
  }
  return out;
}

bool DetectorFiles::same_as(const DetectorFiles& other) const {
  const auto same_file = [](const YamlFile& a, const YamlFile& b) {
    return a.path == b.path && a.fingerprint == b.fingerprint;
  };
  const auto same_path = [&](const Path& a, const Path& b) {
    return a.path == b.path && a.plugins == b.plugins &&
           std::ranges::equal(a.yaml.files, b.yaml.files, same_file);
  };
  return std::ranges::equal(paths, other.paths, same_path);
}

Result<DetectorFiles> read_detector_files(const std::vector<std::string>& paths,
                                          const DetectorFiles* before) {
  DetectorFiles out;
  for (const std::string& path : paths) {
    const DetectorFiles::Path* old = nullptr;
    if (before != nullptr) {
      const auto found = std::ranges::find(before->paths, path, &DetectorFiles::Path::path);
      if (found != before->paths.end()) old = &*found;
    }
    auto read = read_path(path, old, out.warnings);
    if (read) {
      out.paths.push_back(std::move(*read));
    } else if (old != nullptr) {
      // The file or folder is gone; it may be on its way back.
      out.warnings.push_back(read.error());
      out.paths.push_back(*old);
    } else {
      return forward(read);
    }
  }
  return out;
}

}  // namespace tracee
