// SPDX-License-Identifier: Apache-2.0
// The only file that loads shared objects; exceptions of plugins go to the engine,
// which catches them.
#include "detect/plugin.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>

#include "detect/base64.h"

namespace tracee {
namespace {

// Of one call. Memory is for all detectors of a packet.
constexpr size_t kMostFindings = 256;

// What goes on inside is none of the engine's business; only what comes out is checked.
class PluginDetector final : public Detector {
 public:
  PluginDetector(std::unique_ptr<detection::EventDetector> inner, std::string place,
                 ApiEvents& events)
      : inner_(std::move(inner)),
        place_(std::move(place)),
        definition_(inner_->definition()),
        events_(events) {}

  const DetectorDefinition& definition() const override { return definition_; }
  const std::string& place() const override { return place_; }
  Result<> bind(const Catalog&, ProducedEvent& produced) override {
    produced_ = &produced;
    return {};
  }
  void init(const detection::DetectorParams& params) override { inner_->init(params); }
  void on_event(const Event& event, Emitter& out) override {
    take(inner_->on_event(events_.of(event)), nullptr, out);
  }
  void on_tick(uint64_t now_ns, Emitter& out) override {
    tick_ = Context{};
    tick_.time_ns = now_ns;
    take(inner_->on_tick(now_ns), &tick_, out);
  }
  void close() override { inner_->close(); }

 private:
  void take(const detection::Outputs& outputs, const Context* context, Emitter& out) {
    for (const detection::DetectorOutput& output :
         std::span(outputs).first(std::min(outputs.size(), kMostFindings))) {
      take_one(output, context, out);
    }
    if (outputs.size() > kMostFindings) out.error("more than 256 findings for one event");
  }

  void take_one(const detection::DetectorOutput& output, const Context* context, Emitter& out) {
    const auto declared = produced_->spec().fields;
    ProducedEvent::Extra extras[kMaxFindingFields];
    size_t extra_count = 0;
    auto values = out.arena().take<Value>(kMaxFindingFields);
    if (values.empty()) return out.error("no memory left for the finding");
    std::ranges::fill(values, absent());
    for (const detection::OutputValue& each : output.data) {
      const std::string_view type = type_name(each);
      const auto field = std::ranges::find(declared, each.name, &Field::name);
      auto at = static_cast<size_t>(field - declared.begin());
      if (field == declared.end()) {
        at += extra_count;
        if (at >= kMaxFindingFields) return out.error("a finding of more than 32 fields");
        extras[extra_count++] = {each.name, type};
      } else if (field->type != type) {
        return out.error("field '" + each.name + "' is " + std::string(type) + ", declared was " +
                         std::string(field->type));
      }
      values[at] = value_of_output(each, out.arena());
      const auto* text = std::get_if<std::string>(&each.value);
      if (text != nullptr && values[at].count != text->size()) {
        return out.error("no memory left for field '" + each.name + "'");
      }
    }
    for (size_t i = 0; i < declared.size(); ++i) {
      if (is_absent(values[i]) && !definition_.produced_event.fields[i].optional) {
        return out.error("field '" + std::string(declared[i].name) + "' is missing");
      }
    }
    Draft draft;
    draft.spec = extra_count == 0 ? &produced_->spec() : produced_->with({extras, extra_count});
    if (draft.spec == nullptr) return out.error("too many different sets of fields");
    draft.values = values;
    if (output.threat) draft.threat = threat_of(*output.threat, out.arena());
    if (output.auto_populate) {
      draft.auto_populate = out.arena().make(*output.auto_populate);
    }
    if (output.ancestry_depth) draft.ancestry_depth = *output.ancestry_depth;
    draft.context = context;
    out.emit(draft);
  }

  static std::string_view type_name(const detection::OutputValue& value) {
    static constexpr std::string_view kNames[] = {"string", "int32", "int64", "uint32",
                                                  "uint64", "bool",  "bytes"};
    return kNames[value.value.index()];
  }

