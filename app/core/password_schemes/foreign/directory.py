"""LDAP and mail servers: ``{SCHEME}`` before the hash (RFC 2307 and what followed)."""

import re

from app.core.password_schemes.base import b64_loose
from app.core.password_schemes.digest import ALGORITHMS
from app.core.password_schemes.foreign.form import (
    form,
    inner,
    pbkdf2,
    salted,
    salted_b64,
)
from app.core.password_schemes.limits import HashRefused

_CRYPT = r"(?i:\{(CRYPT|BLF-CRYPT|SHA256-CRYPT|SHA512-CRYPT|MD5-CRYPT|DES-CRYPT)\})"
_389_SALT = 64


def _ldap_digest(match: re.Match[str]) -> str:
    name = re.sub(r"^(plain|ldap|s(?=[sm]))|-", "", match["name"].lower()).strip("-")
    name = {"sha": "sha1"}.get(name, name)
    text = match["hash"]
    if match["hex"] or (name == "md5" and re.fullmatch(r"[0-9a-fA-F]{32}", text)):
        raw = bytes.fromhex(text)
        length = ALGORITHMS[name]
        return salted(name, raw[:length], after=raw[length:])
    return salted_b64(name, text)


def _ldap_pbkdf2(match: re.Match[str]) -> str:
    algorithm = (match["algorithm"] or "sha1").lower()
    salt, digest = b64_loose(match["salt"]), b64_loose(match["digest"])
    return pbkdf2(algorithm, int(match["rounds"]), salt, digest)


def _389_pbkdf2(match: re.Match[str]) -> str:
    """Read base64 of rounds (big-endian), 64 bytes of salt, and the digest."""
    raw = b64_loose(match["blob"])
    if len(raw) <= 4 + _389_SALT:
        raise HashRefused("malformed {PBKDF2_SHA256} hash")
    rounds, salt = int.from_bytes(raw[:4], "big"), raw[4 : 4 + _389_SALT]
    return pbkdf2("sha256", rounds, salt, raw[4 + _389_SALT :])


def _dovecot_pbkdf2(match: re.Match[str]) -> str:
    digest = bytes.fromhex(match["digest"])
    return pbkdf2("sha1", int(match["rounds"]), match["salt"].encode(), digest)


FORMS = (
    form(
        "LDAP, Dovecot",
        "{CRYPT}$6$…, {BLF-CRYPT}, {SHA512-CRYPT}, {MD5-CRYPT}, {DES-CRYPT}",
        _CRYPT + r"(?P<hash>\S+)",
        inner,
        proof="Dovecot 2.3.19.1 (`doveadm pw`)",
    ),
    form(
        "OpenLDAP (pw-argon2), Dovecot",
        "{ARGON2}$argon2i$…, {ARGON2ID}, {ARGON2I}",
        r"(?i:\{ARGON2(ID?)?\})(?P<hash>\$argon2\S+)",
        inner,
        proof="OpenLDAP 2.5.13 (`slappasswd`), Dovecot 2.3.19.1",
    ),
    form(
        "LDAP, Dovecot",
        "{SSHA}, {SSHA256}, {SSHA512}, {SHA}, {SHA256}, {SMD5}, {MD5}, in any case",
        r"(?i:\{(?P<name>S?MD5|S?SHA(-?(1|224|256|384|512))?|PLAIN-MD5|LDAP-MD5)"
        r"(?P<hex>\.HEX)?(\.B64)?\})(?P<hash>[\w+/.=-]+)",
        _ldap_digest,
        proof="OpenLDAP 2.5.13, Dovecot 2.3.19.1",
    ),
    form(
        "OpenLDAP (pw-pbkdf2), 389 Directory Server",
        "{PBKDF2}, {PBKDF2-SHA1}, {PBKDF2-SHA256}, {PBKDF2-SHA512} 10000$salt$digest",
        r"(?i:\{PBKDF2([-_](?P<algorithm>SHA(1|256|512)))?\})(?P<rounds>\d{1,9})"
        r"\$(?P<salt>[\w+/.=-]*)\$(?P<digest>[\w+/.=-]+)",
        _ldap_pbkdf2,
        proof="OpenLDAP 2.5.13 (`slappasswd`)",
    ),
    form(
        "389 Directory Server before 2.2",
        "{PBKDF2_SHA256}AAAI…",
        r"\{PBKDF2_SHA256\}(?P<blob>[A-Za-z0-9+/]{90,}={0,2})",
        _389_pbkdf2,
        proof="389 Directory Server 2.3.1 (`pwdhash`)",
    ),
    form(
        "Dovecot",
        "{PBKDF2}$1$salt$5000$…",
        r"\{PBKDF2\}\$1\$(?P<salt>[^$]+)\$(?P<rounds>\d{1,9})"
        r"\$(?P<digest>[0-9a-f]{40})",
        _dovecot_pbkdf2,
        proof="Dovecot 2.3.19.1 (`doveadm pw`)",
    ),
)
