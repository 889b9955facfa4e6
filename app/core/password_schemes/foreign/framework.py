"""Frameworks of Java, Python and JavaScript."""

import re

from app.core.password_schemes.base import b64
from app.core.password_schemes.digest import ALGORITHMS, Digest
from app.core.password_schemes.foreign.form import (
    form,
    inner,
    pbkdf2,
    salted,
    scrypt,
)
from app.core.password_schemes.limits import HashRefused

_SPRING = "Spring Security 6.3.4"
_SPRING_PBKDF2 = {  # its name: algorithm, rounds, bytes of salt
    "pbkdf2": ("sha1", 185_000, 8),
    "pbkdf2@SpringSecurity_v5_8": ("sha256", 310_000, 16),
}
_STANDARD_ROUNDS = 1_024
_JS_SCRYPT = 16_384, 16, 1
_LUCIA_1 = 16_384, 8, 1


def _spring_pbkdf2(match: re.Match[str]) -> str:
    algorithm, rounds, salt = _SPRING_PBKDF2[match["id"]]
    raw = bytes.fromhex(match["hex"])
    return pbkdf2(algorithm, rounds, raw[:salt], raw[salt:])


def _spring_scrypt(match: re.Match[str]) -> str:
    """Read ``$100801$salt$key``: log2 of N, r and p in hexadecimal."""
    costs = int(match["costs"], 16)
    log2, r, p = costs >> 16 & 0xFFFF, costs >> 8 & 0xFF, costs & 0xFF
    if log2 > 31:
        raise HashRefused("scrypt parameters are malformed")
    return scrypt(1 << log2, r, p, b64(match["salt"]), b64(match["digest"]))


def _spring_standard(match: re.Match[str]) -> str:
    """Read StandardPasswordEncoder: 8 bytes of salt, and SHA-256 1,024 times."""
    raw = bytes.fromhex(match["hex"])
    digest = Digest("sha256", raw[8:], before=raw[:8], rounds=_STANDARD_ROUNDS)
    return str(digest)


def _spring_digest(match: re.Match[str]) -> str:
    """Read MessageDigestPasswordEncoder, whose salt keeps its braces."""
    name = match["name"].lower().replace("-", "")
    salt = (match["salt"] or "").encode()
    return salted(name, bytes.fromhex(match["hex"]), after=salt)


def _shiro(match: re.Match[str]) -> str:
    name = match["name"].lower().replace("-", "")
    digest = b64(match["digest"])
    if ALGORITHMS.get(name) != len(digest):
        raise HashRefused("digest of Shiro that is not known")
    rounds, salt = int(match["rounds"]), b64(match["salt"])
    return str(Digest(name, digest, before=salt, rounds=rounds))


def _shiro_argon2(match: re.Match[str]) -> str:
    """Bring the parameters into the order of a PHC string."""
    costs = dict(each.split("=") for each in match["costs"].split(","))
    ordered = ",".join(f"{name}={int(costs[name])}" for name in "mtp")
    salt, digest = match["salt"].rstrip("="), match["digest"].rstrip("=")
    return f"${match['name']}$v={match['v']}${ordered}${salt}${digest}"


def _werkzeug_scrypt(match: re.Match[str]) -> str:
    costs = int(match["n"]), int(match["r"]), int(match["p"])
    return scrypt(*costs, match["salt"].encode(), bytes.fromhex(match["hex"]))


def _werkzeug_pbkdf2(match: re.Match[str]) -> str:
    salt, digest = match["salt"].encode(), bytes.fromhex(match["hex"])
    return pbkdf2(match["name"], int(match["rounds"]), salt, digest)


def _django_digest(match: re.Match[str]) -> str:
    salt = match["salt"].encode()
    return salted(match["name"], bytes.fromhex(match["hex"]), before=salt)


def _js_scrypt(match: re.Match[str]) -> str:
    """Read better-auth's and Lucia's: the salt is the text, not its bytes."""
    salt, digest = match["salt"].encode(), bytes.fromhex(match["hex"])
    return scrypt(*_JS_SCRYPT, salt, digest)


def _lucia_1(match: re.Match[str]) -> str:
    salt, digest = match["salt"].encode(), bytes.fromhex(match["hex"])
    return scrypt(*_LUCIA_1, salt, digest)


def _js_pbkdf2(match: re.Match[str]) -> str:
    salt, digest = match["salt"].encode(), bytes.fromhex(match["hex"])
    rounds = 600_000 if match["new"] else 25_000
    return pbkdf2("sha256", rounds, salt, digest)


