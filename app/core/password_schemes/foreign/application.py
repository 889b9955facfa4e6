"""Applications with accounts of their own."""

import re

from app.core.password_schemes.base import b64, b64_loose, b64_text
from app.core.password_schemes.digest import Digest
from app.core.password_schemes.foreign.form import (
    form,
    inner,
    pbkdf2,
    salted,
    scrypt,
)
from app.core.password_schemes.limits import HashRefused

_GITEA = "Gitea 1.27.3, Forgejo"
_KRATOS = "Ory Kratos 1.3.1"


def _mediawiki_pbkdf2(match: re.Match[str]) -> str:
    salt, digest = b64(match["salt"]), b64(match["digest"])
    return pbkdf2(match["name"], int(match["rounds"]), salt, digest)


def _mediawiki_b(match: re.Match[str]) -> str:
    before = f"{match['salt']}-".encode()
    return str(Digest("md5", bytes.fromhex(match["hex"]), before=before, pre="md5hex"))


def _gitea_salt(match: re.Match[str]) -> bytes:
    """Return the bytes of a salt; until Gitea 1.14 it was 10 letters."""
    salt = match["salt"]
    return salt.encode() if len(salt) == 10 else bytes.fromhex(salt)


def _gitea_pbkdf2(match: re.Match[str]) -> str:
    """Read PBKDF2; where the parameters are not said they are those of the first."""
    digest, rounds = bytes.fromhex(match["hex"]), int(match["rounds"] or 10_000)
    return pbkdf2("sha256", rounds, _gitea_salt(match), digest)


def _gitea_scrypt(match: re.Match[str]) -> str:
    n, r, p = (match[name] for name in ("n", "r", "p"))
    costs = (int(n), int(r), int(p)) if n else (65_536, 16, 2)
    return scrypt(*costs, _gitea_salt(match), bytes.fromhex(match["hex"]))


def _gitea_argon2(match: re.Match[str]) -> str:
    salt, digest = b64_text(_gitea_salt(match)), b64_text(bytes.fromhex(match["hex"]))
    t, m, p = (match[name] for name in ("t", "m", "p"))
    t, m, p = (int(t), int(m), int(p)) if t else (2, 65_536, 8)
    return f"$argon2id$v=19$m={m},t={t},p={p}${salt}${digest}"


def _kratos_crypt(match: re.Match[str]) -> str:
    number = {"md5": 1, "sha256": 5, "sha512": 6}[match["name"]]
    return f"${number}${match['rest']}"


def _kratos_pbkdf2(match: re.Match[str]) -> str:
    salt, digest = b64_loose(match["salt"]), b64_loose(match["digest"])
    return pbkdf2(match["name"], int(match["rounds"]), salt, digest)


def _kratos_scrypt(match: re.Match[str]) -> str:
    """Read ``ln``, which is N itself in Kratos and its logarithm elsewhere."""
    costs = int(match["n"]), int(match["r"]), int(match["p"])
    return scrypt(*costs, b64_loose(match["salt"]), b64_loose(match["digest"]))


def _kratos_digest(match: re.Match[str]) -> str:
    digest = b64_loose(match["digest"])
    salt = b64_loose(match["salt"] or "")
    template = b64_loose(match["pf"]) if match["pf"] else b"{PASSWORD}"
    before, found, after = template.partition(b"{PASSWORD}")
    if not found or b"{PASSWORD}" in after:
        raise HashRefused("password format of Kratos that is not known")
    before, after = before.replace(b"{SALT}", salt), after.replace(b"{SALT}", salt)
    return salted(match["name"], digest, before=before, after=after)


def _kratos_hmac(match: re.Match[str]) -> str:
    """Read the digest in hexadecimal and the key, each in base64."""
    digest, key = bytes.fromhex(b64(match["digest"]).decode()), b64(match["key"])
    return str(Digest(match["name"], digest, before=key, is_hmac=True))


def _kratos_firebase(match: re.Match[str]) -> str:
    separator, key = match["separator"], match["key"]
    costs = f"v=1,n={int(match['n'])},r={int(match['r'])},p={int(match['p'])}"
    return (
        f"$fbscrypt${costs},ss={separator},sk={key}${match['salt']}${match['digest']}"
    )


def _magento_digest(match: re.Match[str]) -> str:
    name = {"0": "md5", "1": "sha256"}[match["version"]]
    salt = match["salt"].encode()
    return salted(name, bytes.fromhex(match["hex"]), before=salt)


def _magento_argon2(match: re.Match[str]) -> str:
    """Read libsodium's Argon2id 1.3, whose salt is the first 16 bytes of the text."""
    version = match["costs"] or "32_2_67108864"
    length, passes, memory = (int(each) for each in version.split("_"))
    digest = bytes.fromhex(match["hex"])
    if len(digest) != length:
        raise HashRefused("malformed Magento hash")
    salt = b64_text(match["salt"].encode()[:16])
    costs = f"m={memory // 1024},t={passes},p=1"
    return f"$argon2id$v=19${costs}${salt}${b64_text(digest)}"


