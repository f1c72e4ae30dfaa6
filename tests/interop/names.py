"""What the cases call things, and what each library calls them."""

from dataclasses import replace

SUITES = {"aes128": 0xC02B, "aes256": 0xC02C, "chacha20": 0xCCA9}
GROUPS = {"x25519": 0x001D, "p256": 0x0017, "p384": 0x0018}
PROFILES = {"aes128cm": 0x0001, "aes128gcm": 0x0007, "aes256gcm": 0x0008}
SCHEMES = {"p256": 0x0403, "p384": 0x0503}

# Bytes of each direction's master key and salt (RFC 5764 section 4.1.2, RFC 7714 section 12).
PROFILE_SIZES = {"aes128cm": (16, 14), "aes128gcm": (16, 12), "aes256gcm": (32, 12)}

# What a record of each suite adds to its payload: header, explicit nonce, tag.
OVERHEAD = {"aes128": 13 + 8 + 16, "aes256": 13 + 8 + 16, "chacha20": 13 + 16}

# A ClientHello with it does not fit a small datagram.
LONG_NAME = ".".join(["a" * 60, "b" * 60, "c" * 60, "interop.test"])

SRTP_LABEL = "EXTRACTOR-dtls_srtp"
OTHER_LABEL = "EXPERIMENTAL-flightplan"


def export_of(case):
    """Label and length of what both sides export (RFC 5705)."""
    if case.srtp:
        return SRTP_LABEL, 2 * sum(PROFILE_SIZES[case.srtp])
    return OTHER_LABEL, 32


def for_peer(case):
    """What the peer is set up for: the same, unless there should be no common ground."""
    if case.refuse == "suite":
        return replace(case, suite="aes256" if case.suite != "aes256" else "aes128")
    if case.refuse == "group":
        return replace(case, group="p384", server_cert="p384")
    return case


def asks_of(case):
    """off, optional or required: what the server says about a certificate of the client's."""
    if case.refuse == "no-certificate":
        return "required"
    return {"off": "off", "none": "optional"}.get(case.client, "required")


def groups_of(case):
    """The group wanted first, then those of the certificates: RFC 8422 section 5.1.1 has the list hold for both."""
    wanted = [case.group, case.server_cert]
    if case.client in GROUPS:
        wanted.append(case.client)
    return list(dict.fromkeys(wanted))
