"""One case from the first datagram to the last: what both sides must have agreed on, said, and ended with."""

import random
import time

import line_peer
from cases import STORMS
from gnutls_peer import GnutlsPeer
from names import CURVES, GROUPS, LONG_NAME, PROFILES, SUITES_OF, VERSIONS, for_peer
from openssl_peer import OpensslPeer
from process import Failure
from relay import Relay, Weather
from tstclnt_peer import TstclntPeer

QUICK = 10       # seconds; on a loaded machine a handshake with P-384 in Mbed TLS may take one
PATIENCE_OF_THE_REFUSED = 3
MOST_AFTER_UPDATE = 100  # records each way, until keys have changed
APPLICATION_EPOCH = 3    # in the low bits of every epoch that is shown; the next one shows 0
UNDER_LOSS = 100  # OpenSSL and GnuTLS resend after 1, 2, 4, ... seconds


TOOLS = {"openssl": OpensslPeer, "gnutls": GnutlsPeer, "tstclnt": TstclntPeer}
LIBRARIES = {"libssl": line_peer.LibsslPeer, "libgnutls": line_peer.LibgnutlsPeer, "mbedtls": line_peer.MbedtlsPeer,
             "nss": line_peer.NssPeer}
CRATES = {"boring": line_peer.BoringPeer, "wolfssl": line_peer.WolfsslPeer, "dimpl": line_peer.DimplPeer}


class Room:
    """What all cases share."""

    def __init__(self, programs, credentials, ports, crates=None, capture=None):
        """`capture` is a folder for what went over the wire, and for the keys."""
        self.programs, self.crates, self.credentials, self.ports = programs, crates, credentials, ports
        self.capture = capture

    def our_side(self, case):
        return line_peer.FplPeer(self.programs / "fpl_peer", case, case.role, self.credentials, "flightplan")

    def their_side(self, case):
        role = "server" if case.role == "client" else "client"
        case = for_peer(case)
        if case.peer in TOOLS:
            return TOOLS[case.peer](case, role, self.credentials, self.ports)
        if case.peer == "ours":
            return line_peer.OtherFplPeer(self.programs / "fpl_peer", case, role, self.credentials, "flightplan too")
        program = f"{case.peer}_peer"
        if case.peer in CRATES:
            return CRATES[case.peer](self.crates / program, case, role, self.credentials, program)
        return LIBRARIES[case.peer](self.programs / program, case, role, self.credentials, program)


def expect(what, found, wanted):
    if found != wanted:
        raise Failure(f"{what}: {found}, not {wanted}")


