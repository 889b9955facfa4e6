"""ID tokens that come back as hints, read with the keys that signed them."""

from app.oauth.hints import Hint, read_id_token_hint
from app.services.process.process import Process


def read_hint(process: Process, token: str, client_id: str | None) -> Hint:
    """Return what an ID token of ours says; arguments as ``read_id_token_hint``.

    Raises:
        InvalidRequest: It is none of ours, or of another client.
    """
    now = process.clock.now()
    return read_id_token_hint(
        token,
        find_key=lambda kid: process.ring.by_kid(kid, now),
        issuer=process.settings.public_url,
        client_id=client_id,
    )
