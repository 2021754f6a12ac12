// SPDX-License-Identifier: Apache-2.0
// From a frame to the IP packet in it. Link types (tcpdump.org/linktypes.html):
// Ethernet, Linux cooked v1 and v2, raw IP, BSD null and loop, PPP, PPPoE, Cisco
// HDLC, frame relay, ARCNET, 802.11 with and without radiotap; inside them VLAN
// tags, MPLS labels, PPPoE sessions, LLC and SNAP, MACsec without encryption.
#pragma once

#include "capture/frame.h"

namespace tracee {

// Moves `frame` on to its IP header: bytes, length, and, where the link header
// tells and the file did not, direction and interface index. False: no IP, or
// not one byte of it captured, or a version number other than the link layer
// announced; `frame` is then unspecified.
//
// Bytes after the IP packet (padding, checksum) stay: only IP knows its end.
bool strip_link_layer(Frame& frame) noexcept;

}  // namespace tracee
