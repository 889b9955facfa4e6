"""ID tokens that come back as hints, read with the keys that signed them."""

from app.oauth.hints import Hint, read_id_token_hint
from app.services.server.runtime import Runtime


def read_hint(runtime: Runtime, token: str, client_id: str | None) -> Hint:
    """Return what an ID token of ours says; arguments as ``read_id_token_hint``.

    Raises:
        InvalidRequest: It is none of ours, or of another client.
    """
    now = runtime.clock.now()
    return read_id_token_hint(
        token,
        find_key=lambda kid: runtime.ring.by_kid(kid, now),
        issuer=runtime.settings.public_url,
        client_id=client_id,
    )
