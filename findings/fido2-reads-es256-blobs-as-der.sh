#!/bin/sh
# fido2 2.2.1 (PyPI), mds3.parse_blob, Python 3.11.
#
# A metadata BLOB is a JWT (FIDO Metadata Service 3, section 3.1.6), and one that ES256 signed
# carries the two numbers of its signature side by side, 64 bytes (RFC 7518, section 3.4).
# Expected: parse_blob verifies such a BLOB with its root. Seen: it takes the 64 bytes for the
# DER of an authenticator's signature and raises InvalidSignature; the same signature written
# in DER, which no JWS has, is verified. BLOBs that RS256 signed are read as they should be.
#
# Output seen: RS256: read | ES256: InvalidSignature | ES256 in DER: read
# Exits non-zero once that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check fido2==2.2.1
cat > run.py <<'PY'
import json
from base64 import b64encode, urlsafe_b64encode
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from fido2.mds3 import parse_blob


def part(raw):
    return urlsafe_b64encode(raw).rstrip(b"=")


def certificate(subject, issuer, key, signer):
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (subject, issuer)]
    begin = datetime(2025, 1, 1)
    made = x509.CertificateBuilder().subject_name(names[0]).issuer_name(names[1])
    made = made.public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(begin).not_valid_after(begin + timedelta(days=3650))
    return made.sign(signer, SHA256()).public_bytes(Encoding.DER)


def read(algorithm, sign):
    root_key = ec.generate_private_key(ec.SECP256R1())
    key = root_key
    if algorithm == "RS256":
        key = rsa.generate_private_key(65537, 2048)
    elif algorithm == "ES256":
        key = ec.generate_private_key(ec.SECP256R1())
    root = certificate("Root", "Root", root_key, root_key)
    leaf = certificate("Signer", "Root", key, root_key)
    header = {"alg": algorithm, "typ": "JWT", "x5c": [b64encode(leaf).decode()]}
    payload = {"legalHeader": "-", "no": 1, "nextUpdate": "2027-01-01", "entries": []}
    signed = b".".join(part(json.dumps(each).encode()) for each in (header, payload))
    try:
        parse_blob(signed + b"." + part(sign(key, signed)), root)
    except Exception as error:
        return type(error).__name__
    return "read"


def der(key, signed):
    return key.sign(signed, ec.ECDSA(SHA256()))


def raw(key, signed):
    r, s = decode_dss_signature(der(key, signed))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def rsa_signature(key, signed):
    return key.sign(signed, padding.PKCS1v15(), SHA256())


seen = " | ".join((
    "RS256: " + read("RS256", rsa_signature),
    "ES256: " + read("ES256", raw),
    "ES256 in DER: " + read("ES256", der),
))
print(seen)
expected = "RS256: read | ES256: InvalidSignature | ES256 in DER: read"
raise SystemExit(seen != expected)
PY
venv/bin/python run.py
