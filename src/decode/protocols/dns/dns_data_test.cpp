// SPDX-License-Identifier: Apache-2.0
// Record data: octets in, presentation form out, every type that has one. The
// texts are those BIND's tools print for the same octets.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "decode/protocols/dns/dns.h"
#include "decode/protocols/dns/dns_types.h"
#include "support/packets.h"

namespace tracee::test {
namespace {

struct Vector {
  uint16_t type;
  std::string_view data;
  std::string_view text;
};

constexpr Vector kVectors[] = {
    {3, "036f6c64076578616d706c65047465737400", "old.example.test."},
    {4, "036f6c64076578616d706c65047465737400", "old.example.test."},
    {7, "04686f7374076578616d706c65047465737400", "host.example.test."},
    {8, "04686f7374076578616d706c65047465737400", "host.example.test."},
    {9, "04686f7374076578616d706c65047465737400", "host.example.test."},
    {10, "00ff41", "\\# 3 00FF41"},
    {11, "c0000201060000044000000000000080", "192.0.2.1 6 21 25 80"},
    {14, "066572726f7273076578616d706c65047465737400056f776e6572076578616d706c65047465737400",
     "errors.example.test. owner.example.test."},
    {17, "0561646d696e076578616d706c6504746573740003747874076578616d706c65047465737400",
     "admin.example.test. txt.example.test."},
    {17, "0000", ". ."},
    {18, "00010463656c6c076578616d706c65047465737400", "1 cell.example.test."},
    {19, "0c333131303631373030393536", "\"311061700956\""},
    {20, "0f31353038363230323830303332313703303034", "\"150862028003217\" \"004\""},
    {20, "0f313530383632303238303033323137", "\"150862028003217\""},
    {21, "000a0572656c6179076578616d706c65047465737400", "10 relay.example.test."},
    {22, "47000580005a0000000001e133ffffff00016100", "0x47000580005a0000000001e133ffffff00016100"},
    {23, "04686f7374076578616d706c65047465737400", "host.example.test."},
    {24, "0001080300000e1070dd55255e5afaff3039076578616d706c650474657374000102030405",
     "A 8 3 3600 20300102030405 20200229235959 12345 example.test. AQIDBAU="},
    {24, "04d2010000000000000000007fe8177f000000010203",
     "1234 1 0 0 19700101000000 20371231235959 0 . AQID"},
    {25, "01000308010203", "256 3 8 AQID"},
    {25, "c0000308", "49152 3 8"},
    {26, "000a036d6170076578616d706c650474657374000478343030076578616d706c65047465737400",
     "10 map.example.test. x400.example.test."},
    {27, "082d32322e36383832083131362e38363532053235302e30", "\"-22.6882\" \"116.8652\" \"250.0\""},
    {29, "000016138b3cf018810cbed4009895b8",
     "52 22 23.000 N 4 53 32.500 E -2.00m 0.00m 10000m 10m"},
    {29, "009990527fffffff59604e01ffffffff",
     "0 0 0.001 S 179 59 59.999 W 42849672.95m 90000000m 0.09m 5m"},
    {29, "00122232934fd900a69fb20000000000", "90 0 0.000 N 180 0 0.000 E -100000.00m 1m 2m 3m"},
    {30, "046e657874076578616d706c6504746573740040010082", "next.example.test. A MX SIG NXT"},
    {31, "e32c6f78163a9348", "E32C6F78163A9348"},
    {32, "32251a030067", "32251A030067"},
    {34, "013631323030333030333130", "+61200300310"},
    {34, "0047000580ffe1000000f21a26d80020ea0d3b2c00", "47000580ffe1000000f21a26d80020ea0d3b2c00"},
    {35, "00640032017308687474702b49324c00055f68747470045f746370076578616d706c65047465737400",
     "100 50 \"s\" \"http+I2L\" \"\" _http._tcp.example.test."},
    {35, "000a00640175074532552b7369701c215e2e2a24217369703a696e666f406578616d706c652e746573742100",
     "10 100 \"u\" \"E2U+sip\" \"!^.*$!sip:info@example.test!\" ."},
    {36, "0001026b78076578616d706c65047465737400", "1 kx.example.test."},
    {37, "000130390801020304", "PKIX 12345 RSASHA256 AQIDBA=="},
    {37, "fde800000001", "65000 0 0 AQ=="},
    {38, "40123456789abcdef006707265666978076578616d706c65047465737400",
     "64 ::1234:5678:9abc:def0 prefix.example.test."},
    {38, "0020010db8000000000000000000000001", "0 2001:db8::1"},
    {38, "8006707265666978076578616d706c65047465737400", "128  prefix.example.test."},
    {38, "3d07000000000000000106707265666978076578616d706c65047465737400",
     "61 ::7:0:0:0:1 prefix.example.test."},
    {39, "056f74686572076578616d706c65047465737400", "other.example.test."},
    {40, "010203010203", "1 2 3 AQID"},
    {42, "00011503c0a82000011c83c0a82600020801ff00010000",
     "1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::/8 1:0.0.0.0/0"},
    {42, "0002200420010db8", "2:2001:db8::/32"},
    {43, "ec450d02d4b7d520e7bb5f0f67674a0cceb1e3e0614b93c4f9e99b8383f6a1e4469da50a",
     "60485 13 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4 469DA50A"},
    {43, "ec4505012bb183af5f22588179a53b0a98631fad1a292118",
     "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"},
    {44, "0402123456789abcdef67890123456789abcdef67890123456789abcdef123456789",
     "4 2 123456789ABCDEF67890123456789ABCDEF67890123456789ABCDEF1 23456789"},
    {45, "0a0102c0000226010351537986ed35533b6064478eeeb27b5bd74dae149b6e81ba3a0521af82ab7801",
     "10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ=="},
    {45, "0a0002010351537986", "10 0 2 . AQNRU3mG"},
    {45, "0a020220010db8000000008002000020000001010351537986",
     "10 2 2 2001:db8::8002:0:2000:1 AQNRU3mG"},
    {45, "0a0300026777076578616d706c65047465737400010351", "10 3 0 gw.example.test. AQNR"},
    {46,
     "0001080300000e1070dd55255e5afaff3039076578616d706c650474657374004f9cf3eef4c216f129d4e7bee5770"
     "8811e25046b375ecd660df6f14701b902165bf9b0000efbcaabc90d8f400784fa47c71e0a0f5811bc1cd11a064171"
     "b4b1b1",
     "A 8 3 3600 20300102030405 20200229235959 12345 example.test. "
     "T5zz7vTCFvEp1Oe+5XcIgR4lBGs3Xs1mDfbxRwG5AhZb+bAADvvKq8kN j0AHhPpHxx4KD1gRvBzRGgZBcbSxsQ=="},
    {46, "ff000d020000012c38bb0c0038bc5d80000100010203",
     "TYPE65280 13 2 300 20000229000000 20000301000000 1 . AQID"},
    {47,
     "04686f7374076578616d706c650474657374000006400100000003041b00000000000000000000000000000000000"
     "0000000000000000020",
     "host.example.test. A MX RRSIG NSEC TYPE1234"},
    {47, "086140622e63202264076578616d706c650474657374000006000000000001",
     "a\\@b\\.c\\032\\\"d.example.test. NSEC"},
    {48,
     "0101030d99db2cc14cabdc33d6d77da63a2f15f71112584f234e8d1dc428e39e8a4a97e1aa271a555dc90701e17e2"
     "a4c4b6f120b7c32d44f4ac02bd894cf2d4be7778a19",
     "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+ "
     "KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="},
    {49, "000201636fc0b8271c82825bb1ac5c41cf5351aa69b4febd94e8f17cdb95000da48c40",
     "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA="},
    {50, "0101000c04aabbccdd1417f3df17b2b2adaef615257de4d2020b80ac6c7c0006400000000002",
     "1 1 12 AABBCCDD 2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S A RRSIG"},
    {50, "01000000001417f3df17b2b2adaef615257de4d2020b80ac6c7c",
     "1 0 0 - 2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S"},
    {51, "0100000c04aabbccdd", "1 0 12 AABBCCDD"},
    {51, "0100000000", "1 0 0 -"},
    {52, "0301010d6fce3368ef32b8a3ac8a5e30ecc7cd0ba0a2cd9ac2c6c2b62c2d8e7c8c8f8e",
     "3 1 1 0D6FCE3368EF32B8A3AC8A5E30ECC7CD0BA0A2CD9AC2C6C2B62C2D8E 7C8C8F8E"},
    {53, "030000aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899aabb",
     "3 0 0 AABBCCDDEEFF00112233445566778899AABBCCDDEEFF001122334455 66778899AABB"},
    {55,
     "10020084200100107b1a74df365639cc39f1d57803010001b771ca136e4aeb5ce44333c53b3d2c13c22243851fc70"
     "8bcce29f7e2eb5787b5f56ccad34f8223acc10904ddb56b2ec4a6d6232f3b50ea094f0914b3b941bbe529af582c36"
     "bbadefdaf2adaf9b4911906f5b2522603c615272b880ec8fb930cc6ee39c444daa75b1678f005a4b2499d1da5433f"
     "805c7a5ad3237acc5dd5c5e430472767331076578616d706c650474657374000472767332076578616d706c650474"
     "65737400",
     "2 200100107B1A74DF365639CC39F1D578 "
     "AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cIvM4p9+LrV4e19WzK00+CI6zBCQTdtWsuxKbWIy87UOoJTwkUs7lBu+"
     "Upr1gsNrut79ryra+bSRGQb1slImA8YVJyuIDsj7kwzG7jnERNqnWxZ48AWkskmdHaVDP4BcelrTI3rMXdXF5D "
     "rvs1.example.test. rvs2.example.test."},
    {55, "10020006200100107b1a74df365639cc39f1d57803010001b771",
     "2 200100107B1A74DF365639CC39F1D578 AwEAAbdx"},
    {56, "016103622063", "\"a\" \"b c\""},
    {57, "00000308010203", "0 3 8 AQID"},
    {58, "0161076578616d706c6504746573740000", "a.example.test. ."},
    {59, "ec450d02d4b7d520e7bb5f0f67674a0cceb1e3e0614b93c4f9e99b8383f6a1e4469da50a",
     "60485 13 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4 469DA50A"},
    {59, "0000000000", "0 0 0 00"},
    {60,
     "0101030d99db2cc14cabdc33d6d77da63a2f15f71112584f234e8d1dc428e39e8a4a97e1aa271a555dc90701e17e2"
     "a4c4b6f120b7c32d44f4ac02bd894cf2d4be7778a19",
     "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+ "
     "KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="},
    {61,
     "99018d0458ade9a00000010c00b5ee4d4bc9fcb8c773cad52d61177b6dc7a131e4c78687c84d0b608928664337a84"
     "512000102",
     "mQGNBFit6aAAAAEMALXuTUvJ/LjHc8rVLWEXe23HoTHkx4aHyE0LYIko ZkM3qEUSAAEC"},
    {62, "000000420003000460000008", "66 3 A NS AAAA"},
    {62, "000000000000", "0 0"},
    {63,
     "7848b78c0101febe3d4ce2ec2ffa4ba99d46cd69d6d29711e55217057bee7eb1a7b641a47ba7fed2dd5b97ae499fa"
     "fa4f22c6bd647de",
     "2018031500 1 1 FEBE3D4CE2EC2FFA4BA99D46CD69D6D29711E55217057BEE7EB1A7B6 "
     "41A47BA7FED2DD5B97AE499FAFA4F22C6BD647DE"},
    {64, "000003737663076578616d706c65047465737400", "0 svc.example.test."},
    {64,
     "001003737663076578616d706c650474657374000000000400010004000100090268320568332d313900030002003"
     "500040008c0000201c00002020006002020010db800000000000000000000000100000000000000000000ffffc633"
     "6401",
     "16 svc.example.test. mandatory=alpn,ipv4hint alpn=\"h2,h3-19\" port=53 "
     "ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1,::ffff:198.51.100.1"},
    {64,
     "0001000001000c08665c6f6f2c626172026832000200000005000401020304029b000a68656c6c6fd2716f6f22029"
     "c0000",
     "1 . alpn=\"f\\\\\\\\oo\\\\,bar,h2\" no-default-alpn ech=AQIDBA== "
     "key667=\"hello\\210qoo\\\"\" key668"},
    {65, "000100000100060268320268330003000220fb", "1 . alpn=\"h2,h3\" port=8443"},
    {65, "000100ffff0000", "1 . key65535"},
    {66, "003b0114ef0473796e63076578616d706c65047465737400", "CDS NOTIFY 5359 sync.example.test."},
    {66, "04d263000000", "TYPE1234 99 0 ."},
    {67, "010203", "AQID"},
    {68, "01020304", "AQIDBA=="},
    {99, "0b763d73706631202d616c6c096122625c6301ff3b40",
     "\"v=spf1 -all\" \"a\\\"b\\\\c\\001\\255;@\""},
    {99, "00", "\"\""},
    {100, "0141", "\\# 2 0141"},
    {104, "000a00144fffff20ee64", "10 14:4fff:ff20:ee64"},
    {105, "000ac000022d", "10 192.0.2.45"},
    {106, "000a20010db811401000", "10 2001:db8:1140:1000"},
    {107, "000a036c3634076578616d706c65047465737400", "10 l64.example.test."},
    {108, "00005eef102a", "00-00-5e-ef-10-2a"},
    {109, "00005eef1000002a", "00-00-5e-ef-10-00-00-2a"},
    {257, "0005697373756563612e6578616d706c652e746573743b206163636f756e743d323330313233",
     "0 issue \"ca.example.test; account=230123\""},
    {257, "8003746273556e6b6e6f776e202271756f74656422205c",
     "128 tbs \"Unknown \\\"quoted\\\" \\\\\""},
    {257, "00056973737565", "0 issue \"\""},
    {258, "0a6170702d6e616d653a780179", "\"app-name:x\" \"y\""},
    {259, "499602d200000001020a746578742f706c61696e68747470733a2f2f7777772e",
     "1234567890 1 2 \"text/plain\" aHR0cHM6Ly93d3cu"},
    {259, "00000000000000010200", "0 1 2 \"\" -"},
    {260, "0a00", "10 0 0 ."},
    {260, "0a81cb00710f", "10 1 1 203.0.113.15"},
    {260, "808220010db8000000000000000000000015", "128 1 2 2001:db8::15"},
    {260, "800309616d7472656c617973076578616d706c65047465737400",
     "128 0 3 amtrelays.example.test."},
    {260, "0a040a0b0c", "\\# 5 0A040A0B0C"},
    {261, "08716e616d656d696e0f6578746572723d31352c31362c3137", "\"qnamemin\" \"exterr=15,16,17\""},
    {262, "0345544803307830", "\"ETH\" \"0x0\""},
    {32768, "ec4505012bb183af5f22588179a53b0a98631fad1a292118",
     "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"},
    {32769, "ec4505012bb183af5f22588179a53b0a98631fad1a292118",
     "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"},
    {65280, "", "\\# 0"},
    {65280, "0a000001", "\\# 4 0A000001"},
    {65534, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627",
     "\\# 40 000102030405060708090A0B0C0D0E0F101112131415161718191A1B 1C1D1E1F2021222324252627"},
};

// A response with one record of example.test, by pointer, class IN, TTL 60.
Octets message_with(uint16_t type, const Octets& data) {
  return hex("0001 8180 0000 0001 0000 0000 00") + be16(type) + hex("0001 0000003c") +
         be16(data.size()) + data;
}

// Parses whole messages and keeps them until the next one.
class Parsed {
 public:
  const DnsMessage& of(const Octets& octets, DnsDetail detail = DnsDetail::Usual) {
    octets_ = octets;
    octets_.shrink_to_fit();
    arena_.reset();
    result = parse_dns(octets_, arena_, message_, detail);
    return message_;
  }
  Parse result = Parse::Ok;

