// SPDX-License-Identifier: Apache-2.0
// One line an event for people: left-justified columns, then the arguments as
// `name: value`. Text from outside is escaped for the terminal.
#include <ctime>
#include <vector>

#include "event/address.h"
#include "output/format/escape.h"
#include "output/format/format.h"

namespace tracee {
namespace {

// Colours by their SGR sequences; only for a terminal.
constexpr std::string_view kPlain = "\x1b[0m", kBold = "\x1b[1m", kDim = "\x1b[2m",
                           kGreen = "\x1b[32m", kCyan = "\x1b[36m", kRed = "\x1b[1;31m";

// Fills up to `width` from `start`.
void fill_column(size_t start, size_t width, Buffer& out) noexcept {
  while (out.size() - start < width && !out.overflowed()) out.put(' ');
}

void put_column(std::string_view text, size_t width, Buffer& out) noexcept {
  const size_t start = out.size();
  put_plain_text(text, out);
  fill_column(start, width, out);
}

void put_column(uint64_t number, size_t width, Buffer& out) noexcept {
  const size_t start = out.size();
  out.put_number(number);
  fill_column(start, width, out);
}

// "own    /host   ", each filled up to seven.
void put_pair(uint64_t own, uint64_t host, Buffer& out) noexcept {
  put_column(own, 7, out);
  out.put('/');
  put_column(host, 7, out);
}

// At most `most` bytes, and no piece of a character.
std::string_view cut(std::string_view text, size_t most) noexcept {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<uint8_t>(text[most]) & 0xc0) == 0x80) --most;
  return text.substr(0, most);
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

constexpr size_t kIdShown = 12, kImageShown = 16;
constexpr size_t kEvent = 25;

// One column but for the time, the event and its arguments, which every table has.
struct Column {
  std::string_view title;
  size_t width;
  void (*put)(const Context&, size_t width, Buffer&) noexcept;
  std::string_view color;
};

// A name where there is one, cut as ps(1) cuts it.
void put_user(const Context& c, size_t width, Buffer& out) noexcept {
  if (c.user_name.empty()) return put_column(uint64_t{c.user_id}, width, out);
  const size_t start = out.size();
  const bool fits = c.user_name.size() <= width;
  put_plain_text(fits ? c.user_name : cut(c.user_name, width - 1), out);
  if (!fits) out.put('+');
  fill_column(start, width, out);
}

constexpr Column kNode{"UTS_NAME",
                       17,
                       [](const Context& c, size_t width, Buffer& out) noexcept {
                         put_column(c.host_name, width, out);
                       },
                       {}};
constexpr Column kContainer{"CONTAINER_ID",
                            13,
                            [](const Context& c, size_t width, Buffer& out) noexcept {
                              put_column(cut(c.container.id, kIdShown), width, out);
                            },
                            {}};
constexpr Column kImage{"IMAGE",
                        16,
                        [](const Context& c, size_t width, Buffer& out) noexcept {
                          put_column(cut(c.container.image, kImageShown), width, out);
                        },
                        {}};
constexpr Column kMountNs{"MNT_NS",
                          12,
                          [](const Context& c, size_t width, Buffer& out) noexcept {
                            put_column(uint64_t{c.mount_namespace}, width, out);
                          },
                          {}};
constexpr Column kPidNs{"PID_NS",
                        12,
                        [](const Context& c, size_t width, Buffer& out) noexcept {
                          put_column(uint64_t{c.pid_namespace}, width, out);
                        },
                        {}};
constexpr Column kUid{
    "UID",
    6,
    [](const Context& c, size_t width, Buffer& out) noexcept { put_user(c, width, out); },
    {}};
constexpr Column kComm{"COMM", 16,
                       [](const Context& c, size_t width, Buffer& out) noexcept {
                         put_column(c.process_name, width, out);
                       },
                       kGreen};
constexpr Column kPid{"PID",
                      7,
                      [](const Context& c, size_t width, Buffer& out) noexcept {
                        put_column(uint64_t{c.process_id}, width, out);
                      },
                      {}};
constexpr Column kTid{"TID",
                      7,
                      [](const Context& c, size_t width, Buffer& out) noexcept {
                        put_column(uint64_t{c.thread_id}, width, out);
                      },
                      {}};
constexpr Column kParent{"PPID",
                         7,
                         [](const Context& c, size_t width, Buffer& out) noexcept {
                           put_column(uint64_t{c.parent_id}, width, out);
                         },
                         {}};
constexpr Column kPidHost{"PID/host",
                          15,
                          [](const Context& c, size_t, Buffer& out) noexcept {
                            put_pair(c.process_id, c.host_process_id, out);
                          },
                          {}};
constexpr Column kTidHost{"TID/host",
                          15,
                          [](const Context& c, size_t, Buffer& out) noexcept {
                            put_pair(c.thread_id, c.host_thread_id, out);
                          },
                          {}};
constexpr Column kParentHost{"PPID/host",
                             15,
                             [](const Context& c, size_t, Buffer& out) noexcept {
                               put_pair(c.parent_id, c.host_parent_id, out);
                             },
                             {}};
// Packet events return nothing; the column is the reference's.
constexpr Column kReturn{
    "RET", 16,
    [](const Context&, size_t width, Buffer& out) noexcept { put_column(uint64_t{0}, width, out); },
    kDim};

std::vector<Column> columns_of(Columns columns, bool verbose) {
  const bool pairs = columns != Columns::Host;
  std::vector<Column> out;
  if (verbose) out.push_back(kNode);
  if (verbose || pairs) out.push_back(kContainer);
  if (columns == Columns::Enriched) out.push_back(kImage);
  if (verbose) out.insert(out.end(), {kMountNs, kPidNs});
  out.insert(out.end(), {kUid, kComm, pairs ? kPidHost : kPid, pairs ? kTidHost : kTid});
  if (verbose) out.push_back(pairs ? kParentHost : kParent);
  out.push_back(kReturn);
  return out;
}

class TableFormat final : public Format {
 public:
  TableFormat(const FormatOptions& options, bool verbose)
      : columns_(columns_of(options.columns, verbose)),
        color_(options.color),
        relative_(options.relative) {}

