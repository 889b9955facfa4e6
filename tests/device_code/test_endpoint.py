"""``/oauth2/device_authorization``: who gets codes, and which."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.core.rate_limit import Limit
from app.core.secret_key import ONE_TIME_PREFIX
from app.models.oauth.device_code import DeviceCode
from app.oauth.device import user_code
from app.oauth.device.authorization import Asked
from app.services.oauth.device.device_code import DeviceAuthorizationService
from tests.device_code.devices import GRANTS, DeviceFactory
from tests.factories.resource import ResourceFactory
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol

METADATA = "/.well-known/oauth-authorization-server"


async def rows(protocol: Protocol) -> list[DeviceCode]:
    """Return what is stored."""
    async with protocol.runtime.database.session(read_only=True) as db:
        return list((await db.scalars(select(DeviceCode))).all())


async def test_every_kind_of_client_gets_codes(
    protocol: Protocol, devices: DeviceFactory
) -> None:
    """RFC 8628 §3.1, §3.2: authenticated as at the token endpoint; not stored."""
    usual: dict[str, Any] = {"grant_types": list(GRANTS), "redirect_uris": []}
    apps = [
        await devices.app(),
        await protocol.apps(**usual),
        await protocol.apps.with_key(**usual),
    ]

    for app in apps:
        form = {"scope": "openid offline_access"}
        answer = await protocol.ask("device_authorization", app, form)

        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        told = answer.json()
        assert told["device_code"].startswith(ONE_TIME_PREFIX)
        assert user_code.read_user_code(told["user_code"])
        page = f"{protocol.runtime.settings.public_url}/device"
        assert told["verification_uri"] == page
        assert told["verification_uri_complete"] == (
            f"{page}?user_code={told['user_code']}"
        )
        assert (told["expires_in"], told["interval"]) == (900, 5)


async def test_a_program_that_can_name_no_resource_gets_codes_for_its_own_api(
    protocol: Protocol, devices: DeviceFactory
) -> None:
    """RFC 8707 §2: libpq sends a scope of the database, and nothing else."""
    name = "postgresql"
    register = ResourceFactory(protocol.runtime)
    await register(name, scopes={"postgres": "Use it"}, access="assigned")
    own = {"audience": name, "resources": {name: ["postgres"]}}
    app = await devices.app(scope="", columns=own)

    asked = await protocol.ask("device_authorization", app, {"scope": "postgres"})
    other = await protocol.ask("device_authorization", app, {"scope": "mysql"})

    assert asked.status_code == 200, asked.text
    assert other.json()["error"] == "invalid_scope"
    [row] = await rows(protocol)
    assert (row.scope, row.resources) == ("postgres", name)


async def test_a_wrong_secret_gets_none(
    protocol: Protocol, devices: DeviceFactory
) -> None:
    """RFC 8628 §3.1: client authentication applies, as RFC 6749 §3.2.1 has it."""
    app = await protocol.apps(grant_types=list(GRANTS), redirect_uris=[])
    wrong = replace(app, secret="as_cs_wrong")

    answer = await protocol.ask("device_authorization", wrong, {"scope": "openid"})

    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"
    assert await rows(protocol) == []


@pytest.mark.parametrize(
    ("metadata", "form", "error"),
    [
        ({"grant_types": ["refresh_token", "authorization_code"],
          "redirect_uris": ["http://127.0.0.1/cb"]}, {}, "unauthorized_client"),
        ({"scope": "openid"}, {"scope": "openid email"}, "invalid_scope"),
        ({}, {"scope": "unknown"}, "invalid_scope"),
        ({}, {"scope": ""}, "invalid_scope"),
        ({}, {"scope": 'open"id'}, "invalid_scope"),
    ],
)  # fmt: skip
async def test_t050_what_may_not_be_asked_for_is_refused_at_once(
    protocol: Protocol,
    devices: DeviceFactory,
    metadata: dict[str, object],
    form: dict[str, str],
    error: str,
) -> None:
    """RFC 6749 §5.2: in its form, with evidence, and nothing is stored."""
    app = await devices.app(**metadata)

    answer = await protocol.ask("device_authorization", app, {"scope": "openid"} | form)

    assert answer.status_code == 400
    assert answer.json()["error"] == error
    assert await rows(protocol) == []
    [event] = await protocol.events("oauth.token_refused")
    assert event.data["endpoint"] == "/oauth2/device_authorization"


async def test_neither_code_is_stored(
    protocol: Protocol, devices: DeviceFactory
) -> None:
    """A copy of the database shows no device's code, and none can be tried on it."""
    device = await devices()

    [row] = await rows(protocol)
    code = user_code.read_user_code(device.user_code)
    stored = repr({name: getattr(row, name) for name in row.__table__.columns.keys()})
    assert code and code not in stored and device.user_code not in stored
    assert device.told["device_code"] not in stored


