"""Devices that show a code, and people who answer it without a browser."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.models import User
from app.oauth.device.authorization import Asked, device_request
from app.oauth.device.user_code import read_user_code
from app.oauth.grants.device_code import DeviceCode
from app.oauth.ports import Authentication
from app.services.oauth.device.device_answer import hash_of, let_in
from app.services.server.runtime import Runtime
from tests.factories.oauth import Application, CodeFactory
from tests.support.oauth import Protocol

GRANTS = (DeviceCode.name, "refresh_token")


@dataclass(frozen=True)
class Device:
    """A device that waits."""

    app: Application
    told: dict[str, Any]

    @property
    def poll(self) -> dict[str, str]:
        """The form that it asks with."""
        code: str = self.told["device_code"]
        return {"grant_type": DeviceCode.name, "device_code": code}

    @property
    def user_code(self) -> str:
        """What it shows."""
        code: str = self.told["user_code"]
        return code


class DeviceFactory:
    """Registers clients for the grant, and has them ask."""

    def __init__(self, protocol: Protocol) -> None:
        """Ask over this protocol's HTTP."""
        self._protocol = protocol

    async def app(self, **metadata: Any) -> Application:
        """Register a public client of the grant."""
        usual = {
            "grant_types": list(GRANTS),
            "redirect_uris": [],
            "application_type": "native",
            "client_name": "Console tool",
            "token_endpoint_auth_method": "none",
        }
        return await self._protocol.apps(**(usual | metadata))

    async def __call__(
        self, scope: str = "openid", *, app: Application | None = None
    ) -> Device:
        """Return a device that has asked."""
        app = app or await self.app()
        answer = await self._protocol.ask("device_authorization", app, {"scope": scope})
        assert answer.status_code == 200, answer.text
        return Device(app, answer.json())

    async def poll(self, device: Device) -> Any:
        """Ask for tokens."""
        return await self._protocol.token(device.app, device.poll)


async def approve_as(
    runtime: Runtime, device: Device, user: User, session_id: UUID | None = None
) -> UUID:
    """Let a device in, past every page; return the session of who did."""
    if session_id is None:
        session_id = await CodeFactory(runtime).sign_in(user)
    client = await runtime.clients.by_client_id(device.app.client_id)
    code = read_user_code(device.user_code)
    assert client is not None and code is not None
    async with runtime.unit_of_work() as uow:
        now = uow.clock.now()
        row = await uow.device_codes.pending(hash_of(runtime, code), now)
        assert row is not None
        names = row.resources.split()
        found = await runtime.resources.find(names)
        asked = Asked(tuple(row.scope.split()), tuple(found[name] for name in names))
        request = device_request(
            client,
            asked,
            device_code_id=row.id,
            user_code=code,
            ip=row.ip,
            user_agent=row.user_agent,
            asked_at=row.created_at,
        )
        who = Authentication(
            user_id=user.id,
            session_id=session_id,
            authenticated_at=now,
            acr="aal1",
            amr=("pwd",),
        )
        await let_in(uow, runtime, request, who, [user.id])
    return session_id
