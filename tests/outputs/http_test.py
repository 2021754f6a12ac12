#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Webhooks and OTLP over HTTP: slow, refusing, absent and good servers, and nginx."""
import base64
import json
import os
import signal
import subprocess

from peers import Http, otlp_records
from support import LOST, OutputTest, await_, connects, free_port, main, numbers


class HttpTest(OutputTest):
    def peer(self, port, **options):
        peer = Http(port, **options)
        self.addCleanup(peer.stop)
        return peer


class Webhook(HttpTest):
    def test_bodies(self):
        port = free_port()
        for body, kind in (("lines", "application/x-ndjson"), ("array", "application/json"),
                           ("event", "application/json")):
            peer = self.peer(port)
            most = "" if body == "event" else "&batch-events=7"
            tracee = self.tracee("--output", f"webhook:http://127.0.0.1:{port}/in?body={body}"
                                 f"{most}&query=a=b")
            fed = tracee.feed(30)
            self.assertEqual(tracee.end(), 0, tracee.said)
            peer.stop()
            found = []
            for path, headers, content in peer.requests:
                self.assertEqual((path, headers["Content-Type"]), ("/in?a=b", kind))
                events = (content.splitlines() if body == "lines" else
                          [json.dumps(event) for event in json.loads(content)] if body == "array" else
                          [content])
                self.assertLessEqual(len(events), 1 if body == "event" else 7)
                found += numbers(events)
            self.assertEqual(found, fed)
            self.assertEqual(tracee.account("webhook"), (30, 30, 0))

    def test_what_cannot_be_taken_now_is_sent_again(self):
        port = free_port()
        answers = {1: (503, {}, b""), 2: (429, {"Retry-After": "0"}, b""), 4: (500, {}, b"")}
        peer = self.peer(port, answer=lambda number: answers.get(number, (200, {}, b"")))
        tracee = self.tracee("--output", f"webhook:http://127.0.0.1:{port}?batch-events=100&retry-most=100ms")
        fed = tracee.feed(1000)
        self.assertEqual(tracee.end(), 0, tracee.said)
        self.assertEqual(numbers(peer.lines()), fed)
        self.assertTrue(tracee.has_said("answered 503"))

    def test_what_is_refused_is_counted(self):
        port = free_port()
        peer = self.peer(port, answer=lambda number: (404 if number == 2 else 200, {}, b""))
        tracee = self.tracee("--output", f"webhook:http://127.0.0.1:{port}?batch-events=100")
        tracee.feed(1000)
        tracee.end()
        refused = peer.sizes[1]  # a tick may have cut it short
        self.assertIn(refused, range(1, 101))
        lines = peer.lines()
        told = sum(LOST.encode() in line for line in lines)  # by a slow one, before it ends
        self.assertEqual(len(lines), 1000 - refused + told)
        self.assertEqual(tracee.account("webhook"), (1000 + told, 1000 - refused + told, refused))
        self.assertTrue(tracee.has_said("answered 404; its events are dropped"))

    def test_retries_have_an_end(self):
        port = free_port()
        peer = self.peer(port, answer=lambda number: (500, {}, b""))
        tracee = self.tracee("--output", f"webhook:http://127.0.0.1:{port}?retries=2&retry-most=100ms")
        tracee.feed(10)
        tracee.end()
        self.assertEqual(peer.all, 3)
        self.assertEqual(tracee.account("webhook"), (10, 0, 10))

    def test_slow_servers_do_not_slow_tracing(self):
        for slow in (0.001, 0.5):
            port = free_port()
            peer = self.peer(port, slow=slow)
            tracee = self.tracee("--output", f"webhook:http://127.0.0.1:{port}?queue=4MiB"
                                 "&when-full=drop-newest&batch-events=500", "--output", "none")
            tracee.feed(20000)
            await_(tracee.drained, "all was read")
            self.assertLess(tracee.memory_kib(), 96 * 1024)
            tracee.end()
            matched, written, dropped = tracee.account("webhook")
            self.assertEqual(len(peer.lines()), written)
            self.assertEqual(matched - len(peer.lines()), dropped)
            peer.stop()

    def test_ten_seconds_a_request(self):
        port = free_port()
        self.peer(port, slow=10)
        tracee = self.tracee("--output", f"webhook:http://127.0.0.1:{port}?queue=4MiB&timeout=20s"
                             "&when-full=drop-oldest&drain=100ms", "--output", "none")
        tracee.feed(20000)  # many times the queue
        await_(tracee.drained, "all was read")
        self.assertLess(tracee.memory_kib(), 96 * 1024)
        tracee.end()
        matched, _, dropped = tracee.account("webhook")
        self.assertEqual(matched, 20000)
        self.assertGreater(dropped, 10000)

    def test_a_timeout_is_a_failure(self):
        port = free_port()
        self.peer(port, slow=2)
        tracee = self.tracee("--output", f"webhook:http://127.0.0.1:{port}?timeout=100ms&retries=1")
        tracee.feed(5)
        tracee.end()
        self.assertEqual(tracee.account("webhook"), (5, 0, 5))

    def test_secrets(self):
        """From a file or the environment, to the server, and nowhere else."""
        port = free_port()
        peer = self.peer(port)
        file = self.path("secret")
        with open(file, "w", encoding="ascii") as out:
            out.write("geheim\n")
        for options, want in ((f"user=joe&password-file={file}",
                               "Basic " + base64.b64encode(b"joe:geheim").decode()),
                              ("token=env:HOOK_TOKEN", "Bearer geheim"),
                              (f"header-file={self.header(file)}", None)):
            tracee = self.tracee("--output", f"webhook:http://127.0.0.1:{port}?{options}",
                                 env={"HOOK_TOKEN": "geheim"})
            tracee.feed(1)
            with open(f"/proc/{tracee.process.pid}/cmdline", "rb") as line:
                self.assertNotIn(b"geheim", line.read())
            self.assertEqual(tracee.end(), 0, tracee.said)
            self.assertNotIn("geheim", "\n".join(tracee.said))
            headers = peer.requests[-1][1]
            if want:
                self.assertEqual(headers["Authorization"], want)
            else:
                self.assertEqual(headers["X-Key"], "geheim")

    def header(self, file):
        with open(file + ".header", "w", encoding="ascii") as out:
            out.write("X-Key: geheim\n")
        return file + ".header"

    def test_nginx_over_tls(self):
        """A real server, a certificate that only tls-ca makes good, and a restart."""
        port = free_port()
        key, cert = self.path("key"), self.path("cert")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-keyout", key, "-out", cert, "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost"], check=True,
                       stderr=subprocess.DEVNULL)
        os.chmod(self.folder, 0o755)
        conf = self.path("nginx.conf")
        with open(conf, "w", encoding="ascii") as out:
            out.write(f"""daemon off; master_process off; pid {self.path('pid')}; error_log {self.path('error')};
events {{}}
http {{
  access_log off; client_body_temp_path {self.path('body')}; proxy_temp_path {self.path('p')};
  fastcgi_temp_path {self.path('f')}; uwsgi_temp_path {self.path('u')}; scgi_temp_path {self.path('s')};
  log_format bodies escape=none '$request_body';
  client_max_body_size 4m; client_body_buffer_size 4m;
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {cert}; ssl_certificate_key {key};
    location /in {{ access_log {self.path('taken')} bodies; proxy_pass https://127.0.0.1:{port}/done;
                   proxy_set_body x; }}
    location /done {{ return 200; }}
  }}
}}
""")
        nginx = self.start("/usr/sbin/nginx", "-p", self.folder, "-c", conf, stderr=subprocess.DEVNULL)
        await_(lambda: connects(port), "nginx")
        url = f"webhook:https://localhost:{port}/in"
        stranger = self.tracee("--output", f"{url}?retries=0")
        stranger.feed(3)
        stranger.end()
        self.assertEqual(stranger.account("webhook"), (3, 0, 3))
        tracee = self.tracee("--output", f"{url}?tls-ca={cert}&retry-most=200ms&batch-events=200&drain=60s")
        fed = tracee.feed(2000)
        await_(lambda: os.path.getsize(self.path("taken")) > 0, "the first are taken")
        # Gracefully: it logs a body after it has answered, and what it has answered counts.
        self.end_with(nginx, signal.SIGQUIT)
        fed += tracee.feed(2000)
        tracee.await_said("trying again")
        self.start("/usr/sbin/nginx", "-p", self.folder, "-c", conf, stderr=subprocess.DEVNULL)
        self.assertEqual(tracee.end(), 0, tracee.said)
        with open(self.path("taken"), "rb") as file:
            found = numbers(line for line in file if line.startswith(b"{"))
        self.assertEqual(set(found), set(fed))
        self.assertEqual(tracee.account("webhook"), (4000, 4000, 0))

    def test_refused(self):
        for place, says in (("ftp://h/x", "http://HOST"), ("h", "http://HOST"), ("http://", "http://HOST")):
            self.refused("webhook:" + place, says)
        for options, says in (("body=xml", "lines"), ("timout=5s", "'timeout'?"), ("tls-ca=/x", "/x"),
                              ("retries=-1", "retries"), ("batch-bytes=9MiB", "batch-bytes"),
                              ("token=env:TRACEE_NOT_SET", "TRACEE_NOT_SET"),
                              ("password-file=/nonexistent", "/nonexistent")):
            self.refused("webhook:http://127.0.0.1:1/?" + options, says)