 private:
  Octets octets_;
  Arena arena_{1 << 20};
  DnsMessage message_{};
};

std::string data_of(uint16_t type, const Octets& data) {
  Parsed parsed;
  const DnsMessage& message = parsed.of(message_with(type, data));
  EXPECT_EQ(parsed.result, Parse::Ok);
  return message.answers.size() == 1 ? std::string(dns_data(message.answers[0])) : "no answer";
}

std::string unknown_form(const Octets& data) {
  std::string out = "\\# " + std::to_string(data.size());
  for (size_t i = 0; i < data.size(); ++i) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02X", data[i]);
    out += (i % 28 == 0 ? " " : "") + std::string(digits);
  }
  return out;
}

TEST(DnsData, EveryType) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(data_of(vector.type, hex(vector.data)), vector.text) << "type " << vector.type;
  }
}

TEST(DnsData, EveryTypeWithALayoutIsAmongTheVectors) {
  for (unsigned type = 0; type < 0x10000; ++type) {
    const DnsType* row = dns_type_row(static_cast<uint16_t>(type));
    // TKEY and TSIG have tests below; CLA is younger than the tools.
    if (row == nullptr || row->layout.empty() || type == 249 || type == 250 || type == 263)
      continue;
    EXPECT_TRUE(std::ranges::any_of(kVectors, [&](const Vector& v) { return v.type == type; }))
        << row->name;
  }
}

