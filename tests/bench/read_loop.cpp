// SPDX-License-Identifier: Apache-2.0
// read_loop FILE: reads a capture with libpcap and touches each packet's first
// byte. What any tool on libpcap costs before it does anything.
#include <pcap/pcap.h>

#include <cstdint>
#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: read_loop FILE\n", stderr);
    return 2;
  }
  char problem[PCAP_ERRBUF_SIZE];
  pcap_t* file = pcap_open_offline(argv[1], problem);
  if (file == nullptr) {
    std::fprintf(stderr, "read_loop: %s\n", problem);
    return 1;
  }
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  uint64_t packets = 0, sum = 0;
  while (pcap_next_ex(file, &header, &bytes) == 1) {
    ++packets;
    if (header->caplen > 0) sum += bytes[0];
  }
  pcap_close(file);
  std::fprintf(stderr, "read_loop: %ju packets, sum %ju\n", uintmax_t{packets}, uintmax_t{sum});
  return 0;
}