FORMS = (
    form(
        "MediaWiki 1.39.17",
        ":pbkdf2:sha512:30000:64:salt:digest",
        r":pbkdf2:(?P<name>sha1|sha256|sha512):(?P<rounds>\d{1,9}):\d{1,4}"
        r":(?P<salt>[A-Za-z0-9+/=]+):(?P<digest>[A-Za-z0-9+/=]+)",
        _mediawiki_pbkdf2,
    ),
    form(
        "MediaWiki 1.39.17",
        ":argon2:$argon2id$…",
        r":argon2:(?P<hash>\$argon2\S+)",
        inner,
        proof="built by hand: Debian's PHP has no Argon2 of its own",
    ),
    form(
        "MediaWiki 1.39.17",
        ":bcrypt:10$salt$digest",
        r":bcrypt:(?P<cost>\d{1,2})\$(?P<salt>[./A-Za-z0-9]{22})"
        r"\$(?P<hash>[./A-Za-z0-9]{31})",
        lambda match: f"$2y${int(match['cost']):02}${match['salt']}{match['hash']}",
    ),
    form(
        "MediaWiki 1.39.17",
        ":B:salt:hex",
        r":B:(?P<salt>[^:]*):(?P<hex>[0-9a-f]{32})",
        _mediawiki_b,
    ),
    form(
        "MediaWiki 1.39.17",
        ":A:hex",
        r":A:(?P<hex>[0-9a-f]{32})",
        lambda match: salted("md5", bytes.fromhex(match["hex"])),
    ),
    form(
        "Nextcloud, ownCloud",
        "3|$argon2id$…, 2|$argon2i$…, 1|$2y$…",
        r"[123]\|(?P<hash>\$\S+)",
        inner,
        proof="built by hand: no registry within reach has the product",
    ),
    form(
        _GITEA,
        "pbkdf2$50000$50$salt$hex "
        "(`passwd_hash_algo || '$' || salt || '$' || passwd`)",
        r"pbkdf2(\$(?P<rounds>\d{1,9})\$\d{1,4})?"
        r"\$(?P<salt>[0-9a-f]{32,}|[^$]{10})\$(?P<hex>([0-9a-f]{2})+)",
        _gitea_pbkdf2,
    ),
    form(
        _GITEA,
        "argon2$2$65536$8$50$salt$hex",
        r"argon2(\$(?P<t>\d{1,9})\$(?P<m>\d{1,9})\$(?P<p>\d{1,4})\$\d{1,4})?"
        r"\$(?P<salt>[0-9a-f]{32,}|[^$]{10})\$(?P<hex>([0-9a-f]{2})+)",
        _gitea_argon2,
    ),
    form(
        _GITEA,
        "scrypt$65536$16$2$50$salt$hex",
        r"scrypt(\$(?P<n>\d{1,9})\$(?P<r>\d{1,5})\$(?P<p>\d{1,5})\$\d{1,4})?"
        r"\$(?P<salt>[0-9a-f]{32,}|[^$]{10})\$(?P<hex>([0-9a-f]{2})+)",
        _gitea_scrypt,
    ),
    form(
        _GITEA,
        "bcrypt$10$salt$$2a$10$…",
        r"bcrypt(\$\d{1,2})?\$[^$]*\$(?P<hash>\$2[aby]\$\d\d\$[./A-Za-z0-9]{53})",
        inner,
    ),
    form(
        _KRATOS,
        "$pbkdf2-sha256$i=100000,l=32$salt$digest",
        r"\$pbkdf2-(?P<name>sha(1|224|256|384|512))\$i=(?P<rounds>\d{1,9}),l=\d{1,4}"
        r"\$(?P<salt>[\w+/.=-]*)\$(?P<digest>[\w+/.=-]+)",
        _kratos_pbkdf2,
    ),
    form(
        _KRATOS,
        "$scrypt$ln=16384,r=8,p=1$salt$digest",
        r"\$scrypt\$ln=(?P<n>\d{3,9}),r=(?P<r>\d{1,5}),p=(?P<p>\d{1,5})"
        r"\$(?P<salt>[\w+/.=-]*)\$(?P<digest>[\w+/.=-]+)",
        _kratos_scrypt,
    ),
    form(
        _KRATOS,
        "$md5$pf=…$salt$digest, $sha1$…, $sha256$…, $sha512$…",
        r"\$(?P<name>md5|sha1|sha256|sha512)\$(pf=(?P<pf>[\w+/=-]+)"
        r"\$(?P<salt>[\w+/=-]*)\$)?(?P<digest>[\w+/=-]+)",
        _kratos_digest,
    ),
    form(
        _KRATOS,
        "$md5-crypt$…, $sha256-crypt$…, $sha512-crypt$…",
        r"\$(?P<name>md5|sha256|sha512)-crypt\$(?P<rest>\S+)",
        _kratos_crypt,
    ),
    form(
        _KRATOS,
        "$hmac-sha256$digest$key",
        r"\$hmac-(?P<name>md5|sha1|sha224|sha256|sha384|sha512)"
        r"\$(?P<digest>[A-Za-z0-9+/=]+)\$(?P<key>[A-Za-z0-9+/=]+)",
        _kratos_hmac,
    ),
    form(
        _KRATOS,
        "$firescrypt$ln=14,r=8,p=1$salt$digest$separator$key",
        r"\$firescrypt\$ln=(?P<n>\d{1,2}),r=(?P<r>\d{1,5}),p=(?P<p>1)"
        r"\$(?P<salt>[A-Za-z0-9+/=]+)\$(?P<digest>[A-Za-z0-9+/=]+)"
        r"\$(?P<separator>[A-Za-z0-9+/=]*)\$(?P<key>[A-Za-z0-9+/=]+)",
        _kratos_firebase,
    ),
    form(
        "Magento 2",
        "hex:salt:1 (SHA-256), hex:salt:0 (MD5)",
        r"(?P<hex>([0-9a-f]{2}){16,32}):(?P<salt>[^:]*):(?P<version>[01])",
        _magento_digest,
        proof="built by hand: no registry within reach has the product",
    ),
    form(
        "Magento 2.3 and later",
        "hex:salt:2, hex:salt:3_32_2_67108864",
        r"(?P<hex>[0-9a-f]{64}):(?P<salt>[^:]{16,}):"
        r"(2|3_(?P<costs>\d{1,3}_\d{1,3}_\d{1,10}))",
        _magento_argon2,
        proof="built by hand: no registry within reach has the product",
    ),
)
