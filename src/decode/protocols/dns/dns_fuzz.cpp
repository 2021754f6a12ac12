// SPDX-License-Identifier: Apache-2.0
// Any bytes as a DNS message, held against the C library's parser in both
// directions: what we call whole it must read, field for field the same; what it
// reads we must read, but for data it does not look into.
#include <arpa/nameser.h>
#include <resolv.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "decode/protocols/dns/dns.h"
#include "decode/protocols/dns/dns_names.h"

namespace {

using namespace tracee;

using Labels = std::vector<std::string>;

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}
#define MUST(condition) must(condition, #condition)

// The labels of a name in text form: that of events, of zone files, of the C library.
Labels labels_of(std::string_view text) {
  Labels out;
  if (text.ends_with('.')) {
    text.remove_suffix(1);
    // A dot behind a backslash that is not itself escaped is the label's.
    const size_t backslashes = text.size() - 1 - text.find_last_not_of('\\');  // npos is -1
    if (backslashes % 2 != 0) text = {text.data(), text.size() + 1};
  }
  if (text.empty()) return out;
  out.emplace_back();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.') {
      out.emplace_back();
    } else if (text[i] != '\\') {
      out.back() += text[i];
    } else if (text[i + 1] >= '0' && text[i + 1] <= '9') {
      const int code = (text[i + 1] - '0') * 100 + (text[i + 2] - '0') * 10 + (text[i + 3] - '0');
      out.back() += static_cast<char>(code);
      i += 3;
    } else {
      out.back() += text[++i];
    }
  }
  return out;
}

// Octets the C library counts while it follows the name at `at`. It gives up when
// they are as many as the message has, honest name or not.
size_t octets_followed(Bytes message, size_t at) {
  size_t count = 0;
  while (at < message.size() && message[at] != 0 && count < message.size()) {
    if (message[at] >= 0xc0) {
      if (at + 1 >= message.size()) break;
      at = load_be16(&message[at]) & 0x3fffu;
      count += 2;
    } else {
      count += message[at] + 1u;
      at += message[at] + 1u;
    }
  }
  return count;
}

// One pass over a message by the C library's means.
struct Library {
  Bytes message;
  bool gave_up = false;  // see octets_followed()

  // Where the name at `at` ends; 0: nowhere.
  size_t name(size_t at, Labels* labels = nullptr) {
    char text[NS_MAXDNAME];
    const int size = dn_expand(message.data(), message.data() + message.size(), message.data() + at,
                               text, sizeof text);
    if (size < 0) {
      if (at < message.size() && octets_followed(message, at) >= message.size()) gave_up = true;
      return 0;
    }
    if (labels != nullptr) *labels = labels_of(text);
    return at + static_cast<size_t>(size);
  }

  // Length of the message without what may follow it; 0: it is not whole.
  size_t length() {
    if (message.size() < NS_HFIXEDSZ) return 0;
    size_t at = NS_HFIXEDSZ;
    for (const size_t section : {4u, 6u, 8u, 10u}) {
      for (int i = load_be16(&message[section]); i > 0; --i) {
        at = name(at);
        const size_t fixed = section == 4 ? 4 : 10;
        if (at == 0 || message.size() - at < fixed) return 0;
        at += fixed;
        if (section == 4) continue;
        const size_t data = load_be16(&message[at - 2]);
        if (message.size() - at < data) return 0;
        at += data;
      }
    }
    return at;
  }
};

void same_name(Library& library, size_t at, std::string_view ours) {
  Labels labels;
  if (library.name(at, &labels) == 0) {
    MUST(library.gave_up);
    return;
  }
  MUST(labels == labels_of(ours));
}

void same_data(Library& library, const ns_rr& theirs, const DnsRecord& ours) {
  const Bytes data(ns_rr_rdata(theirs), ns_rr_rdlen(theirs));
  const auto at = static_cast<size_t>(data.data() - library.message.data());
  if (ours.rdata == nullptr) {
    MUST(data.empty());
    return;
  }
  switch (theirs.type) {
    case ns_t_a:
      if (data.size() == 4) MUST(dns_ip(ours).address == Address::v4(data.data()));
      break;
    case ns_t_aaaa:
      if (data.size() == 16) MUST(dns_ip(ours).address == Address::v6(data.data()));
      break;
    case ns_t_ns:
      return same_name(library, at, dns_ns(ours));
    case ns_t_cname:
      return same_name(library, at, dns_cname(ours));
    case ns_t_ptr:
      return same_name(library, at, dns_ptr(ours));
    case ns_t_mx:
      MUST(dns_mx(ours).preference == ns_get16(data.data()));
      return same_name(library, at + 2, dns_mx(ours).name);
    case ns_t_srv:
      MUST(dns_srv(ours).port == ns_get16(data.data() + 4));
      return same_name(library, at + 6, dns_srv(ours).name);
    case ns_t_soa: {
      same_name(library, at, dns_soa(ours).mname);
      const size_t second = library.name(at);
      if (second == 0) return;
      same_name(library, second, dns_soa(ours).rname);
      const size_t numbers = library.name(second);
      if (numbers == 0) return;
      MUST(dns_soa(ours).serial == ns_get32(&library.message[numbers]));
      MUST(dns_soa(ours).minimum == ns_get32(&library.message[numbers + 16]));
      break;
    }
    case ns_t_txt: {
      std::string joined;
      for (const std::string_view text : dns_txts(ours)) {
        joined += static_cast<char>(text.size());
        joined += text;
      }
      MUST(joined == as_text(data));
      break;
    }
    case ns_t_dname:
      if (!dns_data(ours).starts_with("\\#")) same_name(library, at, dns_data(ours));
      break;
    default:
      // Presentation form is plain ASCII, whatever the octets.
      for (const char c : dns_data(ours)) MUST(c >= 0x20 && c < 0x7f);
      break;
  }
}

