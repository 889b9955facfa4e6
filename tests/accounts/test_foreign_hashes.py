"""Hashes from other products: verified once, replaced, and never too costly."""

import struct
from typing import Any

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.password_schemes import SCHEMES, exported
from app.core.password_schemes.aspnet import AspNetIdentity
from app.core.password_schemes.base import same
from app.core.password_schemes.importable import read_hash, scheme_of
from app.core.passwords import PasswordHasher, check_importable
from app.setting_groups import PasswordSettings
from tests.support.foreign_hashes import (
    ALL,
    BUILT,
    FIREBASE,
    FIREBASE_HASH,
    FIREBASE_SALT,
    PASSWORD,
    PUBLISHED,
    P,
    aspnet_v3,
    b64,
    keycloak,
    keycloak_argon2,
    wordpress,
)
from tests.support.foreign_vectors import VECTORS
from tests.support.quick_hashing import quick_hasher


@pytest.fixture(scope="module")
def hasher() -> PasswordHasher:
    return PasswordHasher()


# For what is refused, whatever our own hashes cost; none of the others has its memory.
QUICK = quick_hasher(PasswordSettings(), memory_kib=72)


# --- verified once, then replaced ----------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_the_first_good_sign_in_replaces_a_foreign_hash(
    hasher: PasswordHasher, name: str
) -> None:
    password, hashed = ALL[name]
    assert check_importable(hashed) is None

    verification = hasher.verify(password, hashed)

    assert verification.ok
    assert verification.replacement is not None
    assert verification.replacement.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    own = hasher.verify(password, verification.replacement)
    assert (own.ok, own.replacement) == (True, None)


@pytest.mark.parametrize("name", ALL)
def test_a_foreign_hash_refuses_every_other_password(name: str) -> None:
    password, hashed = ALL[name]

    for wrong in ["", password + "x", password[:-1], "x" + password, hashed]:
        verification = QUICK.verify(wrong, hashed)
        assert (verification.ok, verification.replacement) == (False, None)


def test_every_scheme_of_the_list_is_tried_here() -> None:
    hashes = [hashed for _, hashed in ALL.values()]
    hashes += [vector.hashed for vector in VECTORS]
    tried = {scheme_of(read_hash(hashed).hashed) for hashed in hashes}

    assert tried == {getattr(scheme, "name", scheme) for scheme in SCHEMES}


def test_nothing_new_is_ever_written_in_a_foreign_form() -> None:
    with pytest.raises(NotImplementedError):
        AspNetIdentity.hash(PASSWORD)


# --- quirks of their writers ---------------------------------------------------------


LONG = "\u00e9" * 40  # 80 bytes


@pytest.mark.parametrize("prefix", ["", "{CRYPT}", "bcrypt$", "@phpbb:"])
@pytest.mark.parametrize("first", [LONG, LONG[:36], LONG[:36] + "another end"])
def test_what_bcrypt_did_not_read_locks_no_owner_out(
    hasher: PasswordHasher, prefix: str, first: str
) -> None:
    inner = bcrypt.hashpw(LONG.encode()[:72], bcrypt.gensalt(4)).decode()

    replacement = hasher.verify(first, prefix + inner).replacement

    assert replacement is not None and "$argon2id$" in replacement
    assert check_importable(replacement) is None
    for text in (LONG, LONG[:36], first):  # as it was before the hash was replaced
        again = hasher.verify(text, replacement)
        assert (again.ok, again.replacement) == (True, None)
    for text in (LONG[:35], LONG[:35] + "ee", "x" + LONG):
        assert not hasher.verify(text, replacement).ok


def test_a_bcrypt_hash_of_less_than_72_bytes_is_replaced_by_a_plain_one(
    hasher: PasswordHasher,
) -> None:
    hashed = bcrypt.hashpw(b"x" * 71, bcrypt.gensalt(4)).decode()

    verification = hasher.verify("x" * 71, hashed)

    assert (verification.replacement or "").startswith("$argon2id$")
    assert not hasher.verify("x" * 72, hashed).ok


def test_bcrypt_is_cut_within_a_character_as_its_writers_did(
    hasher: PasswordHasher,
) -> None:
    odd = "x" + LONG

    hashed = bcrypt.hashpw(odd.encode()[:72], bcrypt.gensalt(4)).decode()

    assert hasher.verify(odd, hashed).ok


IGNORE_PADDING = "ignore:encountered a bcrypt:passlib.exc.PasslibHashWarning"


