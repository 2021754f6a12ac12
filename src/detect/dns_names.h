// SPDX-License-Identifier: Apache-2.0
// What DNS answers have said of names and addresses, for as long as their time
// to live lasts. Each question is a root; its answers hang below it. The least
// recently asked questions go first when there are too many.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/event.h"
#include "tracee/detector.h"

namespace tracee {

class DnsNames {
 public:
  static constexpr size_t kMaxQuestions = 5000;
  static constexpr size_t kMaxAnswers = 64;  // of one question

  // Takes a response in: a record of the shape of proto_dns. `time_ns`: event time.
  void learn(const void* message, const RecordSpec& spec, uint64_t time_ns);

  // What is known of a name or an address (as text): all that it stands for, and
  // all that stand for it. False: nothing that still lives.
  bool find(std::string_view name, uint64_t now_ns, detection::DnsKnowledge& out) const;

  size_t questions() const { return roots_.size(); }

 private:
  struct Edge {
    std::string from, to;
    bool to_address;
    uint64_t expires_ns;
  };
  struct Root {
    std::string question;
    std::vector<Edge> edges;
  };
  using Roots = std::list<Root>;  // the most recently asked first

  static std::vector<const Edge*> reached(const Root& root, const std::string& start, bool up,
                                          uint64_t now_ns);
  void forget(Roots::iterator root);
  void mention(const std::string& name, Roots::iterator root);

  Roots roots_;
  std::unordered_map<std::string, Roots::iterator> by_question_;
  std::unordered_multimap<std::string, Roots::iterator> by_name_;
};

}  // namespace tracee
