// SPDX-License-Identifier: Apache-2.0
#include "capture/pcapng_context.h"

#include <algorithm>
#include <charconv>
#include <type_traits>

#include "base/utf8.h"

namespace tracee {
namespace {

constexpr std::string_view kMark = "tracee\x01";
constexpr size_t kHead = 4 + kMark.size();

class Writer {
 public:
  explicit Writer(uint8_t* out) : start_(out), at_(out) {}

  size_t size() const noexcept { return static_cast<size_t>(at_ - start_); }
  bool fits(size_t count) const noexcept { return kContextBytesMax - size() >= count; }

  void byte(uint8_t value) noexcept { *at_++ = value; }
  void bytes(std::string_view text) noexcept { at_ = std::copy_n(text.data(), text.size(), at_); }
  void number(uint64_t value) noexcept {
    for (; value >= 0x80; value >>= 7) byte(static_cast<uint8_t>(value | 0x80));
    byte(static_cast<uint8_t>(value));
  }

 private:
  uint8_t* start_;
  uint8_t* at_;
};

class Taker {
 public:
  explicit Taker(Bytes rest) : rest_(rest) {}

  bool done() const noexcept { return rest_.empty(); }

  bool number(uint64_t& out) noexcept {
    out = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const uint8_t byte = rest_[0];
      rest_ = rest_.subspan(1);
      out |= uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) return true;
    }
    return false;
  }

  bool text(std::string_view& out) noexcept {
    uint64_t length = 0;
    if (!number(length) || length > rest_.size()) return false;
    out = as_text(rest_.first(length));
    rest_ = rest_.subspan(length);
    return true;
  }

 private:
  Bytes rest_;
};

template <auto First, auto... Rest>
auto& member_of(auto& object) noexcept {
  if constexpr (sizeof...(Rest) == 0) {
    return object.*First;
  } else {
    return member_of<Rest...>(object.*First);
  }
}

struct Member {
  uint8_t key;
  void (*put)(const Context&, uint8_t key, Writer&) noexcept;
  bool (*take)(Taker&, Context&) noexcept;
};

// A number that does not fit its member was not written by us.
template <class T>
bool narrow(uint64_t number, T& out) noexcept {
  out = static_cast<T>(number);
  return static_cast<uint64_t>(out) == number;
}

template <auto... Path>
constexpr Member member(uint8_t number) {
  using T = std::remove_cvref_t<decltype(member_of<Path...>(std::declval<Context&>()))>;
  constexpr bool kIsText = std::is_same_v<T, std::string_view>;
  Member out{};
  out.key = static_cast<uint8_t>(number * 2 + (kIsText ? 1 : 0));
  out.put = [](const Context& context, uint8_t key, Writer& to) noexcept {
    static const Context kNothing;
    const T& value = member_of<Path...>(context);
    if (value == member_of<Path...>(kNothing)) return;
    if constexpr (kIsText) {
      if (!to.fits(value.size() + 12)) return;
      to.byte(key);
      to.number(value.size());
      to.bytes(value);
    } else {
      if (!to.fits(12)) return;
      to.byte(key);
      to.number(value);
    }
  };
  out.take = [](Taker& from, Context& context) noexcept {
    T& value = member_of<Path...>(context);
    if constexpr (kIsText) {
      return from.text(value);
    } else {
      uint64_t read = 0;
      return from.number(read) && narrow(read, value);
    }
  };
  return out;
}

// Append only.
constexpr Member kMembers[] = {
    member<&Context::thread_start_ns>(1),
    member<&Context::cpu>(2),
    member<&Context::process_id>(3),
    member<&Context::thread_id>(4),
    member<&Context::parent_id>(5),
    member<&Context::host_process_id>(6),
    member<&Context::host_thread_id>(7),
    member<&Context::host_parent_id>(8),
    member<&Context::cgroup_id>(9),
    member<&Context::user_id>(10),
    member<&Context::mount_namespace>(11),
    member<&Context::pid_namespace>(12),
    member<&Context::process_name>(13),
    member<&Context::executable, &Executable::path>(14),
    member<&Context::host_name>(15),
    member<&Context::container, &Container::id>(16),
    member<&Context::container, &Container::name>(17),
    member<&Context::container, &Container::image>(18),
    member<&Context::container, &Container::image_digest>(19),
    member<&Context::kubernetes, &Kubernetes::pod_name>(20),
    member<&Context::kubernetes, &Kubernetes::pod_namespace>(21),
    member<&Context::kubernetes, &Kubernetes::pod_uid>(22),
    member<&Context::kubernetes, &Kubernetes::pod_sandbox>(23),
    member<&Context::syscall>(24),
    member<&Context::flags, &ContextFlags::container_started>(25),
    member<&Context::flags, &ContextFlags::is_compat>(26),
    member<&Context::thread_entity>(27),
    member<&Context::process_entity>(28),
    member<&Context::parent_entity>(29),
    member<&Context::attribution>(30),
    member<&Context::interface>(31),
    member<&Context::ifindex>(32),
    member<&Context::net_ns>(33),
    member<&Context::gso_segments>(34),
    member<&Context::executable_path>(35),
    member<&Context::command_line>(36),
    member<&Context::user_name>(37),
    member<&Context::process_start>(38),
};

