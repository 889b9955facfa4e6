"""docs/imports.md: which hashes come in, and how each product reads a password."""

from collections.abc import Iterator

from app.core.password_schemes import WEAK
from app.core.password_schemes.foreign import FORMS
from app.core.password_schemes.foreign.unknown import NAMED
from app.core.password_schemes.limits import MAX_SPELLINGS, MAX_WORK
from app.core.password_schemes.source import SOURCES
from app.factors.otpauth import MAX_PERIOD, MIN_SECRET_BYTES
from app.schemas.user import MAX_CODES, MAX_PASSKEYS

_INTRO = f"""# Hashes of other products

`auth-serve user import` takes the hashes below as they are. Most say who made
them. `--from NAME`, or `source` in a native line, says it where a product changes a
password before it hashes it and writes a hash that others write too.

A password is tried in NFC and as it was typed, and in what else its product makes of
it; at most {MAX_SPELLINGS} spellings, and {MAX_WORK // 1_000_000} seconds of work for
all of them. What was verified is what is hashed anew, so that whoever signed in once
signs in again: where bcrypt read 72 bytes of a longer text, 72 bytes count until
there is a new password (ADR-0024).

| `--from` | product | what it does to a password first | seen in | writes |
| --- | --- | --- | --- | --- |"""
_FORMS = """
## Forms of products

| product | form | the hash of the test was made by |
| --- | --- | --- |"""
_OWN = f"""
Besides: Argon2 (`$argon2id$`, `$argon2i$`, `$argon2d$`), bcrypt (`$2a$`, `$2b$`,
`$2y$`, `$2$`), PBKDF2 and scrypt as passlib writes them, `$5$`, `$6$` and `$1$` of
crypt, `$apr1$`, `$sha1$` of NetBSD, descrypt, phpass (`$P$`, `$H$`), WordPress 6.8
(`$wp$`), Drupal (`$S$`), Django, ASP.NET Identity, Firebase. `$y$`, `$gy$`, `$7$` and
`$2x$` need libxcrypt, which Debian, Ubuntu and Fedora have and Alpine and macOS have
not; every process that signs people in needs it then. phpBB, Drupal 10, Devise,
Nextcloud and Magento could not be run: PHP's own functions were called as these are
known to call them. WordPress was run at 6.1; the form of 6.8 was made from what is
published of it.

Weak hashes ({', '.join(sorted(WEAK))}) are taken, replaced at the first sign-in, and
counted by the import: whoever stole one finds the password in minutes.

## Forms that are refused, and what is said of them
"""

_FACTORS = f"""
## Second factors

A native line has them in `totp`, `passkeys` and `recovery_code_hashes`. An account
whose factor cannot be taken is refused: without it, it would be weaker here than it
was there.

- `totp` is an `otpauth://totp/` URI, or the secret in base32, or an object:
  `{{"secret": BASE32, "algorithm": "SHA1", "digits": 6, "period": 30}}`; a credential
  `otp` of a Keycloak realm export (`secretData` and `credentialData`; the secret is
  text unless `secretEncoding` is `BASE32`); a `TOTPDevice` of authentik (`key` in
  hex, `step`, `digits`). SHA1, SHA256 or SHA512, 6 or 8 digits, up to {MAX_PERIOD}
  seconds, at least {MIN_SECRET_BYTES} bytes. HOTP is refused. An account has one app:
  of several in a realm export the first is taken; an entry without its secret, as the
  administrators' API of Keycloak lists them, is left out.
- `passkeys` are at most {MAX_PASSKEYS} objects of one of three forms. Bytes are
  base64url or base64. Keys are COSE, of ES256, Ed25519 or RS256.
  - Ours: `credential_id`, `public_key`, `sign_count`, `user_handle`; and if known
    `transports`, `is_backup_eligible`, `is_backed_up`, `is_user_verified`, `aaguid`,
    `name`, `created_at`.
  - A row of SimpleWebAuthn: `id`, `publicKey`, `counter`, `webauthnUserID`,
    `transports`, `deviceType`, `backedUp`; beside them `is_user_verified`, `aaguid`,
    `name` and `created_at` of ours.
  - A credential `webauthn` or `webauthn-passwordless` of a Keycloak realm export, with
    `user_handle` beside it in a native line: the account's id there, as text.

  `is_user_verified` says that the authenticator verified its user when it made the
  passkey. Without it, a passkey is a second step and never signs in alone. Say it only
  where user verification was required. Of Keycloak, `webauthn-passwordless` has it:
  that signed in alone there too. Passkeys work only if `AUTH_SERVE_PASSKEY__RP_ID`
  is the domain that they were made for. No two accounts have the same passkey.
- `recovery_code_hashes` are at most {MAX_CODES}: SHA-512 in base64 as Keycloak keeps
  them (`recovery-authn-codes`), or any hash of a password above. A code is tried as it
  was typed and without its groups, and moves to our form when it is used. Codes are
  asked for only beside an app or a passkey.

`--format keycloak` takes all of them along.

## Groups and attributes

A native line names groups in `groups` and has [attributes](attributes.md) in
`attributes`, in their types. A group that is not there refuses the line, unless
`--create-groups` makes it; an attribute that is not defined, or a value that its
definition refuses, refuses it too, and so does a required one that is missing.

A line may have `foreign_groups` and `attribute_texts` (lists of texts by name)
instead, of a product that knows neither our names nor types. `--format keycloak`
makes them of `groups`, by their whole path as Keycloak's own mapper tells it
(`/ops/nights`), and of `attributes`. What is not here is left out there, and told;
with `--create-groups` groups are made, of names that a [group](groups.md) may have.
Define the attributes first: texts become numbers, days and lists by their types, and
what cannot is refused.

With `--create-groups` a realm's own groups are made too, those inside of others by
their paths, with the realm roles that they have there, and the groups above them,
where a role of that name exists here. A role that may do everything is never given so:
`admin` of a realm is of an application. Groups that are there stay what they are.

## Leaving again

`auth-serve user export FILE` writes every active account as a native line, which
`user import` of another installation takes: address, name, password hash, the
authenticator app as an `otpauth` URI, passkeys, hashes of imported recovery codes,
picture, groups, attributes. The file is new, readable by its owner alone, and as
secret as a backup; the audit trail tells of it (`user.all_exported`). The command says
what stays behind: recovery codes that were made here, which work under this secret key
only, and hashes of products that no import reads as they stand. Disabled accounts,
roles and links to applications are not in it. Passkeys work where the domain is the
same.

A backup holds all of it for this service alone: the secrets of apps are sealed under
the secret key. What an owner exports (`GET /api/v1/users/me/export`) tells that there
is a factor, and no secret.
"""


def imports() -> str:
    """Return the document, without its first comment."""
    refused = "\n".join(f"- {said}" for said in NAMED)
    parts = [_INTRO, *_sources(), _FORMS, *_forms(), _OWN, refused, _FACTORS.rstrip()]
    return "\n".join(parts) + "\n"


def _sources() -> Iterator[str]:
    for name, each in sorted(SOURCES.items()):
        cells = f"`{name}`", each.product, each.does, each.seen or "-", each.hashes
        yield _row(*cells)


def _forms() -> Iterator[str]:
    for each in FORMS:
        yield _row(each.product, f"`{each.example}`", each.proof)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
