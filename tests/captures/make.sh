#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Captures the files in this folder anew (or into the folder given) from real
# servers and clients: client - router - server, network namespaces of their own
# joined by veth pairs. Captured at the client. Needs root and the Debian packages
# iproute2 ethtool tcpdump wireshark-common dnsmasq-base bind9 bind9-dnsutils
# nginx-light curl netcat-openbsd iputils-ping python3. Nothing outside is touched; what was
# started is ended by its process id, on failure too.
#
# Times, ports and ids differ from run to run, so what is derived from these
# files must be made again with them.
set -euo pipefail

OUT=$(realpath "${1:-$(dirname "$0")}")
WORK=$(mktemp -d)
CLIENT=capture_client_$$ ROUTER=capture_router_$$ SERVER=capture_server_$$ TRUNK=capture_trunk_$$

cleanup() {
  local status=$?
  trap - EXIT
  # Only what this shell started and has not waited for.
  local started
  started=$(jobs -p)
  if [[ -n $started ]]; then
    kill $started 2>/dev/null || true
    wait $started 2>/dev/null || true
  fi
  for name in $CLIENT $ROUTER $SERVER $TRUNK; do ip netns del "$name" 2>/dev/null || true; done
  rm -rf "$WORK"
  exit $status
}
trap cleanup EXIT
trap 'exit 130' INT TERM

on() { ip netns exec "$@"; }
client() { on $CLIENT "$@"; }

# start NAMESPACE COMMAND...: in the background until the end; STARTED is its id.
# Not through on(): "ip" becomes the command it is given, so that the id is the
# command's own and not a subshell's.
start() {
  ip netns exec "$@" >>"$WORK/server.log" 2>&1 &
  STARTED=$!
}

serve() { start $SERVER "$@"; }

end() {
  kill "$1"
  wait "$1" || true
}

