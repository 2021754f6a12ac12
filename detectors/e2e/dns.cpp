// SPDX-License-Identifier: Apache-2.0
// DNS: nslookup of the MX, NS and SOA records of google.com.
#include "e2e.h"

namespace e2e {

class DnsDetector : public EventDetector {
  DetectorDefinition definition() const override { return definition_of("DNS", "net_packet_dns"); }

  Outputs on_event(const Event& event) override {
    const Dns* dns = event.message<Dns>("proto_dns");
    if (dns == nullptr || dns->answers.empty()) return {};
    for (const DnsRecord& answer : dns->answers) {
      if (answer.mx && answer.mx->name == "smtp.google.com" && answer.mx->preference == 10) {
        found_mx_ = true;
      }
      if (answer.ns == "ns1.google.com") found_ns_ = true;
      if (answer.soa && answer.soa->rname == "dns-admin.google.com") found_soa_ = true;
    }
    if (!found_mx_ || !found_ns_ || !found_soa_) return {};
    found_mx_ = found_ns_ = found_soa_ = false;
    return detected();
  }

  bool found_mx_ = false, found_ns_ = false, found_soa_ = false;
};

}  // namespace e2e

TRACEE_DETECTORS(e2e::DnsDetector)
