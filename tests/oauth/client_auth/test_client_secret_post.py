"""Secrets in the body."""

import pytest

from app.oauth.client_auth.base import Credentials
from app.oauth.client_auth.client_secret_post import ClientSecretPost
from app.oauth.errors import InvalidClient, InvalidRequest
from app.oauth.parameters import parse_form
from tests.oauth.token_support import (
    CLIENT_ID,
    SECRET,
    client,
    parameters,
    surroundings,
)

METHOD = ClientSecretPost()
# RFC 6749 §2.3.1, its line breaks taken out.
EXAMPLE = (
    b"grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA"
    b"&client_id=s6BhdRkqt3&client_secret=7Fjfp0ZBr1KtDRbnfVdmIw"
)


def test_the_example_of_the_standard() -> None:
    """RFC 6749 §2.3.1: client_id and client_secret in the body."""
    found = METHOD.read(None, parse_form(EXAMPLE))

    secret = "7Fjfp0ZBr1KtDRbnfVdmIw"
    assert found == Credentials("client_secret_post", CLIENT_ID, secret)


def test_an_empty_secret_is_none() -> None:
    """RFC 6749 §3.2: a parameter without a value counts as absent."""
    assert METHOD.read(None, parse_form(b"client_id=a&client_secret=")) is None


def test_a_secret_of_nobody_is_malformed() -> None:
    """RFC 6749 §2.3.1: client_id is REQUIRED."""
    with pytest.raises(InvalidRequest):
        METHOD.read(None, parameters(client_secret=SECRET))


async def test_only_the_right_secret_proves_the_client() -> None:
    """RFC 6749 §2.3.1: the server checks the secret."""
    await METHOD.verify(
        client(), Credentials(METHOD.name, CLIENT_ID, SECRET), surroundings()
    )

    with pytest.raises(InvalidClient):
        await METHOD.verify(
            client(), Credentials(METHOD.name, CLIENT_ID, SECRET + "x"), surroundings()
        )
