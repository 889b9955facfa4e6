"""Secrets in the Authorization field."""

from base64 import b64encode
from datetime import timedelta

import pytest

from app.oauth.client_auth.base import Credentials
from app.oauth.client_auth.client_secret_basic import ClientSecretBasic
from app.oauth.clients.client import ClientSecret
from app.oauth.clients.secrets import secret_digest
from app.oauth.errors import InvalidClient
from tests.oauth.token_support import (
    CLIENT_ID,
    NOW,
    SECRET,
    client,
    parameters,
    surroundings,
)

METHOD = ClientSecretBasic()


def _basic(text: str | bytes, scheme: str = "Basic") -> str:
    raw = text.encode() if isinstance(text, str) else text
    return f"{scheme} {b64encode(raw).decode()}"


def _read(field: str) -> Credentials | None:
    return METHOD.read(field, parameters())


def test_the_example_of_the_standard() -> None:
    """RFC 6749 §2.3.1: the server MUST support HTTP Basic."""
    found = _read("Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW")

    assert found == Credentials("client_secret_basic", CLIENT_ID, SECRET)
    assert SECRET not in repr(found)


def test_both_halves_are_form_encoded() -> None:
    """RFC 6749 §2.3.1 and appendix B: +, %3A and UTF-8 in id and secret."""
    found = _read(_basic("a%3Ab+c:%2B%26%C2%A3%E2%82%AC:%20"))

    assert found is not None
    assert (found.client_id, found.proof) == ("a:b c", "+&£€: ")


@pytest.mark.parametrize(
    ("text", "as_typed"),
    [
        ("a+b:s3cr3t", ("a+b", "s3cr3t")),
        ("100%25:s3cr3t", ("100%25", "s3cr3t")),
        ("https://app.example:s3cr3t", ("https://app.example", "s3cr3t")),
        ("a:as_cs_+x", ("a", "as_cs_+x")),
    ],
)
def test_who_does_not_form_encode_is_understood_too(
    text: str, as_typed: tuple[str, str]
) -> None:
    """RFC 7617 §2: curl and many libraries send both halves as they are."""
    found = _read(_basic(text))

    assert found is not None and found.otherwise is not None
    assert (found.otherwise.client_id, found.otherwise.proof) == as_typed
    assert as_typed[1] not in repr(found)


def test_what_reads_alike_either_way_is_read_once() -> None:
    """RFC 6749 §2.3.1: our own identifiers and secrets need no encoding."""
    found = _read(_basic("client-0123:as_cs_abc-_"))

    assert found is not None and found.otherwise is None


@pytest.mark.parametrize("scheme", ["basic", "BASIC", "Basic  "])
def test_the_scheme_is_read_as_http_has_it(scheme: str) -> None:
    """RFC 9110 §11.1: the name of a scheme has no case."""
    assert _read(_basic("id:secret", scheme)) is not None


def test_without_the_field_it_was_not_tried() -> None:
    """RFC 6749 §2.3: other methods are looked at."""
    assert METHOD.read(None, parameters(client_id="a", client_secret="b")) is None


@pytest.mark.parametrize(
    "field",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic czZCaGRSa3F0Mzpn WDFmQmF0M2JW",
        "Basic caf\xe9",
        "Basicabc",
        "Bearer abc",
        "Digest username=x",
        "\x00",
        _basic("no colon"),
        _basic(":secret"),
        _basic("%00:x"),
        _basic("a:%00"),
        _basic("a:%ff"),
        _basic("%ff:a"),
        _basic("a:\x00"),
        _basic("a\n:b"),
        _basic(b"\xff\xfe:x"),
    ],
)
def test_t145_a_malformed_field_is_a_refusal(field: str) -> None:
    """RFC 6749 §5.2: invalid_client, and 401, never a fault."""
    with pytest.raises(InvalidClient) as refusal:
        _read(field)

    assert refusal.value.status == 401
    assert refusal.value.hint


async def test_a_secret_that_lives_proves_the_client() -> None:
    """RFC 6749 §2.3.1: of two secrets each will do."""
    one = client(
        secrets=(
            ClientSecret(secret_digest("new")),
            ClientSecret(secret_digest("old"), NOW + timedelta(seconds=1)),
        )
    )

    for secret in ("new", "old"):
        credentials = Credentials(METHOD.name, CLIENT_ID, secret)
        await METHOD.verify(one, credentials, surroundings())


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("wrong", "matches none of 2"),
        ("", "matches none of 2"),
        ("\u00e9", "matches none of 2"),
        ("old", "the secret ended at 2026-11-23 12:00:00"),
    ],
)
async def test_another_secret_proves_nothing(secret: str, why: str) -> None:
    """RFC 6749 §2.3.1, RFC 7591 §3.2.1: wrong and expired secrets are refused."""
    one = client(
        secrets=(
            ClientSecret(secret_digest("new")),
            ClientSecret(secret_digest("old"), NOW),
        )
    )

    with pytest.raises(InvalidClient) as refusal:
        await METHOD.verify(
            one, Credentials(METHOD.name, CLIENT_ID, secret), surroundings()
        )

    assert why in refusal.value.hint


async def test_a_client_without_secrets_has_none_that_match() -> None:
    """RFC 6749 §2.3.1: nothing stored is not an empty secret."""
    with pytest.raises(InvalidClient):
        await METHOD.verify(
            client(secrets=()), Credentials(METHOD.name, CLIENT_ID), surroundings()
        )
