"""Hashes that the products made themselves, and how they read a password."""

import base64
import hashlib
import re
from collections.abc import Callable

import bcrypt
import pytest

from app.core.password_schemes.foreign import FORMS
from app.core.password_schemes.limits import MAX_SPELLINGS, HashRefused
from app.core.password_schemes.reading import READINGS
from app.core.password_schemes.source import SOURCES
from app.core.password_schemes.system_crypt import system_crypt
from app.core.passwords import (
    PasswordHasher,
    check_importable,
    stored_form,
    traits_of,
)
from app.setting_groups import PasswordSettings
from tests.support.foreign_hashes import P, wordpress
from tests.support.foreign_vectors import FLASK_SECURITY_SALT, QUOTES, VECTORS, Vector
from tests.support.quick_hashing import quick_hasher

CHEAP = 30_000  # microseconds


@pytest.fixture(scope="module")
def hasher() -> PasswordHasher:
    """One that knows the secret of Flask-Security; its own hashes cost nothing."""
    return quick_hasher(
        PasswordSettings.model_validate({"flask_security_salt": FLASK_SECURITY_SALT})
    )


@pytest.mark.parametrize(
    "vector", VECTORS, ids=[f"{v.product}: {v.how}" for v in VECTORS]
)
def test_what_a_product_made_signs_in_and_is_replaced(
    hasher: PasswordHasher, vector: Vector
) -> None:
    stored = stored_form(vector.hashed, vector.source)

    verification = hasher.verify(vector.password, stored)

    assert verification.ok
    replacement = verification.replacement or ""
    assert "$argon2id$" in replacement and len(stored) <= 1024
    assert check_importable(replacement) is None
    again = hasher.verify(vector.password, replacement)
    assert (again.ok, again.replacement) == (True, None)
    wrong = f"x{vector.password}"
    assert not hasher.verify(wrong, replacement).ok
    if hasher.foreign_work(wrong, stored) < CHEAP:
        assert not hasher.verify(wrong, stored).ok


def test_every_form_of_a_product_is_tried_here() -> None:
    by_hand = {":argon2:$argon2id$…"}  # Debian's PHP has no Argon2 of its own
    tried = {
        form.example
        for form in FORMS
        if any(form.pattern.fullmatch(vector.hashed) for vector in VECTORS)
    }

    assert tried | by_hand == {form.example for form in FORMS}


def test_a_hash_as_the_previous_release_stored_it_goes_on(
    hasher: PasswordHasher,
) -> None:
    for scheme in (P.ldap_salted_sha1, P.ldap_sha512_crypt.using(rounds=1000)):
        assert hasher.verify("as ever", scheme.hash("as ever")).ok


# --- how a product reads a password --------------------------------------------------


def slashed(text: str) -> str:
    return re.sub(r"(['\"\\])", r"\\\1", text)


def entities(text: str) -> str:
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(sign, name)
    return text


def quick_bcrypt(text: str) -> str:
    return bcrypt.hashpw(text.encode()[:72], bcrypt.gensalt(4)).decode()


def phpass(text: str) -> str:
    return str(P.phpass.using(rounds=7).hash(text))


TYPED = [
    "it's",
    'a "b" c',
    "back\\slash",
    "a & b < c",
    "  blanks ",
    "plain",
    "le\u0300",
]
READ: dict[str, tuple[str | None, Callable[[str], str]]] = {
    "wordpress, from a form": (None, lambda typed: wordpress(slashed(typed))),
    "wordpress, from code": (None, wordpress),
    "wordpress 6.1": (None, lambda typed: phpass(slashed(typed).strip())),
    "phpbb 3.0": (None, lambda typed: phpass(entities(typed).strip())),
    "phpbb 3.3": ("phpbb", lambda typed: quick_bcrypt(entities(typed))),
    "drupal 10": ("drupal", lambda typed: quick_bcrypt(typed.strip())),
}


@pytest.mark.parametrize("typed", TYPED)
@pytest.mark.parametrize("name", READ)
def test_a_password_is_read_as_its_product_reads_it(
    hasher: PasswordHasher, name: str, typed: str
) -> None:
    source, make = READ[name]
    stored = stored_form(make(typed), source)

    verification = hasher.verify(typed, stored)

    assert verification.ok and verification.replacement
    assert hasher.verify(typed, verification.replacement).ok


def test_who_types_what_was_hashed_locks_no_owner_out(hasher: PasswordHasher) -> None:
    """The backslash is WordPress's: somebody may take it for a part of the password."""
    replacement = hasher.verify("it\\'s", wordpress("it\\'s")).replacement or ""

    assert hasher.verify("it's", replacement).ok
    assert hasher.verify("it\\'s", replacement).ok
    assert not hasher.verify("its", replacement).ok


def test_blanks_that_a_product_took_away_stay_away(hasher: PasswordHasher) -> None:
    verification = hasher.verify(" correct horse ", wordpress("correct horse"))

    for typed in (" correct horse ", "correct horse"):
        assert hasher.verify(typed, verification.replacement).ok


