"""RFC 6749 §2.3.1 and appendix B, RFC 7617: a secret in ``Authorization: Basic``."""

import re
from base64 import b64decode
from urllib.parse import unquote_to_bytes

from app.oauth.client_auth.base import Credentials, Surroundings
from app.oauth.client_auth.client_secret_post import check_secret
from app.oauth.clients.client import AuthMethod, Client
from app.oauth.errors import InvalidClient
from app.oauth.parameters import Parameters

CHALLENGE = 'Basic realm="clients"'
_BASIC = re.compile(r"basic(?: +(.*))?", re.IGNORECASE | re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class ClientSecretBasic:
    """``client_secret_basic``: what RFC 6749 wants every server to take."""

    name: AuthMethod = "client_secret_basic"

    def read(
        self, authorization: str | None, parameters: Parameters
    ) -> Credentials | None:
        """Return name and secret, if the field is there.

        Raises:
            InvalidClient: Another scheme, or not name and secret as §2.3.1 has them.
        """
        if authorization is None:
            return None
        basic = _BASIC.fullmatch(authorization.strip(" \t"))
        if basic is None:
            raise InvalidClient(hint="Authorization is not of the scheme Basic")
        text = _decode(basic[1] or "")
        name, colon, secret = text.partition(":")
        client_id = _form_decode(name)
        if not colon or not client_id:
            raise InvalidClient(
                hint="Basic credentials hold no client_id, or no colon after it"
            )
        proof = _form_decode(secret)
        otherwise = self._plain(text, client_id, proof)
        return Credentials(self.name, client_id, proof, otherwise)

    def _plain(self, text: str, client_id: str, proof: str) -> Credentials | None:
        """Return what the field says to who does not form-encode, as curl does not.

        Identifiers of other products may have ``+``, ``%`` and ``:`` in them; secrets
        made here have no colon, so that the last one ends the identifier. None if it is
        what the standard reads.
        """
        name, _, secret = text.rpartition(":")
        if (name, secret) == (client_id, proof):
            return None
        return Credentials(self.name, name, secret)

    async def verify(
        self, client: Client, credentials: Credentials, surroundings: Surroundings
    ) -> None:
        """Return if the secret is one of the client's that lives.

        Raises:
            InvalidClient: It is not.
        """
        check_secret(client, credentials, surroundings)


def _decode(token: str) -> str:
    try:
        text = b64decode(token, validate=True).decode()
    except ValueError as error:
        raise InvalidClient(hint="Basic credentials are not base64 of UTF-8") from error
    if _CONTROL.search(text):  # RFC 7617 §2
        raise InvalidClient(hint="Basic credentials hold a control character")
    return text


def _form_decode(text: str) -> str:
    """Undo what §2.3.1 does to both halves before they are joined."""
    if "%" not in text and "+" not in text:  # and no U+0000: `_decode` let none pass
        return text
    try:
        decoded = unquote_to_bytes(text.replace("+", " ")).decode()
    except UnicodeDecodeError as error:
        raise InvalidClient(
            hint="Basic credentials are form-encoded, and no UTF-8"
        ) from error
    if "\0" in decoded:
        raise InvalidClient(hint="Basic credentials hold U+0000")
    return decoded
