// SPDX-License-Identifier: Apache-2.0
// What DNS answers have said of names and addresses, for as long as their time
// to live lasts. Each question is a root; its answers hang below it. The least
// recently asked questions go first when there are too many. Who answers chooses the
// names, and may let any number of them stand for one address: all work on a message
// or a look-up is bounded, and what is found of more is the newest.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "tracee/detector.h"

namespace tracee {

class DnsNames {
 public:
  static constexpr size_t kMaxQuestions = 5000;
  static constexpr size_t kMaxAnswers = 64;  // of one question
  static constexpr size_t kMaxBytes = size_t{16} << 20;
  // What a look-up reads and finds: this many questions, names and addresses.
  static constexpr size_t kMaxAsked = 16, kMaxFound = 64;

  // Takes a response in: a record of the shape of proto_dns. `time_ns`: event time.
  void learn(const void* message, const RecordSpec& spec, uint64_t time_ns);

  // What is known of a name or an address (as text): all that it stands for, and
  // all that stand for it. False: nothing that still lives.
  bool find(std::string_view name, uint64_t now_ns, detection::DnsKnowledge& out) const;

  size_t questions() const { return roots_.size(); }
  size_t bytes() const { return bytes_; }

 private:
  struct Edge {
    uint16_t from, to;  // of Root::names
    bool to_address;
    uint64_t expires_ns;
  };
  struct Root {
    uint64_t number;                 // the newest question has the highest
    std::vector<std::string> names;  // the question, then what its answers mention
    std::vector<Edge> edges;
  };
  using Roots = std::list<Root>;  // the most recently asked first
  struct Mention {
    std::string name;
    uint64_t number;
    Roots::iterator root;
    bool operator<(const Mention& other) const {
      const int order = name.compare(other.name);
      return order != 0 ? order < 0 : number > other.number;
    }
  };

  static size_t bytes_of(const std::string& name);
  static std::vector<const Edge*> reached(const Root& root, uint16_t start, bool up,
                                          uint64_t now_ns);
  void forget(Roots::iterator root);
  uint16_t mention(const std::string& name, Roots::iterator root);

  Roots roots_;
  uint64_t asked_ = 0;
  size_t bytes_ = 0;  // about, with what the containers need
  // Ordered: no choice of names makes their look-ups long.
  std::map<std::string, Roots::iterator> by_question_;
  std::set<Mention> mentions_;
};

}  // namespace tracee
