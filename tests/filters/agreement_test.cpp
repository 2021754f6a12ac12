// SPDX-License-Identifier: Apache-2.0
// Random filters over every packet of the captures: the engine and an evaluator
// that walks the filter's tree over the event's JSON agree on each. The
// evaluator shares nothing with the engine but the event tables' names.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "capture/replay.h"
#include "filter/selection.h"
#include "fixtures.h"
#include "output/format/format.h"

namespace tracee {
namespace {

using Json = nlohmann::json;
using Names = std::vector<std::string>;

// ---- the naive evaluator

struct Asked {
  enum Kind { And, Or, Not, Compare, In, Method, Size, Exists } kind;
  std::string text;  // operator or method
  Names path;        // from `data`, or from the element of an exists()
  bool on_element = false;
  std::vector<Json> values;  // literals; a network is a text with a slash
  std::vector<Asked> children;
};

const Field* find(std::span<const Field> fields, const std::string& name) {
  for (const Field& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

// Whether this kind of event has the field at all.
bool event_has(const EventSpec& spec, const Names& path) {
  std::span<const Field> fields = spec.fields;
  for (const std::string& name : path) {
    const Field* field = find(fields, name);
    if (field == nullptr) return false;
    if (field->kind == Kind::Map) return true;
    if (field->of != nullptr) fields = field->of->fields;
  }
  return true;
}

// Members of a DNS record that its type does not have.
bool belongs(const Json& object, const std::string& name) {
  static const std::map<std::string, Names> kTypes = {
      {"IP", {"A", "AAAA"}},      {"NS", {"NS"}},   {"CNAME", {"CNAME"}},     {"PTR", {"PTR"}},
      {"TXTs", {"TXT", "HINFO"}}, {"SOA", {"SOA"}}, {"SRV", {"SRV"}},         {"MX", {"MX"}},
      {"OPT", {"OPT"}},           {"URI", {"URI"}}, {"TXT", {"TXT", "HINFO"}}};
  const bool record = object.contains("type") && object.contains("TTL");
  const auto types = kTypes.find(name);
  if (!record || types == kTypes.end()) return true;
  return std::ranges::count(types->second, object["type"].get<std::string>()) > 0;
}

void collect(const Json& value, const Names& path, size_t at, std::vector<Json>& out) {
  if (value.is_array()) {
    for (const Json& element : value) collect(element, path, at, out);
  } else if (at == path.size()) {
    if (!value.is_null()) out.push_back(value);
  } else if (value.is_object() && value.contains(path[at]) && belongs(value, path[at])) {
    collect(value[path[at]], path, at + 1, out);
  }
}

bool in_network(const std::string& text, const std::string& network) {
  const size_t slash = network.find('/');
  const int family = network.find(':') == network.npos ? AF_INET : AF_INET6;
  const std::string base = network.substr(0, slash);
  unsigned char a[16], b[16];
  if (inet_pton(family, text.c_str(), a) != 1 || inet_pton(family, base.c_str(), b) != 1) {
    return false;
  }
  unsigned bits = family == AF_INET ? 32 : 128;
  if (slash != network.npos) bits = static_cast<unsigned>(std::stoul(network.substr(slash + 1)));
  for (unsigned i = 0; i < bits; ++i) {
    if (((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1) != 0) return false;
  }
  return true;
}

bool equal(const Json& value, const Json& literal) {
  if (value.is_string() && literal.is_string() && value != literal) {
    return in_network(value.get<std::string>(), literal.get<std::string>());
  }
  return value == literal;
}

bool holds(const Json& value, const std::string& op, const Json& literal) {
  if (op == "==") return equal(value, literal);
  if (op == "<") return value < literal;
  if (op == "<=") return value <= literal;
  if (op == ">") return value > literal;
  if (op == ">=") return value >= literal;
  const std::string& text = value.get_ref<const std::string&>();
  const std::string& part = literal.get_ref<const std::string&>();
  if (op == "startsWith") return text.starts_with(part);
  if (op == "endsWith") return text.ends_with(part);
  return text.find(part) != text.npos;
}

bool keeps(const Asked& asked, const EventSpec& spec, const Json& data, const Json* element) {
  if (asked.kind == Asked::And || asked.kind == Asked::Or) {
    bool all = true, any = false;
    for (const Asked& child : asked.children) {
      const bool one = keeps(child, spec, data, element);
      all = all && one;
      any = any || one;
    }
    return asked.kind == Asked::And ? all : any;
  }
  if (asked.kind == Asked::Not) return !keeps(asked.children[0], spec, data, element);
  if (!asked.on_element && !event_has(spec, asked.path)) return false;
  const Json& base = asked.on_element ? *element : data;
  if (asked.kind == Asked::Size) {
    // The list itself, of each object that has one.
    std::vector<Json> owners;
    collect(base, {asked.path.begin(), asked.path.end() - 1}, 0, owners);
    return std::ranges::any_of(owners, [&](const Json& owner) {
      const Json& list = owner[asked.path.back()];
      return belongs(owner, asked.path.back()) && holds(list.size(), asked.text, asked.values[0]);
    });
  }
  std::vector<Json> found;
  collect(base, asked.path, 0, found);
  bool any = false;
  for (const Json& value : found) {
    if (asked.kind == Asked::Exists) {
      any = any || keeps(asked.children[0], spec, data, &value);
      continue;
    }
    for (const Json& literal : asked.values) {
      any = any || holds(value, asked.text == "!=" || asked.kind == Asked::In ? "==" : asked.text,
                         literal);
    }
  }
  return asked.text == "!=" ? !any : any;
}

// ---- random filters

// One leaf of the tables, with values it was seen to have.
struct Leaf {
  Names path;
  Kind kind;
  std::vector<Json> seen;
  bool operator<(const Leaf& other) const { return path < other.path; }
};

class Maker {
 public:
  Maker(unsigned seed, const std::vector<Leaf>& leaves, const std::vector<Leaf>& lists)
      : random_(seed), leaves_(leaves), lists_(lists) {}

  Asked make(int depth) {
    const unsigned choice = pick(10);
    if (depth > 0 && choice < 5) {
      Asked out{
          choice < 2 ? Asked::And : choice < 4 ? Asked::Or : Asked::Not, {}, {}, false, {}, {}};
      const unsigned count = out.kind == Asked::Not ? 1 : 2 + pick(2);
      for (unsigned i = 0; i < count; ++i) out.children.push_back(make(depth - 1));
      return out;
    }
    if (choice == 9) return list_question(depth);
    return relation(leaves_[pick(leaves_.size())], false, 0);
  }

 private:
  unsigned pick(size_t below) {
    return static_cast<unsigned>(std::uniform_int_distribution<size_t>(0, below - 1)(random_));
  }

  // One of the values it had, or near it.
  Json literal(const Leaf& leaf) {
    if (leaf.kind == Kind::Flag) return pick(2);
    Json seen = leaf.seen.empty() ? Json() : leaf.seen[pick(leaf.seen.size())];
    if (leaf.kind == Kind::Unsigned) {
      if (!seen.is_number()) return pick(100);
      return pick(4) == 0 && seen > 0 ? Json(seen.get<uint64_t>() - 1) : seen;
    }
    if (leaf.kind == Kind::Signed) return seen.is_number() ? seen : Json(-1);
    if (leaf.kind == Kind::Address) {
      std::string text = seen.is_string() && seen != "" ? seen.get<std::string>() : "192.0.2.1";
      unsigned char bytes[16];
      if (inet_pton(AF_INET, text.c_str(), bytes) != 1 &&
          inet_pton(AF_INET6, text.c_str(), bytes) != 1) {
        text = "::1";  // the odd text of a broken record is no literal
      }
      const bool wide = text.find(':') != text.npos;
      return pick(2) == 0 ? Json(text) : Json(text + "/" + std::to_string(pick(wide ? 129 : 33)));
    }
    return seen.is_string() ? seen : Json("x");
  }

  Asked relation(const Leaf& leaf, bool on_element, size_t skip) {
    Asked out{Asked::Compare, "==", {leaf.path.begin() + static_cast<long>(skip), leaf.path.end()},
              on_element,     {},   {}};
    const bool number = leaf.kind == Kind::Unsigned || leaf.kind == Kind::Signed;
    static constexpr const char* kOrder[] = {"==", "!=", "<", "<=", ">", ">="};
    static constexpr const char* kMethods[] = {"startsWith", "endsWith", "contains"};
    const unsigned choice = pick(4);
    if (choice == 0) {
      out.kind = Asked::In;
      for (unsigned i = pick(3) + 1; i > 0; --i) out.values.push_back(literal(leaf));
    } else if (choice == 1 && (leaf.kind == Kind::Text || leaf.kind == Kind::Address)) {
      out.kind = Asked::Method;
      out.text = kMethods[pick(3)];
      std::string text = leaf.kind == Kind::Text ? literal(leaf).get<std::string>() : "192.0.2.1";
      const size_t from = pick(text.size() + 1);
      out.values.push_back(text.substr(out.text == "startsWith" ? 0 : from,
                                       out.text == "endsWith" ? text.npos : 1 + pick(6)));
      // Half a character would not be UTF-8, which JSON replaces.
      const std::string& part = out.values[0].get_ref<const std::string&>();
      if (std::ranges::any_of(part, [](char c) { return (c & 0x80) != 0; })) out.values[0] = "";
    } else {
      out.text = kOrder[pick(number ? 6 : 2)];
      out.values.push_back(literal(leaf));
      const bool below = leaf.kind == Kind::Unsigned && out.text == "<" && out.values[0] == 0;
      if (below) out.text = "<=";
    }
    return out;
  }

  Asked list_question(int depth) {
    const Leaf& list = lists_[pick(lists_.size())];
    if (pick(2) == 0)
      return {Asked::Size, pick(2) == 0 ? ">" : "==", list.path, false, {pick(4)}, {}};
    Asked out{Asked::Exists, {}, list.path, false, {}, {}};
    std::vector<const Leaf*> inside;
    for (const Leaf& leaf : leaves_) {
      if (leaf.path.size() > list.path.size() &&
          std::equal(list.path.begin(), list.path.end(), leaf.path.begin())) {
        inside.push_back(&leaf);
      }
    }
    if (inside.empty()) return make(depth);
    Asked both{pick(2) == 0 ? Asked::And : Asked::Or, {}, {}, false, {}, {}};
    for (int i = 0; i < 2; ++i) {
      both.children.push_back(relation(*inside[pick(inside.size())], true, list.path.size()));
    }
    out.children.push_back(std::move(both));
    return out;
  }

  std::mt19937 random_;
  const std::vector<Leaf>& leaves_;
  const std::vector<Leaf>& lists_;
};

std::string shown(const Json& literal) {
  if (!literal.is_string()) return literal.dump();
  std::string out = "\"";
  for (const char c : literal.get_ref<const std::string&>()) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string shown(const Asked& asked) {
  std::string path = asked.on_element ? "e" : "data";
  for (const std::string& name : asked.path) {
    path += name.find('-') == name.npos ? "." + name : "[\"" + name + "\"]";
  }
  std::string out;
  switch (asked.kind) {
    case Asked::And:
    case Asked::Or:
      for (const Asked& child : asked.children) {
        if (!out.empty()) out += asked.kind == Asked::And ? " && " : " || ";
        out += "(" + shown(child) + ")";
      }
      return out;
    case Asked::Not:
      return "!(" + shown(asked.children[0]) + ")";
    case Asked::Compare:
      return path + " " + asked.text + " " + shown(asked.values[0]);
    case Asked::In:
      for (const Json& value : asked.values) out += (out.empty() ? "" : ", ") + shown(value);
      return path + " in [" + out + "]";
    case Asked::Method:
      return path + "." + asked.text + "(" + shown(asked.values[0]) + ")";
    case Asked::Size:
      return "size(" + path + ") " + asked.text + " " + shown(asked.values[0]);
    case Asked::Exists:
      return path + ".exists(e, " + shown(asked.children[0]) + ")";
  }
  return out;
}

// ---- events

class EveryEvent : public EventHandler {
 public:
  virtual ~EveryEvent() = default;
  void run() {
    Decoder decoder(DecodeOptions{}, ~EventMask{0});
    std::vector<std::string> paths = {TRACEE_TEST_DATA "/golden/reference/reference.pcap"};
    for (const auto& file : std::filesystem::directory_iterator(TRACEE_TEST_DATA "/captures")) {
      if (file.path().extension().string().starts_with(".pcap")) paths.push_back(file.path());
    }
    for (const std::string& path : paths) {
      auto source = ReplaySource::open(path);
      ASSERT_TRUE(source);
      Record record;
      const Context context;
      while ((*source)->next(record) == ReplaySource::Next::Packet) {
        decoder.decode(record.packet, record.packet_length, context, *this);
      }
    }
  }

  void on_event(const Event& event) noexcept override {
    buffer_.clear();
    format_->write(event, buffer_);
    Json data = Json::object();
    Json line = Json::parse(buffer_.text());
    for (Json& argument : line["args"]) {
      data[argument["name"].get<std::string>()] = std::move(argument["value"]);
    }
    seen(event, data);
  }
  virtual void seen(const Event& event, const Json& data) = 0;

 private:
  std::unique_ptr<Format> format_ = make_json_format(test::catalog());
  Buffer buffer_{4 << 20};
};

class Values final : public EveryEvent {
 public:
  std::map<Names, Leaf> leaves, lists;

  void seen(const Event& event, const Json& data) override { walk(event.spec->fields, {}, data); }

 private:
  void walk(std::span<const Field> fields, const Names& prefix, const Json& data) {
    for (const Field& field : fields) {
      Names path = prefix;
      path.emplace_back(field.name);
      const bool list = field.kind == Kind::List;
      if (list && prefix.size() < 2) lists[path] = {path, Kind::List, {}};
      if (field.of != nullptr) {
        walk(field.of->fields, path, data);
        continue;
      }
      if (field.kind == Kind::Map) path.emplace_back("User-Agent");
      Leaf& leaf = leaves[path];
      leaf.path = path;
      leaf.kind = field.kind == Kind::Map ? Kind::Text : list ? field.element : field.kind;
      std::vector<Json> found;
      collect(data, path, 0, found);
      for (Json& value : found) {
        // Bytes that are no UTF-8 are not what the event holds.
        const bool text = value.is_string();
        if (text && value.get<std::string>().find("\xef\xbf\xbd") != std::string::npos) continue;
        if (leaf.seen.size() < 64) leaf.seen.push_back(std::move(value));
      }
    }
  }
};

struct Case {
  Asked asked;
  std::string text;
  Selection selection;
  uint64_t kept = 0;
};

class Compared final : public EveryEvent {
 public:
  std::vector<Case> cases;
  uint64_t decisions = 0, differences = 0;

  void seen(const Event& event, const Json& data) override {
    for (Case& one : cases) {
      const bool naive = keeps(one.asked, *event.spec, data, nullptr);
      const bool engine = one.selection.keeps(event);
      ++decisions;
      one.kept += engine;
      if (naive == engine || ++differences > 5) continue;
      ADD_FAILURE() << one.text << "\nnaive " << naive << ", engine " << engine << "\n"
                    << event.spec->name << " " << data.dump();
    }
  }
};

TEST(Expressions, AgreeWithANaiveEvaluator) {
  Values values;
  values.run();
  std::vector<Leaf> leaves, lists;
  for (auto& [path, leaf] : values.leaves) leaves.push_back(leaf);
  for (auto& [path, list] : values.lists) lists.push_back(list);
  ASSERT_GT(leaves.size(), 100u);
  ASSERT_GT(lists.size(), 3u);

  Compared compared;
  Maker maker(20240607, leaves, lists);
  for (int i = 0; i < 1000; ++i) {
    Asked asked = maker.make(3);
    Wishes wishes;
    wishes.events = {"*"};
    wishes.filters = {shown(asked)};
    auto selection = Selection::parse(wishes, test::catalog());
    ASSERT_TRUE(selection) << wishes.filters[0] << "\n" << selection.error().what;
    compared.cases.push_back({std::move(asked), wishes.filters[0], std::move(*selection)});
  }
  compared.run();
  EXPECT_EQ(compared.differences, 0u);
  // The filters must have said both yes and no, or this would prove little.
  const auto mixed = std::ranges::count_if(compared.cases, [&](const Case& one) {
    return one.kept > 0 && one.kept < compared.decisions / compared.cases.size();
  });
  EXPECT_GT(mixed, 400) << "of 1000";
  RecordProperty("decisions", std::to_string(compared.decisions));
}

}  // namespace
}  // namespace tracee
