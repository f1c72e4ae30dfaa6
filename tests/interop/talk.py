"""One case from the first datagram to the last: what both sides must have agreed on, said, and ended with."""

import random
import time

from cases import STORMS
from gnutls_peer import GnutlsPeer
from line_peer import FplPeer, LibgnutlsPeer, LibsslPeer, MbedtlsPeer
from names import GROUPS, LONG_NAME, PROFILES, SUITES, for_peer
from openssl_peer import OpensslPeer
from process import Failure
from relay import Relay

QUICK = 10       # seconds; on a loaded machine a handshake with P-384 in Mbed TLS may take one
PATIENCE_OF_THE_REFUSED = 3
UNDER_LOSS = 100  # OpenSSL and GnuTLS resend after 1, 2, 4, ... seconds


TOOLS = {"openssl": OpensslPeer, "gnutls": GnutlsPeer}
LIBRARIES = {"libssl": LibsslPeer, "libgnutls": LibgnutlsPeer, "mbedtls": MbedtlsPeer}


class Room:
    """What all cases share."""

    def __init__(self, programs, credentials, ports):
        self.programs, self.credentials, self.ports = programs, credentials, ports

    def our_side(self, case):
        return FplPeer(self.programs / "fpl_peer", case, case.role, self.credentials, "flightplan")

    def their_side(self, case):
        role = "server" if case.role == "client" else "client"
        case = for_peer(case)
        if case.peer in TOOLS:
            return TOOLS[case.peer](case, role, self.credentials, self.ports)
        program = f"{case.peer}_peer"
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
        self.patience = UNDER_LOSS if case.loss else QUICK
        self.notes = []

    def run(self):
        """Raises Failure; whatever happens, nothing is left running."""
        try:
            self.begin()
            if self.case.refuse:
                self.see_refusal()
            else:
                self.check_agreement()
                self.check_keys()
                self.exchange()
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
        port = server.serve()
        if self.case.loss:
            storm, _, seed = self.case.loss.partition(":")
            self.relay = Relay(port, STORMS[int(storm)], f"{self.case.name} {seed}")
            port = self.relay.port
        client.call(port)

    # ---- the handshake

    def check_agreement(self):
        case = self.case
        mine = self.ours.connected(self.patience)
        yours = self.theirs.connected(self.patience)
        if self.relay:
            self.relay.clear_up()
        expect("version", mine["version"], "fefd")
        expect("suite", mine["suite"], SUITES[case.suite])
        expect("group", mine["group"], GROUPS[case.group])
        expect("extended master secret", mine["ems"], "1")
        expect("SRTP profile", mine["srtp"], PROFILES.get(case.srtp, 0))
        expect("the peer's suite", yours["suite"], SUITES[case.suite])
        if self.theirs.says_group:
            expect("the peer's group", yours["group"], GROUPS[case.group])
        self.check_certificates(mine, yours)
        if case.role == "server":
            expect("server name", mine["name"], LONG_NAME if case.hello == "long" else "-")
        if not case.loss:
            self.check_wire({name: int(value) for name, value in mine.items()
                             if name in ("in_largest", "out_largest", "in_split", "out_split", "in_split_hello",
                                         "out_split_hello", "cookies")})

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
        # GnuTLS answers each datagram of a ClientHello with one.
        most = 2 if "gnutls" in case.peer and case.role == "client" and wire["out_split_hello"] else 1
        if not (1 <= wire["cookies"] <= most if case.cookie == "on" else wire["cookies"] == 0):
            raise Failure(f"{wire['cookies']} HelloVerifyRequests, cookies being {case.cookie}")
        for side in ("in", "out"):
            allowed = case.mtu + (self.theirs.exceeds_mtu if side == "in" else 0)
            if wire[f"{side}_largest"] > allowed:
                raise Failure(f"a datagram of {wire[f'{side}_largest']} bytes, {side}, where the MTU is {case.mtu}")
        if case.mtu == 256:
            us, them = ("client", "server") if case.role == "client" else ("server", "client")
            for side, role in (("out", us), ("in", them)):
                if (role == "server" or case.client in GROUPS) and wire[f"{side}_split"] == 0:
                    raise Failure(f"no message of the {role}'s was fragmented")
                if role == "client" and case.hello == "long" and wire[f"{side}_split_hello"] == 0:
                    raise Failure("the ClientHello was not fragmented")

    def check_keys(self):
        """The exporter's output is the same on both sides (RFC 5705); for SRTP, the keys themselves (RFC 5764)."""
        ours = self.ours.srtp() if self.case.srtp else self.ours.export()
        theirs = self.theirs.export()
        if theirs is None:
            self.notes.append("keys not compared: the peer does not tell")
        else:
            expect("keying material", ours, theirs)

    def see_refusal(self):
        """Neither side says that it is connected; whoever refuses says why."""
        try:
            self.ours.connected(PATIENCE_OF_THE_REFUSED)
        except Failure as failure:
            # gnutls-serv and Mbed TLS's server refuse some things without an alert, and we are left waiting.
            self.notes.append(str(failure))
        else:
            raise Failure("there is a connection")
        pattern, stream = self.theirs.refused
        self.theirs.process.wait_text(pattern, "refusal", QUICK, stream=stream)

    # ---- data and the end

    def exchange(self):
        fate = random.Random(self.case.name)
        sizes = [1, 100, self.ours.most(), min(self.ours.allow_large(), self.theirs.largest_in)]
        for size in sizes:
            self.send_ours(payload(fate, size))
        if self.theirs.echoes:
            return
        sizes = [1, 100, self.theirs.most(), min(self.theirs.allow_large(), self.theirs.largest_out)]
        for size in sizes:
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