  void prologue(Buffer& out) noexcept override {
    paint(kBold, out);
    put_column("TIME", kTime, out);
    for (const Column& column : columns_) {
      out.put(' ');
      put_column(column.title, column.width, out);
    }
    out.put(' ');
    put_column("EVENT", kEvent, out);
    out.put(" ARGS");
    paint(kPlain, out);
    out.put('\n');
  }

  void write(const Event& event, Buffer& out) noexcept override {
    put_time(event.context->time_ns, out);
    for (const Column& column : columns_) {
      out.put(' ');
      if (!column.color.empty()) paint(column.color, out);
      column.put(*event.context, column.width, out);
      if (!column.color.empty()) paint(kPlain, out);
    }
    out.put(' ');
    paint(event.spec->is_finding ? kRed : kCyan, out);
    put_name(event.spec->name, out);
    paint(kPlain, out);
    out.put(' ');
    const auto fields = event.spec->fields;
    bool first = true;
    for (const Field& field : fields) {
      if (field.present != nullptr && !field.present(event.data)) continue;
      if (!first) out.put(", ");
      first = false;
      paint(kDim, out);
      out.put(field.name);
      out.put(": ");
      paint(kPlain, out);
      put_value(field.get(event.data), field, out);
    }
    out.put('\n');
  }

 private:
  static constexpr size_t kTime = 16;

  void paint(std::string_view color, Buffer& out) const noexcept {
    if (color_) out.put(color);
  }

  static void put_name(std::string_view name, Buffer& out) noexcept {
    const size_t start = out.size();
    if (name.size() > kEvent) {
      out.put(name.substr(0, kEvent - 3));
      out.put("...");
    } else {
      out.put(name);
    }
    fill_column(start, kEvent, out);
  }

  // HH:MM:SS:micros in local time, or of a time that counts from a start.
  void put_time(uint64_t time_ns, Buffer& out) noexcept {
    const auto seconds = static_cast<time_t>(time_ns / 1'000'000'000);
    if (seconds != shown_second_) {
      tm time;
      relative_ ? gmtime_r(&seconds, &time) : localtime_r(&seconds, &time);
      put_two(clock_, time.tm_hour);
      put_two(clock_ + 3, time.tm_min);
      put_two(clock_ + 6, time.tm_sec);
      shown_second_ = seconds;
    }
    const size_t start = out.size();
    out.put({clock_, 9});
    uint64_t micros = time_ns / 1000 % 1'000'000;
    char digits[6];
    for (size_t i = 6; i-- > 0; micros /= 10) digits[i] = static_cast<char>('0' + micros % 10);
    out.put({digits, sizeof digits});
    fill_column(start, kTime, out);
  }

  static void put_two(char* at, int number) noexcept {
    at[0] = static_cast<char>('0' + number / 10);
    at[1] = static_cast<char>('0' + number % 10);
  }

  std::vector<Column> columns_;
  bool color_, relative_;
  time_t shown_second_ = -1;
  char clock_[10] = "00:00:00:";
};

}  // namespace

std::unique_ptr<Format> make_table_format(const FormatOptions& options, bool verbose) {
  return std::make_unique<TableFormat>(options, verbose);
}

void put_plain_value(const Value& value, const Field& field, Buffer& out) noexcept {
  put_value(value, field, out);
}

}  // namespace tracee