TEST(DnsData, EveryPrefixIsShownSomehow) {
  // Cut data is either still of the type or in the form of unknown types.
  for (const Vector& vector : kVectors) {
    const Octets whole = hex(vector.data);
    for (size_t size = 0; size < whole.size(); ++size) {
      const Octets cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const std::string text = data_of(vector.type, cut);
      EXPECT_NE(text, vector.text) << vector.type << " cut at " << size;
      if (text.starts_with("\\#")) {
        EXPECT_EQ(text, unknown_form(cut));
      }
    }
  }
}

TEST(DnsData, TransactionKeys) {
  EXPECT_EQ(
      data_of(250, hex("0b 686d61632d736861323536 00 0000 65a00000 012c 0003 010203 1234 0000 "
                       "0000")),
      "hmac-sha256. 1704984576 300 3 AQID 4660 NOERROR 0");
  EXPECT_EQ(data_of(250, hex("0161 00 0001 00000000 0000 0000 0001 0012 0006 000065a00001")),
            "a. 4294967296 0 0 1 BADTIME 6 AABloAAB");
  EXPECT_EQ(data_of(249, hex("0161 00 00000001 00000002 0003 0013 0001 aa 0000")),
            "a. 1 2 3 BADMODE 1 qg== 0");
  EXPECT_EQ(data_of(249, hex("00 00000001 00000002 0003 1000 0000 0002 bbcc")),
            ". 1 2 3 4096 0 2 u8w=");
}