// A new member of Context that an event can show gets a row above, and this the
// new size: else a file that tracee wrote would not give it back.
static_assert(sizeof(Context) == 400);

bool skip_value(Taker& from, uint64_t key) noexcept {
  uint64_t number = 0;
  std::string_view text;
  return key % 2 == 0 ? from.number(number) : from.text(text);
}

// The comment, in parts; what does not fit is cut.
class Comment {
 public:
  explicit Comment(char* out) : out_(out) {}

  size_t size() const noexcept { return size_; }

  void literal(std::string_view text) noexcept {
    const size_t count = std::min(text.size(), kCommentBytesMax - size_);
    std::copy_n(text.data(), count, out_ + size_);
    size_ += count;
  }
  void number(std::string_view key, uint64_t value) noexcept {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    literal(key);
    literal({digits, static_cast<size_t>(end - digits)});
  }
  // Controls and bytes that are no UTF-8 become `?`.
  void text(std::string_view text) noexcept {
    const auto* p = reinterpret_cast<const uint8_t*>(text.data());
    for (size_t i = 0; i < text.size();) {
      size_t length = p[i] < 0x80 ? 1 : utf8_sequence(p + i, text.size() - i);
      const bool control =
          p[i] < 0x20 || p[i] == 0x7f || (length == 2 && p[i] == 0xc2 && p[i + 1] < 0xa0);
      if (length == 0 || control) {
        literal("?");
        length = std::max<size_t>(length, 1);
      } else if (kCommentBytesMax - size_ >= length) {
        literal(text.substr(i, length));
      }
      i += length;
    }
  }
  void member(std::string_view key, std::string_view value) noexcept {
    if (value.empty()) return;
    literal(key);
    text(value);
  }

 private:
  char* out_;
  size_t size_ = 0;
};

}  // namespace

size_t encode_context(const Context& context, uint8_t* out) noexcept {
  std::memcpy(out, &kExampleEnterprise, sizeof kExampleEnterprise);
  Writer to(out);
  to.bytes({reinterpret_cast<const char*>(out), 4});
  to.bytes(kMark);
  for (const Member& member : kMembers) member.put(context, member.key, to);
  return to.size();
}

bool decode_context(Bytes value, FileOrder order, Context& out) noexcept {
  if (value.size() < kHead || order.u32(value.data()) != kExampleEnterprise ||
      as_text(value.subspan(4, kMark.size())) != kMark) {
    return false;
  }
  out = Context{};
  Taker from(value.subspan(kHead));
  while (!from.done()) {
    uint64_t key = 0;
    if (!from.number(key)) return false;
    const auto* known = std::ranges::find(kMembers, key, &Member::key);
    const bool taken = known != std::end(kMembers) ? known->take(from, out) : skip_value(from, key);
    if (!taken) return false;
  }
  return true;
}

size_t write_comment(const Context& context, char* out) noexcept {
  if (context.host_process_id == 0) return 0;
  Comment to(out);
  to.text(context.process_name);
  to.number(" pid=", context.host_process_id);
  to.number(" tid=", context.host_thread_id);
  to.number(" uid=", context.user_id);
  to.member(" exe=", context.executable.path);
  to.member(" container=", context.container.id);
  to.member(" name=", context.container.name);
  to.member(" image=", context.container.image);
  if (!context.kubernetes.pod_name.empty()) {
    to.member(" pod=", context.kubernetes.pod_namespace);
    to.literal("/");
    to.text(context.kubernetes.pod_name);
  }
  return to.size();
}

}  // namespace tracee
