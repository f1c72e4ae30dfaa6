"""Which cases there are, and which cannot be."""

import itertools
from dataclasses import asdict, dataclass, fields

from names import CURVES, agreed
from pairwise import pairwise, product
from relay import Weather

# Of OpenSSL and GnuTLS both the commands and the libraries: a command is what anybody can try again, and the
# library plays what its commands cannot.
PEERS12 = ("openssl", "libssl", "gnutls", "libgnutls", "mbedtls")
PEERS13 = ("nss", "boring", "wolfssl", "dimpl")
PEERS = (*PEERS12, *PEERS13, "tstclnt", "ours")
ROLES = ("client", "server")  # ours

DIMENSIONS12 = {
    "suite": ("aes128", "aes256", "chacha20"),
    "group": ("x25519", "p256", "p384"),
    "server_cert": ("p256", "p384"),
    "client": ("off", "none", "p256", "p384"),  # not asked; asked, has none; has to show one on this curve
    "cookie": ("on", "off"),
    "mtu": (256, 576, 1200, 1500),              # bytes of a UDP payload, for both sides
    "hello": ("short", "long"),                 # a long one takes two datagrams where the MTU is 256
    "closer": ("ours", "peer"),
}

DIMENSIONS13 = {
    "suite": DIMENSIONS12["suite"],
    "group": DIMENSIONS12["group"],
    "retry": ("no", "group"),                   # the client's key share is of a group that the server does not take
    "server_cert": DIMENSIONS12["server_cert"],
    "client": DIMENSIONS12["client"],
    "cookie": DIMENSIONS12["cookie"],
    "mtu": DIMENSIONS12["mtu"],
    "hello": DIMENSIONS12["hello"],
    # KeyUpdates: of ours, of the peer's, of the peer's that asks for none of ours, of both at once.
    "update": ("none", "ours", "peer", "peer-alone", "both"),
    "closer": DIMENSIONS12["closer"],
}

MATRIX = ("1.2", "1.3", "both")

PROFILES = ("aes128cm", "aes128gcm", "aes256gcm")

STORMS = {1: Weather(lose=10, double=10, hold=10), 2: Weather(lose=25, double=10, hold=20), 3: Weather(double=60, hold=40),
          4: Weather(damage=15)}
DAMAGE = 4


@dataclass(frozen=True)
class Case:
    peer: str
    role: str
    version: str = "1.2"
    suite: str = "aes128"
    group: str = "x25519"
    server_cert: str = "p256"
    client: str = "p256"
    cookie: str = "on"
    mtu: int = 1200
    hello: str = "short"
    closer: str = "ours"
    retry: str = "no"
    update: str = "none"
    srtp: str = ""
    loss: str = ""       # STORM:SEED of the relay in between
    refuse: str = ""     # the handshake has to fail: no-certificate, suite, group, version
    we: str = ""         # 1.2, 1.3 or both, where that is not the version that will be spoken
    they: str = ""

    @property
    def name(self):
        said = [self.peer, self.role, self.version, self.suite, self.group, f"server-{self.server_cert}",
                f"client-{self.client}", f"cookie-{self.cookie}", f"mtu-{self.mtu}", f"hello-{self.hello}",
                f"{self.closer}-closes"]
        usual = ("", "no", "none")
        said += [f"{what}-{getattr(self, what)}" for what in ("retry", "update", "srtp", "loss", "refuse", "we", "they")
                 if getattr(self, what) not in usual]
        return "/".join(said)


