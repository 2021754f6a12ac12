// SPDX-License-Identifier: Apache-2.0
#include "detect/detection.h"

#include <algorithm>
#include <filesystem>

#include "detect/plugin.h"
#include "detect/yaml_detector.h"

namespace tracee {
namespace {

namespace fs = std::filesystem;

// What one packet's findings may take, and their events in the plugins' form.
constexpr size_t kArenaBytes = size_t{8} << 20;

enum class FileKind { Plugin, Yaml, Other };

FileKind kind_of(const fs::path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".so") return FileKind::Plugin;
  if (extension == ".yaml" || extension == ".yml") return FileKind::Yaml;
  return FileKind::Other;
}

}  // namespace

Detection::Detection(std::span<const EventSpec* const> built_in, DetectionOptions options)
    : options_(std::move(options)),
      arena_(kArenaBytes),
      api_(arena_),
      registry_(built_in, {host_architecture(), options_.tracee_version}) {}

// A file that is named must be a detector; of a folder, its own files that look
// like one.
Result<> Detection::read(const std::string& path, std::vector<std::unique_ptr<Detector>>& out) {
  if (path.empty() || path.find('=') != path.npos) {
    return fail(Exit::Usage, "--detectors: '" + path + "' is no path", "name a file or a folder");
  }
  std::error_code error;
  std::vector<std::string> files;
  const bool is_folder = fs::is_directory(path, error);
  if (is_folder) {
    for (auto entry = fs::directory_iterator(path, error); !error && entry != fs::end(entry);
         entry.increment(error)) {
      std::error_code no_file;
      if (kind_of(entry->path()) != FileKind::Other && entry->is_regular_file(no_file)) {
        files.push_back(entry->path().string());
      }
    }
    std::ranges::sort(files);
  } else {
    files.push_back(path);
    if (!fs::is_regular_file(path, error)) {
      return fail(Exit::Usage,
                  "--detectors: " + path + ": " + (error ? error.message() : "no regular file"),
                  "name a .so or .yaml file, or a folder of them");
    }
  }
  if (error) return fail(Exit::Usage, "--detectors: " + path + ": " + error.message(), "");
  std::vector<std::string> yaml;
  for (const std::string& file : files) {
    switch (kind_of(file)) {
      case FileKind::Plugin: {
        auto loaded = load_plugin(file, api_);
        if (!loaded && !is_folder) return forward(loaded);
        if (!loaded) {
          registry_.warn(loaded.error());
        } else {
          std::ranges::move(*loaded, std::back_inserter(out));
        }
        break;
      }
      case FileKind::Yaml:
        yaml.push_back(file);
        break;
      case FileKind::Other:
        return fail(Exit::Usage, "--detectors: " + file + ": neither a plugin nor YAML",
                    "detectors are in .so and .yaml files");
    }
  }
  return read_yaml_files(yaml, !is_folder, out);
}

// The YAML files of one folder see its lists. One that is named itself has to be good.
Result<> Detection::read_yaml_files(const std::vector<std::string>& files, bool named,
                                    std::vector<std::unique_ptr<Detector>>& out) {
  std::vector<Error> warnings;
  auto folder = read_folder(files, named, nullptr, warnings);
  if (!folder && named) return forward(folder);
  if (!folder) {
    registry_.warn(folder.error());
    return {};
  }
  for (Error& warning : warnings) {
    if (named) return tl::unexpected<Error>(std::move(warning));
    registry_.warn(std::move(warning));
  }
  for (const YamlFile& file : folder->files) {
    if (file.rule) out.push_back(make_yaml_detector(*file.rule, folder->lists));
  }
  return {};
}

Result<std::unique_ptr<Detection>> Detection::load(std::span<const EventSpec* const> built_in,
                                                   DetectionOptions options) {
  std::unique_ptr<Detection> out(new Detection(built_in, std::move(options)));
  std::vector<std::string> paths = out->options_.paths;
  std::error_code error;
  if (paths.empty() && fs::is_directory(kDefaultDetectorFolder, error)) {
    paths.emplace_back(kDefaultDetectorFolder);
  }
  std::vector<std::unique_ptr<Detector>> detectors;
  for (const std::string& path : paths) {
    if (auto done = out->read(path, detectors); !done) return forward(done);
  }
  if (auto done = out->registry_.add(std::move(detectors)); !done) return forward(done);
  detection::Config config = {{"source", out->options_.live ? "live" : "replay"}};
  out->engine_ = std::make_unique<Engine>(out->registry_, out->arena_, out->api_, std::move(config),
                                          out->options_.tracee_version, out->options_.log);
  return out;
}

}  // namespace tracee
