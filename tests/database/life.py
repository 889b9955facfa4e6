"""What people and their applications do, so that each table that grows gets rows."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from sqlalchemy import select

from app.models import (
    Device,
    OAuthConsent,
    Session,
    UpstreamSession,
    User,
    UserClaims,
)
from app.models.base import Base
from app.models.upstream.connection import Connection, UpstreamIdentity
from app.models.upstream.sync import UpstreamEntry
from app.services.outgoing.fan_out import FanOut
from tests.device_code.devices import DeviceFactory, approve_as
from tests.factories.factor import FactorFactory
from tests.factories.oauth import Application
from tests.outgoing.support import add_webhook
from tests.personal_tokens.maker import Tokens
from tests.support.api import Api, Person
from tests.support.oauth import Protocol

OPTIONS = {
    "limits": {"store": "sql"},
    "personal_tokens": {"enabled": True},
    "retention": {"answered_requests_per_minute": 600},
}
_CLAIMS = {"nickname": "Ada", "zoneinfo": "Europe/London", "locale": "en-GB"}
_DAY = timedelta(days=1)


class Life:
    """Applications, and what is done at them and at the service itself."""

    def __init__(self, api: Api, apps: Sequence[Application], webhook: UUID) -> None:
        """Use what `begun` made."""
        self._api = api
        self._protocol = Protocol(api)
        self._devices = DeviceFactory(self._protocol)
        self._tokens = Tokens(api)
        self._web, self._television = apps
        self._webhook = webhook

    @classmethod
    async def begun(cls, api: Api, url: str, *events: str) -> Self:
        """Register the applications, and a webhook that is told of these events."""
        apps = Protocol(api).apps
        television = await DeviceFactory(Protocol(api)).app()
        webhook, _, _ = await add_webhook(api.runtime, url, *events)
        return cls(api, (await apps.with_key(), television), webhook)

    async def use(self, user: User) -> Person:
        """Sign somebody in, in every way that leaves a row, and let them fail too."""
        api = self._api
        person = await api.signed_in(Person(user.id, user.email))
        await api.login(person.email, "not the password")
        refresh_token = person.tokens["refresh_token"]
        await api.post("/auth/refresh", {"refresh_token": refresh_token})
        link = await api.post("/auth/forgot-password", {"email": person.email})
        assert link.status_code == 202, link.text
        await self._use_applications(user)
        await self._tokens.make(person)
        await FanOut(api.runtime).advance(self._webhook)
        await api.runtime.refused_requests.settle()
        return person

    async def _use_applications(self, user: User) -> None:
        protocol, web = self._protocol, self._web
        signed_in = await protocol.signed_in(web, user=user)
        await protocol.revoke(web, signed_in.access)
        signed_in = await protocol.signed_in(web, "openid offline_access", user=user)
        await protocol.refresh(web, signed_in.refresh_token)
        device = await self._devices(app=self._television)
        session = signed_in.issued.session_id
        await approve_as(protocol.runtime, device, user, session)
        assert (await self._devices.poll(device)).status_code == 200

    async def settle_in(self, user: User) -> None:
        """Keep what people keep for years: factors, consents, what is known of them."""
        factors = FactorFactory(self._api.runtime)
        await factors.totp(user.id)
        await factors.passkey(user.id)
        await factors.recovery_codes(user.id)
        async with self._api.runtime.unit_of_work() as uow:
            kept = self._kept(user, uow.randomness.uuid7, uow.clock.now())
            uow.db.add_all(kept)
            seen = {"identity_id": kept[-1].id, "digest": bytes(16), "is_told": True}
            uow.db.add(UpstreamEntry(**seen))
            uow.db.add_all(
                UpstreamSession(
                    session_id=session_id,
                    identity_id=kept[-1].id,
                    sid=user.id.hex,
                    sealed_tokens=bytes(300),
                    due_at=uow.clock.now(),
                    claims=1,
                )
                for session_id in await uow.db.scalars(select(Session.id))
            )

    def _kept(self, user: User, new: Any, now: Any) -> list[Any]:
        where = {"ip": "198.51.100.7", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}
        stamps = {"created_at": now, "expires_at": now + _DAY, "last_used_at": now}
        device = Device(id=new(), user_id=user.id, **where, **stamps)
        consent = OAuthConsent(
            id=new(),
            user_id=user.id,
            client_id=self._web.client_id,
            scope="email openid profile",
            claims="",
            created_at=now,
            updated_at=now,
        )
        claims = UserClaims(user_id=user.id, claims=_CLAIMS, updated_at=now)
        return [device, consent, claims, *self._elsewhere(user, new, now)]

    def _elsewhere(self, user: User, new: Any, now: Any) -> list[Base]:
        connection = Connection(
            id=new(),
            name=f"firm-{new()}",
            kind="oidc",
            display_name="Firm",
            enabled=True,
            settings={},
            policy={},
            version=1,
            created_at=now,
            updated_at=now,
        )
        identity = UpstreamIdentity(
            id=new(),
            connection_id=connection.id,
            subject=user.id.hex,
            user_id=user.id,
            claims={"email": user.email, "name": "Ada Lovelace"},
            linked_at=now,
            last_used_at=now,
        )
        return [connection, identity]