@pytest.mark.filterwarnings(IGNORE_PADDING)
def test_bcrypt_with_stray_padding_bits_verifies(hasher: PasswordHasher) -> None:
    password, hashed = PUBLISHED["bcrypt 2a (Openwall)"]
    stray = hashed.replace("C.E5Y", "C/E5Y")

    assert check_importable(stray) is None
    assert hasher.verify(password, stray).ok
    assert not hasher.verify("x", stray).ok


def test_a_bcrypt_sha256_hash_counts_every_byte(hasher: PasswordHasher) -> None:
    hashed = P.django_bcrypt_sha256.using(rounds=4).hash(LONG)

    assert hasher.verify(LONG, hashed).ok
    assert not hasher.verify(LONG[:36], hashed).ok


def test_a_devise_pepper_is_appended_to_imported_bcrypt(
    hasher: PasswordHasher,
) -> None:
    hashed = bcrypt.hashpw(b"correct horsePEPPER", bcrypt.gensalt(4)).decode()
    peppered = PasswordHasher(devise_pepper="PEPPER")

    assert peppered.verify("correct horse", hashed).ok
    assert not hasher.verify("correct horse", hashed).ok
    # Accounts of other origin, and our own hashes, know nothing of it.
    assert peppered.verify(PASSWORD, BUILT["bcrypt 2b"]).ok
    assert peppered.verify(PASSWORD, hasher.hash(PASSWORD)).ok


@pytest.mark.parametrize("typed", ["correct horse", " correct horse\t"])
def test_wordpress_takes_blanks_away(hasher: PasswordHasher, typed: str) -> None:
    assert hasher.verify(typed, wordpress("correct horse")).ok
    assert hasher.verify(typed, P.phpass.using(rounds=7).hash("correct horse")).ok


def test_blanks_count_everywhere_else(hasher: PasswordHasher) -> None:
    assert not hasher.verify(PASSWORD + " ", BUILT["bcrypt 2b"]).ok
    assert not hasher.verify(PASSWORD + " ", hasher.hash(PASSWORD)).ok


def test_a_foreign_hash_of_decomposed_letters_still_verifies(
    hasher: PasswordHasher,
) -> None:
    decomposed = "le\u0300tmein"
    foreign = P.django_pbkdf2_sha256.using(rounds=9).hash(decomposed)

    replacement = hasher.verify(decomposed, foreign).replacement

    assert replacement is not None
    assert hasher.verify(PASSWORD, replacement).ok  # from now on it is one password
    assert hasher.verify(decomposed, BUILT["ssha"]).ok


# --- what may be imported ------------------------------------------------------------


SALT, DIGEST = "A" * 22, "A" * 43
COSTLY = {
    "argon2 memory": f"$argon2id$v=19$m=1048577,t=1,p=1${SALT}${DIGEST}",
    "argon2 work": f"$argon2id$v=19$m=1048576,t=5,p=1${SALT}${DIGEST}",
    "argon2 passes": f"$argon2id$v=19$m=8,t=4294967295,p=1${SALT}${DIGEST}",
    "argon2 lanes": f"$argon2id$v=19$m=65536,t=1,p=65${SALT}${DIGEST}",
    "django argon2": f"argon2$argon2i$v=19$m=1048577,t=1,p=1${SALT}${DIGEST}",
    "bcrypt": "$2b$16$" + "." * 53,
    "bcrypt 31": "$2y$31$" + "." * 53,
    "ldap bcrypt": "{CRYPT}$2b$16$" + "." * 53,
    "django bcrypt": "bcrypt$$2b$16$" + "." * 53,
    "django bcrypt_sha256": "bcrypt_sha256$$2b$16$" + "." * 53,
    "wordpress": "$wp$2y$16$" + "." * 53,
    "pbkdf2": f"$pbkdf2-sha256$10000001${SALT}${DIGEST}",
    "django pbkdf2": f"pbkdf2_sha256$10000001$salt${DIGEST}=",
    "sha256_crypt": f"$5$rounds=1000001$saltsalt${DIGEST}",
    "ldap crypt": f"{{CRYPT}}$6$rounds=999999999$saltsalt${DIGEST * 2}",
    "netbsd sha1": "$sha1$4000001$saltsalt$" + "." * 28,
    "digest": "$shiro1$SHA-256$4000001$AAAA$" + b64(bytes(32)),
    "werkzeug": "scrypt:1048576:8:2$salt$" + "00" * 64,
    "yescrypt": "$y$jKT$saltsaltsalt$" + "." * 43,
    "spring scrypt": "{scrypt}$150801$AAAA$" + b64(bytes(32)),
    "ldap pbkdf2": "{PBKDF2-SHA256}10000001$AAAA$" + b64(bytes(32)),
    "phpass": "$P$Jsaltsalt" + "." * 22,
    "drupal": "$S$Jsaltsalt" + "." * 43,
    "django scrypt": f"scrypt$1048576$salt$8$2${b64(bytes(64))}",
    "django scrypt p": f"scrypt$16384$salt$8$99999${b64(bytes(64))}",
    "firebase": f"$fbscrypt$v=1,n=21,r=8,p=1,ss=Bw==,sk={b64(bytes(64))}"
    f"$Bw==${b64(bytes(64))}",
    "firebase n": f"$fbscrypt$v=1,n=99,r=1,p=1,ss=Bw==,sk={b64(bytes(64))}"
    f"$Bw==${b64(bytes(64))}",
    "aspnet": b64(
        b"\x01" + struct.pack(">III", 2, 10_000_001, 16) + bytes(16) + bytes(32)
    ),
    "aspnet blocks": b64(
        b"\x01" + struct.pack(">III", 0, 2_000_000, 16) + bytes(16) + bytes(600)
    ),
}


