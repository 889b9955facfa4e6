"""What operators say of connections, as far as several kinds need the same."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StrictStr

from app.oauth.uri import parse_uri
from app.schemas.base import MAX_SECRET
from app.upstreams.client_authentication import read_signing_key
from app.upstreams.protocol import UpstreamSettings


def _web_url(value: str) -> str:
    uri = parse_uri(value)
    if uri is None or uri.scheme not in ("https", "http") or uri.query is not None:
        raise ValueError("must be an https URL without query and fragment")
    return value


def _without_slash(value: str) -> str:
    return value.rstrip("/")


def _private_key(value: SecretStr) -> SecretStr:
    read_signing_key(value.get_secret_value())
    return value


Word = Annotated[StrictStr, Field(min_length=1, max_length=255, pattern=r"^[!-~]+$")]
# Plain http is for the door to judge: it calls only hosts that the operator lists.
Url = Annotated[StrictStr, Field(max_length=1_024), AfterValidator(_web_url)]
BaseUrl = Annotated[Url, AfterValidator(_without_slash)]
Host = Annotated[
    StrictStr,
    Field(max_length=253, pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d+)?$"),
]
Scopes = Annotated[tuple[Word, ...], Field(max_length=50)]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=MAX_SECRET)]
PrivateKey = Annotated[
    SecretStr, Field(max_length=MAX_SECRET * 2), AfterValidator(_private_key)
]


class ClientSettings(UpstreamSettings):
    """A client with a secret, as most providers give one.

    ``scopes``: what is asked for besides what the kind always asks for.
    """

    client_id: Word
    client_secret: Secret
    scopes: Scopes = ()
