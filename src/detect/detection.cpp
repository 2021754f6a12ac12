// SPDX-License-Identifier: Apache-2.0
#include "detect/detection.h"

#include <algorithm>
#include <filesystem>

#include "detect/plugin.h"
#include "detect/yaml_detector.h"

namespace tracee {
namespace {

// What one packet's findings may take, and their events in the plugins' form.
constexpr size_t kArenaBytes = size_t{8} << 20;

}  // namespace

Detection::Detection(std::span<const EventSpec* const> built_in, DetectionOptions options)
    : options_(std::move(options)),
      built_in_(built_in.begin(), built_in.end()),
      arena_(kArenaBytes),
      api_(arena_) {}

// One that is loaded goes on; the file of a plugin is read once.
Result<> Detection::add_plugin(const std::string& file, Pool& pool,
                               std::vector<std::unique_ptr<Detector>>& out) {
  bool known = false;
  for (Held& held : pool) {
    if (held.file != file || held.detector == nullptr) continue;
    out.push_back(std::move(held.detector));
    known = true;
  }
  std::erase_if(pool, [](const Held& held) { return held.detector == nullptr; });
  if (known) return {};
  auto loaded = load_plugin(file, api_);
  if (!loaded) return forward(loaded);
  for (auto& detector : *loaded) {
    origins_[detector.get()] = {file, 0};
    out.push_back(std::move(detector));
  }
  return {};
}

Result<std::unique_ptr<Registry>> Detection::assemble(const DetectorFiles& files, Pool& pool,
                                                      bool first) {
  std::vector<std::unique_ptr<Detector>> detectors;
  auto registry = std::make_unique<Registry>(
      built_in_, Host{host_architecture(), options_.tracee_version}, &events_);
  for (const DetectorFiles::Path& path : files.paths) {
    for (const std::string& plugin : path.plugins) {
      auto added = add_plugin(plugin, pool, detectors);
      if (added) continue;
      if (first && path.named) return forward(added);
      registry->warn(added.error());
    }
    for (const YamlFile& file : path.yaml.files) {
      if (!file.rule) continue;
      const auto held = std::ranges::find_if(pool, [&](const Held& each) {
        return each.file == file.path && each.fingerprint == file.fingerprint;
      });
      if (held != pool.end()) {
        use_lists(*held->detector, path.yaml.lists);
        detectors.push_back(std::move(held->detector));
        pool.erase(held);
        continue;
      }
      detectors.push_back(make_yaml_detector(*file.rule, path.yaml.lists));
      origins_[detectors.back().get()] = {file.path, file.fingerprint};
    }
  }
  if (auto added = registry->add(std::move(detectors)); !added) {
    put_back(*registry, pool);
    return forward(added);
  }
  return registry;
}

void Detection::put_back(Registry& registry, Pool& pool) {
  for (std::unique_ptr<Detector>& detector : registry.release()) {
    const auto& [file, fingerprint] = origins_[detector.get()];
    pool.push_back({file, fingerprint, std::move(detector)});
  }
}

// Puts back what was there before of files whose detector failed its checks; false:
// there is nothing to be put back.
bool Detection::restore_rejected(const Registry& registry, DetectorFiles& fresh) const {
  bool any = false;
  for (const auto& rejected : registry.rejected()) {
    const auto origin = origins_.find(rejected.get());
    if (origin == origins_.end()) continue;
    for (DetectorFiles::Path& path : fresh.paths) {
      const auto old_path = std::ranges::find(files_->paths, path.path, &DetectorFiles::Path::path);
      if (old_path == files_->paths.end()) continue;
      const auto& old_files = old_path->yaml.files;
      const auto file = std::ranges::find(path.yaml.files, origin->second.first, &YamlFile::path);
      const auto old = std::ranges::find(old_files, origin->second.first, &YamlFile::path);
      if (file == path.yaml.files.end() || old == old_files.end()) continue;
      if (old->fingerprint == file->fingerprint) continue;
      *file = *old;
      any = true;
    }
  }
  return any;
}

// Each is told once, however often the detectors were put together.
void Detection::add_warnings(const Registry& registry) {
  for (const Error& warning : registry.warnings()) {
    if (std::ranges::find(warnings_, warning.what, &Error::what) == warnings_.end()) {
      warnings_.push_back(warning);
    }
  }
}

void Detection::reload(DetectorFiles fresh) {
  warnings_ = std::move(fresh.warnings);
  fresh.warnings.clear();
  Pool pool;
  std::vector<const Detector*> good;
  for (const Registered& each : registry_->detectors()) good.push_back(each.detector.get());
  put_back(*registry_, pool);
  auto made = assemble(fresh, pool, false);
  // One that has not changed and passed before: what has changed does it harm.
  const auto harmed = [&](const auto& rejected) {
    return std::ranges::find(good, rejected.get()) != good.end();
  };
  if (made && std::ranges::any_of((*made)->rejected(), harmed)) {
    add_warnings(**made);
    put_back(**made, pool);
    fresh = *files_;
    made = assemble(fresh, pool, false);
  } else if (made && restore_rejected(**made, fresh)) {
    add_warnings(**made);
    put_back(**made, pool);
    made = assemble(fresh, pool, false);
  }
  if (!made) {
    // Two events of one name: then all stays as it was, which was good.
    warnings_.push_back(made.error());
    fresh = *files_;
    made = assemble(fresh, pool, false);
  }
  add_warnings(**made);
  engine_->adopt(**made);
  for (const Held& held : pool) origins_.erase(held.detector.get());
  older_ = std::move(retired_);
  retired_ = std::move(registry_);
  registry_ = std::move(*made);
  files_ = std::make_shared<const DetectorFiles>(std::move(fresh));
}

Result<std::unique_ptr<Detection>> Detection::load(std::span<const EventSpec* const> built_in,
                                                   DetectionOptions options) {
  std::unique_ptr<Detection> out(new Detection(built_in, std::move(options)));
  std::vector<std::string>& paths = out->options_.paths;
  std::error_code error;
  if (paths.empty() && std::filesystem::is_directory(kDefaultDetectorFolder, error)) {
    paths.emplace_back(kDefaultDetectorFolder);
  }
  auto files = read_detector_files(paths, nullptr);
  if (!files) return forward(files);
  out->warnings_ = std::move(files->warnings);
  files->warnings.clear();
  Pool none;
  auto registry = out->assemble(*files, none, true);
  if (!registry) return forward(registry);
  out->registry_ = std::move(*registry);
  out->files_ = std::make_shared<const DetectorFiles>(std::move(*files));
  out->add_warnings(*out->registry_);
  detection::Config config = {{"source", out->options_.live ? "live" : "replay"}};
  out->engine_ =
      std::make_unique<Engine>(*out->registry_, out->arena_, out->api_, std::move(config),
                               out->options_.tracee_version, out->options_.log);
  return out;
}

}  // namespace tracee