TEST(DnsData, WhatDoesNotFitItsTypeIsShownAsUnknown) {
  const auto unknown = [](uint16_t type, std::string_view octets) {
    EXPECT_EQ(data_of(type, hex(octets)), unknown_form(hex(octets))) << type;
  };
  unknown(18, "0001");                                  // no name
  unknown(18, "0001 00 00");                            // something behind it
  unknown(18, "0001 c0ff");                             // points nowhere
  unknown(29, "01 121212 80000000 80000000 00989680");  // LOC of a later version
  unknown(29, "00 ba1212 80000000 80000000 00989680");  // size of 11 times a power
  unknown(29, "00 121212 ffffffff 80000000 00989680");  // north of the pole
  unknown(34, "02 41");                                 // ATMA of no known format
  unknown(38, "81 00");                                 // A6 with 129 bits
  unknown(42, "0003 18 01 c0");                         // APL of another family
  unknown(42, "0001 21 01 c0");                         // APL with 33 bits
  unknown(45, "0a 04 00 00");                           // gateway of no known type
  unknown(47, "00 00 21 000000000000000000000000000000000000000000000000000000000000000001");
  unknown(47, "00 01 01 40 00 01 40");                     // windows out of order
  unknown(47, "00 00 00");                                 // an empty window
  unknown(55, "00 02 0000");                               // HIP without a tag
  unknown(64, "0001 00 0003 0002 0035 0001 0003 026832");  // keys out of order
  unknown(64, "0001 00 0003 0003 003500");                 // a port of three octets
  unknown(64, "0001 00 0001 0001 00");                     // an empty protocol
  unknown(64, "0001 00 0002 0001 00");                     // no-default-alpn has no value
  unknown(257, "00 02 692d 61");                           // a tag that is no word
}