class Talk:
    def __init__(self, room, case):
        self.case = case
        self.credentials = room.credentials
        self.ours = room.our_side(case)
        self.theirs = room.their_side(case)
        self.relay = None
        self.capture = room.capture and room.capture / case.name.replace("/", "_")
        self.patience = UNDER_LOSS if case.loss else QUICK
        self.notes = []

    def run(self):
        """Raises Failure; whatever happens, nothing is left running."""
        try:
            self.begin()
            if self.case.refuse:
                self.see_refusal()
                self.ours.leave(QUICK)
            else:
                self.check_agreement()
                self.check_keys()
                self.exchange()
                if self.case.update != "none":
                    self.update()
                self.part()
        finally:
            for side in (self.ours, self.theirs):
                if side.process:
                    side.process.end()
            if self.relay:
                self.relay.end()

    def story(self):
        parts = [side.process.story() for side in (self.ours, self.theirs) if side.process]
        return "\n".join(parts + ([str(self.relay)] if self.relay else []))

    def begin(self):
        server, client = (self.theirs, self.ours) if self.case.role == "client" else (self.ours, self.theirs)
        if self.capture:
            self.ours.keylog = self.capture.with_name(self.capture.name + ".keylog")
        port = server.serve()
        if self.case.loss or self.capture:
            storm, _, seed = self.case.loss.partition(":")
            record = self.capture and open(self.capture.with_name(self.capture.name + ".txt"), "w")
            fate = f"{self.case.name.replace('/1.2/', '/')} {seed}"
            self.relay = Relay(port, STORMS[int(storm)] if storm else Weather(), fate, record)
            port = self.relay.port
        client.call(port)

    # ---- the handshake

    def check_agreement(self):
        case = self.case
        mine = self.ours.connected(self.patience)
        yours = self.theirs.connected(self.patience)
        if self.relay:
            self.relay.clear_up()
            if self.relay.damages and not self.relay.spoilt:
                self.notes.append("nothing was damaged in time")
        version, = VERSIONS[case.version]
        suite = SUITES_OF[version][case.suite]
        expect("version", mine["version"], version)
        expect("suite", mine["suite"], suite)
        expect("group", mine["group"], GROUPS[case.group])
        if case.version == "1.2":
            expect("extended master secret", mine["ems"], "1")
        expect("SRTP profile", mine["srtp"], PROFILES.get(case.srtp, 0))
        # Some tell less.
        for what, wanted in (("version", version), ("suite", suite), ("group", GROUPS[case.group])):
            if yours.get(what):
                expect(f"the peer's {what}", yours[what], wanted)
        self.check_certificates(mine, yours)
        if case.role == "server":
            expect("server name", mine["name"], LONG_NAME if case.hello == "long" else "-")
        if not case.loss and not case.we:
            self.check_wire({name: int(value) for name, value in mine.items()
                             if name in ("in_largest", "out_largest", "in_split", "out_split", "in_split_hello",
                                         "out_split_hello", "cookies", "retries", "group_requests")})

    def check_certificates(self, mine, yours):
        shown_by_client = self.credentials.get(f"client-{self.case.client}")
        server = self.credentials[f"server-{self.case.server_cert}"]
        to_us, to_them = (server, shown_by_client) if self.case.role == "client" else (shown_by_client, server)
        expect("the peer's certificate", mine["certificate"], to_us.fingerprint if to_us else "none")
        if "subject" in yours:
            expect("our certificate, as the peer saw it", yours["subject"], to_them.subject if to_them else "none")
        else:
            expect("our certificate, as the peer saw it", yours["certificate"], to_them.fingerprint if to_them else "none")

    def check_wire(self, wire):
        """The case did try what it is there for."""
        case = self.case
        for side in ("in", "out"):
            allowed = max(case.mtu, self.theirs.least_mtu) + self.theirs.exceeds_mtu if side == "in" else case.mtu
            if wire[f"{side}_largest"] > allowed:
                raise Failure(f"a datagram of {wire[f'{side}_largest']} bytes, {side}, where the MTU is {allowed}")
        if case.version == "1.3":
            self.check_retry(wire)
        else:
            self.check_cookie(wire)
        if case.mtu == 256:
            self.check_fragments(wire)

    def check_cookie(self, wire):
        # GnuTLS answers each datagram of a ClientHello with one.
        most = 2 if "gnutls" in self.case.peer and self.case.role == "client" and wire["out_split_hello"] else 1
        if not (1 <= wire["cookies"] <= most if self.case.cookie == "on" else wire["cookies"] == 0):
            raise Failure(f"{wire['cookies']} HelloVerifyRequests, cookies being {self.case.cookie}")

    def check_retry(self, wire):
        """One HelloRetryRequest for both reasons (RFC 8446 section 4.1.4), which on a slow machine may come twice."""
        cookie, group = self.case.cookie == "on", self.case.retry == "group"
        expect("HelloRetryRequests", wire["retries"] > 0, cookie or group)
        expect("HelloRetryRequests with a cookie", wire["cookies"], wire["retries"] if cookie else 0)
        expect("HelloRetryRequests with a group", wire["group_requests"], wire["retries"] if group else 0)

    def check_fragments(self, wire):
        """In DTLS 1.3 a certificate within datagrams that small says enough: it is larger."""
        case = self.case
        us, them = ("client", "server") if case.role == "client" else ("server", "client")
        for side, role in (("out", us), ("in", them)):
            if side == "in" and self.theirs.least_mtu > case.mtu:
                continue
            if case.version == "1.2" and (role == "server" or case.client in CURVES) and wire[f"{side}_split"] == 0:
                raise Failure(f"no message of the {role}'s was fragmented")
            if role == "client" and case.hello == "long" and wire[f"{side}_split_hello"] == 0:
                raise Failure("the ClientHello was not fragmented")

    def check_keys(self):
        """The exporter's output is the same on both sides (RFC 5705); for SRTP, the keys themselves (RFC 5764)."""
        ours = self.ours.srtp() if self.case.srtp else self.ours.export()
        if self.theirs.tells_keys:
            expect("keying material", ours, self.theirs.export())
        elif self.case.srtp:
            raise Failure("a case of SRTP, and nothing to compare its keys with")
        else:
            self.notes.append("keys not compared: the peer does not tell")

    def see_refusal(self):
        """Neither side says that it is connected; whoever refuses says why."""
        if self.case.version == "1.3" and self.case.refuse == "no-certificate":
            self.see_late_refusal()
            return
        try:
            self.ours.connected(PATIENCE_OF_THE_REFUSED)
        except Failure as failure:
            # Some refuse some things without an alert, and we are left waiting.
            self.notes.append(str(failure))
        else:
            raise Failure("there is a connection")
        if self.theirs.refused:
            pattern, stream = self.theirs.refused
            self.theirs.process.wait_text(pattern, "refusal", QUICK, stream=stream)
        elif self.theirs.process.said["out"].find(b"\nconnected") >= 0:
            raise Failure("there is a connection, the peer says")

    def see_late_refusal(self):
        """In DTLS 1.3 a client may be connected before the server has seen that it shows no certificate."""
        server, client = (self.theirs, self.ours) if self.case.role == "client" else (self.ours, self.theirs)
        client.event("failed", QUICK)
        server.event("failed", QUICK)
        if b"\nconnected" in server.process.said["out"]:
            raise Failure("there is a connection, the server says")

    # ---- data and the end

    def exchange(self):
        fate = random.Random(self.case.name)
        ours, theirs = [1, 100, self.ours.most()], [1, 100, self.theirs.most()]
        for size in ours:
            self.send_ours(payload(fate, size))
        # Some read no more than they would send: so both are allowed to first.
        our_largest, their_largest = self.ours.allow_large(), self.theirs.allow_large()
        self.send_ours(payload(fate, min(our_largest, self.theirs.largest_in)))
        if self.theirs.echoes:
            return
        for size in (*theirs, min(their_largest, self.theirs.largest_out)):
            if size <= self.theirs.largest_out:
                self.send_theirs(payload(fate, size))

    def send_ours(self, data):
        self.ours.send(data)
        self.theirs.receive(data, QUICK)
        if self.theirs.echoes:
            self.ours.receive(data, QUICK)

    def send_theirs(self, data):
        self.theirs.send(data)
        lengths = self.ours.receive(data, QUICK)
        expect("records", lengths, [len(data)])

    def update(self):
        """New keys are in use, in the directions that the case has, and data goes on."""
        kind = self.case.update
        if kind in ("ours", "both"):
            self.ours.update(True)
        if kind in ("peer", "peer-alone", "both"):
            self.theirs.update(kind != "peer-alone")
        fate = random.Random(self.case.name)
        for _ in range(MOST_AFTER_UPDATE):
            self.send_ours(payload(fate, 20))
            self.send_theirs(payload(fate, 20))
            received, sent = (bits != APPLICATION_EPOCH for bits in self.ours.epochs())
            if received and (sent or kind == "peer-alone"):
                break
            time.sleep(0.02)
        else:
            raise Failure(f"no new keys: {'none' if not received else 'new ones'} for what we receive, "
                          f"{'none' if not sent else 'new ones'} for what we send")
        for size in (1, 1000):
            self.send_ours(payload(fate, size))
            self.send_theirs(payload(fate, size))
        if kind == "peer-alone":
            time.sleep(0.1)
            self.send_ours(payload(fate, 20))
            if self.ours.epochs()[1] != APPLICATION_EPOCH:
                raise Failure("new keys for what we send, and nobody asked")

    def part(self):
        first, second = (self.ours, self.theirs) if self.case.closer == "ours" else (self.theirs, self.ours)
        first.close()
        second.saw_close(QUICK)
        self.theirs.finish(QUICK)
        self.ours.finish(QUICK)


def payload(fate, size):
    """Digits: some letters are commands to s_client and s_server where a piece begins with them."""
    return bytes(fate.choices(b"0123456789", k=size))


def play(room, case):
    """(what went wrong or None, the whole story, seconds, notes)"""
    began = time.monotonic()
    talk = Talk(room, case)
    try:
        talk.run()
        wrong = None
    except Failure as failure:
        wrong = str(failure)
    except Exception as error:  # a fault of this harness is a failed case too, and must not end the run
        wrong = f"{type(error).__name__}: {error}"
    return wrong, talk.story() if wrong else "", time.monotonic() - began, talk.notes
