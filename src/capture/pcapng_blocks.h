// SPDX-License-Identifier: Apache-2.0
// Numbers of draft-ietf-opsawg-pcapng that reader and writer share.
#pragma once

#include <cstdint>

namespace tracee::pcapng {

// Block types, section 11.1.
constexpr uint32_t kSectionHeader = 0x0a0d0d0a;  // reads the same in both byte orders
constexpr uint32_t kInterface = 1;
constexpr uint32_t kObsoletePacket = 2;
constexpr uint32_t kSimplePacket = 3;
constexpr uint32_t kStatistics = 5;
constexpr uint32_t kEnhancedPacket = 6;

constexpr uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr uint16_t kMajor = 1;
constexpr uint32_t kTrailer = 4;  // a block's length once more, at its end

// Options of every block, section 3.5.
constexpr uint16_t kEndOfOptions = 0;
constexpr uint16_t kComment = 1;
constexpr uint16_t kCustomBinary = 2989;  // number of an enterprise and bytes; goes with a copy

// Of section headers, 4.1.
constexpr uint16_t kHardware = 2, kSystem = 3, kApplication = 4;
// Of interfaces, 4.2.
constexpr uint16_t kInterfaceName = 2, kInterfaceDescription = 3, kTimeResolution = 9,
                   kTimeOffset = 14;
// Of packets, 4.3; of the obsolete block too.
constexpr uint16_t kPacketFlags = 2;
constexpr uint32_t kInbound = 1, kOutbound = 2;  // the two lowest bits of the flags
// Of statistics, 4.6.
constexpr uint16_t kStartTime = 2, kEndTime = 3, kReceived = 4, kDropped = 5, kDelivered = 8;

}  // namespace tracee::pcapng
