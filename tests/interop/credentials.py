"""Certificates of one run: a server's and a client's on each curve."""

import base64
import hashlib
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

CURVES = {"p256": ("prime256v1", "-sha256"), "p384": ("secp384r1", "-sha384")}


@dataclass(frozen=True)
class Credential:
    cert: Path
    key: Path
    subject: str
    fingerprint: str


def make(folder):
    """{"server-p256": Credential, ...}"""
    return {f"{whose}-{curve}": _make(Path(folder), whose, curve) for whose in ("server", "client") for curve in CURVES}


def _make(folder, whose, curve):
    subject = f"{whose}-{curve}"
    cert, key = folder / f"{subject}.pem", folder / f"{subject}.key"
    parameter, digest = CURVES[curve]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{parameter}", digest,
                    "-nodes", "-subj", f"/CN={subject}", "-days", "30", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    body = re.search("-----BEGIN CERTIFICATE-----(.*?)-----END", cert.read_text(), re.S)[1]
    return Credential(cert, key, subject, hashlib.sha256(base64.b64decode(body)).hexdigest())