class Otlp(HttpTest):
    def test_records(self):
        port = free_port()
        peer = self.peer(port)
        tracee = self.tracee("--output", f"otlp:http://127.0.0.1:{port}?service=my%22service", "--output", "json")
        fed = tracee.feed(3000)
        self.assertEqual(tracee.end(), 0, tracee.said)
        records = []
        for path, headers, body in peer.requests:
            self.assertEqual((path, headers["Content-Type"]), ("/v1/logs", "application/json"))
            records += otlp_records(body)
        self.assertEqual([text.encode() for _, _, text, _ in records], tracee.stdout.splitlines())
        self.assertEqual([time // 1000 for time, _, _, _ in records], fed)
        self.assertEqual({attributes["event.name"] for _, attributes, _, _ in records}, {"net_packet_udp"})
        self.assertEqual({resource["service.name"] for _, _, _, resource in records}, {'my"service'})
        self.assertEqual(tracee.account("otlp"), (3000, 3000, 0))

    def test_partial_success(self):
        port = free_port()
        answer = b'{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no"}}'
        self.peer(port, answer=lambda number: (200, {}, answer if number == 1 else b"{}"))
        tracee = self.tracee("--output", f"otlp:http://127.0.0.1:{port}")
        tracee.feed(100)
        tracee.end()
        self.assertEqual(tracee.account("otlp"), (100, 97, 3))

    def test_a_restart_loses_nothing(self):
        port = free_port()
        first = self.peer(port)
        tracee = self.tracee("--output", f"otlp:http://127.0.0.1:{port}?retry-most=100ms&timeout=2s&drain=60s")
        fed = tracee.feed(2000)
        await_(lambda: first.requests, "the first request")
        first.stop()
        fed += tracee.feed(2000)
        tracee.await_said("trying again")
        second = self.peer(port)
        self.assertEqual(tracee.end(), 0, tracee.said)
        found = [text for peer in (first, second) for _, _, body in peer.requests
                 for _, _, text, _ in otlp_records(body)]
        self.assertEqual(set(numbers(found)), set(fed))
        self.assertEqual(tracee.account("otlp"), (4000, 4000, 0))


if __name__ == "__main__":
    main()
