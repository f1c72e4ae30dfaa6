"""Is it still so that a peer cannot? Each returns (still so, what was seen)."""

import time

from cases import IMPOSSIBLE, Case
from process import Failure
from relay import Relay, Weather, records
from talk import QUICK, Talk


def _begun(room, case):
    talk = Talk(room, case)
    talk.patience = QUICK
    return talk


def s_server_cookie(room, role):
    """s_server as it is started without any word of cookies."""
    talk = _begun(room, Case("openssl", "client", cookie="off"))
    try:
        talk.begin()
        cookies = int(talk.ours.connected(QUICK)["cookies"])
        return cookies == 1, f"{cookies} HelloVerifyRequest from `{' '.join(talk.theirs.process.words[:2])}` without -listen"
    finally:
        _end(talk)


def s_server_close(room, role):
    """Every way to make it end: q, Q, the end of its input."""
    seen = []
    for what, word in (("q", b"q\n"), ("Q", b"Q\n"), ("the end of its input", None)):
        talk = _begun(room, Case("openssl", "client"))
        try:
            talk.begin()
            talk.ours.connected(QUICK)
            talk.theirs.connected(QUICK)
            if word:
                talk.theirs.process.write(word)
            else:
                talk.theirs.process.end_input()
            talk.theirs.process.wait_text(rb"shutting down SSL", "shutting down", QUICK)
            talk.theirs.process.wait_exit(QUICK)
            time.sleep(0.3)
            seen.append((what, b"closed" in talk.ours.process.said["out"]))
        finally:
            _end(talk)
    return (not any(closed for _, closed in seen),
            "; ".join(f"after {what}: {'a' if closed else 'no'} close_notify" for what, closed in seen))


def gnutls_serv_close(room, role):
    """The only thing that makes gnutls-serv stop talking is a signal."""
    talk = _begun(room, Case("gnutls", "client"))
    try:
        talk.begin()
        talk.ours.connected(QUICK)
        talk.theirs.connected(QUICK)
        talk.theirs.process.end_input()
        time.sleep(0.3)
        talk.theirs.process.child.terminate()
        talk.theirs.process.wait_exit(QUICK)
        time.sleep(0.3)
        closed = b"closed" in talk.ours.process.said["out"]
        return not closed, "after the end of its input and SIGTERM we had " + ("a" if closed else "no") + " close_notify"
    finally:
        _end(talk)


def gnutls_serv_keys(room, role):
    """SRTP is agreed on, the material was asked for, and it speaks of everything else."""
    talk = _begun(room, Case("gnutls", "client", srtp="aes128cm"))
    try:
        talk.begin()
        agreed = talk.ours.connected(QUICK)["srtp"]
        talk.theirs.connected(QUICK)
        keys = talk.ours.srtp().encode()
        talk.send_ours(b"0123456789")
        said = bytes(talk.theirs.process.said["out"] + talk.theirs.process.said["err"]).lower()
        told = b"key material" in said or keys in said
        return agreed != 0 and not told, f"{len(said)} bytes of talk with -d 4, {'' if told else 'no '}keying material in them"
    finally:
        _end(talk)


def gnutls_silence(room, role):
    """Long enough for three resends."""
    talk = _begun(room, Case("libgnutls", "server", cookie="unproven", mtu=400, loss="0:0"))
    relay = Relay(talk.ours.serve(), Weather(), 0)
    try:
        talk.theirs.call(relay.port)
        time.sleep(3)
        return (relay.from_client == 1 and relay.passed > 1,
                f"{relay.from_client} datagram from the client in 3 s, its timer being 200 ms, and {relay.passed - 1} to it")
    finally:
        _end(talk)
        relay.end()


class Damage(Relay):
    """Fine weather, but the first record of our `content` type, in the clear or not, is damaged, the first time it passes."""

    def __init__(self, target, role, content, protected):
        self.wanted, self.ours, self.touched = (content, protected), "front" if role == "client" else "back", 0
        super().__init__(target, Weather(), 0)

    def last_touch(self, source, datagram):
        if self.touched == 0 and source is getattr(self, self.ours):
            for start, end, protected in records(datagram):
                if (datagram[start], protected) == self.wanted:
                    self.touched = 1
                    at = end - 1 if protected else start + 11
                    return datagram[:at] + bytes([datagram[at] ^ 0x40]) + datagram[at + 1:]
        return datagram


def _damaged(room, case, content, protected):
    """(whether there was a connection, what the peer said of it) when one record of ours was damaged on its way."""
    talk = _begun(room, case)
    server, client = (talk.theirs, talk.ours) if case.role == "client" else (talk.ours, talk.theirs)
    relay = Damage(server.serve(), case.role, content, protected)
    try:
        client.call(relay.port)
        talk.ours.connected(QUICK)
        talk.theirs.connected(QUICK)
        return True, "a connection"
    except Failure as failure:
        return relay.touched == 0, str(failure)
    finally:
        _end(talk)
        relay.end()


def gnutls_damage(room, role):
    """Ten seconds are three resends of others; a last flight that is lost as a whole, it does ask for."""
    connected, said = _damaged(room, Case("libgnutls", role, loss="0:0"), 20, False)
    return not connected, said


