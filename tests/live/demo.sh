#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# dig and curl in one network namespace, dnsmasq and nginx in another, and tracee
# telling who talks to whom. Needs root. Usage: demo.sh TRACEE [JSON]
# JSON: a file that gets the events as well.
set -eu
[ $# -eq 1 ] || [ $# -eq 2 ] || { echo "usage: $0 TRACEE [JSON]" >&2; exit 2; }
tracee=$1
json=${2:-}

say() { printf '%s\n' "demo: $*"; }
die() { say "$*" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || die "needs root: it makes network namespaces and loads BPF programs"
[ -x "$tracee" ] || die "$tracee: not a program; build it with ./dev build"
PATH=$PATH:/usr/sbin:/sbin
for program in ip dnsmasq nginx dig curl; do
	command -v $program >/dev/null || die "needs $program: ./dev build installs packages.txt"
done

client=tracee-demo-client-$$ server=tracee-demo-server-$$
network=10.99.87.0/24 client_ip=10.99.87.1 server_ip=10.99.87.2
folder=$(mktemp -d)
pids=
cleanup() {
	trap - EXIT INT TERM
	for pid in $pids; do kill "$pid" 2>/dev/null || true; done
	for pid in $pids; do wait "$pid" 2>/dev/null || true; done
	ip netns del "$client" 2>/dev/null || true
	ip netns del "$server" 2>/dev/null || true
	rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# await WHAT CONDITION…: until it holds, for at most 20 seconds.
await() {
	what=$1 tries=0
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		if [ $tries -ge 200 ]; then
			cat "$folder"/*.log >&2
			die "no sign of $what"
		fi
		sleep 0.1
	done
}

say "two network namespaces, joined by a virtual cable: client $client_ip, server $server_ip"
ip netns add "$client"
ip netns add "$server"
ip -n "$client" link add eth0 type veth peer name eth0 netns "$server"
ip -n "$client" address add "$client_ip/24" dev eth0
ip -n "$server" address add "$server_ip/24" dev eth0
ip -n "$client" link set eth0 up
ip -n "$server" link set eth0 up

say "dnsmasq (DNS) and nginx (HTTP) start in the server's"
ip netns exec "$server" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --bind-interfaces \
	--listen-address="$server_ip" --address="/www.example.test/$server_ip" --local-ttl=60 --user=root \
	--pid-file="$folder/dnsmasq.pid" >"$folder/dnsmasq.log" 2>&1 &
pids="$pids $!"
cat >"$folder/nginx.conf" <<END
daemon off;
worker_processes 1;
user root;
pid $folder/nginx.pid;
error_log stderr;
events { worker_connections 64; }
http {
	access_log off;
	server { listen $server_ip:80; location / { return 200 "hello from nginx\n"; } }
}
END
ip netns exec "$server" nginx -p "$folder" -c "$folder/nginx.conf" >"$folder/nginx.log" 2>&1 &
pids="$pids $!"
await dnsmasq sh -c "ip netns exec $server ss -Hlun sport = 53 | grep -q ."
await nginx sh -c "ip netns exec $server ss -Hltn sport = 80 | grep -q ."

say "tracee starts. It watches the whole host; the filters keep the demo's network only"
set --
for event in dns_request dns_response http_request http_response; do
	set -- "$@" --events "net_packet_$event.data.metadata.src_ip=$network"
done
[ -z "$json" ] || set -- "$@" --output "json:$json"
"$tracee" "$@" --output "table:$folder/events" 2>"$folder/tracee.log" &
tracer=$!
pids="$pids $tracer"
await "tracee's start" sh -c "grep -q 'tracee: tracing' '$folder/tracee.log' || ! kill -0 $tracer"
grep -q 'tracee: tracing' "$folder/tracee.log" || { cat "$folder/tracee.log" >&2; exit 1; }

say "the client asks and fetches:"
echo
echo "\$ dig +short @$server_ip www.example.test"
ip netns exec "$client" dig +short +tries=3 @$server_ip www.example.test
echo "\$ curl http://www.example.test/hello"
ip netns exec "$client" curl --silent --show-error --noproxy '*' --resolve "www.example.test:80:$server_ip" http://www.example.test/hello
echo

kill -TERM "$tracer"
wait "$tracer" || die "tracee failed: $(cat "$folder/tracee.log")"
say "what tracee saw (long lines cut). Each packet shows twice, where it leaves and where"
say "it arrives; COMM, PID and TID are the owner of the socket there. dig asks from a thread"
say "of its own, isc-net-0000; nginx's master listens, its worker answers"
echo
sed 's/^\(.\{250\}\).*/\1 .../' "$folder/events"
echo
grep '^tracee: packets:' "$folder/tracee.log"

for name in isc-net dnsmasq curl nginx; do
	grep -q " $name" "$folder/events" || die "no packet of $name was seen"
done
say "done; namespaces and servers are gone again. Next: ./dev trace --events net_packet_dns"