# wait_for WHAT COMMAND...: until it succeeds, 10 s at most.
wait_for() {
  local what=$1
  shift
  for _ in $(seq 100); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  echo "make.sh: $what did not come up" >&2
  tail -n 20 "$WORK"/*.log >&2
  exit 1
}

# capture_at NAMESPACE INTERFACE FILE ARGS...: tcpdump until end_capture.
capture_at() {
  CAPTURE_FILE=$3
  : >"$WORK/capture.log"
  ip netns exec "$1" tcpdump -i "$2" -w "$WORK/$3" -Z root -U -s 0 --immediate-mode "${@:4}" \
    2>"$WORK/capture.log" &
  CAPTURE=$!
  wait_for tcpdump grep -q 'listening on' "$WORK/capture.log"
}

capture() { capture_at $CLIENT c0 "$@"; }

end_capture() {
  sleep 0.5
  end $CAPTURE
  install -m 644 "$WORK/$CAPTURE_FILE" "$OUT/$CAPTURE_FILE"
}

# add_address NAMESPACE INTERFACE V4 V6
add_address() {
  # Segments as they would be on a wire, with their checksums.
  on "$1" ethtool -K "$2" tx off tso off gso off gro off >/dev/null
  on "$1" ip addr add "$3" dev "$2"
  on "$1" ip addr add "$4" dev "$2" nodad
  on "$1" ip link set "$2" up
}

build_network() {
  for name in $CLIENT $ROUTER $SERVER; do
    ip netns add "$name"
    on "$name" ip link set lo up
    on "$name" sysctl -qw net.ipv6.conf.default.accept_dad=0
  done
  on $ROUTER sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  ip link add c0 netns $CLIENT type veth peer name r0 netns $ROUTER
  ip link add s0 netns $SERVER type veth peer name r1 netns $ROUTER
  add_address $CLIENT c0 192.0.2.2/24 2001:db8:1::2/64
  add_address $ROUTER r0 192.0.2.1/24 2001:db8:1::1/64
  add_address $ROUTER r1 198.51.100.1/24 2001:db8:2::1/64
  add_address $SERVER s0 198.51.100.2/24 2001:db8:2::2/64
  on $CLIENT ip route add default via 192.0.2.1
  on $CLIENT ip -6 route add default via 2001:db8:1::1
  on $SERVER ip route add default via 198.51.100.1
  on $SERVER ip -6 route add default via 2001:db8:2::1
}

V4=198.51.100.2
V6=2001:db8:2::2

start_dns() {
  serve dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --pid-file= --user=root \
    --auth-server=ns.example.test,s0 --auth-zone=example.test,198.51.100.0/24,2001:db8:2::/64 \
    --auth-soa=2024010101,hostmaster.example.test,7200,600,86400 --auth-ttl=300 \
    --host-record=ns.example.test,$V4,$V6 \
    --host-record=www.example.test,198.51.100.10,2001:db8:2::10 \
    --host-record=mail.example.test,198.51.100.20 \
    --host-record=many.example.test,198.51.100.31 --host-record=many.example.test,198.51.100.32 \
    --host-record=many.example.test,198.51.100.33 \
    --cname=web.example.test,www.example.test \
    --mx-host=example.test,mail.example.test,10 --mx-host=example.test,www.example.test,20 \
    --txt-record=example.test,'v=spf1 mx -all' \
    --txt-record=text.example.test,'two strings','in one "record"' \
    --srv-host=_http._tcp.example.test,www.example.test,80,5,60 \
    --caa-record=example.test,0,issue,ca.example.test \
    --naptr-record=naptr.example.test,100,10,u,E2U+sip,'!^.*$!sip:a@example.test!'
  wait_for dnsmasq client dig +time=1 +tries=1 @$V4 ns.example.test
  wait_for 'dnsmasq on IPv6' client dig +time=1 +tries=1 @$V6 ns.example.test
}

# dig says "no answer" and "refused" by its status too; here both are fine.
ask() { client dig +tries=1 +time=1 "$@" >/dev/null || true; }

capture_dns() {
  capture dns.pcap port 53
  local server name
  for server in "@$V4" "@$V6" "@$V4 +tcp"; do
    # Unquoted: each is a server and perhaps an option.
    for name in 'www.example.test A' 'www.example.test AAAA' 'example.test MX' \
      'example.test TXT' 'text.example.test TXT' 'example.test SOA' 'example.test NS' \
      '-x 198.51.100.10' '_http._tcp.example.test SRV' 'web.example.test A' \
      'web.example.test CNAME' 'none.example.test A'; do
      ask $server $name
    done
  done
  ask @$V6 +tcp many.example.test A
  ask @$V4 many.example.test A
  ask @$V4 -x 2001:db8:2::10
  ask @$V4 example.test CAA
  ask @$V4 naptr.example.test NAPTR
  ask @$V4 +noedns www.example.test A
  ask @$V4 +norecurse +dnssec www.example.test A
  ask @$V4 version.bind CH TXT
  ask @$V4 +opcode=status example.test  # no answer
  ask @$V4 example.org A  # refused: not its zone
  end_capture
}

# One answer for each record of the zone that the live test of the types serves.
capture_dns_types() {
  local types named
  types=$(realpath "$(dirname "$0")/../live")
  "$types/dns_types.py" prepare "$types" "$WORK"
  start $ROUTER sh -c "cd '$WORK' && exec named -c dns_types.conf -g"
  named=$STARTED
  wait_for named client dig +tries=1 +timeout=1 @192.0.2.1 ns.example.test
  capture dns_types.pcap udp src port 53
  client "$types/dns_types.py" ask 192.0.2.1 "$WORK"
  end_capture
  end $named
}

start_http() {
  mkdir -p "$WORK/www" "$WORK/tmp"
  printf '<html>index</html>\n' >"$WORK/www/index.html"
  printf '<html><!--# echo var="request_uri" --></html>\n' >"$WORK/www/chunked.html"
  cat >"$WORK/nginx.conf" <<CONF
daemon off;
user root;
worker_processes 1;
pid $WORK/nginx.pid;
error_log $WORK/nginx.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path $WORK/tmp/body;
  proxy_temp_path $WORK/tmp/proxy;
  fastcgi_temp_path $WORK/tmp/fastcgi;
  uwsgi_temp_path $WORK/tmp/uwsgi;
  scgi_temp_path $WORK/tmp/scgi;
  types { text/html html; }
  server {
    listen 80;
    listen [::]:80;
    root $WORK/www;
    location /moved { return 301 /index.html; }
    location /form { return 200 "thank you\n"; }
    location /empty { return 204; }
    location = /chunked.html { ssi on; }
  }
}
CONF
  serve nginx -p "$WORK" -e "$WORK/nginx.log" -c "$WORK/nginx.conf"
  wait_for nginx client curl -s -o /dev/null http://$V4/
}

capture_http() {
  capture http.pcap tcp port 80
  local to
  for to in "$V4" "[$V6]"; do
    client curl -s -o /dev/null "http://$to/index.html?name=value&x=%20"
    client curl -s -o /dev/null -I "http://$to/"
    client curl -s -o /dev/null -d 'field=value&other=1' "http://$to/form"
    client curl -s -o /dev/null "http://$to/missing"
    client curl -s -o /dev/null -L "http://$to/moved"
    client curl -s -o /dev/null "http://$to/index.html" -o /dev/null "http://$to/empty"
    client curl -s -o /dev/null "http://$to/chunked.html"
  done
  client curl -s -o /dev/null -X PUT -H 'Host: www.example.test' -H 'X-Twice: one' \
    -H 'X-Twice: two' --data-binary 'a body' http://$V4/form
  client curl -s -o /dev/null -X OPTIONS http://$V4/
  client curl -s -o /dev/null --http1.0 http://$V4/
  client curl -s -o /dev/null -H 'Range: bytes=0-5' http://$V4/index.html
  # Two requests in one segment.
  printf 'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /empty HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n' |
    client nc -N -w 2 $V4 80 >/dev/null
  # A request that is none.
  printf 'NONSENSE\r\n\r\n' | client nc -N -w 2 $V4 80 >/dev/null
  end_capture
}

capture_icmp() {
  client ip neigh flush dev c0
  client ip -6 neigh flush dev c0
  capture icmp.pcap icmp or icmp6
  client ping -q -c 2 -i 0.2 $V4 >/dev/null
  client ping -q -c 2 -i 0.2 $V6 >/dev/null
  client ping -q -c 1 -s 0 $V4 >/dev/null
  client ping -q -c 1 -t 1 -W 1 $V4 >/dev/null || true  # the router: time exceeded
  client ping -q -c 1 -t 1 -W 1 $V6 >/dev/null || true
  client ping -q -c 1 -W 1 203.0.113.1 >/dev/null || true  # the router: no route
  client ping -q -c 1 -W 1 2001:db8:3::1 >/dev/null || true
  echo hello | client nc -u -w 1 $V4 7 || true  # the server: port unreachable
  echo hello | client nc -u -w 1 $V6 7 || true
  end_capture
}

capture_tcp_udp() {
  capture tcp_udp.pcap --time-stamp-precision=nano 'port 7000 or port 7001 or port 7002 or icmp or icmp6'
  local to
  for to in $V4 $V6; do
    serve nc -l -N "$to" 7000
    wait_for 'nc -l' on $SERVER sh -c 'ss -ltn | grep -q :7000'
    seq 300 | client nc -N -w 2 $to 7000
    serve nc -u -l -W 1 "$to" 7001
    wait_for 'nc -u -l' on $SERVER sh -c 'ss -lun | grep -q :7001'
    echo datagram | client nc -u -w 1 $to 7001
    client nc -w 1 $to 7002 </dev/null || true  # refused
    echo refused | client nc -u -w 1 $to 7002 || true
  done
  end_capture
}

# Captured on a trunk between client and server: tagged once, and twice with a
# service tag outside. Two switches of our own, as not every kernel has VLANs.
capture_vlan() {
  ip netns add $TRUNK
  on $TRUNK sysctl -qw net.ipv6.conf.default.disable_ipv6=1
  ip link add v0 netns $CLIENT type veth peer name access0 netns $TRUNK
  ip link add v0 netns $SERVER type veth peer name access1 netns $TRUNK
  ip link add trunk0 netns $TRUNK type veth peer name trunk1 netns $TRUNK
  local link
  for link in access0 access1 trunk0 trunk1; do on $TRUNK ip link set $link up; done
  add_address $CLIENT v0 192.0.10.2/24 2001:db8:10::2/64
  add_address $SERVER v0 192.0.10.1/24 2001:db8:10::1/64
  capture_at $TRUNK trunk0 vlan.pcap
  local tags
  for tags in 8100:10 '88a8:20 8100:30'; do
    # Unquoted: one argument each.
    start $TRUNK "$(dirname "$0")/trunk.py" access0 trunk0 trunk1 access1 $tags
    wait_for trunk.py client ping -q -c 1 -W 1 192.0.10.1
    client ping -q -c 1 2001:db8:10::1 >/dev/null
    client curl -s -o /dev/null http://192.0.10.1/
    client curl -s -o /dev/null 'http://[2001:db8:10::1]/'
    echo tagged | client nc -u -w 1 192.0.10.1 7002 || true
    end $STARTED
  done
  end_capture
}

# One file, three link types: Ethernet, and the cooked one of "any" in both versions.
capture_mixed() {
  ip netns exec $CLIENT dumpcap -q -t -w "$WORK/mixed.pcapng" \
    -i c0 -f 'udp port 53' \
    -i any -y LINUX_SLL -f 'icmp' \
    -i any -y LINUX_SLL2 -f 'icmp6 or tcp port 80' 2>"$WORK/capture.log" &
  CAPTURE=$!
  CAPTURE_FILE=mixed.pcapng
  wait_for dumpcap test -s "$WORK/mixed.pcapng"
  sleep 0.5
  ask @$V4 www.example.test A
  client ping -q -c 1 $V4 >/dev/null
  client ping -q -c 1 $V6 >/dev/null
  client ping -q -c 1 127.0.0.1 >/dev/null
  client curl -s -o /dev/null "http://[$V6]/"
  ask @$V6 www.example.test AAAA
  end_capture
}

build_network
start_dns
start_http
capture_dns
capture_dns_types
capture_http
capture_icmp
capture_tcp_udp
capture_mixed
capture_vlan
ls -l "$OUT"
