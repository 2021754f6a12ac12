// SPDX-License-Identifier: Apache-2.0
// Names of IP protocol numbers: the reference format's spelling where it has
// one, else the keyword of the IANA registry "Assigned Internet Protocol
// Numbers" (2023), else "UnknownIPProtocol".
#include <array>

#include "decode/protocols/ip/ip.h"

namespace tracee {
namespace {

struct Row {
  uint8_t number;
  std::string_view name;
};

constexpr Row kReference[] = {
    {0, "IPv6HopByHop"}, {1, "ICMPv4"},        {2, "IGMP"},          {4, "IPv4"},
    {6, "TCP"},          {17, "UDP"},          {27, "RUDP"},         {41, "IPv6"},
    {43, "IPv6Routing"}, {44, "IPv6Fragment"}, {47, "GRE"},          {50, "IPSecESP"},
    {51, "IPSecAH"},     {58, "ICMPv6"},       {59, "NoNextHeader"}, {60, "IPv6Destination"},
    {89, "OSPF"},        {94, "IPv4"},         {97, "EtherIP"},      {112, "VRRP"},
    {132, "SCTP"},       {136, "UDPLite"},     {137, "MPLS"},
};

constexpr Row kRegistry[] = {
    {3, "GGP"},
    {5, "ST"},
    {7, "CBT"},
    {8, "EGP"},
    {9, "IGP"},
    {10, "BBN-RCC-MON"},
    {11, "NVP-II"},
    {12, "PUP"},
    {13, "ARGUS"},
    {14, "EMCON"},
    {15, "XNET"},
    {16, "CHAOS"},
    {18, "MUX"},
    {19, "DCN-MEAS"},
    {20, "HMP"},
    {21, "PRM"},
    {22, "XNS-IDP"},
    {23, "TRUNK-1"},
    {24, "TRUNK-2"},
    {25, "LEAF-1"},
    {26, "LEAF-2"},
    {28, "IRTP"},
    {29, "ISO-TP4"},
    {30, "NETBLT"},
    {31, "MFE-NSP"},
    {32, "MERIT-INP"},
    {33, "DCCP"},
    {34, "3PC"},
    {35, "IDPR"},
    {36, "XTP"},
    {37, "DDP"},
    {38, "IDPR-CMTP"},
    {39, "TP++"},
    {40, "IL"},
    {42, "SDRP"},
    {45, "IDRP"},
    {46, "RSVP"},
    {48, "DSR"},
    {49, "BNA"},
    {52, "I-NLSP"},
    {53, "SWIPE"},
    {54, "NARP"},
    {55, "Min-IPv4"},
    {56, "TLSP"},
    {57, "SKIP"},
    {62, "CFTP"},
    {64, "SAT-EXPAK"},
    {65, "KRYPTOLAN"},
    {66, "RVD"},
    {67, "IPPC"},
    {69, "SAT-MON"},
    {70, "VISA"},
    {71, "IPCV"},
    {72, "CPNX"},
    {73, "CPHB"},
    {74, "WSN"},
    {75, "PVP"},
    {76, "BR-SAT-MON"},
    {77, "SUN-ND"},
    {78, "WB-MON"},
    {79, "WB-EXPAK"},
    {80, "ISO-IP"},
    {81, "VMTP"},
    {82, "SECURE-VMTP"},
    {83, "VINES"},
    {84, "IPTM"},
    {85, "NSFNET-IGP"},
    {86, "DGP"},
    {87, "TCF"},
    {88, "EIGRP"},
    {90, "Sprite-RPC"},
    {91, "LARP"},
    {92, "MTP"},
    {93, "AX.25"},
    {95, "MICP"},
    {96, "SCC-SP"},
    {98, "ENCAP"},
    {100, "GMTP"},
    {101, "IFMP"},
    {102, "PNNI"},
    {103, "PIM"},
    {104, "ARIS"},
    {105, "SCPS"},
    {106, "QNX"},
    {107, "A/N"},
    {108, "IPComp"},
    {109, "SNP"},
    {110, "Compaq-Peer"},
    {111, "IPX-in-IP"},
    {113, "PGM"},
    {115, "L2TP"},
    {116, "DDX"},
    {117, "IATP"},
    {118, "STP"},
    {119, "SRP"},
    {120, "UTI"},
    {121, "SMP"},
    {122, "SM"},
    {123, "PTP"},
    {124, "ISIS over IPv4"},
    {125, "FIRE"},
    {126, "CRTP"},
    {127, "CRUDP"},
    {128, "SSCOPMCE"},
    {129, "IPLT"},
    {130, "SPS"},
    {131, "PIPE"},
    {133, "FC"},
    {134, "RSVP-E2E-IGNORE"},
    {135, "Mobility Header"},
    {138, "manet"},
    {139, "HIP"},
    {140, "Shim6"},
    {141, "WESP"},
    {142, "ROHC"},
    {143, "Ethernet"},
    {144, "AGGFRAG"},
    {145, "NSH"},
};

constexpr auto kNames = [] {
  std::array<std::string_view, 256> names{};
  for (auto& name : names) name = "UnknownIPProtocol";
  for (const Row& row : kRegistry) names[row.number] = row.name;
  for (const Row& row : kReference) names[row.number] = row.name;
  return names;
}();

}  // namespace

std::string_view ip_protocol_name(uint8_t number) noexcept { return kNames[number]; }

}  // namespace tracee