TEST(DnsData, NamesPointIntoTheMessage) {
  // c00c: the root name of the answer; its own label before it.
  EXPECT_EQ(data_of(18, hex("0001 0161 c00c")), "1 a.");
}

TEST(DnsData, TheReferencesTypesHaveNone) {
  for (const unsigned type : {1u, 2u, 5u, 6u, 12u, 13u, 15u, 16u, 28u, 33u, 41u, 256u}) {
    EXPECT_FALSE(dns_has_data_text(static_cast<uint16_t>(type))) << type;
  }
  EXPECT_EQ(data_of(16, hex("0161")), "");
}

TEST(DnsData, AnEmptyListIsEmpty) { EXPECT_EQ(data_of(42, {}), ""); }

TEST(DnsData, UpdatesHaveRecordsWithoutData) {
  Parsed parsed;
  // NS, class ANY, no data: all name servers are to go.
  const DnsMessage& message =
      parsed.of(hex("0001 2800 0000 0000 0001 0000  00 0002 00ff 00000000 0000"));
  EXPECT_EQ(parsed.result, Parse::Ok);
  ASSERT_EQ(message.authorities.size(), 1u);
  EXPECT_EQ(dns_ns(message.authorities[0]), "");
}

// --- EDNS options ---

std::string option_text(uint16_t code, const Octets& data, DnsDetail detail) {
  Parsed parsed;
  const Octets option = be16(code) + be16(data.size()) + data;
  const DnsMessage& message = parsed.of(
      hex("0001 8180 0000 0000 0000 0001 00 0029 04d0 00000000") + be16(option.size()) + option,
      detail);
  EXPECT_EQ(parsed.result, Parse::Ok);
  const auto options = dns_opt(message.additionals[0]);
  return options.size() == 1 ? std::string(dns_option_text(options[0])) : "none";
}

