"""The products that a hash may come from (``user import --from``).

Most hashes say themselves who made them. Where a product changes a password before it
hashes it and writes a hash that others write too, its name makes the difference.
"""

from dataclasses import dataclass

__all__ = ["SOURCES", "Source"]


@dataclass(frozen=True, slots=True)
class Source:
    """A row of the table in docs/imports.md.

    Attributes:
        product: Its name, for people.
        reading: What it does to a password first, see ``reading``.
        does: The same in words.
        seen: Where, and in which version.
        hashes: What it writes.
    """

    product: str
    reading: str
    does: str
    seen: str
    hashes: str


_AS_TYPED = "hashes what was typed"
SOURCES = {
    "wordpress": Source(
        "WordPress",
        "wordpress",
        "takes blanks away at both ends; puts a backslash before `'`, `\"` and `\\` in "
        "what comes from a form, and not in what code sets: both are tried",
        "6.1.9 and 6.8: wp-includes/load.php (`wp_magic_quotes`), pluggable.php",
        "`$P$`, `$wp$`",
    ),
    "phpbb": Source(
        "phpBB",
        "phpbb",
        'writes `& < > "` as HTML entities; NFC; until 3.2 takes blanks away',
        "3.3: phpbb/request/type_cast_helper.php",
        "`$H$`, `$2y$`, `$argon2id$`, `$argon2i$`",
    ),
    "drupal": Source(
        "Drupal",
        "drupal",
        "takes blanks away at both ends",
        "7 and 10: form element `password`, user.module",
        "`$S$`, `U$S$`, `$2y$`, `$argon2id$`",
    ),
    "better-auth": Source(
        "better-auth", "nfkc", "NFKC", "1.7.25: @better-auth/utils", "`salt:key`"
    ),
    "lucia": Source(
        "Lucia, Oslo",
        "nfkc",
        "NFKC",
        "3.2.2: crypto.js; Oslo 1.2.1: password/",
        "`salt:key`, `s2:salt:key`, `$argon2id$`, `$2…$`",
    ),
    "flask-security": Source(
        "Flask-Security",
        "flask-security",
        "NFKD, then an HMAC under `SECURITY_PASSWORD_SALT`, given as "
        "`AUTH_SERVE_PASSWORD__FLASK_SECURITY_SALT`",
        "5.9.2: utils.py",
        "`$argon2id$`, `$2b$`, `$pbkdf2-sha512$`",
    ),
    "devise": Source(
        "Devise",
        "",
        "appends `config.pepper`, given as `AUTH_SERVE_PASSWORD__DEVISE_PEPPER`",
        "4.9: encryptor.rb",
        "`$2a$`",
    ),
}
_PLAIN = {
    "389ds": (
        "389 Directory Server",
        "`{PBKDF2_SHA256}`, `{PBKDF2-SHA256}`, `{SSHA…}`",
    ),
    "auth0": ("Auth0", "`$2b$`"),
    "django": ("Django", "`pbkdf2_sha256$`, `argon2$`, `bcrypt…$`, `scrypt$`, `sha1$`"),
    "dovecot": ("Dovecot", "`{SCHEME}`"),
    "gitea": ("Gitea, Forgejo", "`passwd_hash_algo`, `salt` and `passwd` in one"),
    "kratos": ("Ory Kratos", "`$argon2id$`, `$2a$`, `$pbkdf2-…`, `$scrypt$`, …"),
    "laravel": ("Laravel", "`$2y$`, `$argon2id$`"),
    "ldap": ("OpenLDAP and others", "`{SSHA}`, `{CRYPT}`, `{PBKDF2…}`, `{ARGON2}`, …"),
    "linux": ("/etc/shadow", "`$y$`, `$6$`, `$5$`, `$1$`"),
    "magento": ("Magento", "`hex:salt:1`, `hex:salt:3_32_2_67108864`"),
    "mediawiki": ("MediaWiki", "`:pbkdf2:`, `:argon2:`, `:B:`"),
    "nextcloud": ("Nextcloud", "`3|$argon2id$`"),
    "passport": ("passport-local-mongoose", "`salt:hash`"),
    "payload": ("Payload", "`salt:hash`"),
    "shiro": ("Apache Shiro", "`$shiro1$`, `$shiro2$`"),
    "spring": ("Spring Security", "`{bcrypt}`, `{argon2…}`, `{pbkdf2…}`, `{scrypt…}`"),
    "supabase": ("Supabase (GoTrue)", "`$2a$`, `$fbscrypt$`"),
    "werkzeug": ("Werkzeug (Flask)", "`scrypt:`, `pbkdf2:`"),
}
SOURCES |= {
    name: Source(product, "", _AS_TYPED, "", hashes)
    for name, (product, hashes) in _PLAIN.items()
}