@pytest.mark.parametrize("name", COSTLY)
def test_a_hash_that_would_cost_too_much_is_neither_imported_nor_computed(
    hasher: PasswordHasher, name: str
) -> None:
    reason = check_importable(COSTLY[name])

    assert reason is not None
    assert "above the limit" in reason
    assert COSTLY[name] not in reason
    assert not hasher.verify("x", COSTLY[name]).ok


# Each of these would be met by every password if it was compared carelessly.
EMPTY = {
    "aspnet without a subkey": b64(b"\x01" + struct.pack(">III", 2, 9, 16) + bytes(16)),
    "aspnet short subkey": aspnet_v3("x", length=4),
    "aspnet salt beyond the end": b64(
        b"\x01" + struct.pack(">III", 2, 9, 4_000_000_000) + bytes(48)
    ),
    "aspnet short salt": aspnet_v3("x", salt=8),
    "aspnet unknown prf": b64(b"\x01" + struct.pack(">III", 3, 9, 16) + bytes(48)),
    "aspnet no rounds": b64(b"\x01" + struct.pack(">III", 2, 0, 16) + bytes(48)),
    "aspnet header only": "AQAAAAIA",
    "firebase without a hash": "$fbscrypt$v=1,n=4,r=1,p=1,ss=,sk=Bw==$Bw==$Bw==",
    "firebase without a signer key": "$fbscrypt$v=1,n=4,r=1,p=1,ss=,sk=$Bw==$",
    "firebase lengths differ": f"$fbscrypt$v=1,n=4,r=1,p=1,ss=,sk={b64(bytes(64))}"
    f"$Bw==${b64(bytes(32))}",
    "firebase other version": f"$fbscrypt$v=2,n=4,r=1,p=1,ss=,sk={b64(bytes(64))}"
    f"$Bw==${b64(bytes(64))}",
    "django scrypt without a hash": "scrypt$16$salt$8$1$",
    "django scrypt short": f"scrypt$16$salt$8$1${b64(bytes(16))}",
    "django scrypt N": f"scrypt$17$salt$8$1${b64(bytes(64))}",
    "django scrypt N=1": f"scrypt$1$salt$8$1${b64(bytes(64))}",
    "django scrypt r": f"scrypt$16$salt$0$1${b64(bytes(64))}",
    "drupal cut": "$S$7saltsalt",
    "wordpress cut": "$wp$2y$04$" + "." * 22,
    "bcrypt cut": "$2b$04$" + "." * 22,
    "bcrypt cost": "$2b$4$" + "." * 53,
    "argon2 without a digest": f"$argon2id$v=19$m=64,t=1,p=1${SALT}",
    "argon2 short digest": f"$argon2id$v=19$m=64,t=1,p=1${SALT}$AAAAAA",
    "pbkdf2 without a digest": f"$pbkdf2-sha256$9${SALT}$",
    "pbkdf2 short digest": f"$pbkdf2-sha256$9${SALT}$AAAA",
    "ssha empty": "{SSHA}",
    "phpass cut": "$P$7saltsalt",
    "crypt cut": "$6$saltsalt$",
    "unknown": "$7$unknown",
    "plain": "password",
    "md5": "5f4dcc3b5aa765d61d8327deb882cf99",
    "django disabled": "!unusable",
    "not ascii": f"scrypt$16$\u00e9$8$1${b64(bytes(64))}",
    "too long": f"scrypt$16${'s' * 1024}$8$1${b64(bytes(64))}",
    "empty": "",
}