def case_named(name):
    """The case that has this name, so that a table's line can be run again."""
    peer, role, version, suite, group, *rest = name.split("/")
    told = dict(part.split("-", 1) for part in rest if not part.endswith("-closes"))
    told = {{"server": "server_cert"}.get(what, what): value for what, value in told.items()}
    closer = next(part.removesuffix("-closes") for part in rest if part.endswith("-closes"))
    known = {field.name for field in fields(Case)}
    if not set(told) <= known or peer not in PEERS or role not in ROLES:
        raise ValueError(f"no case is called {name}")
    told["mtu"] = int(told["mtu"])
    return Case(peer, role, version, suite, group, closer=closer, **told)


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
    Impossible("gnutls", "client", "keys for SRTP that can be compared",
               "gnutls-serv shows keying material to those who connect over TCP; over UDP it only echoes (`libgnutls` "
               "plays these)",
               "gnutls_serv_keys", lambda case: case.get("srtp", "") != ""),
    Impossible("libgnutls", "server", "a server that is held to thrice what it got (no cookie, address not proven)",
               "a GnuTLS client resends nothing once the first message of the server's flight is there, so the rest never "
               "comes",
               "gnutls_silence", lambda case: case["cookie"] == "unproven"),
    Impossible("libgnutls", "server", "records damaged on the way",
               "a GnuTLS client whose ChangeCipherSpec came in a record of impossible length asks for it no more",
               "gnutls_damage", lambda case: case.get("loss", "").startswith(f"{DAMAGE}:")),
    *(Impossible("mbedtls", role, "records damaged on the way",
                 "Mbed TLS 2.28 ends a handshake at a Finished that does not open, instead of waiting for the next",
                 "mbedtls_damage", lambda case: case.get("loss", "").startswith(f"{DAMAGE}:")) for role in ROLES),
    Impossible("mbedtls", "server", "a ClientHello in two datagrams",
               "Mbed TLS 2.28's client sends its ClientHello in one piece, whatever the MTU",
               "mbedtls_whole_hello", lambda case: case["hello"] == "long" and case["mtu"] == 256),
    Impossible("mbedtls", "client", "a ClientHello in two datagrams",
               "Mbed TLS 2.28's server takes a ClientHello whole or not at all (ssl_srv.c: `bad client hello message`)",
               "mbedtls_split_hello", lambda case: case["hello"] == "long" and case["mtu"] == 256),
    Impossible("boring", "client", "cookies", "BoringSSL's server has no cookies",
               "boring_cookie", lambda case: case["cookie"] == "on"),
    *(Impossible(peer, "client", "a HelloRetryRequest for a group, and no cookie", why,
                 f"{peer}_cookie", lambda case: case["cookie"] == "off" and case["retry"] == "group")
      for peer, why in (("nss", "NSS's server puts a cookie in every HelloRetryRequest, for its own use"),
                        ("dimpl", "dimpl's server puts a cookie in every HelloRetryRequest"))),
    Impossible("dimpl", "server", "a server's name", "dimpl's client has no server_name extension",
               "dimpl_name", lambda case: case["hello"] == "long"),
    Impossible("dimpl", "server", "a client without a certificate that is asked for one",
               "dimpl does not begin without a certificate, and shows it whenever it is asked",
               "dimpl_certificate", lambda case: case["client"] == "none"),
    Impossible("dimpl", "client", "a client without a certificate that is asked for one",
               "dimpl's server asks only for what it will not do without",
               "dimpl_certificate_required", lambda case: case["client"] == "none"),
    *(Impossible("dimpl", role, "a KeyUpdate that asks for none in return",
                 "dimpl has no call for a KeyUpdate; it makes one when a key has sealed enough, and that one asks",
                 "dimpl_update", lambda case: case["update"] == "peer-alone") for role in ROLES),
    *(Impossible("wolfssl", role, "a KeyUpdate that asks for none in return", "wolfSSL_update_keys always asks",
                 "wolfssl_update", lambda case: case["update"] == "peer-alone") for role in ROLES),
    Impossible("wolfssl", "client", "a cookie for a ClientHello in two datagrams",
               "wolfSSL's server wants the first ClientHello whole unless cookies are off: it keeps nothing of it",
               "wolfssl_hello", lambda case: case["cookie"] == "on" and case["hello"] == "long" and case["mtu"] == 256),
    # Two cannot be held to an MTU of 256. Our own datagrams stay below it in those cases, and theirs below 576.
    *(Impossible("wolfssl", role, "datagrams of its own within 256 bytes",
                 "wolfssl-sys has wolfSSL cut messages 500 bytes shorter than would fit, so there is nothing left",
                 "wolfssl_mtu", lambda case: False) for role in ROLES),
    *(Impossible("nss", role, "datagrams of its own within 256 bytes",
                 "NSS has no call that sets an MTU; when nothing comes back it goes down a list, by the largest datagram "
                 "that it ever sent, and so gets no further than 548",
                 "nss_mtu", lambda case: False) for role in ROLES),
)


def is_possible(peer, role):
    against = [rule for rule in IMPOSSIBLE if (rule.peer, rule.role) == (peer, role)]
    return lambda case: not any(rule(case) for rule in against)


def dimensions_of(peer):
    """What is combined with what; `tstclnt` and `ours` have a list of their own."""
    return DIMENSIONS12 if peer in PEERS12 else DIMENSIONS13 if peer in PEERS13 else {}


def _made(peer, role, told):
    """A case of the product. dimpl exports nothing but the keys of SRTP, so there they are always compared."""
    return Case(peer, role, "1.2" if peer in PEERS12 else "1.3", srtp="aes128cm" if peer == "dimpl" else "", **told)


def pairs(peer, role, seed):
    if peer == "ours" or peer == "tstclnt":
        return []
    return [_made(peer, role, told)
            for told in pairwise(dimensions_of(peer), is_possible(peer, role), f"{seed} {peer} {role}")]


def whole(peer, role):
    if peer == "ours" or peer == "tstclnt":
        return []
    return [_made(peer, role, told) for told in product(dimensions_of(peer), is_possible(peer, role))]


def profiles_of(peer):
    """GnuTLS 3.7, Mbed TLS 2.28 and NSS know no AEAD profile."""
    return PROFILES if peer in ("openssl", "libssl", "boring", "wolfssl", "dimpl") else PROFILES[:1]


