"""Names of the spec as names of C: `ClientHello` becomes `client_hello`, then `fpl_client_hello`.

The prefix is `fpl_` for types and functions, `FPL_` for enumerators and macros.
"""

import re

# One word each: SRTP before Protection, ECDH before Params, Psk, Certificate12, 12 by itself.
WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+")

# What no field, case or type of the spec can be called, because C keeps the word for itself.
KEYWORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if inline int long "
    "register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while "
    "bool true false".split())


def snake(name):
    """`ServerECDHParams` -> `server_ecdh_params`; a name that is lower already stays."""
    return "_".join(WORD.findall(name)).lower()


def upper(name):
    """`NamedGroup` -> `NAMED_GROUP`, `x25519` -> `X25519`, `TLS_AES_128_GCM_SHA256` stays."""
    if name == name.lower() or "_" in name or name == name.upper():
        return re.sub(r"[^A-Za-z0-9]", "_", name).upper()
    return snake(name).upper()


def entry(name):
    """A registry entry in an enumerator. Entries are spelt as IANA does, so no word is split: X25519MLKEM768."""
    return re.sub(r"[^A-Za-z0-9]", "_", name).upper()


def c_type(name):
    """`NamedGroup` -> `fpl_named_group`."""
    return f"fpl_{snake(name)}"


def enumerator(group, name):
    """`NamedGroup`, `x25519` -> `FPL_NAMED_GROUP_X25519`."""
    return f"FPL_{upper(group)}_{entry(name)}"


def alert(name):
    """`decode_error` -> `FPL_ALERT_DESCRIPTION_DECODE_ERROR`."""
    return enumerator("AlertDescription", name)


def message_id(struct):
    """`Certificate12` -> `FPL_MESSAGE_CERTIFICATE12`."""
    return f"FPL_MESSAGE_{upper(struct)}"
