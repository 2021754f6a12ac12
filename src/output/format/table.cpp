// SPDX-License-Identifier: Apache-2.0
// One line an event for people: left-justified columns, then the arguments as
// `name: value`. Text from outside is escaped for the terminal.
#include <ctime>

#include "event/address.h"
#include "output/format/escape.h"
#include "output/format/format.h"

namespace tracee {
namespace {

constexpr size_t kTime = 16, kUid = 6, kComm = 16, kPid = 7, kTid = 7, kReturn = 16, kEvent = 25;

// Fills up to `width` from `start`, and puts the blank between columns.
void end_column(size_t start, size_t width, Buffer& out) noexcept {
  while (out.size() - start < width && !out.overflowed()) out.put(' ');
  out.put(' ');
}

void put_column(std::string_view text, size_t width, Buffer& out) noexcept {
  const size_t start = out.size();
  put_plain_text(text, out);
  end_column(start, width, out);
}

void put_column(uint64_t number, size_t width, Buffer& out) noexcept {
  const size_t start = out.size();
  out.put_number(number);
  end_column(start, width, out);
}

void put_value(const Value& value, const Field& field, Buffer& out) noexcept;

void put_record(const void* object, const RecordSpec& spec, Buffer& out) noexcept {
  out.put('{');
  bool first = true;
  for (const Field& member : spec.fields) {
    const Value value = member.get(object);
    // People look for what is there.
    const bool empty =
        member.kind == Kind::Record || member.kind == Kind::Address ? false
        : member.kind == Kind::Text || member.kind == Kind::List || member.kind == Kind::Map
            ? value.count == 0
            : value.u == 0;
    if (empty) continue;
    const size_t before = out.size();
    if (!first) out.put(' ');
    out.put(member.name);
    out.put(':');
    const size_t start = out.size();
    put_value(value, member, out);
    if (out.size() == start || (out.size() - start == 2 && out.text().ends_with("{}"))) {
      out.rewind(before);
    } else {
      first = false;
    }
  }
  out.put('}');
}

void put_map(TextMap map, Buffer& out) noexcept {
  out.put('{');
  for (size_t i = 0; i < map.size(); ++i) {
    if (i > 0) out.put(' ');
    put_plain_text(map[i].key, out);
    out.put(':');
    for (size_t j = 0; j < map[i].values.size(); ++j) {
      if (j > 0) out.put(';');
      put_plain_text(map[i].values[j], out);
    }
  }
  out.put('}');
}

void put_value(const Value& value, const Field& field, Buffer& out) noexcept {
  switch (value.kind) {
    case Kind::Unsigned:
    case Kind::Flag:
      out.put_number(value.u);
      break;
    case Kind::Signed:
      out.put_number(value.i);
      break;
    case Kind::Bool:
      out.put(value.u != 0 ? "true" : "false");
      break;
    case Kind::Text:
      put_plain_text(value.text(), out);
      break;
    case Kind::Address:
      if (char* at = out.room(kAddressTextMax)) out.commit(format_address(at, value.address()));
      break;
    case Kind::Record:
      put_record(value.p, *field.of, out);
      break;
    case Kind::List: {
      Field element = field;
      element.kind = field.element;
      out.put('[');
      for (uint32_t i = 0; i < value.count; ++i) {
        if (i > 0) out.put(' ');
        put_value(field.at(value.p, i), element, out);
      }
      out.put(']');
      break;
    }
    case Kind::Map:
      put_map(value.map(), out);
      break;
  }
}

class TableFormat final : public Format {
 public:
  void prologue(Buffer& out) noexcept override {
    put_column("TIME", kTime, out);
    put_column("UID", kUid, out);
    put_column("COMM", kComm, out);
    put_column("PID", kPid, out);
    put_column("TID", kTid, out);
    put_column("RET", kReturn, out);
    put_column("EVENT", kEvent, out);
    out.put("ARGS\n");
  }

  void write(const Event& event, Buffer& out) noexcept override {
    const Context& context = *event.context;
    put_time(context.time_ns, out);
    put_column(context.user_id, kUid, out);
    put_column(context.process_name, kComm, out);
    put_column(context.process_id, kPid, out);
    put_column(context.thread_id, kTid, out);
    put_column(uint64_t{0}, kReturn, out);
    put_name(event.spec->name, out);
    const auto fields = event.spec->fields;
    for (size_t i = 0; i < fields.size(); ++i) {
      if (i > 0) out.put(", ");
      out.put(fields[i].name);
      out.put(": ");
      put_value(fields[i].get(event.data), fields[i], out);
    }
    out.put('\n');
  }

 private:
  static void put_name(std::string_view name, Buffer& out) noexcept {
    const size_t start = out.size();
    if (name.size() > kEvent) {
      out.put(name.substr(0, kEvent - 3));
      out.put("...");
    } else {
      out.put(name);
    }
    end_column(start, kEvent, out);
  }

  // HH:MM:SS:micros in local time.
  void put_time(uint64_t time_ns, Buffer& out) noexcept {
    const auto seconds = static_cast<time_t>(time_ns / 1'000'000'000);
    if (seconds != shown_second_) {
      tm local;
      localtime_r(&seconds, &local);
      put_two(clock_, local.tm_hour);
      put_two(clock_ + 3, local.tm_min);
      put_two(clock_ + 6, local.tm_sec);
      shown_second_ = seconds;
    }
    const size_t start = out.size();
    out.put({clock_, 9});
    uint64_t micros = time_ns / 1000 % 1'000'000;
    char digits[6];
    for (size_t i = 6; i-- > 0; micros /= 10) digits[i] = static_cast<char>('0' + micros % 10);
    out.put({digits, sizeof digits});
    end_column(start, kTime, out);
  }

  static void put_two(char* at, int number) noexcept {
    at[0] = static_cast<char>('0' + number / 10);
    at[1] = static_cast<char>('0' + number % 10);
  }

  time_t shown_second_ = -1;
  char clock_[10] = "00:00:00:";
};

}  // namespace

std::unique_ptr<Format> make_table_format() { return std::make_unique<TableFormat>(); }

}  // namespace tracee