async def test_no_two_devices_show_the_same_code(
    protocol: Protocol, devices: DeviceFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By chance they would; then another one is made."""
    codes = iter(["BCDFGHJK", "BCDFGHJK", "LMNPQRST"])
    monkeypatch.setattr(user_code, "new_user_code", lambda chance: next(codes))

    shown = [(await devices()).user_code for _ in range(2)]

    assert shown == ["BCDF-GHJK", "LMNP-QRST"]


async def test_chance_that_is_none_ends(
    protocol: Protocol, devices: DeviceFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A generator that repeats itself must not make two devices one."""
    monkeypatch.setattr(user_code, "new_user_code", lambda chance: "BCDFGHJK")
    await devices()

    client = await protocol.runtime.clients.by_client_id(
        (await devices.app()).client_id
    )
    assert client is not None
    with pytest.raises(RuntimeError):
        asked = Asked(("openid",), ())
        await DeviceAuthorizationService(protocol.runtime)._store(client, asked)


@pytest.mark.parametrize("name", ["device_address", "device_stored"])
async def test_what_strangers_can_have_stored_is_bounded(
    protocol: Protocol, devices: DeviceFactory, name: str
) -> None:
    """From one network, and from all together."""
    limits = replace(protocol.runtime.limits, **{name: Limit(name, 1, 60)})
    object.__setattr__(protocol.runtime, "limits", limits)
    device = await devices()

    answer = await protocol.ask("device_authorization", device.app, {"scope": "openid"})

    assert answer.status_code == 429
    assert answer.json()["error"] == "temporarily_unavailable"
    assert int(answer.headers["retry-after"]) >= 1
    assert len(await rows(protocol)) == 1


async def test_it_is_announced(protocol: Protocol) -> None:
    """RFC 8628 §4, RFC 8414 §2: device_authorization_endpoint."""
    metadata = (await protocol.http.get(METADATA)).json()

    base = protocol.runtime.settings.public_url
    endpoint = f"{base}/oauth2/device_authorization"
    assert metadata["device_authorization_endpoint"] == endpoint
    assert GRANTS[0] in metadata["grant_types_supported"]


async def test_codes_are_kept_for_a_day(
    protocol: Protocol, devices: DeviceFactory, clock: FakeClock
) -> None:
    """Then the janitor takes them."""
    await devices()

    clock.advance(seconds=900 + 86_400)
    async with protocol.runtime.unit_of_work() as uow:
        day_ago = uow.clock.now() - timedelta(days=1)
        assert await uow.device_codes.delete_expired(day_ago, 10) == 0
    clock.advance(seconds=1)
    async with protocol.runtime.unit_of_work() as uow:
        day_ago = uow.clock.now() - timedelta(days=1)
        assert await uow.device_codes.delete_expired(day_ago, 10) == 1


class TestSwitchedOff:
    """An installation without devices."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        """Switch it off."""
        return {"oauth": {"device_authorization": False}}

    async def test_nothing_of_it_is_there(self, protocol: Protocol) -> None:
        """RFC 6749 §5.2: and who was registered before is told so."""
        app = await protocol.apps.public()
        form = {"scope": "openid"}

        asked = await protocol.ask("device_authorization", app, form)
        polled = await protocol.token(
            app, {"grant_type": GRANTS[0], "device_code": "x"}
        )
        metadata = (await protocol.http.get(METADATA)).json()

        assert asked.status_code == 404
        assert polled.json()["error"] == "unsupported_grant_type"
        assert "device_authorization_endpoint" not in metadata
        assert GRANTS[0] not in metadata["grant_types_supported"]
