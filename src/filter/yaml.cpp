// SPDX-License-Identifier: Apache-2.0
// The only file that knows yaml-cpp; its exceptions end here.
#include "filter/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <sstream>

#include "event/catalog.h"

namespace tracee {
namespace {

constexpr size_t kMaxBytes = 1 << 20;
constexpr unsigned kMaxDepth = 32;
// Aliases may name a node many times over; what they expand to is bounded.
constexpr size_t kMaxNodes = 100'000;
constexpr size_t kMaxDocuments = 100;

// Ends a conversion that goes too far; caught below like the library's own.
struct TooMuch {
  YAML::Mark mark;
  const char* what;
};

// A comma where a value should begin is no YAML, but empty documents without end to the
// library: it would make nodes of them until there is no memory left. So all is counted
// first, with nothing made.
class Count final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > kMaxDocuments) throw TooMuch{mark, "more than 100 documents"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { one(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { one(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string&) override {
    one(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    one(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    one(mark);
  }
  void OnMapEnd() override {}

 private:
  void one(const YAML::Mark& mark) {
    if (++nodes_ > kMaxNodes) throw TooMuch{mark, "more than 100,000 values"};
  }

  size_t documents_ = 0, nodes_ = 0;
};

void check_size(const std::string& text) {
  std::istringstream in(text);
  YAML::Parser parser(in);
  Count count;
  while (parser.HandleNextDocument(count)) {
  }
}

YamlNode convert(const YAML::Node& node, unsigned depth, size_t& count) {
  if (depth > kMaxDepth) throw TooMuch{node.Mark(), "nested too deeply"};
  if (++count > kMaxNodes) throw TooMuch{node.Mark(), "more than 100,000 values"};
  YamlNode out;
  out.line = node.Mark().line + 1;
  out.column = node.Mark().column + 1;
  if (node.IsScalar()) {
    out.kind = YamlNode::Kind::Scalar;
    out.text = node.Scalar();
  } else if (node.IsSequence()) {
    out.kind = YamlNode::Kind::List;
    for (const YAML::Node& item : node) out.items.push_back(convert(item, depth + 1, count));
  } else if (node.IsMap()) {
    out.kind = YamlNode::Kind::Map;
    for (const auto& member : node) {
      if (!member.first.IsScalar()) throw TooMuch{member.first.Mark(), "a key is a plain text"};
      YamlNode key = convert(member.first, depth + 1, count);
      if (out.find(key.text) != nullptr) throw TooMuch{member.first.Mark(), "the key stands twice"};
      out.members.emplace_back(std::move(key), convert(member.second, depth + 1, count));
    }
  }
  return out;
}

// Up to one byte more than is taken; false: errno says why.
bool read_file(const std::string& path, std::string& out) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (file == nullptr) return false;
  out.resize(kMaxBytes + 1);
  out.resize(std::fread(out.data(), 1, out.size(), file.get()));
  return std::ferror(file.get()) == 0;
}

std::string place(const std::string& path, const YAML::Mark& mark) {
  return path + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& [name, value] : members) {
    if (name.text == key) return &value;
  }
  return nullptr;
}

std::string place_of(const std::string& path, const YamlNode& node) {
  return path + ":" + std::to_string(node.line) + ":" + std::to_string(node.column);
}

Result<std::vector<YamlNode>> read_yaml(const std::string& path) {
  std::string text;
  if (!read_file(path, text)) {
    return fail(Exit::Usage, path + ": cannot be read: " + std::strerror(errno),
                "check the path and its permissions");
  }
  if (text.size() > kMaxBytes) {
    return fail(Exit::Usage, path + ": larger than 1 MiB", "split it");
  }
  std::vector<YamlNode> out;
  try {
    check_size(text);
    size_t count = 0;
    for (const YAML::Node& document : YAML::LoadAll(text)) {
      out.push_back(convert(document, 0, count));
    }
  } catch (const YAML::Exception& error) {
    return fail(Exit::Usage, place(path, error.mark) + ": " + error.msg, "it is not valid YAML");
  } catch (const TooMuch& error) {
    return fail(Exit::Usage, place(path, error.mark) + ": " + error.what, "make it simpler");
  }
  return out;
}

tl::unexpected<Error> wrong_at(const std::string& path, const YamlNode& node, std::string what,
                               std::string hint) {
  return fail(Exit::Usage, place_of(path, node) + ": " + std::move(what), std::move(hint));
}

Result<> only_keys(const std::string& path, const YamlNode& map,
                   std::span<const std::string_view> keys) {
  if (map.kind != YamlNode::Kind::Map) {
    return wrong_at(path, map, "a map is expected here", "KEY: VALUE");
  }
  for (const auto& [key, value] : map.members) {
    if (std::ranges::find(keys, key.text) != keys.end()) continue;
    std::string hint = did_you_mean(key.text, keys);
    if (hint.empty()) {
      hint = "keys here:";
      for (const auto known : keys) hint += " " + std::string(known);
    }
    return wrong_at(path, key, "unknown key '" + key.text + "'", hint);
  }
  return {};
}

Result<std::vector<const YamlNode*>> texts_of(const std::string& path, const YamlNode* list,
                                              std::string_view what) {
  std::vector<const YamlNode*> out;
  if (list == nullptr || list->kind == YamlNode::Kind::Null) return out;
  if (list->kind != YamlNode::Kind::List) {
    return wrong_at(path, *list, std::string(what) + " is a list", "begin its lines with '- '");
  }
  for (const YamlNode& item : list->items) {
    if (item.kind != YamlNode::Kind::Scalar) {
      return wrong_at(path, item, std::string(what) + " holds texts", "put it in quotes");
    }
    out.push_back(&item);
  }
  return out;
}

}  // namespace tracee
