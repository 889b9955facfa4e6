"""Who is asking through an application: its token, to the owner's part of our API."""

from app.core import jose, security
from app.core.context import current
from app.oauth.scopes import ACCOUNT
from app.oauth.tokens import own_api
from app.policies.permission import Actor
from app.services.clients.provider import Provider
from app.services.clients.signed_token import AccessToken
from app.services.sessions.authentication import (
    InvalidAccessToken,
    SignedInUser,
    bearer_of,
)


class ApplicationCallerService:
    """Recognises people for whom an application acts (ADR-0054). One statement."""

    def __init__(self, provider: Provider) -> None:
        """Work outside of a request's transaction."""
        self._provider = provider

    async def recognise(self, authorization: list[str]) -> SignedInUser:
        """Return the person; their roles are told, and allow nothing here.

        Args:
            authorization: The ``Authorization`` fields of the request.

        Raises:
            Unauthenticated: There is none, or more than one, or no bearer token.
            InvalidAccessToken: It has not the scope ``account``, or its grant, session,
                account or client does not hold, or the client may not have the scope.
        """
        provider, now = self._provider, self._provider.clock.now()
        access = self._read(bearer_of(authorization))
        client = await provider.clients.by_client_id(access.client_id)
        if client is None or ACCOUNT not in client.scope or access.grant_id is None:
            raise InvalidAccessToken(hint="not for this client, or for nobody")
        row = await provider.grants.caller(access.grant_id, access.token_id, now)
        if row is None:
            raise InvalidAccessToken(hint="the grant, session or account is over")
        current().user_id = row.id
        actor = Actor(
            user_id=row.id,
            session_id=row.session_id,
            authenticated_at=row.authenticated_at,
            roles=tuple(sorted((row.roles or "").split())),
            grant_id=access.grant_id,
        )
        return SignedInUser(actor, row)

    def _read(self, token: str) -> AccessToken:
        provider = self._provider
        try:
            access = provider.signed.read_access_token(token, provider.clock.now())
        except security.InvalidToken as error:
            raise InvalidAccessToken(hint=str(error)) from None
        if ACCOUNT not in access.scope:
            raise InvalidAccessToken(hint="the scope account is missing")
        if not jose.has_audience(
            access.claims, (own_api(provider.settings.public_url),)
        ):
            raise InvalidAccessToken(hint="meant for another audience")
        return access
