#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The page of `tracee report`, opened in a headless Chromium by its WebDriver."""
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request

TRACEE = os.environ["TRACEE"]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver's key of a reference
HOSTILE = "<script>document.title='run'</script><img src=http://192.0.2.99/x>"
BEGIN_MS = 1_700_000_000_000


class Browser:
    """A Chromium of its own. `call` is one command of the WebDriver protocol."""

    def __init__(self, folder):
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env={**os.environ, "HOME": folder, "TMPDIR": folder})
        port = None
        for line in self.driver.stdout:
            port = re.search(r"started successfully on port (\d+)", line)
            if port:
                break
        if not port:
            raise AssertionError("chromedriver ended before it listened")
        self.base = f"http://127.0.0.1:{port[1]}/session"
        made = self.send("POST", "", {"capabilities": {"alwaysMatch": {
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            # The sandbox takes user namespaces, which not every host of tests has.
            "goog:chromeOptions": {"args": ["--headless=new", "--no-sandbox",
                                            "--disable-dev-shm-usage", "--hide-scrollbars",
                                            f"--user-data-dir={folder}/profile"]}}}})
        self.base += "/" + made["sessionId"]

    def send(self, method, path, body):
        request = urllib.request.Request(
            self.base + path, method=method, headers={"Content-Type": "application/json"},
            data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["value"]

    def call(self, path, **body):
        return self.send("POST", path, body)

    def run(self, script, *arguments):
        return self.call("/execute/sync", script=script, args=list(arguments))

    def find(self, selector):
        return self.call("/element", using="css selector", value=selector)[ELEMENT]

    def type(self, selector, text):
        element = self.find(selector)
        self.call(f"/element/{element}/clear")
        self.call(f"/element/{element}/value", text=text)

    def click(self, selector):
        self.call(f"/element/{self.find(selector)}/click")

    def look(self, width, scheme):
        self.call("/goog/cdp/execute", cmd="Emulation.setEmulatedMedia", params={
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})
        self.call("/goog/cdp/execute", cmd="Emulation.setDeviceMetricsOverride", params={
            "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})

    def picture(self):
        """The whole page as PNG."""
        shot = self.call("/goog/cdp/execute", cmd="Page.captureScreenshot",
                         params={"captureBeyondViewport": True})
        return base64.b64decode(shot["data"])

    def end(self):
        try:
            self.send("DELETE", "", None)
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.driver.stdout.close()


def event(number, name, process, pid, args, **more):
    return {"timestamp": (BEGIN_MS + number * 7) * 1_000_000, "hostProcessId": pid,
            "processName": process, "eventName": name,
            "args": [{"name": key, "value": value} for key, value in args.items()], **more}


def log_lines():
    """Two minutes of a host: servers in containers, clients, names, a scan."""
    programs = ["nginx", "curl", "postgres", "redis-server", "sshd", "chronyd", "node", "python3",
                "systemd-resolved", "kube-proxy", "prometheus", "a-service-with-a-long-name"]
    for i in range(18_000):
        which = i * i % 31 % len(programs)
        process, pid = programs[which], 400 + which
        container = {"container": {"name": f"shop-{process}-1"}} if which % 3 == 0 else {}
        local = "10.0.0.5" if which % 4 else "2001:db8:0:1::5"
        remote = (f"192.0.2.{i % 23}" if which % 4
                  else f"2001:db8:ffff:ffff:ffff:ffff:{i % 7:x}:abcd")
        out = i % 2 == 0
        ends = {"src": local if out else remote, "dst": remote if out else local,
                "src_port": 40000 + which if out else 443,
                "dst_port": 443 if out else 40000 + which}
        size = 60 + i * 7919 % 1400
        network = {"network": {"direction": "egress" if out else "ingress", "packetLength": size}}
        if i % 5 == 3:
            name = f"host{i // 10 % 40}.example.test"
            yield event(i, "net_packet_dns", process, pid, {
                **ends, "proto_dns": {"QR": 0 if out else 1, "responseCode": "No Error",
                                      "questions": [{"name": name, "type": "A"}],
                                      "answers": [] if out else [{"IP": f"198.51.100.{i // 10 % 40}"}]}})
        elif i % 10 == 4:
            yield event(i, "net_packet_http", process, pid, {
                **ends, "proto_http": {"method": "GET", "host": "shop.example.test",
                                       "uri_path": f"/articles/{i % 30}/reviews"}}, **container)
        elif i % 1500 == 6:
            yield event(i, "port_scan", process, pid, {"ports": i % 90, "by": remote},
                        metadata={"Description": "Many ports of one host in a short time"},
                        threat={"severity": i // 1500 % 5})
        else:
            kind = ("udp", "tcp", "tcp", "icmp")[which % 4] if i % 3000 > 500 else "udp"
            yield event(i, "net_packet_" + kind, process, pid, ends, **network, **container)
    yield event(18_001, "net_packet_http", HOSTILE, 999, {
        "src": "10.0.0.5", "dst": "192.0.2.1", "src_port": 5, "dst_port": 4,
        "proto_http": {"method": "GET", "host": HOSTILE, "uri_path": "/"}})
    yield event(18_002, "lost_events", "", 0, {"stage": "ring", "count": 17})


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="tracee-report-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        log, cls.page = (os.path.join(cls.folder, name) for name in ("events.json", "page.html"))
        with open(log, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in log_lines())
        subprocess.run([TRACEE, "report", log, "--to", cls.page], check=True)
        cls.browser = Browser(cls.folder)
        cls.addClassCleanup(cls.browser.end)

    def setUp(self):
        self.browser.look(1280, "light")
        self.browser.call("/se/log", type="performance")  # what came before is not this page's
        self.browser.call("/url", url="file://" + self.page)

    def shown(self, section):
        """The first cells of the rows one can see."""
        return self.browser.run(
            "return [...document.querySelectorAll(arguments[0] + ' tbody tr')]"
            ".filter(row => row.offsetHeight > 0).map(row => row.cells[0].textContent)", section)

    def test_tables_and_pictures_are_filled(self):
        counted = {section: len(self.shown(section)) for section in
                   ("#findings", "#kinds", "#processes", "#peers", "#dns", "#http")}
        self.assertEqual(counted, {"#findings": 12, "#kinds": 5, "#processes": 11, "#peers": 30,
                                   "#dns": 400, "#http": 31})
        drawn = self.browser.run(
            "const sized = [...document.querySelectorAll(arguments[0])]"
            ".filter(each => each.getBoundingClientRect().width > 0);"
            "return sized.length", "#timeline rect")
        self.assertGreater(drawn, 60)
        self.assertGreater(self.browser.run(
            "return document.querySelectorAll('#graph path').length"), 50)
        text = self.browser.run("return document.querySelector('header').innerText")
        for words in ("11 processes", "12 findings", "17 packets or events are missing"):
            self.assertIn(words, text)

    def test_search_narrows_and_gives_back(self):
        self.browser.type("#peers .search", "2001:DB8")
        self.assertEqual(len(self.shown("#peers")), 7)
        self.assertTrue(all(name.startswith("2001:db8") for name in self.shown("#peers")))
        self.assertEqual(len(self.shown("#processes")), 11)  # one search, one table
        said = "return document.querySelector('#peers small').textContent"
        self.assertEqual(self.browser.run(said), "7 of 30")
        self.browser.type("#peers .search", "no such peer")
        self.assertEqual((self.shown("#peers"), self.browser.run(said)), ([], "none matches"))
        self.browser.type("#peers .search", "x\ue003")  # and Backspace
        self.assertEqual((len(self.shown("#peers")), self.browser.run(said)), (30, "30"))

    def test_a_click_on_a_heading_sorts(self):
        events = ("return [...document.querySelectorAll('#peers tbody tr')]"
                  ".map(row => Number(row.cells[1].dataset.v))")
        before = self.browser.run(events)
        self.browser.click("#peers th:nth-child(2)")
        self.assertEqual(self.browser.run(events), sorted(before, reverse=True))
        self.browser.click("#peers th:nth-child(2)")
        self.assertEqual(self.browser.run(events), sorted(before))
        self.browser.click("#peers th:nth-child(1)")
        self.assertEqual(self.shown("#peers"), sorted(self.shown("#peers")))

    def test_it_fetches_nothing_and_complains_of_nothing(self):
        self.assertEqual(self.browser.call("/se/log", type="browser"), [])
        asked = set()
        for line in self.browser.call("/se/log", type="performance"):
            message = json.loads(line["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.add(message["params"]["request"]["url"])
        self.assertEqual(asked, {"file://" + self.page})
        # What a packet carried is text.
        self.assertEqual(self.browser.run("return document.images.length"), 0)
        self.assertIn("events.json", self.browser.run("return document.title"))
        self.assertEqual(sum(HOSTILE in name for name in self.shown("#processes")), 1)

    def test_nothing_is_cut_at_any_width(self):
        for width in (390, 800, 1280, 1920):
            self.browser.look(width, "light")
            self.assertEqual(
                self.browser.run("return document.documentElement.scrollWidth"), width)
            outside = self.browser.run(
                "return [...document.querySelectorAll('#graph text')].filter(text => {"
                "const box = text.getBBox(), view = text.ownerSVGElement.viewBox.baseVal;"
                "return box.x < 0 || box.x + box.width > view.width ||"
                "box.y + box.height > view.height }).map(text => text.textContent)")
            self.assertEqual(outside, [], width)
            # A card is as wide as the page lets it be; its table may scroll on a phone only.
            if width >= 1280:
                self.assertEqual(self.browser.run(
                    "return [...document.querySelectorAll('.wrap')].filter("
                    "each => each.scrollWidth > each.clientWidth)"
                    ".map(each => each.parentNode.id)"), [], width)

    def test_texts_stand_out_in_light_and_dark(self):
        worst = {}
        for scheme in ("light", "dark"):
            self.browser.look(1280, scheme)
            worst[scheme] = self.browser.run("""
                const light = text => {
                  const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map(Number)
                    .map(c => c / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
                  return .2126 * r + .7152 * g + .0722 * b;
                };
                const behind = each => {
                  for (; each; each = each.parentElement) {
                    const color = getComputedStyle(each).backgroundColor;
                    if (!/, 0\\)$/.test(color)) return color;
                  }
                };
                return Math.min(...[...document.querySelectorAll('h1, p, b, small, th, td, input')]
                  .map(each => [light(getComputedStyle(each).color), light(behind(each))])
                  .map(([a, b]) => (Math.max(a, b) + .05) / (Math.min(a, b) + .05)));""")
            self.assertGreater(worst[scheme], 4.5, scheme)  # what WCAG asks of small text
        self.assertNotEqual(worst["light"], worst["dark"])


class Capture(unittest.TestCase):
    def test_a_capture_file_becomes_a_page(self):
        capture = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                               "../captures/http.pcap")
        with tempfile.TemporaryDirectory(prefix="tracee-report-") as folder:
            page = os.path.join(folder, "page.html")
            subprocess.run([TRACEE, "report", capture, "--to", page], check=True)
            browser = Browser(folder)
            try:
                browser.call("/url", url="file://" + page)
                rows = browser.run("return [...document.querySelectorAll('#http tbody tr')]"
                                   ".map(row => [...row.cells].map(cell => cell.textContent))")
            finally:
                browser.end()
        self.assertTrue(any(row[0].startswith("GET ") for row in rows), rows)


if not (shutil.which("chromium") and shutil.which("chromedriver")):
    print("skipped: the page is not tried without chromium and chromium-driver")
    sys.exit(77)
unittest.main()