TEST(DnsOption, Texts) {
  const auto text = [](uint16_t code, std::string_view data) {
    return option_text(code, hex(data), DnsDetail::Extended);
  };
  EXPECT_EQ(text(8, "0001 18 00 c00002"), "192.0.2.0/24/0");
  EXPECT_EQ(text(8, "0002 38 30 20010db8000001"), "2001:db8:0:100::/56/48");
  EXPECT_EQ(text(8, "0001 00 00"), "0.0.0.0/0/0");
  EXPECT_EQ(text(8, "0000 00 00"), "0/0/0");
  EXPECT_EQ(text(8, "0001 28 00 c000020102"), "00012800C000020102") << "five octets of IPv4";
  EXPECT_EQ(text(10, "0102030405060708"), "0102030405060708");
  EXPECT_EQ(text(10, "0102030405060708 a1a2a3a4a5a6a7a8"), "0102030405060708/a1a2a3a4a5a6a7a8");
  EXPECT_EQ(text(10, "0102"), "0102") << "too short for a cookie";
  EXPECT_EQ(text(15, "0012"), "18 Prohibited");
  EXPECT_EQ(text(15, "0006 6e6f"), "6 DNSSEC Bogus \"no\"");
  EXPECT_EQ(text(15, "ffff"), "65535");
  EXPECT_EQ(text(12, "00000000"), "4");
  EXPECT_EQ(text(11, "0078"), "12.0s");
  EXPECT_EQ(text(11, ""), "");
  EXPECT_EQ(text(3, "6e73 31"), "\"ns1\"");
  EXPECT_EQ(text(5, "080d0f"), "8 13 15");
  EXPECT_EQ(text(9, "00015180"), "86400");
  EXPECT_EQ(text(13, "0161 00"), "a.");
  EXPECT_EQ(text(14, "4a5c 0001"), "19036 1");
  EXPECT_EQ(text(18, "0161 00"), "a.");
  EXPECT_EQ(text(65001, "ab01"), "AB01");
}

