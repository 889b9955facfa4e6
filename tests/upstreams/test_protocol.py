"""What connectors and their callers agree on."""

import json
from typing import Annotated, ClassVar

from pydantic import Field, SecretStr

from app.upstreams.protocol import Kept, Reason, Refused, UpstreamSettings


class _Settings(UpstreamSettings):
    name: str
    secret: SecretStr
    key: SecretStr | None = None
    wrapped: Annotated[SecretStr, Field(min_length=1)] | None = None
    most: ClassVar[int] = 1


def test_secret_members_are_known_by_their_type() -> None:
    assert _Settings.secrets() == {"secret", "key", "wrapped"}
    assert _Settings(name="a", secret=SecretStr("b")).called() == {}


def test_what_is_kept_survives_as_json() -> None:
    kept = Kept(
        state="s",
        nonce="n",
        code_verifier="v",
        issuer="https://id.example",
        redirect_uri="https://here.example/upstreams/a/callback",
        started_at=1_700_000_000.0,
        max_age=60,
    )

    assert Kept.from_json(json.loads(json.dumps(kept.as_json()))) == kept
    assert "v" not in repr(kept).partition("code_verifier")[2]


def test_a_refusal_tells_its_reason_and_what_was_seen() -> None:
    refused = Refused(Reason.WRONG_NONCE, "nonce is missing")

    assert str(refused) == "wrong_nonce: nonce is missing"
    assert (refused.reason, refused.detail) == (Reason.WRONG_NONCE, "nonce is missing")
