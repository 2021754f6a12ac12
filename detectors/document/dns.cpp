// SPDX-License-Identifier: Apache-2.0
// To trigger it, ask for the four records of uol.com.br:
//
//   nslookup -type=mx uol.com.br
//   nslookup -type=ns uol.com.br
//   nslookup -type=soa uol.com.br
//   nslookup -type=txt uol.com.br
//
// It fires once when all four answers were seen, in any order, and starts anew.
#include <tracee/detector.h>

using namespace tracee::detection;

class DNSDetector : public EventDetector {
 public:
  DetectorDefinition definition() const override {
    return {
        .id = "DNS",
        .requirements = {.events = {{.name = "net_packet_dns",
                                     .dependency = Dependency::Required}}},
        .produced_event = {.name = "DNS",
                           .description = "Network DNS Detection Example",
                           .version = {0, 1, 0},
                           .tags = {"network", "dns"}},
        .auto_populate = {.threat = true, .detected_from = true},
    };
  }

  void init(const DetectorParams& params) override {
    logger_ = params.logger;
    found_mx_ = found_ns_ = found_soa_ = found_txts_ = false;
    logger_->debug("DNSDetector initialized");
  }

  Outputs on_event(const Event& event) override {
    const Dns* dns = event.message<Dns>("proto_dns");
    if (dns == nullptr || dns->answers.empty()) return {};

    for (const DnsRecord& answer : dns->answers) {
      if (answer.mx && answer.mx->name == "mx.uol.com.br" && answer.mx->preference == 10) {
        found_mx_ = true;
        logger_->info("found MX record", "name", answer.mx->name);
      }
      if (answer.ns == "eliot.uol.com.br") {
        found_ns_ = true;
        logger_->info("found NS record", "name", answer.ns);
      }
      if (answer.soa && answer.soa->rname == "root.uol.com.br") {
        found_soa_ = true;
        logger_->info("found SOA record", "rname", answer.soa->rname);
      }
      for (const auto txt : answer.txts) {
        if (txt.find("spf.uol.com.br") != txt.npos) {
          found_txts_ = true;
          logger_->info("found TXT record", "content", txt);
        }
      }
    }

    if (!found_mx_ || !found_ns_ || !found_soa_ || !found_txts_) return {};
    found_mx_ = found_ns_ = found_soa_ = found_txts_ = false;

    return detected(with_fields(string_value("domain", "uol.com.br"),
                                string_value("record_types", "MX,NS,SOA,TXT")));
  }

  void close() override { logger_->debug("DNSDetector closed"); }

 private:
  Logger* logger_ = nullptr;
  bool found_mx_ = false, found_ns_ = false, found_soa_ = false, found_txts_ = false;
};

TRACEE_DETECTORS(DNSDetector)
