"""What a client would be told of a person, before anybody signs in to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from app.core.exceptions import FieldError, Unprocessable
from app.oauth.acr import ONE_FACTOR
from app.oauth.claims import claims_for, told_claims
from app.oauth.clients.client import Client
from app.oauth.errors import OAuthError
from app.oauth.grants.base import Granted
from app.oauth.mappings.told import mapped_claims, size_of, sources_of
from app.oauth.parameters import RESOURCE, Parameters
from app.oauth.ports import Authentication
from app.oauth.resources.grant import ask_resources
from app.oauth.resources.request import requested_scope
from app.oauth.tokens import access_token_claims, id_token_claims, userinfo_claims
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.change import existing
from app.services.clients.client import ClientNotFound
from app.services.clients.provider import Provider
from app.services.oauth.person import subject_of, told_person
from app.services.oauth.told import bounded, told_in_tokens

_NOBODY = UUID(int=0)  # a session or token that there is not
_MORE = "more_claims", "more_updated_at", "username_key"


@dataclass(frozen=True, slots=True)
class Preview:
    """Claims as they would be signed at this moment.

    Attributes:
        scope: What the client would get of what it asks for.
        id_token: None without ``openid``.
        access_token: Always.
        userinfo: None without ``openid``.
        sizes: Bytes of each as JSON.
        max_bytes: What a token may hold.
    """

    scope: str
    id_token: dict[str, Any] | None
    access_token: dict[str, Any]
    userinfo: dict[str, Any] | None
    sizes: dict[str, int]
    max_bytes: int


class PreviewService:
    """Puts tokens together by the very steps that issue them; none is signed."""

    def __init__(self, uow: UnitOfWork, provider: Provider) -> None:
        """Read in this transaction."""
        self._uow = uow
        self._provider = provider

    async def show(
        self, client_id: str, user_id: UUID, scope: str | None, resources: Sequence[str]
    ) -> Preview:
        """Return what the client would be told if the person agreed to the scope.

        Args:
            client_id: Which client.
            user_id: Whom of.
            scope: What it would ask for; None is all that it may have.
            resources: What it would name as ``resource``.

        Raises:
            ClientNotFound: There is no such client that is active.
            Unprocessable: It may not ask for that.
            UserNotFound: There is no such account.
        """
        client = await self._provider.clients.by_client_id(client_id)
        if client is None:
            raise ClientNotFound
        row = await self._person(user_id)
        granted = await self._granted(client, user_id, scope, resources)
        return await self._told(granted, row)

    async def _person(self, user_id: UUID) -> Any:
        user = await existing(self._uow, user_id)
        claims = await self._uow.user_claims.of(user_id)
        values = {
            each.name: getattr(user, each.name) for each in user.__table__.columns
        }
        more = (
            (None, None, None)
            if claims is None
            else (claims.claims, claims.updated_at, claims.username_key)
        )
        named = dict(zip(_MORE, more))
        return SimpleNamespace(**values, **named, user_id=user_id, acr=ONE_FACTOR)

    async def _granted(
        self,
        client: Client,
        user_id: UUID,
        scope: str | None,
        resources: Sequence[str],
    ) -> Granted:
        provider, now = self._provider, self._uow.clock.now()
        parameters = Parameters({}, {RESOURCE: tuple(resources)})
        asked = " ".join(sorted(client.scope)) if scope is None else scope
        try:
            found = await ask_resources(parameters, client, provider.resources)
            offered = provider.supported.scopes
            given = requested_scope(asked, client, offered, found)
        except OAuthError as error:
            refused = FieldError("scope", error.error, error.description)
            raise Unprocessable([refused], hint=error.hint) from error
        return Granted(
            client=client,
            scope=given,
            resources=found,
            authentication=Authentication(
                user_id=user_id,
                session_id=_NOBODY,
                authenticated_at=now,
                acr=ONE_FACTOR,
                amr=("pwd",),
            ),
            grant_id=_NOBODY,
        )

    async def _told(self, granted: Granted, row: Any) -> Preview:
        provider, now = self._provider, self._uow.clock.now()
        subject = subject_of(row.user_id, granted.client, provider.secret_key)
        told = await told_in_tokens(provider, granted, row)
        issuer = provider.settings.public_url
        usual: dict[str, Any] = {"issuer": issuer, "subject": subject, "now": now}
        access = access_token_claims(
            granted,
            token_id=_NOBODY,
            ttl=granted.access_ttl(provider.settings.token.access_ttl),
            told=told.access_token,
            **usual,
        )
        shown: dict[str, Any] = {
            "access_token": bounded(provider, granted, access, told)
        }
        if granted.has_id_token:
            assert granted.authentication is not None  # made above
            identity = id_token_claims(
                granted,
                granted.authentication,
                ttl=provider.settings.oauth.id_token_ttl,
                person=told.id_token,
                **usual,
            )
            shown["id_token"] = bounded(provider, granted, identity, told)
            shown["userinfo"] = await self._userinfo(granted, row, subject)
        return Preview(
            scope=" ".join(granted.scope),
            id_token=shown.get("id_token"),
            access_token=shown["access_token"],
            userinfo=shown.get("userinfo"),
            sizes={name: size_of(claims) for name, claims in shown.items()},
            max_bytes=provider.settings.oauth.token_max_bytes,
        )

    async def _userinfo(
        self, granted: Granted, row: Any, subject: str
    ) -> dict[str, Any]:
        scope, mappings = granted.scope, granted.client.claim_mappings
        names = told_claims("userinfo", scope=scope, claims={})
        known = await told_person(self._provider, row, names | sources_of(mappings))
        person = claims_for("userinfo", known, scope=scope, claims={})
        person |= mapped_claims(mappings, known, scope)
        return userinfo_claims(person, subject=subject)
