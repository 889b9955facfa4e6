"""Samples of foreign hashes: published vectors, and some built from hashlib alone.

Vectors are those that the products or hashcat publish; where none is published the
hash is built as the product builds it, with none of our code.
"""

import base64
import hashlib
import hmac
import json
import struct
from typing import Any

import bcrypt
import passlib.hash
from argon2.low_level import Type, hash_secret_raw

from app.core.password_schemes import exported

PASSWORD = "l\u00e8tmein"


def b64(raw: bytes) -> str:
    """Return standard base64."""
    return base64.b64encode(raw).decode()


def wordpress(password: str, cost: int = 4) -> str:
    """Return what wp_hash_password() of WordPress 6.8 returns."""
    digest = hmac.new(b"wp-sha384", password.strip().encode(), "sha384").digest()
    hashed = bcrypt.hashpw(base64.b64encode(digest), bcrypt.gensalt(cost))
    return "$wp" + hashed.decode().replace("$2b$", "$2y$")


def aspnet_v3(
    password: str, prf: int = 2, *, rounds: int = 10, salt: int = 16, length: int = 32
) -> str:
    """Return what PasswordHasher of ASP.NET Core Identity returns."""
    digest = ["sha1", "sha256", "sha512"][prf]
    raw = bytes(range(salt))
    subkey = hashlib.pbkdf2_hmac(digest, password.encode(), raw, rounds, length)
    return b64(b"\x01" + struct.pack(">III", prf, rounds, salt) + raw + subkey)


def aspnet_v2(password: str) -> str:
    """Return what ASP.NET Identity 2 stored."""
    salt = bytes(range(16))
    return b64(
        b"\0" + salt + hashlib.pbkdf2_hmac("sha1", password.encode(), salt, 1000, 32)
    )


def keycloak(password: str, digest: str, length: int) -> dict[str, Any]:
    """Return a credential as a realm export holds it."""
    salt = bytes(range(16))
    value = hashlib.pbkdf2_hmac(digest, password.encode(), salt, 50, length)
    return {
        "type": "password",
        "secretData": json.dumps({"value": b64(value), "salt": b64(salt)}),
        "credentialData": json.dumps(
            {"hashIterations": 50, "algorithm": f"pbkdf2-{digest}"}
        ),
    }


def keycloak_argon2(password: str, kind: str = "id", version: str = "1.3") -> Any:
    """Return a credential of Keycloak 24 and later."""
    salt = bytes(range(16))
    number = {"1.3": 0x13, "1.0": 0x10}[version]
    flavour = {"id": Type.ID, "i": Type.I}[kind]
    value = hash_secret_raw(
        password.encode(), salt, 5, 7168, 1, 32, flavour, version=number
    )
    more = {
        "hashLength": ["32"],
        "memory": ["7168"],
        "type": [kind],
        "version": [version],
        "parallelism": ["1"],
    }
    return {
        "secretData": {"value": b64(value), "salt": b64(salt)},
        "credentialData": {
            "hashIterations": 5,
            "algorithm": "argon2",
            "additionalParameters": more,
        },
    }


def drupal(password: str, log2: int = 7, *, from_md5: bool = False) -> str:
    """Return what Drupal 7 stores; its base64 has the low bits first."""
    digits = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    secret = password.encode()
    if from_md5:
        secret = hashlib.md5(secret).hexdigest().encode()
    value = hashlib.sha512(b"saltsalt" + secret).digest()
    for _ in range(1 << log2):
        value = hashlib.sha512(value + secret).digest()
    number = int.from_bytes(value, "little")
    text = "".join(digits[number >> 6 * at & 63] for at in range(43))
    return f"{'U' if from_md5 else ''}$S${digits[log2]}saltsalt{text}"


FIREBASE = {  # github.com/firebase/scrypt, README
    "base64_signer_key": (
        "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZv"
        "pjeJ9WmXA=="
    ),
    "base64_salt_separator": "Bw==",
    "rounds": 8,
    "mem_cost": 14,
}
FIREBASE_HASH = (
    "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdR"
    "uid5lQ=="
)
FIREBASE_SALT = "42xEC+ixf3L2lw=="

