"""Programs that speak the line protocol of lines.h: fpl_peer, which is our side, and those on other libraries."""

import re

from names import GROUPS, LONG_NAME, PROFILES, SUITES_OF, VERSIONS, asks_of, export_of, groups_of
from process import Failure, Process

LARGEST = 16384


class LinePeer:
    echoes = False       # it sends of its own accord
    tells_keys = True    # what it exports
    exceeds_mtu = 0
    refused = (rb"^failed ", "out")  # how we know that it refused, or None: not at all
    largest_out = largest_in = LARGEST
    least_mtu = 0        # that it can be held to

    def __init__(self, program, case, role, credentials, name):
        self.program, self.case, self.role, self.credentials, self.name = program, case, role, credentials, name
        self.process = None
        self.read_up_to = {}

    # ---- starting

    def versions(self):
        """What it may speak."""
        return VERSIONS[self.case.they or self.case.version]

    def options(self):
        case = self.case
        versions = self.versions()
        suite, *other_suite = (SUITES_OF[version][case.suite] for version in versions)
        yield "versions=" + ",".join(f"{version:04x}" for version in versions)
        yield f"suite={suite:04x}"
        if other_suite:
            yield f"other_suite={other_suite[0]:04x}"
        yield "groups=" + ",".join(f"{GROUPS[group]:04x}" for group in groups_of(case, self.role))
        yield f"mtu={max(case.mtu, self.least_mtu)}"
        if case.srtp:
            yield f"srtp={PROFILES[case.srtp]:04x}"
        if case.loss:
            yield "resend=200"
        if self.role == "server":
            yield f"cookie={int(case.cookie == 'on')}"
            yield f"client_auth={asks_of(case)}"
        elif case.hello == "long":
            yield f"name={LONG_NAME}"
        yield from self.own_options()
        mine = self.credential()
        if mine:
            yield f"cert={mine.cert}"
            yield f"key={mine.key}"

    def own_options(self):
        return ()

    def credential(self):
        if self.role == "server":
            return self.credentials[f"server-{self.case.server_cert}"]
        return self.credentials.get(f"client-{self.case.client}")

    def serve(self):
        """Returns the port."""
        self.process = Process([self.program, "server", 0, *self.options()], self.name)
        return int(self.event("listening", 10))

    def call(self, port):
        self.process = Process([self.program, "client", port, *self.options()], self.name)

    # ---- talking

    def event(self, name, seconds):
        """The rest of the next line that begins with `name`."""
        pattern = rb"^" + name.encode() + rb"(?: ([^\n]*))?\n"
        failed = re.compile(rb"^failed ([^\n]*)\n", re.M)
        start = self.read_up_to.get(name, 0)

        def look():
            found = re.compile(pattern, re.M).search(self.process.said["out"], start)
            if not found and name != "failed" and (why := failed.search(self.process.said["out"])):
                raise Failure(f"{self.name} failed: {why[1].decode()}")
            return found
        found = self.process.wait_for(look, name, seconds)
        self.read_up_to[name] = found.end()
        return (found[1] or b"").decode()

    def tell(self, *words):
        self.process.write((" ".join(str(word) for word in words) + "\n").encode())

    def connected(self, seconds):
        """What was agreed on: {"suite": number, ...}; `certificate` is the SHA-256 of the other side's, or none."""
        facts = dict(fact.split("=", 1) for fact in self.event("connected", seconds).split())
        facts["certificate"] = self.event("certificate", 1)
        for number in ("version", "suite", "group", "scheme", "srtp"):
            if number in facts:
                facts[number] = int(facts[number], 16)
        return facts

    def srtp(self):
        return self.event("srtp", 5)

    def export(self):
        label, length = export_of(self.case)
        self.tell("export", label, length)
        exported = self.event("export", 5)
        if exported == "refused":
            raise Failure(f"{self.name} refused to export keys")
        return exported

    def update(self, ask):
        """New keys for what it sends; it asks for as much of the other side, or does not."""
        self.tell("update", int(ask))
        said = self.event("updating", 5)
        if said != "0":
            raise Failure(f"{self.name} could not update its keys: {said}")

    def allow_large(self):
        """From here on datagrams may be as large as UDP takes."""
        self.tell("mtu", 65507)
        return int(self.event("max", 5))

    def most(self):
        self.tell("max")
        return int(self.event("max", 5))

    def send(self, data):
        self.tell("send", data.hex())
        said = self.event("sent", 5)
        if said != f"{len(data)} 0":
            raise Failure(f"{self.name} could not send {len(data)} bytes: {said}")

    def receive(self, data, seconds):
        """The next records are exactly `data`; returns their lengths."""
        lengths, got = [], b""
        while len(got) < len(data):
            record = bytes.fromhex(self.event("data", seconds))
            lengths.append(len(record))
            got += record
        if got != data:
            raise Failure(f"{self.name} received {len(got)} other bytes than the {len(data)} sent")
        return lengths

    # ---- ending

    def close(self):
        self.tell("close")
        self.event("closing", 5)

    def saw_close(self, seconds):
        self.event("closed", seconds)

    def finish(self, seconds):
        self.tell("quit")
        self.ended(seconds)

    def leave(self, seconds):
        """The same for one that may have ended of its own accord."""
        self.process.end_input()
        self.ended(seconds)

    def ended(self, seconds):
        """In order: a sanitizer that had something to say gives another status."""
        status = self.process.wait_exit(seconds)
        if status != 0 or not self.process.said["out"].endswith(b"ended\n"):
            raise Failure(f"{self.name} ended with status {status}")


