// SPDX-License-Identifier: Apache-2.0
// What is asked to be hidden is nowhere in an event; all else is as it was.
#include "decode/redact.h"

#include <gtest/gtest.h>

#include "decode/protocols/http/http_event.h"
#include "support/packets.h"

namespace tracee::test {
namespace {

Redaction redaction(const std::string& words) {
  auto made = parse_redaction({words});
  EXPECT_TRUE(made) << (made ? "" : made.error().what);
  return made ? *made : Redaction();
}

std::string http(std::string_view message, const std::string& words) {
  Events events;
  events.redact(redaction(words));
  std::string line = events.one("net_packet_http", ipv4(6, tcp(5000, 80, octets(message))));
  return line.substr(std::min(line.find("host="), line.size()));
}

std::string header(const std::string& line, const std::string& words) {
  const std::string all = http("GET / HTTP/1.1\r\n" + line + "\r\n\r\n", words);
  const size_t start = all.find('{') + 1;
  return all.substr(start, all.rfind('}', all.rfind('}') - 1) - start);
}

Octets name(std::string_view dotted) {
  Octets out;
  while (!dotted.empty()) {
    const std::string_view label = dotted.substr(0, dotted.find('.'));
    out.push_back(static_cast<uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
    dotted.remove_prefix(std::min(label.size() + 1, dotted.size()));
  }
  out.push_back(0);
  return out;
}

Octets record(std::string_view owner, uint16_t type, const Octets& data) {
  return name(owner) + be16(type) + hex("0001 00000e10") + be16(data.size()) + data;
}

// A response to one question, with these answers.
Octets response(std::string_view asked, const std::vector<Octets>& answers) {
  Octets out = hex("1234 8180 0001") + be16(answers.size()) + hex("0000 0000") + name(asked) +
               hex("0001 0001");
  for (const Octets& answer : answers) out = out + answer;
  return ipv4(17, udp(53, 5353, out));
}

std::string dns(const Octets& packet, const std::string& words, bool extended = false) {
  DecodeOptions options;
  options.extended = extended;
  Events events(options);
  events.redact(redaction(words));
  std::string out;
  for (const std::string& line : events.of(packet)) {
    if (line.starts_with("net_packet_dns")) out += line + "\n";
  }
  return out;
}

TEST(Redact, WordsAndMistakes) {
  const Redaction all = redaction("headers,query,dns=.Corp.Example.,dns=corp.example,dns=lan");
  EXPECT_TRUE(all.headers && all.query);
  EXPECT_EQ(all.names, (std::vector<std::string>{"corp.example", "lan"}));
  EXPECT_FALSE(redaction("headers").query);
  const std::pair<const char*, const char*> mistakes[] = {
      {"header", "did you mean 'headers'?"}, {"", "write headers, query or dns=SUFFIX"},
      {"headers,", "write headers"},         {"dns=", "as in dns=.corp.example"},
      {"dns=.", "as in dns=.corp.example"},  {"dns=a..b", "as in dns=.corp.example"},
      {"dns=*.a", "as in dns=.corp.example"}};
  for (const auto& [words, hint] : mistakes) {
    const auto made = parse_redaction({words});
    ASSERT_FALSE(made) << words;
    EXPECT_EQ(made.error().code, Exit::Usage);
    EXPECT_TRUE(made.error().what.starts_with("--redact: ")) << made.error().what;
    EXPECT_NE(made.error().hint.find(hint), std::string::npos) << made.error().hint;
  }
  std::vector<std::string> many;
  many.reserve(17);
  for (int i = 0; i < 17; ++i) many.push_back("dns=d" + std::to_string(i));
  EXPECT_FALSE(parse_redaction(many));
}

TEST(Redact, HeadersThatLetIn) {
  for (const char* name : {"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie",
                           "X-Api-Key", "X-Auth-Token", "X-Session-Id"}) {
    EXPECT_EQ(header(std::string(name) + ": secret", "headers"),
              std::string(name) + ": [redacted]");
    EXPECT_EQ(header(std::string(name) + ": secret", "query"), std::string(name) + ": secret");
  }
  EXPECT_EQ(header("set-cookie: a=1\r\nSet-Cookie: b=2\r\nAccept: */*", "headers"),
            "Accept: */*; Set-Cookie: [redacted]; Set-Cookie: [redacted]");
  // Octets that no name may have do not hide one.
  EXPECT_EQ(header("aUthorization\x01: secret", "headers"), "aUthorization\x01: [redacted]");
  EXPECT_EQ(header("Author: secret", "headers"), "Author: secret");
}

TEST(Redact, Urls) {
  const std::pair<const char*, const char*> values[] = {
      {"http://h/p?q=1&r", "http://h/p?[redacted]"},
      {"https://u:p@h:1/p#token", "https://[redacted]@h:1/p#[redacted]"},
      {"https://u:p@h", "https://[redacted]@h"},
      {"/p?q=http://u:p@h/?x=1", "/p?[redacted]"},
      {"http:?q", "http:?[redacted]"},
      {"//u@h/p?q", "//[redacted]@h/p?[redacted]"},
      {"p?q=a,b;c", "p?[redacted]"},
      {"/a b,c?d e", "/a b,c?[redacted]"},
      {"http://u:a b@h/", "http://[redacted]@h/"},
      {"?q", "?[redacted]"},
      {"/plain/path", "/plain/path"},
  };
  for (const auto& [from, to] : values) {
    EXPECT_EQ(header("Location: " + std::string(from), "query"), "Location: " + std::string(to));
    EXPECT_EQ(header("Location: " + std::string(from), "headers"),
              "Location: " + std::string(from));
  }
  EXPECT_EQ(header("Link: <http://a/?x>; rel=next, <b?y>", "query"),
            "Link: <http://a/?[redacted]>; rel=next, <b?[redacted]>");
  EXPECT_EQ(header("Refresh: 5; url=http://a/?x", "query"), "Refresh: 5; url=http://a/?[redacted]");
  EXPECT_EQ(header("User-Agent: bot (+http://b/?x what?)", "query"),
            "User-Agent: bot (+http://b/?[redacted] what?)");
  EXPECT_EQ(header("User-Agent: what? a@b", "query"), "User-Agent: what? a@b");
  EXPECT_TRUE(http("CONNECT u:p@h:443 HTTP/1.1\r\n\r\n", "query").starts_with("host=h:443 "));
}

TEST(Redact, NamesInHttp) {
  const char* const message =
      "GET /a/db.corp.example/b HTTP/1.1\r\nHost: WIKI.corp.example:80\r\n"
      "X-Forwarded-Host: db.corp.example\r\nOrigin: http://corp.example.net\r\n\r\n";
  EXPECT_EQ(http(message, "dns=.corp.example"),
            "host=[redacted] uri_path=[redacted] status= status_code=0 "
            "headers={Origin: http://corp.example.net; X-Forwarded-Host: [redacted]} "
            "content_length=0}");
  EXPECT_NE(http(message, "headers").find("host=WIKI.corp.example:80"), std::string::npos);
}

TEST(Redact, NamesByTheirEnd) {
  const Redaction what = redaction("dns=.corp.example");
  for (const char* name : {"corp.example", "a.corp.example", "A.B.CORP.EXAMPLE."}) {
    EXPECT_TRUE(what.hides_name(name)) << name;
  }
  for (const char* name : {"", "example", "xcorp.example", "corp.example.net", "corpxexample"}) {
    EXPECT_FALSE(what.hides_name(name)) << name;
  }
  for (const char* text : {"10 a.corp.example. x", "corp.example:80", "\"a.corp.example\"",
                           "corp.example.", "x corp.example, y"}) {
    EXPECT_TRUE(what.hides_part_of(text)) << text;
  }
  for (const char* text :
       {"", "corp example", "notcorp.example", "corp.example.net", "corp.examples"}) {
    EXPECT_FALSE(what.hides_part_of(text)) << text;
  }
}

TEST(Redact, NamesInEveryRecord) {
  const Octets host = name("db.corp.example");
  const Octets numbers = hex("00000001 00000002 00000003 00000004 00000005");
  const std::vector<Octets> answers = {
      record("www.test", 5, host),                                         // CNAME
      record("www.test", 2, host),                                         // NS
      record("www.test", 12, host),                                        // PTR
      record("www.test", 6, host + name("admin.corp.example") + numbers),  // SOA
      record("www.test", 15, hex("000a") + host),                          // MX
      record("www.test", 33, hex("0001 0002 0003") + host),                // SRV
      record("www.test", 256, hex("0001 0002") + octets("ftp://db.corp.example/x")),
      record("www.test", 16, hex("0f") + octets("db.corp.example")),  // TXT
      record("www.test", 16, hex("0f") + octets("db.corp.example") + hex("01") + octets("x")),
      record("www.test", 39, host),  // DNAME, as text
      record("db.corp.example", 16, hex("06") + octets("secret")),
      record("db.corp.example", 5, name("secret.test")),
      record("db.corp.example", 1, hex("0a000003")),
      record("", 41, hex("0012 0011") + host),  // an option with a name
  };
  for (const bool extended : {false, true}) {
    const std::string shown = dns(response("db.corp.example", answers), "headers", extended);
    EXPECT_NE(shown.find("secret"), std::string::npos);
    const std::string hidden =
        dns(response("db.corp.example", answers), "dns=corp.example", extended);
    EXPECT_EQ(hidden.find("secret"), std::string::npos) << hidden;
    EXPECT_EQ(hidden.find("corp"), std::string::npos) << hidden;
    // Types, numbers and addresses stay.
    EXPECT_NE(hidden.find("serial=1 "), std::string::npos) << hidden;
    EXPECT_NE(hidden.find("IP=10.0.0.3"), std::string::npos) << hidden;
    EXPECT_NE(hidden.find("answer=10.0.0.3"), std::string::npos) << hidden;
    EXPECT_NE(hidden.find("name=www.test"), std::string::npos) << hidden;
  }
}

TEST(Redact, OtherNamesStay) {
  const Octets packet = response("www.test", {record("www.test", 5, name("web.test")),
                                              record("web.test", 16, hex("02") + octets("ok"))});
  EXPECT_EQ(dns(packet, "dns=corp.example"), dns(packet, "headers,query"));
  EXPECT_NE(dns(packet, "dns=corp.example").find("ok"), std::string::npos);
}

// A message that was rewritten is not what others of its number are.
TEST(Redact, ARewrittenMessageHasNoNumber) {
  Redactor redactor(Redaction{.headers = true, .query = false, .names = {}});
  NetPacketHttp event{};
  event.message.number = 7;
  const void* const redacted = redactor.redacted(kNetPacketHttp, &event);
  EXPECT_EQ(static_cast<const NetPacketHttp*>(redacted)->message.number, 0u);
}

}  // namespace
}  // namespace tracee::test
