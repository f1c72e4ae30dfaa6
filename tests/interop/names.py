"""What the cases call things, and what each library calls them."""

from dataclasses import replace

VERSIONS = {"1.2": (0xFEFD,), "1.3": (0xFEFC,), "both": (0xFEFC, 0xFEFD)}
SUITES = {"aes128": 0xC02B, "aes256": 0xC02C, "chacha20": 0xCCA9}
SUITES13 = {"aes128": 0x1301, "aes256": 0x1302, "chacha20": 0x1303}
SUITES_OF = {0xFEFD: SUITES, 0xFEFC: SUITES13}
GROUPS = {"x25519": 0x001D, "p256": 0x0017, "p384": 0x0018, "x25519mlkem768": 0x11EC}
CURVES = ("p256", "p384")  # of certificates
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
        # In DTLS 1.2 the group of its certificate would be common ground.
        return replace(case, group="p384", server_cert="p384")
    return case


def asks_of(case):
    """off, optional or required: what the server says about a certificate of the client's."""
    if case.refuse == "no-certificate":
        return "required"
    return {"off": "off", "none": "optional"}.get(case.client, "required")


def agreed(we, they):
    """The version that two sides find, each being 1.2, 1.3 or both: the newest that both speak, or None."""
    common = set(VERSIONS[we]) & set(VERSIONS[they])
    return "1.3" if 0xFEFC in common else "1.2" if common else None


def groups_of(case, role):
    """The group wanted first.

    In DTLS 1.2 then those of the certificates: RFC 8422 section 5.1.1 has the list hold for both. In DTLS 1.3, where
    there is to be a HelloRetryRequest, the client begins with another one: its key share is of the first.
    """
    if case.retry == "group" and role == "client":
        return ["p256" if case.group == "x25519" else "x25519", case.group]
    wanted = [case.group]
    if case.version == "1.2" or case.we:
        wanted.append(case.server_cert)
        if case.client in CURVES:
            wanted.append(case.client)
    return list(dict.fromkeys(wanted))