class FplPeer(LinePeer):
    keylog = None

    def versions(self):
        return VERSIONS[self.case.we or self.case.version]

    def own_options(self):
        if self.role == "server":
            yield f"validated={int(self.case.cookie == 'off')}"
        if self.keylog:
            yield f"keylog={self.keylog}"

    def epochs(self):
        """The low bits of the epochs of the records last received and sent."""
        self.tell("epochs")
        return tuple(int(bits) for bits in self.event("epochs", 5).split())


class OtherFplPeer(FplPeer):
    """Our library again, at the other end."""

    versions = LinePeer.versions

    @property
    def refused(self):
        """Our server has no connection that could fail before it has chosen a version."""
        return LinePeer.refused if self.role == "client" else None


class LibsslPeer(LinePeer):
    exceeds_mtu = 16


class LibgnutlsPeer(LinePeer):
    pass


class MbedtlsPeer(LinePeer):
    def own_options(self):
        # It judges no certificate without an authority; ours sign themselves.
        shown = f"client-{self.case.client}" if self.role == "server" else f"server-{self.case.server_cert}"
        theirs = self.credentials.get(shown)
        if self.role == "client" or asks_of(self.case) != "off":
            yield f"trust={(theirs or self.credentials['client-p256']).cert}"


class NssPeer(LinePeer):
    least_mtu = 576


class BoringPeer(LinePeer):
    pass


class WolfsslPeer(LinePeer):
    least_mtu = 576
    largest_out = largest_in = LARGEST - 64  # the whole record has to stay below

    @property
    def refused(self):
        """As a server it keeps silent about a ClientHello that it does not take."""
        return LinePeer.refused if self.role == "client" else None


class DimplPeer(LinePeer):
    def own_options(self):
        if self.case.update in ("peer", "both"):
            yield "limit=40"

    def credential(self):
        """It does not begin without one, and shows it when it is asked."""
        return super().credential() or self.credentials["client-p256"]

    def update(self, ask):
        """By itself, when a key has sealed as many records as it may."""

    @property
    def refused(self):
        """As a server it keeps silent about what it does not take."""
        return LinePeer.refused if self.role == "client" else None
