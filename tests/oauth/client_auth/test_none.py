"""Public clients."""

import pytest

from app.oauth.client_auth.base import Credentials
from app.oauth.client_auth.none import NoAuthentication
from tests.oauth.token_support import CLIENT_ID, client, parameters, surroundings

METHOD = NoAuthentication()


async def test_a_public_client_names_itself() -> None:
    """RFC 6749 §3.2.1: a client that does not authenticate MUST send client_id."""
    found = METHOD.read(None, parameters(client_id=CLIENT_ID))

    assert found == Credentials("none", CLIENT_ID)
    await METHOD.verify(client(), found, surroundings())


@pytest.mark.parametrize(
    "proof", ["client_secret", "client_assertion", "client_assertion_type"]
)
def test_a_name_with_a_proof_is_another_method(proof: str) -> None:
    """RFC 6749 §2.3: one method a request."""
    assert METHOD.read(None, parameters(client_id="a", **{proof: "x"})) is None


def test_no_name_or_a_field_is_another_method() -> None:
    """RFC 6749 §2.3: one method a request."""
    assert METHOD.read(None, parameters()) is None
    assert METHOD.read("Basic x", parameters(client_id="a")) is None