def has_cookies(peer, role):
    """Whether the server, which it is if we are the client, may be had with and without; the answer where it may not."""
    return {("openssl", "client"): "on", ("boring", "client"): "off"}.get((peer, role))


def srtp(peer, role):
    """Keys for SRTP, as exported by the peer; every suite's PRF, a P-384 group and certificate among them."""
    possible = is_possible(peer, role)
    cookie = has_cookies(peer, role) or "off"
    version = "1.2" if peer in PEERS12 else "1.3"
    for profile, (suite, group, cert) in itertools.product(
            profiles_of(peer), (("aes128", "x25519", "p256"), ("aes256", "p384", "p384"), ("chacha20", "p256", "p256"))):
        case = Case(peer, role, version, suite, group, cert, client=cert, cookie=cookie, srtp=profile)
        if possible(asdict(case)):
            yield case


def loss(peer, role, seeds):
    """NSS forgets what follows, in a record, a message that it has, and dimpl what follows it in a datagram: where a flight
    takes several datagrams and their order is lost, some handshakes with these two never end."""
    sizes = (1200, 1200, 1200) if peer in ("nss", "dimpl") else (1200, 400, 256)
    possible = is_possible(peer, role)
    for (storm, seed), mtu, cookie in zip(itertools.product(STORMS, range(1, seeds + 1)), itertools.cycle(sizes),
                                          itertools.cycle(("on", "off", "on"))):
        told = {"mtu": mtu, "cookie": has_cookies(peer, role) or cookie, "loss": f"{storm}:{seed}"}
        case = Case(peer, role, **told) if peer in PEERS12 else _made(peer, role, told)
        if possible(asdict(case)) and not (peer == "gnutls" and storm == DAMAGE):  # libgnutls says what there is to say
            yield case


def largest(peer, role):
    """GnuTLS sends no record larger than its MTU allows: one case where that is as large as it gets."""
    if peer == "gnutls":
        for suite in DIMENSIONS12["suite"]:
            yield Case(peer, role, suite=suite, mtu=16000)


def unproven(peer, role):
    """No cookie, and nobody vouches for the address: our server sends thrice what it got, and waits for more."""
    if role == "server" and "gnutls" not in peer:
        for cert in ("p256", "p384"):
            yield _made(peer, role, {"server_cert": cert, "client": cert, "cookie": "unproven", "mtu": 400})


def refused(peer, role):
    """What must not become a connection."""
    for why in ("no-certificate", "suite", "group"):
        if (peer, role, why) == ("dimpl", "server", "no-certificate") or (peer, why) == ("boring", "suite"):
            continue  # dimpl's client has one; in BoringSSL nobody chooses suites of DTLS 1.3
        yield Case(peer, role, "1.2" if peer in PEERS12 else "1.3", client="none" if why == "no-certificate" else "off",
                   cookie=has_cookies(peer, role) or "on", refuse=why)


def versions(peer, role):
    """Each of 1.2, 1.3 and both, on either side: the newest that both speak, or no connection."""
    theirs = ("1.2",) if peer in PEERS12 else MATRIX
    for we, they in itertools.product(MATRIX, theirs):
        version = agreed(we, they)
        yield Case(peer, role, version or "none", cookie="on" if role == "server" else "off", we=we, they=they,
                   refuse="" if version else "version", srtp="aes128cm" if peer == "dimpl" and version else "")


def hybrid(peer, role):
    """The hybrid group, with whom it is to be had; our library has it where libcrypto has ML-KEM (run.py --hybrid)."""
    if peer in ("nss", "boring"):
        for mtu, cookie in ((1200, "off"), (1200, "on"), (1500 if peer == "nss" else 576, "off")):
            yield Case(peer, role, "1.3", group="x25519mlkem768", mtu=mtu, cookie=has_cookies(peer, role) or cookie)


def command(peer, role):
    """What tstclnt can be told. Its server asks for no certificate, and has a cookie in every HelloRetryRequest."""
    told = {"cookie": "off", "client": "off" if role == "client" else "p256"}
    for suite, group, cert in itertools.product(DIMENSIONS13["suite"], DIMENSIONS13["group"], CURVES):
        yield Case(peer, role, "1.3", **{**told, "suite": suite, "group": group, "server_cert": cert})
    for more in ({"group": "x25519"}, {"group": "p384"}):
        yield Case(peer, role, "1.3", **{**told, **more, "retry": "group", "cookie": "on"})
    if role == "server":
        for more in ({"client": "off"}, {"client": "none"}, {"client": "p384", "cookie": "on"}):
            yield Case(peer, role, "1.3", **{**told, **more})


def others(peer, role, seeds):
    if peer == "tstclnt":
        return list(command(peer, role))
    if peer == "ours":
        return list(versions(peer, role))
    most = [*srtp(peer, role), *largest(peer, role), *unproven(peer, role), *refused(peer, role), *loss(peer, role, seeds)]
    return most if peer in ("openssl", "gnutls") else [*most, *versions(peer, role)]
