"""Issuers whose tokens of workloads are believed, as administrators manage them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.exceptions import Conflict, NotFound, Unprocessable
from app.core.outbound import OutboundRefused
from app.events.oauth.trusted_issuer import (
    TrustedIssuerCreated,
    TrustedIssuerDeleted,
    TrustedIssuerTested,
    TrustedIssuerUpdated,
)
from app.models.oauth.trusted_issuer import MAX_ISSUERS, TrustedIssuer
from app.oauth.clients.client import Client
from app.oauth.clients.metadata_value import read_jwks
from app.oauth.errors import OAuthError
from app.oauth.grants.client_credentials import own_scope
from app.oauth.grants.jwt_bearer import JwtBearer
from app.oauth.resources.request import assigned_scope, may_ask
from app.oauth.trust.issuer import NotTrustworthy, Rule, check_issuer
from app.repositories.unit_of_work import UnitOfWork
from app.services.clients.directory import engine_client, metadata_of
from app.services.clients.provider import Provider
from app.services.clients.trusted_issuer_directory import read_issuer
from app.services.process.precondition import demand_version

if TYPE_CHECKING:
    from app.schemas.trusted_issuer import TrustedIssuerTest

Members = Mapping[str, Any]


class TrustedIssuerNotFound(NotFound):
    """There is no trusted issuer of this name."""

    code = "trusted_issuer_not_found"
    title = "There is no such trusted issuer"


class TrustedIssuerExists(Conflict):
    """The name is in use, or the issuer is trusted under another."""

    code = "trusted_issuer_exists"
    title = "A trusted issuer of this name or URL exists"


class TooManyTrustedIssuers(Conflict):
    """Each process holds all of them, so there are no more than it can."""

    code = "too_many_trusted_issuers"
    title = "No more trusted issuers can be made"


class TrustedIssuerService:
    """What users with ``trusted-issuers:read`` and ``trusted-issuers:write`` may do.

    Whoever may write lets others speak for any client, and act at APIs for any user.
    """

    def __init__(self, uow: UnitOfWork, provider: Provider) -> None:
        """Work in this transaction."""
        self._uow = uow
        self._provider = provider

    async def list_page(
        self, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[TrustedIssuer]:
        """Return a page of the issuers by name."""
        return await self._uow.trusted_issuers.list_page(after=after, limit=limit)

    async def get(self, name: str, *, lock: bool = False) -> TrustedIssuer:
        """Return an issuer, active or not.

        Raises:
            TrustedIssuerNotFound: There is none.
        """
        row = await self._uow.trusted_issuers.by_name(name, lock=lock)
        if row is None:
            raise TrustedIssuerNotFound
        return row

    async def create(self, name: str, issuer: str, members: Members) -> TrustedIssuer:
        """Trust an issuer.

        Args:
            name: Under which it is managed.
            issuer: Its URL, as ``iss`` has it.
            members: The fields of ``TrustedIssuerChange``, all of them.

        Raises:
            TrustedIssuerExists: Name or URL are in use.
            TooManyTrustedIssuers: There are as many as a process holds.
            Unprocessable: It could not be believed safely.
        """
        if await self._uow.trusted_issuers.count() >= MAX_ISSUERS:
            raise TooManyTrustedIssuers
        now = self._uow.clock.now()
        status, document = _split(members)
        row = TrustedIssuer(
            name=name,
            issuer=issuer,
            status=status,
            document=document,
            version=1,
            created_at=now,
            updated_at=now,
        )
        await self._check(row)
        self._uow.trusted_issuers.add(row)
        try:
            await self._uow.db.flush()
        except IntegrityError as error:
            raise TrustedIssuerExists from error
        self._uow.record(TrustedIssuerCreated(trusted_issuer=name, issuer=issuer))
        self._forget()
        return row

    async def update(
        self, name: str, change: Members, versions: Collection[str] | None
    ) -> TrustedIssuer:
        """Change an issuer, and judge the whole of it anew.

        Raises:
            TrustedIssuerNotFound: There is none.
            PreconditionFailed: Somebody changed it since.
            Unprocessable: It could not be believed safely.
        """
        row = await self.get(name, lock=True)
        demand_version(row.version, versions)
        status, document = _split({"status": row.status, **row.document, **change})
        changed = [n for n in document if document[n] != row.document.get(n)]
        changed += ["status"] if status != row.status else []
        row.status, row.document = status, document
        with self._uow.db.no_autoflush:
            await self._check(row)
        if changed:
            row.version += 1
            row.updated_at = self._uow.clock.now()
            fields = tuple(sorted(changed))
            self._uow.record(TrustedIssuerUpdated(trusted_issuer=name, fields=fields))
            self._forget()
        return row

    async def delete(self, name: str, versions: Collection[str] | None) -> None:
        """Trust an issuer no more; tokens that it was given live to their end.

        Raises:
            TrustedIssuerNotFound: There is none.
            PreconditionFailed: Somebody changed it since.
        """
        row = await self.get(name, lock=True)
        demand_version(row.version, versions)
        await self._uow.trusted_issuers.delete(row)
        self._uow.record(TrustedIssuerDeleted(trusted_issuer=name, issuer=row.issuer))
        self._forget()

    async def test(self, name: str) -> "TrustedIssuerTest":
        """Look whether an issuer's keys are found now, active or not, step by step.

        No connection to the database is held while the issuer is asked.

        Raises:
            TrustedIssuerNotFound: There is none.
        """
        # Here: a third of a megabyte that only administrators need.
        from app.schemas.connection import ConnectionStep
        from app.schemas.trusted_issuer import TrustedIssuerTest

        trusted = read_issuer(await self.get(name))
        await self._uow.db.rollback()
        seen = await self._provider.trusted_issuers.look(trusted)
        steps = [ConnectionStep(**asdict(each)) for each in seen]
        told = TrustedIssuerTest(ok=all(each.ok for each in steps), steps=steps)
        self._uow.record(TrustedIssuerTested(trusted_issuer=name, ok=told.ok))
        return told

    def _forget(self) -> None:
        self._uow.after_commit(self._provider.trusted_issuers.forget)

    async def _check(self, row: TrustedIssuer) -> None:
        settings, trusted = self._provider.settings, read_issuer(row)
        is_development = not settings.is_production
        try:
            check_issuer(trusted, own=settings.public_url, development=is_development)
        except NotTrustworthy as refusal:
            raise _untrusted(refusal.field, refusal.message) from refusal
        if trusted.jwks is not None:
            self._check_jwks(trusted.jwks)
        else:
            self._check_called(trusted.keys_at, trusted.jwks_uri)
        for place, rule in enumerate(trusted.rules):
            await self._check_rule(f"rules.{place}", rule)

    def _check_jwks(self, jwks: Mapping[str, Any]) -> None:
        try:
            read_jwks("jwks", jwks)
        except OAuthError as refusal:
            message = refusal.description.removeprefix("jwks ")
            raise _untrusted("jwks", message) from refusal

    def _check_called(self, url: str, jwks_uri: str | None) -> None:
        try:
            self._provider.outbound.judge(url)
        except OutboundRefused as refusal:
            raise _untrusted(
                "issuer" if jwks_uri is None else "jwks_uri",
                "is an address that this server may not call; its operator can allow "
                "the host (AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS), or jwks holds the keys",
            ) from refusal

    async def _check_rule(self, field: str, rule: Rule) -> None:
        """Refuse what would never give a token, so that a slip is seen at once."""
        row = await self._uow.oauth_clients.by_client_id(rule.client_id)
        if row is None:
            raise _untrusted(f"{field}.client_id", "is of no client")
        if row.is_self_registered:
            message = "is of a client that registered itself; make one for it"
            raise _untrusted(f"{field}.client_id", message)
        client = metadata_of(row)
        if rule.authenticates_client:
            if client.token_endpoint_auth_method != "private_key_jwt":
                message = "is of a client without private_key_jwt"
                raise _untrusted(f"{field}.client_id", message)
        elif JwtBearer.name not in client.grant_types:
            message = f"is of a client without the grant type {JwtBearer.name}"
            raise _untrusted(f"{field}.client_id", message)
        await self._check_reach(field, rule, engine_client(row, ()))
        await self._check_user(field, rule.user_id)

    async def _check_reach(self, field: str, rule: Rule, client: Client) -> None:
        names = {*client.resources, *(rule.resources or ())}
        known = await self._provider.resources.find(names)
        mine = {name: one for name, one in known.items() if may_ask(client, one)}
        for name in rule.resources or ():
            if name not in mine:
                message = f"has what the client may not ask for: {name}"
                raise _untrusted(f"{field}.resources", message)
        reach = own_scope(client.scope) | assigned_scope(
            mine.values(), client, alone=True
        )
        foreign = sorted(set(rule.scope or ()) - reach)
        if foreign:
            message = f"has what the client may not have: {' '.join(foreign)}"
            raise _untrusted(f"{field}.scope", message)

    async def _check_user(self, field: str, user_id: UUID | None) -> None:
        if user_id is not None and await self._uow.users.by_id(user_id) is None:
            raise _untrusted(f"{field}.user_id", "is of no account")


def _split(members: Members) -> tuple[str, dict[str, Any]]:
    document = {name: value for name, value in members.items() if name != "status"}
    return members["status"], document


def _untrusted(field: str, message: str) -> Unprocessable:
    return Unprocessable.of(field, "not_trustworthy", message)
