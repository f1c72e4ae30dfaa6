"""Is it still so that a peer cannot? Each returns (still so, what was seen)."""

import time

from cases import Case
from process import Failure
from relay import Relay, Weather
from talk import QUICK, Talk


def _begun(room, case):
    talk = Talk(room, case)
    talk.patience = QUICK
    return talk


def s_server_cookie(room):
    """s_server as it is started without any word of cookies."""
    talk = _begun(room, Case("openssl", "client", cookie="off"))
    try:
        talk.begin()
        cookies = int(talk.ours.connected(QUICK)["cookies"])
        return cookies == 1, f"{cookies} HelloVerifyRequest from `{' '.join(talk.theirs.process.words[:2])}` without -listen"
    finally:
        _end(talk)


def s_server_close(room):
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


def gnutls_serv_close(room):
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


def gnutls_silence(room):
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


def mbedtls_split_hello(room):
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


def mbedtls_whole_hello(room):
    talk = _begun(room, Case("mbedtls", "server", client="off", mtu=256, hello="long"))
    try:
        talk.begin()
        facts = talk.ours.connected(QUICK)
        whole = facts["in_split_hello"] == "0" and int(facts["in_largest"]) > 256
        return whole, f"a datagram of {facts['in_largest']} bytes where the MTU is 256"
    finally:
        _end(talk)


def _end(talk):
    for side in (talk.ours, talk.theirs):
        if side.process:
            side.process.end()


PROBES = {probe.__name__: probe for probe in (
    s_server_cookie, s_server_close, gnutls_serv_close, gnutls_silence, mbedtls_split_hello, mbedtls_whole_hello)}
