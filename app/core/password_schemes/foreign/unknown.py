"""Hashes whose names are known and that are not taken, with what is known of them."""

import re

_HEX = "without a salt or with one that is not in it; ask these people to reset"
_TABLE = (
    (r"\{(PLAIN|CLEAR|CLEARTEXT|noop)\}.*", "plain text is no hash"),
    (
        r"\{(CRAM-MD5|DIGEST-MD5|SCRAM-[A-Z0-9-]+|RPA|HMAC-MD5|LANMAN|NTLM|OTP)"
        r"[^}]*\}.*",
        "{SCHEME} of Dovecot that serves a protocol; no password can be checked by it",
    ),
    (r"SCRAM-SHA-256\$.*", "SCRAM of PostgreSQL, which is for its own users"),
    (
        r"\{(SASL|KERBEROS|PBKDF2-SHA\d*/.*)\}.*",
        "a pointer to another server ({SASL}, {KERBEROS}), which has the password",
    ),
    (r"\{KSSHA|\{X-.*", "a directory's own scheme that is not known"),
    (r"\{[A-Za-z0-9@_.-]+\}.*", "a {SCHEME} that is not known, or malformed"),
    (r"[!*x]{1,2}.*|unusable.*", "a locked password (! or *), which nobody has"),
    (r"\*[0-9A-F]{40}", "MySQL's own, which is for its own users"),
    (r"(?i:[0-9a-f]{32})", f"32 hexadecimal digits: MD5 or NTLM {_HEX}"),
    (r"(?i:[0-9a-f]{40})", f"40 hexadecimal digits: SHA-1 {_HEX}"),
    (r"(?i:[0-9a-f]{64})", f"64 hexadecimal digits: SHA-256 {_HEX}"),
    (r"(?i:[0-9a-f]{128})", f"128 hexadecimal digits: SHA-512 {_HEX}"),
    (r"\$(NT|3)\$.*", "NTLM, an MD4 without a salt; ask these people to reset"),
    (r"\$hmac-md4\$.*", "HMAC of MD4, which no library here computes"),
    (r"_[./0-9A-Za-z]{19}", "BSDi's extended DES"),
    (r"\$md5[,$].*", "Sun's MD5"),
    (r"\$sm3.*", "yescrypt over SM3"),
    (r"\$bcrypt-?(aes|sha).*", "bcrypt of another product"),
    (r":pbkdf2-legacy.*", "MediaWiki's PBKDF2 over an older hash"),
    (r"\$1b?\$.{0,80}\$.{0,21}", "$1$ that was cut"),
    (r"\$2.?\$.*", "bcrypt that was cut"),
    (r"\$argon2.*", "malformed argon2"),
    (r"\$[A-Za-z0-9-]+\$.*", "a $scheme$ that is not known"),
)
_KNOWN = tuple((re.compile(form, re.DOTALL), said) for form, said in _TABLE)
NAMED = tuple(said for _, said in _TABLE)


def name_of(hashed: str) -> str:
    """Say what is known of a hash that no reader takes; nothing of it is quoted."""
    for form, said in _KNOWN:
        if form.fullmatch(hashed):
            return f"unknown scheme: {said}"
    return "unknown scheme: not a form of a password hash that is known"