FORMS = (
    form(
        _SPRING,
        "{bcrypt}$2a$…, {argon2}, {argon2@SpringSecurity_v5_8}",
        r"\{(bcrypt|argon2(@SpringSecurity_v5_8)?)\}(?P<hash>\$\S+)",
        inner,
    ),
    form(
        _SPRING,
        "{ldap}{SSHA}…",
        r"\{ldap\}(?P<hash>\{S?SHA\}\S+)",
        inner,
    ),
    form(
        _SPRING,
        "{pbkdf2}, {pbkdf2@SpringSecurity_v5_8} (without a secret)",
        r"\{(?P<id>pbkdf2(@SpringSecurity_v5_8)?)\}(?P<hex>([0-9a-f]{2}){40,96})",
        _spring_pbkdf2,
    ),
    form(
        _SPRING,
        "{scrypt}, {scrypt@SpringSecurity_v5_8} $100801$salt$key",
        r"\{scrypt(@SpringSecurity_v5_8)?\}\$(?P<costs>[0-9a-f]{1,8})"
        r"\$(?P<salt>[A-Za-z0-9+/=]+)\$(?P<digest>[A-Za-z0-9+/=]+)",
        _spring_scrypt,
    ),
    form(
        _SPRING,
        "{sha256} (without a secret)",
        r"\{sha256\}(?P<hex>[0-9a-f]{80})",
        _spring_standard,
    ),
    form(
        _SPRING,
        "{MD5}, {SHA-1}, {SHA-256} {salt}hex",
        r"\{(?P<name>MD5|SHA-1|SHA-256|SHA-512)\}(?P<salt>\{[^{}]+\})?"
        r"(?P<hex>([0-9a-f]{2}){16,64})",
        _spring_digest,
    ),
    form(
        "Apache Shiro 1.13.0, 2.0.1",
        "$shiro1$SHA-256$500000$salt$digest",
        r"\$shiro1\$(?P<name>[A-Za-z0-9-]+)\$(?P<rounds>\d{1,9})"
        r"\$(?P<salt>[A-Za-z0-9+/=]*)\$(?P<digest>[A-Za-z0-9+/=]+)",
        _shiro,
    ),
    form(
        "Apache Shiro 2.0.1",
        "$shiro2$argon2id$…",
        r"\$shiro2\$(?P<name>argon2(id|i|d))\$v=(?P<v>\d+)"
        r"\$(?P<costs>[mtp]=\d+,[mtp]=\d+,[mtp]=\d+)"
        r"\$(?P<salt>[A-Za-z0-9+/=]+)\$(?P<digest>[A-Za-z0-9+/=]+)",
        _shiro_argon2,
    ),
    form(
        "Apache Shiro 2.0.1",
        "$shiro2$2y$10$…",
        r"\$shiro2(?P<hash>\$2[aby]\$\d\d\$[./A-Za-z0-9]{53})",
        inner,
    ),
    form(
        "Werkzeug 3.1.9 (Flask)",
        "scrypt:32768:8:1$salt$hex",
        r"scrypt:(?P<n>\d{1,9}):(?P<r>\d{1,5}):(?P<p>\d{1,5})"
        r"\$(?P<salt>[^$]+)\$(?P<hex>([0-9a-f]{2})+)",
        _werkzeug_scrypt,
    ),
    form(
        "Werkzeug 3.1.9 (Flask)",
        "pbkdf2:sha256:1000000$salt$hex",
        r"pbkdf2:(?P<name>sha1|sha256|sha512):(?P<rounds>\d{1,9})"
        r"\$(?P<salt>[^$]+)\$(?P<hex>([0-9a-f]{2})+)",
        _werkzeug_pbkdf2,
    ),
    form(
        "Django 5.2.19 and before",
        "sha1$salt$hex, md5$salt$hex",
        r"(?P<name>sha1|md5)\$(?P<salt>[^$]*)\$(?P<hex>([0-9a-f]{2}){16,20})",
        _django_digest,
    ),
    form(
        "better-auth 1.7.25, Lucia 3.2.2, Oslo 1.2.1",
        "salt:key, or s2:salt:key, in hexadecimal",
        r"(s2:)?(?P<salt>[0-9a-f]{32}):(?P<hex>[0-9a-f]{128})",
        _js_scrypt,
        reading="nfkc",
    ),
    form(
        "Lucia 1",
        "salt:key, the salt of 16 letters",
        r"(?P<salt>[0-9a-zA-Z]{16}):(?P<hex>[0-9a-f]{128})",
        _lucia_1,
        reading="nfkc",
        proof="LegacyScrypt.verify of Lucia 3.2.2 accepts it",
    ),
    form(
        "Payload 3.90.2 (600,000 rounds)",
        "salt:pbkdf2-sha256-v1:hex (its columns `salt` and `hash`)",
        r"(?P<salt>[0-9a-f]{64}):(?P<new>pbkdf2-sha256-v1:)(?P<hex>[0-9a-f]{64})",
        _js_pbkdf2,
    ),
    form(
        "passport-local-mongoose 9.2.0, Payload before (25,000 rounds)",
        "salt:hex of 512 bytes (its fields `salt` and `hash`)",
        r"(?P<salt>[0-9a-f]{64}):(?P<new>)(?P<hex>[0-9a-f]{1024})",
        _js_pbkdf2,
    ),
)
