"""Who is asking with a personal access token (ADR-0086). One statement."""

from app.core.context import current
from app.policies.permission import Actor
from app.policies.personal_token import scope_for
from app.services.process.process import Process
from app.services.process.rate_limit import by_address
from app.services.sessions.authentication import (
    InvalidAccessToken,
    SignedInUser,
    bearer_of,
)
from app.services.sessions.errors import TokenRefused, TokenScopeMissing
from app.utils.personal_token import digest_of


class PersonalCallerService:
    """Recognises owners of personal access tokens."""

    def __init__(self, process: Process) -> None:
        """Work outside of a request's transaction."""
        self._process = process

    async def recognise(self, authorization: list[str]) -> SignedInUser:
        """Return whose token a request carries; what it may do is asked elsewhere.

        Args:
            authorization: The ``Authorization`` fields of the request.

        Raises:
            Unauthenticated: There is none, or more than one, or no bearer token.
            InvalidAccessToken: It was never made, or expired or was revoked, its owner
                may not sign in, or the installation takes none.
            TooManyRequests: Too many wrong ones came from there.
        """
        process, token = self._process, bearer_of(authorization)
        if not process.settings.personal_tokens.enabled:
            raise InvalidAccessToken(hint="personal access tokens are off")
        now, digest = process.clock.now(), digest_of(token)
        found = digest and await process.personal_tokens.find(digest, now)
        if not found:
            # As with secrets of clients, who has a right one never pays for others.
            await process.limiter.take(*by_address(process.limits.token_address))
            wrong = "no such live one" if digest else "the sum is wrong"
            raise InvalidAccessToken(hint=f"personal access token, {wrong}")
        current().user_id, current().token_id = found.id, found.token_id
        process.personal_tokens.note_use(found, current().ip, now)
        actor = Actor(
            user_id=found.id,
            session_id=found.token_id,  # of no session: what asks for one finds none
            authenticated_at=found.made_at,
            roles=tuple(sorted((found.roles or "").split())),
            token_id=found.token_id,
            scope=frozenset(found.scope.split()),
        )
        return SignedInUser(actor, found)


def demand_scope(actor: Actor, method: str, path: str) -> None:
    """Refuse a token at a route of the owner's part that it was not made for.

    Args:
        actor: Who asks.
        method: Of the request.
        path: Of the route.

    Raises:
        TokenRefused: No token does this.
        TokenScopeMissing: Another one could.
    """
    scope = scope_for(method, path)
    if scope is None:
        raise TokenRefused(hint=f"{method} {path} is not for personal access tokens")
    if scope not in actor.scope:
        raise TokenScopeMissing(scope)
