// SPDX-License-Identifier: Apache-2.0
// What the language gets from whoever uses it: sets too large to be literals, and
// functions that look something up, as `dns.getResponse("a.test")`. Detectors have
// them, `--filter` has none.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "event/event.h"
#include "filter/text_functions.h"

namespace tracee {

// Stands right of `in`.
class OuterSet {
 public:
  virtual ~OuterSet() = default;
  virtual bool contains(const Value& value) const noexcept = 0;
};

// OBJECT.NAME(ARGUMENTS). Called per event: no allocation, results in the scratch
// block or in what outlives the event. nothing(): there is no answer.
class OuterFunction {
 public:
  struct Signature {
    std::string_view object, name;
    std::span<const Kind> arguments;  // Unsigned: any number; Text: texts and addresses
    Kind result;
    Kind element = Kind::Text;       // of a List: Text or Record
    const RecordSpec* of = nullptr;  // of a Record, or a List of them
    // Of a List of records.
    Value (*at)(const void* first, uint32_t index) noexcept = nullptr;
  };
  explicit OuterFunction(Signature signature) : signature_(signature) {}
  virtual ~OuterFunction() = default;

  const Signature& signature() const { return signature_; }
  virtual Value call(std::span<const Value> arguments, const Event& event,
                     Scratch& scratch) const noexcept = 0;

 private:
  Signature signature_;
};

class Outer {
 public:
  virtual ~Outer() = default;
  // Null: there is none of that name.
  virtual std::shared_ptr<const OuterSet> set(std::string_view name) const = 0;
  virtual const OuterFunction* function(std::string_view object, std::string_view name) = 0;
  // Why there is no such function, where there is more to say than that.
  virtual std::string refusal(std::string_view object, std::string_view name) const = 0;
};

}  // namespace tracee