TEST(DnsOption, UsualOutputHasNoText) {
  EXPECT_EQ(option_text(12, hex("0000"), DnsDetail::Usual), "");
}

// --- names of numbers, faults ---

TEST(DnsNumbers, Names) {
  const auto type = [](uint16_t number) {
    const DnsType* row = dns_type_row(number);
    return row != nullptr ? row->name : "none";
  };
  EXPECT_EQ(type(0), "none");
  EXPECT_EQ(type(54), "none");
  EXPECT_EQ(type(65), "HTTPS");
  EXPECT_EQ(type(255), "ANY");
  EXPECT_EQ(type(319), "none");
  EXPECT_EQ(type(320), "none");
  EXPECT_EQ(type(32769), "DLV");
  EXPECT_EQ(type(65535), "none");
}

TEST(DnsFault, IsNamedInExtendedOutput) {
  const auto fault = [](std::string_view octets) {
    Parsed parsed;
    const std::string_view usual = parsed.of(hex(octets)).malformed;
    EXPECT_EQ(usual, "");
    const DnsMessage& message = parsed.of(hex(octets), DnsDetail::Extended);
    EXPECT_EQ(parsed.result == Parse::Ok, message.malformed.empty());
    return std::string(message.malformed);
  };
  EXPECT_EQ(fault("0001 0000 0000 0000 0000 0000"), "");
  EXPECT_EQ(fault("0001 0000 0001 0000 0000 0000"),
            "questions[0]: the header counts more than there is");
  EXPECT_EQ(fault("0001 0000 0001 0000 0000 0000 c00c 0001 0001"),
            "questions[0]: a name has too many pointers");
  EXPECT_EQ(fault("0001 0000 0001 0000 0000 0000 41 0001 0001 0000"),
            "questions[0]: a label is of no known type");
  EXPECT_EQ(fault("0001 0000 0000 0002 0000 0000 00 0001 0001 00000000 0004 c0000201"),
            "answers[1]: the header counts more than there is");
  EXPECT_EQ(fault("0001 0000 0000 0000 0001 0000 00 0001 0001 00000000 0005 c0000201"),
            "authorities[0]: a record runs past the end");
  EXPECT_EQ(fault("0001 0000 0000 0000 0000 0001 00 0029 0001 00000000 0003 000300"),
            "additionals[0]: the data does not fit its type");
}

TEST(DnsName, PointersOfAMessageAreBounded) {
  // A chain of pointers, then as many records as fit whose names walk all of it.
  Octets message = hex("0001 0000 0000") + be16(0xffff) + hex("0000 0000");
  // The first record holds the chain in its data: 200 pointers, each to the one before.
  Octets chain = hex("00");
  for (size_t i = 0; i < 200; ++i) {
    chain = chain + be16(0xc000 | (i == 0 ? 23 : 24 + 2 * (i - 1)));
  }
  const Octets fixed = be16(65280) + hex("0001 00000000");
  message = message + hex("00") + fixed + be16(chain.size()) + chain;
  const Octets record = be16(0xc000 | (24 + 2 * 199)) + fixed + hex("0000");
  while (message.size() + record.size() <= 0xffff) message = message + record;
  Parsed parsed;
  const DnsMessage& parse = parsed.of(message, DnsDetail::Extended);
  EXPECT_EQ(parsed.result, Parse::Malformed);
  EXPECT_GT(parse.answers.size(), 100u);
  EXPECT_LT(parse.answers.size(), 1000u);
  EXPECT_TRUE(parse.malformed.ends_with("a name has too many pointers")) << parse.malformed;
}

}  // namespace
}  // namespace tracee::test