@pytest.mark.parametrize("name", EMPTY)
def test_a_malformed_hash_is_not_imported_and_matches_nothing(name: str) -> None:
    assert check_importable(EMPTY[name])
    for password in ["", "x", "password", EMPTY[name]]:
        assert not QUICK.verify(password, EMPTY[name]).ok


def test_an_empty_digest_equals_nothing() -> None:
    assert same(b"x", b"x")
    assert not same(b"x", b"y")
    assert not same(b"", b"")


CHEAP = sorted(hashed for hashed in BUILT.values() if "1000$" not in hashed)


@pytest.mark.filterwarnings(IGNORE_PADDING)
@settings(max_examples=150, deadline=None)
@given(hashed=st.sampled_from(CHEAP), data=st.data())
def test_no_damage_to_a_hash_raises_or_lets_somebody_in(
    hashed: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(hashed) - 1))
    end = data.draw(st.integers(start, min(len(hashed), start + 8)))
    put = data.draw(st.text("$,=./+{}AzU \0\u00e9\n-", max_size=3))
    damaged = hashed[:start] + put + hashed[end:]

    assert not QUICK.verify("another password", damaged).ok


# --- converters ----------------------------------------------------------------------


def test_keycloak_writes_64_bytes_for_sha256_and_32_are_kept() -> None:
    short = exported.from_keycloak(keycloak(PASSWORD, "sha256", 32))

    assert short == BUILT["keycloak sha256"]
    assert short.startswith("$pbkdf2-sha256$50$")


def test_converted_bytes_are_written_in_passlibs_base64() -> None:
    written = exported.pbkdf2_string("pbkdf2-sha256", 9, b"\xfb" * 16, b"\xfb" * 64, 32)

    assert "+" not in written
    assert P.pbkdf2_sha256.from_string(written).to_string() == written


def test_keycloak_exports_of_sha1_are_known(hasher: PasswordHasher) -> None:
    credential = keycloak(PASSWORD, "sha1", 64)
    credential["credentialData"] = '{"hashIterations": 50, "algorithm": "pbkdf2"}'

    assert hasher.verify(PASSWORD, exported.from_keycloak(credential)).ok


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"secretData": "{}", "credentialData": "{}"},
        {"secretData": "[", "credentialData": "{}"},
        {"secretData": None, "credentialData": None},
        {"secretData": "[]", "credentialData": "[]"},
        {**keycloak("x", "sha256", 64), "credentialData": '{"algorithm": "md5"}'},
        {**keycloak("x", "sha256", 64), "secretData": '{"value": "?", "salt": "?"}'},
        keycloak("x", "sha256", 16),
        keycloak("x", "sha512", 32),
        {
            **keycloak_argon2("x"),
            "credentialData": '{"algorithm": "argon2", "additionalParameters": {}}',
        },
    ],
    ids=range(10),
)
def test_what_is_no_keycloak_credential_is_refused(credential: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the text is for the operator)
        exported.from_keycloak(credential)


@pytest.mark.parametrize(
    "text", ["", "?", aspnet_v3("x"), b64(b"\0" * 48), b64(b"\0" * 50)]
)
def test_what_is_no_aspnet_identity_2_hash_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (as above)
        exported.from_aspnet_identity_v2(text)


def test_firebase_exports_in_either_alphabet_are_one(hasher: PasswordHasher) -> None:
    def web(text: str) -> str:
        return text.replace("+", "-").replace("/", "_").rstrip("=")

    hashed = exported.from_firebase(
        web(FIREBASE_HASH), web(FIREBASE_SALT), parameters=FIREBASE
    )

    assert hashed == PUBLISHED["firebase"][1]


def test_firebase_parameters_must_be_complete() -> None:
    for missing in FIREBASE:
        rest = {name: value for name, value in FIREBASE.items() if name != missing}
        with pytest.raises(ValueError, match="hash parameters"):
            exported.from_firebase(FIREBASE_HASH, FIREBASE_SALT, parameters=rest)
