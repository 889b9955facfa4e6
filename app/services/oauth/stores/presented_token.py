"""Access tokens that come back to be exchanged: the engine's port on the database."""

from typing import Any

from app.core.security import InvalidToken
from app.oauth.grants.token_exchange import seconds_left
from app.oauth.ports import PresentedToken
from app.services.clients.provider import Provider
from app.services.oauth.grant_store import authentication_of, still_holds


class PresentedTokenStore:
    """Tokens of one request; satisfies ``oauth.ports.PresentedTokens``.

    Attributes:
        row: Grant and person of the token that was found last and is about one.
    """

    def __init__(self, provider: Provider) -> None:
        """Look outside of any transaction."""
        self._provider = provider
        self.row: Any | None = None

    async def find(self, token: str) -> PresentedToken | None:
        """Return what an access token says that holds now, by the database; or None."""
        provider, now = self._provider, self._provider.clock.now()
        try:
            read = provider.signed.read_access_token(token, now)
        except InvalidToken:
            return None
        grant_id = read.grant_id
        if not await still_holds(provider, read, now):
            return None
        authentication = None
        if grant_id is not None:
            row = await provider.grants.state(grant_id, now)
            if row is None or not row.is_live:
                return None
            self.row = row
            if "auth_time" in read.claims:  # of a workload's token nobody signed in
                authentication = authentication_of(row)
        return PresentedToken(
            client_id=read.client_id,
            claims=read.claims,
            scope=read.scope,
            lives=seconds_left(read.claims, now),
            grant_id=grant_id,
            authentication=authentication,
        )
