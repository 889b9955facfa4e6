#!/bin/sh
# python-jose 3.5.0 (PyPI) with cryptography 50.0.2, Python 3.11.
#
# Expected: a token is verified with the published keys of its provider, by the one that its
# `kid` names: jwt.decode takes a "JWK set" as its key (python-jose's API documentation), and
# a set may have keys of several types (RFC 7517 section 5), which `kid` is there to choose
# from (section 4.5; OpenID Connect Core section 10.1 asks for it where there are several).
#
# Seen: `kid` is not looked at. Each key in turn is made one of the algorithm of the token, and
# the first that is of another type ends it with JWKError "Incorrect key type". So of a
# provider that signs with RS256 and ES256 only the tokens of the key that stands first in its
# set are taken; a new order of the keys breaks what worked. Who picks the JWK by `kid` first
# has no such trouble. Exits non-zero once that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check 'python-jose[cryptography]==3.5.0' \
  cryptography==50.0.2
cat > run.py <<'PY'
import sys

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from jose import jwk, jwt
from jose.exceptions import JWKError

made = {
    "RS256": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
}
published, tokens = {}, {}
for algorithm, key in made.items():
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = jwk.construct(pem, algorithm).public_key().to_dict()
    published[algorithm] = public | {"kid": algorithm, "use": "sig"}
    tokens[algorithm] = jwt.encode(
        {"sub": "ann"}, pem, algorithm, headers={"kid": algorithm}
    )


def read(algorithm, key):
    try:
        return jwt.decode(tokens[algorithm], key, algorithms=[algorithm])["sub"]
    except JWKError as refusal:
        return str(refusal)


def picked(algorithm, keys):
    kid = jwt.get_unverified_header(tokens[algorithm])["kid"]
    return next(key for key in keys if key["kid"] == kid)


seen = []
for order in (["RS256", "ES256"], ["ES256", "RS256"]):
    keys = [published[algorithm] for algorithm in order]
    for algorithm in order:
        whole = read(algorithm, {"keys": keys})
        one = read(algorithm, picked(algorithm, keys))
        print(f"keys {order}, token {algorithm}: {whole} | by kid: {one}")
        seen.append((whole, one))
sys.exit(seen != [
    ("ann", "ann"),
    ("Incorrect key type. Expected: 'EC', Received: RSA", "ann"),
    ("ann", "ann"),
    ("Incorrect key type. Expected: 'RSA', Received: EC", "ann"),
])
PY
python/bin/python run.py
