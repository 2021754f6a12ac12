// SPDX-License-Identifier: Apache-2.0
// A shared library that is loaded when something first needs it. Most runs publish to no
// broker and ask no container runtime, and each library takes its part of every start and
// of the memory after it.
//
//   struct Kafka : LateLibrary {
//     Kafka() : LateLibrary(TRACEE_LIBRDKAFKA, "librdkafka1") {}
//     decltype(&::rd_kafka_new) create{find("rd_kafka_new")};
//   };
//   const Kafka& kafka() { static const Kafka kLibrary; return kLibrary; }
//
//   if (auto loaded = kafka().loaded(); !loaded) return forward(loaded);
//   kafka().create(…);
//
// The name is the build's (cmake/late.cmake), and is among the binary's texts, where
// deploy/container/libraries.sh finds it. It stays loaded to the end of the process.
#pragma once

#include <string>

#include "base/result.h"

namespace tracee {

class LateLibrary {
 public:
  LateLibrary(const LateLibrary&) = delete;
  LateLibrary& operator=(const LateLibrary&) = delete;

  // Errors, Exit::RunTime: it is not installed, or lacks a function. Then none may be called.
  Result<> loaded() const;

 protected:
  // `package`: Debian's, for the hint. Both are literals.
  LateLibrary(const char* soname, const char* package);
  ~LateLibrary() = default;

  class Symbol {
   public:
    explicit Symbol(void* address) : address_(address) {}
    template <class Function>
    explicit operator Function*() const {
      return reinterpret_cast<Function*>(address_);
    }

   private:
    void* address_;
  };
  Symbol find(const char* name);

 private:
  const char* soname_;
  const char* package_;
  void* handle_;
  std::string problem_;  // of the first that failed
};

}  // namespace tracee
