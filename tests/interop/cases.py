"""Which cases there are, and which cannot be."""

import itertools
from dataclasses import dataclass, fields

from pairwise import pairwise, product
from relay import Weather

# Of OpenSSL and GnuTLS both the commands and the libraries: a command is what anybody can try again, and the
# library plays what its commands cannot.
PEERS = ("openssl", "libssl", "gnutls", "libgnutls", "mbedtls")
ROLES = ("client", "server")  # ours

DIMENSIONS = {
    "suite": ("aes128", "aes256", "chacha20"),
    "group": ("x25519", "p256", "p384"),
    "server_cert": ("p256", "p384"),
    "client": ("off", "none", "p256", "p384"),  # not asked; asked, has none; has to show one on this curve
    "cookie": ("on", "off"),
    "mtu": (256, 576, 1200, 1500),              # bytes of a UDP payload, for both sides
    "hello": ("short", "long"),                 # a long one takes two datagrams where the MTU is 256
    "closer": ("ours", "peer"),
}

PROFILES = ("aes128cm", "aes128gcm", "aes256gcm")

STORMS = {1: Weather(lose=10, double=10, hold=10), 2: Weather(lose=25, double=10, hold=20), 3: Weather(double=60, hold=40)}


@dataclass(frozen=True)
class Case:
    peer: str
    role: str
    suite: str = "aes128"
    group: str = "x25519"
    server_cert: str = "p256"
    client: str = "p256"
    cookie: str = "on"
    mtu: int = 1200
    hello: str = "short"
    closer: str = "ours"
    srtp: str = ""
    loss: str = ""       # STORM:SEED of the relay in between
    refuse: str = ""     # the handshake has to fail: no-certificate, suite, group

    @property
    def name(self):
        said = [self.peer, self.role, self.suite, self.group, f"server-{self.server_cert}", f"client-{self.client}",
                f"cookie-{self.cookie}", f"mtu-{self.mtu}", f"hello-{self.hello}", f"{self.closer}-closes"]
        said += [f"{what}-{getattr(self, what)}" for what in ("srtp", "loss", "refuse") if getattr(self, what)]
        return "/".join(said)


def case_named(name):
    """The case that has this name, so that a table's line can be run again."""
    peer, role, suite, group, *rest = name.split("/")
    told = dict(part.split("-", 1) for part in rest if not part.endswith("-closes"))
    told = {{"server": "server_cert"}.get(what, what): value for what, value in told.items()}
    closer = next(part.removesuffix("-closes") for part in rest if part.endswith("-closes"))
    known = {field.name for field in fields(Case)}
    if not set(told) <= known or peer not in PEERS or role not in ROLES:
        raise ValueError(f"no case is called {name}")
    told["mtu"] = int(told["mtu"])
    return Case(peer, role, suite, group, closer=closer, **told)


@dataclass(frozen=True)
class Impossible:
    """A part of the product that a peer cannot play, and how we know; probes.py looks whether it is still so."""
    peer: str
    role: str
    what: str
    why: str
    probe: str
    applies: object

    def __call__(self, case):
        return self.applies(case)


IMPOSSIBLE = (
    Impossible("openssl", "client", "cookie off",
               "s_server sets SSL_OP_COOKIE_EXCHANGE on every DTLS connection: its first answer is a HelloVerifyRequest",
               "s_server_cookie", lambda case: case["cookie"] == "off"),
    Impossible("openssl", "client", "the peer closes first",
               "s_server closes its socket before it calls SSL_shutdown, whatever makes it end a connection over UDP",
               "s_server_close", lambda case: case["closer"] == "peer"),
    Impossible("gnutls", "client", "the peer closes first",
               "gnutls-serv only echoes over UDP: it says goodbye after its client has, never before, and a signal ends it "
               "silently",
               "gnutls_serv_close", lambda case: case["closer"] == "peer"),
    Impossible("libgnutls", "server", "a server that is held to thrice what it got (no cookie, address not proven)",
               "a GnuTLS client resends nothing once the first message of the server's flight is there, so the rest never "
               "comes",
               "gnutls_silence", lambda case: case["cookie"] == "unproven"),
    Impossible("mbedtls", "server", "a ClientHello in two datagrams",
               "Mbed TLS 2.28's client sends its ClientHello in one piece, whatever the MTU",
               "mbedtls_whole_hello", lambda case: case["hello"] == "long" and case["mtu"] == 256),
    Impossible("mbedtls", "client", "a ClientHello in two datagrams",
               "Mbed TLS 2.28's server takes a ClientHello whole or not at all (ssl_srv.c: `bad client hello message`)",
               "mbedtls_split_hello", lambda case: case["hello"] == "long" and case["mtu"] == 256),
)


def is_possible(peer, role):
    against = [rule for rule in IMPOSSIBLE if (rule.peer, rule.role) == (peer, role)]
    return lambda case: not any(rule(case) for rule in against)


def pairs(peer, role, seed):
    return [Case(peer, role, **case) for case in pairwise(DIMENSIONS, is_possible(peer, role), f"{seed} {peer} {role}")]


def whole(peer, role):
    return [Case(peer, role, **case) for case in product(DIMENSIONS, is_possible(peer, role))]


def profiles_of(peer):
    """GnuTLS 3.7 and Mbed TLS 2.28 know no AEAD profile."""
    return PROFILES if peer in ("openssl", "libssl") else PROFILES[:1]


def srtp(peer, role):
    """Keys for SRTP, as exported by the peer; every suite's PRF, a P-384 group and certificate among them."""
    cookie = "on" if (peer, role) == ("openssl", "client") else "off"
    for profile, (suite, group, cert) in itertools.product(
            profiles_of(peer), (("aes128", "x25519", "p256"), ("aes256", "p384", "p384"), ("chacha20", "p256", "p256"))):
        yield Case(peer, role, suite, group, cert, client=cert, cookie=cookie, srtp=profile)


def loss(peer, role, seeds):
    for (storm, seed), (mtu, cookie) in zip(itertools.product(STORMS, range(1, seeds + 1)),
                                            itertools.cycle(((1200, "on"), (400, "off"), (256, "on")))):
        if (peer, role) == ("openssl", "client"):
            cookie = "on"
        yield Case(peer, role, mtu=mtu, cookie=cookie, loss=f"{storm}:{seed}")


def largest(peer, role):
    """GnuTLS sends no record larger than its MTU allows: one case where that is as large as it gets."""
    if peer == "gnutls":
        for suite in DIMENSIONS["suite"]:
            yield Case(peer, role, suite, mtu=16000)


def unproven(peer, role):
    """No cookie, and nobody vouches for the address: our server sends thrice what it got, and waits for more."""
    if role == "server" and "gnutls" not in peer:
        for cert in ("p256", "p384"):
            yield Case(peer, role, server_cert=cert, client=cert, cookie="unproven", mtu=400)


def refused(peer, role):
    """What must not become a connection."""
    for why in ("no-certificate", "suite", "group"):
        yield Case(peer, role, client="none" if why == "no-certificate" else "off", refuse=why)


def others(peer, role, seeds):
    return [*srtp(peer, role), *largest(peer, role), *unproven(peer, role), *refused(peer, role), *loss(peer, role, seeds)]