PUBLISHED = {
    "firebase": (
        "user1password",
        exported.from_firebase(FIREBASE_HASH, FIREBASE_SALT, parameters=FIREBASE),
    ),
    "phpass (Openwall)": ("test12345", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"),
    "phpass (hashcat)": ("hashcat", "$P$984478476IagS59wHZvyQMArzfx58u."),
    "drupal (hashcat)": (
        "hashcat",
        "$S$C33783772bRXEx1aCsvY.dqgaaSu76XmVlKrW9Qu8IQlvxHlmzLf",
    ),
    "django scrypt": (
        PASSWORD,
        "scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz"
        "71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==",
    ),
    "django pbkdf2_sha256": (
        PASSWORD,
        "pbkdf2_sha256$390000$seasalt$8xBlGd3jVgvJ+92hWPxi5ww0uuAuAnKgC45eudxro7c=",
    ),
    "django argon2id": (
        "secret",
        "argon2$argon2id$v=19$m=102400,t=2,p=8$Y041dExhNkljRUUy$TMa6A8fPJhCAUXRhJXCXdw",
    ),
    "django argon2i": (
        "secret",
        "argon2$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$YC9+jJCrQhs5R6db7LlN8Q",
    ),
    "django argon2i 1.0": (
        "secret",
        "argon2$argon2i$m=8,t=1,p=1$c29tZXNhbHQ$gwQOXSNhxiOxPOA0+PY10P9QFO4NAYysnqRt1G"
        "SQLE55m+2GYDt9FEjPMHhP2Cuf0nOEXXMocVrsJAtNSsKyfg",
    ),
    "sha256_crypt (Drepper)": (
        "Hello world!",
        "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
    ),
    "sha512_crypt (Drepper)": (
        "Hello world!",
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLi"
        "BFdcbYEdFCoEOfaS35inz1",
    ),
    "bcrypt 2a (Openwall)": (
        "U*U",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    ),
    "ldap ssha (RFC 2307 form)": (
        "testing123",
        "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr",
    ),
}
P: Any = passlib.hash  # the stubs leave using() untyped
BUILT = {
    "wordpress": wordpress(PASSWORD),
    "aspnet sha1": aspnet_v3(PASSWORD, 0),
    "aspnet sha256": aspnet_v3(PASSWORD, 1),
    "aspnet sha512": aspnet_v3(PASSWORD, 2, length=64),
    "aspnet v2": exported.from_aspnet_identity_v2(aspnet_v2(PASSWORD)),
    "keycloak sha256": exported.from_keycloak(keycloak(PASSWORD, "sha256", 64)),
    "keycloak sha512": exported.from_keycloak(keycloak(PASSWORD, "sha512", 64)),
    "keycloak argon2id": exported.from_keycloak(keycloak_argon2(PASSWORD)),
    "keycloak argon2i": exported.from_keycloak(keycloak_argon2(PASSWORD, "i")),
    "keycloak argon2id 1.0": exported.from_keycloak(
        keycloak_argon2(PASSWORD, "id", "1.0")
    ),
    "keycloak argon2i 1.0": exported.from_keycloak(
        keycloak_argon2(PASSWORD, "i", "1.0")
    ),
    "drupal": drupal(PASSWORD),
    "drupal 6": drupal(PASSWORD, from_md5=True),
    "bcrypt 2b": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode(),
    "bcrypt 2y": P.bcrypt.using(rounds=4, ident="2y").hash(PASSWORD),
    "django bcrypt": P.django_bcrypt.using(rounds=4).hash(PASSWORD),
    "django bcrypt_sha256": P.django_bcrypt_sha256.using(rounds=4).hash(PASSWORD),
    "django pbkdf2_sha1": P.django_pbkdf2_sha1.using(rounds=9).hash(PASSWORD),
    "ssha": P.ldap_salted_sha1.hash(PASSWORD),
    "ssha256": P.ldap_salted_sha256.hash(PASSWORD),
    "ssha512": P.ldap_salted_sha512.hash(PASSWORD),
    "ldap crypt 5": P.ldap_sha256_crypt.using(rounds=1000).hash(PASSWORD),
    "ldap crypt 6": P.ldap_sha512_crypt.using(rounds=1000).hash(PASSWORD),
    "apr1": P.apr_md5_crypt.hash(PASSWORD),
    "netbsd sha1": P.sha1_crypt.using(rounds=100).hash(PASSWORD),
    "ldap bcrypt": P.ldap_bcrypt.using(rounds=4).hash(PASSWORD),
}
ALL = {**PUBLISHED, **{name: (PASSWORD, hashed) for name, hashed in BUILT.items()}}