void same_records(Library& library, ns_msg& handle, ns_sect section,
                  std::span<const DnsRecord> ours) {
  MUST(ours.size() == ns_msg_count(handle, section));
  for (size_t i = 0; i < ours.size(); ++i) {
    ns_rr theirs;
    MUST(ns_parserr(&handle, section, static_cast<int>(i), &theirs) == 0);
    MUST(labels_of(ns_rr_name(theirs)) == labels_of(ours[i].name));
    MUST(theirs.type == ours[i].type_number);
    MUST(dns_class_name(theirs.rr_class) == ours[i].klass);
    MUST(ns_rr_ttl(theirs) == ours[i].ttl);
    same_data(library, theirs, ours[i]);
  }
}

void same_message(Library& library, const DnsMessage& ours) {
  ns_msg handle;
  MUST(ns_initparse(library.message.data(), static_cast<int>(library.message.size()), &handle) ==
       0);
  MUST(ns_msg_id(handle) == ours.id);
  MUST(ns_msg_getflag(handle, ns_f_qr) == ours.qr);
  MUST(ns_msg_getflag(handle, ns_f_rd) == ours.rd);
  MUST(ours.questions.size() == ns_msg_count(handle, ns_s_qd));
  for (size_t i = 0; i < ours.questions.size(); ++i) {
    ns_rr theirs;
    MUST(ns_parserr(&handle, ns_s_qd, static_cast<int>(i), &theirs) == 0);
    MUST(labels_of(ns_rr_name(theirs)) == labels_of(ours.questions[i].name));
    MUST(dns_type_name(theirs.type) == ours.questions[i].type);
    MUST(dns_class_name(theirs.rr_class) == ours.questions[i].klass);
  }
  same_records(library, handle, ns_s_an, ours.answers);
  same_records(library, handle, ns_s_ns, ours.authorities);
  same_records(library, handle, ns_s_ar, ours.additionals);
}

size_t elements(const DnsMessage& message) {
  return message.questions.size() + message.answers.size() + message.authorities.size() +
         message.additionals.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0xffff) return 0;
  static Arena arena(1 << 20), other_arena(1 << 20), small_arena(4096);
  const Bytes bytes(data, size);

  arena.reset();
  DnsMessage message;
  const Parse result = parse_dns(bytes, arena, message);

  // More detail and less memory change what is shown, not what is understood.
  other_arena.reset();
  DnsMessage detailed;
  const Parse again = parse_dns(bytes, other_arena, detailed, DnsDetail::Extended);
  MUST(again == result || again == Parse::NoRoom || result == Parse::NoRoom);
  MUST((again == Parse::Ok || again == Parse::Truncated) == detailed.malformed.empty());
  if (again == result) MUST(elements(detailed) == elements(message));
  small_arena.reset();
  DnsMessage shortened;
  const Parse tight = parse_dns(bytes, small_arena, shortened);
  MUST(tight == result || tight == Parse::NoRoom);
  MUST(elements(shortened) <= elements(message));

  Library library{bytes};
  const size_t length = library.length();
  if (result == Parse::Ok) {
    MUST(length > 0 || library.gave_up);
    // The library takes no message with something behind it. Without that, a name
    // that points there is broken for us too.
    Library exact{bytes.first(length)};
    arena.reset();
    if (length > 0 && parse_dns(exact.message, arena, message) == Parse::Ok) {
      if (exact.length() > 0) {
        same_message(exact, message);
      } else {
        MUST(exact.gave_up);
      }
    }
  } else if (length > 0 && result == Parse::Malformed) {
    // The library looks into no data, and knows no bound for all names together.
    const bool ours = detailed.malformed.ends_with("the data does not fit its type") ||
                      detailed.malformed.find("a name") != std::string_view::npos ||
                      detailed.malformed.find("a label") != std::string_view::npos;
    MUST(ours && !detailed.malformed.starts_with("questions"));
  }
  return 0;
}