@pytest.mark.parametrize("reading", READINGS)
def test_the_order_of_spellings_is_bounded(reading: str) -> None:
    spellings = READINGS[reading].spellings(" \"&\\ le\u0300' \u00df\u2460 ")

    assert 1 <= len(spellings) <= MAX_SPELLINGS
    assert len(READINGS[reading].spellings("plain words")) == 1


def test_argon2_of_decomposed_letters_is_tried_as_typed(hasher: PasswordHasher) -> None:
    for memory in (64, 128):  # of today's parameters here, and of others
        made = P.argon2.using(parallelism=1, memory_cost=memory, rounds=1)

        replacement = hasher.verify("le\u0300tmein", made.hash("le\u0300tmein"))

        assert replacement.replacement
        assert hasher.verify("l\u00e8tmein", replacement.replacement).ok


# --- bcrypt of old and odd kinds, and what cuts as it does ----------------------------


def test_bcrypt_without_a_final_nul_is_read(hasher: PasswordHasher) -> None:
    repeated = (b"correct horse" * 6)[:72]
    hashed = bcrypt.hashpw(repeated, bcrypt.gensalt(4, b"2a")).decode()
    stored = stored_form("$2$" + hashed[4:])

    assert hasher.verify("correct horse", stored).ok
    assert not hasher.verify("correct hors", stored).ok
    assert not hasher.verify("", stored).ok


def test_a_length_that_wrapped_is_read_and_not_hashed_anew(
    hasher: PasswordHasher,
) -> None:
    typed = "correct horse " * 21  # 294 bytes, of which 295 - 256 counted
    key = (typed.encode()[:39] * 2)[:72]
    hashed = bcrypt.hashpw(key, bcrypt.gensalt(4, b"2a")).decode()

    verification = hasher.verify(typed, hashed)

    assert (verification.ok, verification.replacement) == (True, None)
    assert not hasher.verify(typed[:-1], hashed).ok
    assert not hasher.verify(typed[:39], hashed).ok


def test_eight_characters_are_all_that_des_reads(hasher: PasswordHasher) -> None:
    hashed = P.des_crypt.hash("eightlet")

    replacement = hasher.verify("eightlet and more", hashed).replacement or ""

    assert hasher.verify("eightlet", replacement).ok
    assert hasher.verify("eightlet and more", replacement).ok
    assert not hasher.verify("eightle", replacement).ok
    assert "weak" in traits_of(hashed)


# --- what is refused, and what is said of it -----------------------------------------


@pytest.mark.parametrize(
    ("hashed", "said"),
    [
        ("5f4dcc3b5aa765d61d8327deb882cf99", "MD5 or NTLM"),
        ("{PLAIN}hunter2", "plain text"),
        ("{noop}hunter2", "plain text"),
        ("{CRAM-MD5}a9e", "Dovecot"),
        ("{SCRAM-SHA-256}4096,a,b,c", "Dovecot"),
        ("{SASL}ann@example.com", "another server"),
        ("{NEWSCHEME}abc", "{SCHEME}"),
        ("!", "locked"),
        ("*0", "locked"),
        ("_J9..abcd2RiNxe5vmEE", "BSDi"),
        ("$NT$b4b9b02e6f09a9bd760f388b67351e2b", "NTLM"),
        ("$hmac-md4$MWQ5$a2V5", "MD4"),
        ("$scrypt2$x", "$scheme$"),
        ("hunter2", "not a form"),
    ],
)
def test_what_no_reader_knows_is_refused_by_name(hashed: str, said: str) -> None:
    reason = check_importable(hashed)

    assert reason is not None and said in reason
    assert "hunter2" not in reason


def test_yescrypt_is_refused_by_name_where_the_machine_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashed = next(v.hashed for v in VECTORS if v.hashed.startswith("$y$"))
    assert system_crypt() is not None  # where the tests run it is there
    module = "app.core.password_schemes.system_crypt.system_crypt"
    monkeypatch.setattr(module, lambda: None)

    assert "libxcrypt" in (check_importable(hashed) or "")


@pytest.mark.parametrize("mark", ["@nobody:", "@plain+cut9:", "@:", "@Plain:"])
def test_a_mark_that_is_not_known_is_refused(mark: str) -> None:
    assert check_importable(f"{mark}$2b$04${'.' * 53}")


def test_a_name_of_a_source_is_no_way_around_the_limits() -> None:
    for source in SOURCES:
        with pytest.raises(HashRefused, match="above the limit"):
            stored_form("$2b$16$" + "." * 53, source)


@pytest.mark.parametrize(
    "hashed",
    ["{ssha}PAPVg5przjL8cXL2peBN7fe0Oxq/VecD", "{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk="],
)
def test_weak_hashes_come_in_and_are_known_as_weak(hashed: str) -> None:
    assert traits_of(stored_form(hashed)) == {"weak"}
    assert traits_of(stored_form("$2b$04$" + "." * 53)) == frozenset()


@pytest.mark.parametrize("salt", [b"", b"s", b"s" * 64])
def test_salts_of_any_length_come_in(hasher: PasswordHasher, salt: bytes) -> None:
    digest = hashlib.sha1(QUOTES.encode() + salt).digest()
    hashed = "{ssha}" + base64.b64encode(digest + salt).decode()

    assert hasher.verify(QUOTES, stored_form(hashed)).ok