  static std::string_view copy(std::string_view text, Arena& arena) noexcept {
    auto room = arena.take<char>(text.size());
    if (!room.empty()) std::memcpy(room.data(), text.data(), text.size());
    return {room.data(), room.size()};
  }

  // The answer dies before the finding does.
  static Value value_of_output(const detection::OutputValue& each, Arena& arena) {
    return std::visit(
        [&](const auto& value) -> Value {
          using T = std::decay_t<decltype(value)>;
          if constexpr (std::is_same_v<T, std::string>) {
            return tracee::value_of(copy(value, arena));
          } else if constexpr (std::is_same_v<T, std::vector<uint8_t>>) {
            return tracee::value_of(base64(value, arena));
          } else if constexpr (std::is_same_v<T, bool>) {
            return tracee::value_of(value);
          } else if constexpr (std::is_signed_v<T>) {
            return tracee::value_of(static_cast<int64_t>(value));
          } else {
            return tracee::value_of(static_cast<uint64_t>(value));
          }
        },
        each.value);
  }

  static const Threat* threat_of(const detection::Threat& threat, Arena& arena) {
    auto properties = arena.take<Property>(threat.properties.size());
    for (size_t i = 0; i < properties.size(); ++i) {
      properties[i] = {copy(threat.properties[i].first, arena),
                       copy(threat.properties[i].second, arena)};
    }
    return arena.make(Threat{
        copy(threat.name, arena), static_cast<uint8_t>(threat.severity),
        copy(threat.mitre.technique.id, arena), copy(threat.mitre.tactic.name, arena),
        copy(threat.mitre.technique.name, arena), copy(threat.description, arena), properties});
  }

  std::unique_ptr<detection::EventDetector> inner_;
  std::string place_;
  DetectorDefinition definition_;
  ApiEvents& events_;
  ProducedEvent* produced_ = nullptr;
  Context tick_{};
};

}  // namespace

Result<std::unique_ptr<Detector>> adapt(std::unique_ptr<detection::EventDetector> detector,
                                        const std::string& place, ApiEvents& events) {
  const std::string hint = "its definition() must not throw";
  try {
    return std::make_unique<PluginDetector>(std::move(detector), place, events);
  } catch (const std::exception& error) {
    return fail(Exit::Usage, place + ": " + error.what(), hint);
  } catch (...) {
    return fail(Exit::Usage, place + ": an exception of no known type", hint);
  }
}

Result<std::vector<std::unique_ptr<Detector>>> load_plugin(const std::string& path,
                                                           ApiEvents& events) {
  // A bare name would be looked for in the system's folders.
  const std::string file = path.find('/') == path.npos ? "./" + path : path;
  void* const handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return fail(Exit::Usage, path + ": cannot be loaded: " + dlerror(),
                "build it as a shared object against tracee/detector.h");
  }
  const auto* plugin = static_cast<const detection::Plugin*>(dlsym(handle, "tracee_plugin"));
  if (plugin == nullptr) {
    dlclose(handle);
    return fail(Exit::Usage, path + ": no tracee plugin",
                "it lacks TRACEE_DETECTORS(…) of tracee/detector.h");
  }
  if (plugin->abi != detection::kAbi) {
    const uint32_t abi = plugin->abi;
    dlclose(handle);
    return fail(Exit::Usage,
                path + ": a plugin of ABI " + std::to_string(abi) + ", this tracee has ABI " +
                    std::to_string(detection::kAbi),
                "build it against the tracee/detector.h of this tracee");
  }
  std::vector<std::unique_ptr<Detector>> out;
  for (uint32_t i = 0; i < plugin->count; ++i) {
    std::unique_ptr<detection::EventDetector> made;
    try {
      made = plugin->make[i]();
    } catch (...) {
      made = nullptr;
    }
    if (made == nullptr) {
      return fail(Exit::Usage, path + ": its detector cannot be made", "its constructor throws");
    }
    auto adapted = adapt(std::move(made), path, events);
    if (!adapted) return forward(adapted);
    out.push_back(std::move(*adapted));
  }
  return out;
}

}  // namespace tracee