def mbedtls_damage(room, role):
    connected, said = _damaged(room, Case("mbedtls", role, loss="0:0"), 22, True)
    return not connected and "MAC" in said.upper(), said


def mbedtls_split_hello(room, role):
    talk = _begun(room, Case("mbedtls", "client", client="off", mtu=256, hello="long"))
    try:
        talk.begin()
        try:
            talk.ours.connected(QUICK)
        except Failure:
            said = talk.theirs.process.said["err"].decode("utf-8", "replace")
            words = [line.partition(" ")[2] for line in said.splitlines() if "bad client hello" in line]
            return bool(words), words[0] if words else "it failed for another reason"
        return False, "there is a connection"
    finally:
        _end(talk)


def mbedtls_whole_hello(room, role):
    talk = _begun(room, Case("mbedtls", "server", client="off", mtu=256, hello="long"))
    try:
        talk.begin()
        facts = talk.ours.connected(QUICK)
        whole = facts["in_split_hello"] == "0" and int(facts["in_largest"]) > 256
        return whole, f"a datagram of {facts['in_largest']} bytes where the MTU is 256"
    finally:
        _end(talk)


def boring_cookie(room, role):
    return _wire(room, Case("boring", role, "1.3", cookie="on"), "retries", lambda found: found == "0",
                 "HelloRetryRequests of a server that was asked for a cookie")


def nss_cookie(room, role):
    return _wire(room, Case("nss", role, "1.3", cookie="off", retry="group"), "cookies", lambda found: found != "0",
                 "cookie in the HelloRetryRequest for a group")


def dimpl_cookie(room, role):
    return _wire(room, Case("dimpl", role, "1.3", cookie="off", retry="group"), "cookies", lambda found: found != "0",
                 "cookie in the HelloRetryRequest for a group, with use_server_cookie(false)")


def dimpl_name(room, role):
    return _wire(room, Case("dimpl", role, "1.3", hello="long"), "name", lambda found: found == "-",
                 "for the server's name in its ClientHello")


def dimpl_certificate(room, role):
    case = Case("dimpl", role, "1.3", client="none")
    shown = room.credentials["client-p256"].fingerprint
    return _wire(room, case, "certificate", lambda found: found == shown, "is the certificate that it showed")


def dimpl_certificate_required(room, role):
    talk = _begun(room, Case("dimpl", role, "1.3", client="none"))
    try:
        talk.begin()
        why = talk.theirs.process.wait_text(rb"^failed ([^\n]*)\n", "failure", QUICK)[1].decode()
        return "no client certificate" in why, why
    finally:
        _end(talk)


def dimpl_update(room, role):
    return _no_update(room, Case("dimpl", role, "1.3"))


def wolfssl_update(room, role):
    return _no_update(room, Case("wolfssl", role, "1.3"))


def wolfssl_mtu(room, role):
    talk, connected = _small(room, Case("wolfssl", role, "1.3", cookie="off", mtu=256))
    said = talk.theirs.process.said["out"].decode("utf-8", "replace")
    failed = [line for line in said.splitlines() if line.startswith("failed")]
    return not connected, failed[0] if failed else "a connection" if connected else "nothing but silence"


def nss_mtu(room, role):
    talk, connected = _small(room, Case("nss", role, "1.3", cookie="off", mtu=256))
    said = talk.theirs.process.said["err"].decode("utf-8", "replace")
    lost = [line for line in said.splitlines() if line.startswith("lost")]
    last = lost[-1] if lost else "none"
    return not connected and len(lost) > 5, f"{len(lost)} of its datagrams did not fit, the last: {last}"


def wolfssl_hello(room, role):
    talk = _begun(room, Case("wolfssl", role, "1.3", cookie="on", mtu=256, hello="long"))
    try:
        talk.begin()
        time.sleep(3)
        said = talk.ours.process.said
        return (b"connected" not in said["out"] and b"message:server_hello" not in said["err"],
                "no answer in 3 s to a ClientHello that was sent in two pieces, and again")
    finally:
        _end(talk)


def _wire(room, case, fact, is_so, what):
    """A connection, and one fact of it that we saw."""
    talk = _begun(room, case)
    try:
        talk.begin()
        found = talk.ours.connected(QUICK)[fact]
        return is_so(found), f"{found} {what}"
    finally:
        _end(talk)


def _no_update(room, case):
    talk = _begun(room, case)
    try:
        talk.begin()
        talk.ours.connected(QUICK)
        talk.theirs.connected(QUICK)
        talk.theirs.tell("update", 0)
        said = talk.theirs.event("updating", QUICK)
        return said != "0", said
    finally:
        _end(talk)


def _small(room, case):
    """(the talk, whether there was a connection) with a peer that is held to the case's MTU, whatever it is known for."""
    talk = _begun(room, case)
    talk.theirs.least_mtu = 0
    try:
        talk.begin()
        talk.ours.connected(QUICK)
        return talk, True
    except Failure:
        return talk, False
    finally:
        _end(talk)


def _end(talk):
    for side in (talk.ours, talk.theirs):
        if side.process:
            side.process.end()


PROBES = {rule.probe: globals()[rule.probe] for rule in IMPOSSIBLE}
