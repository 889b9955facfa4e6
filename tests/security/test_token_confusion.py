"""One of everything that somebody could hold, shown at every place that takes one."""

import pytest

from app.oauth.tokens import logout_token_claims
from app.services.one_time.token import Purpose
from tests.factories.jws import sign_as
from tests.support.api import PASSWORD
from tests.support.oauth import Protocol


@pytest.fixture
def options() -> dict[str, object]:
    """An API with a scope of its own, and nobody is slowed down."""
    return {
        "oauth": {"scopes": {"orders:read": "See orders"}},
        "limits": {"store": "memory", "client_address": "1000/60"},
    }


class _Things:
    """One of everything that somebody could hold, and each place that takes one."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.held: dict[str, str] = {}

    async def collect(self) -> None:
        protocol, api, runtime = self.protocol, self.protocol.api, self.protocol.runtime
        who = await protocol.signed_in(await protocol.apps())
        fresh = await protocol.codes(who.app, who.user)
        person = await api.person()
        self.app, self.form = who.app, fresh.form
        key, now = runtime.secret_key, runtime.clock.now()
        logout = logout_token_claims(
            issuer=runtime.settings.public_url,
            client_id=who.app.client_id,
            subject=str(who.user.id),
            session_id=str(who.issued.session_id),
            token_id=str(runtime.randomness.uuid7()),
            now=now,
        )
        self.held = {
            "api access": person.tokens["access_token"],
            "access": who.access,
            "id": who.tokens["id_token"],
            "session refresh": person.tokens["refresh_token"],
            "refresh": who.refresh_token,
            "logout": sign_as(runtime, logout, algorithm="ES256", typ="logout+jwt"),
            "code": fresh.code,
            "cookie": key.browser_session(who.issued.session_id, 0),
            "registration": key.registration_access_token(who.app.client_id),
            "client secret": who.app.secret,
        }
        for purpose in Purpose:
            if purpose is not Purpose.AUTHORIZATION_CODE:
                name = f"one-time {purpose}"
                self.held[name] = key.one_time_token(purpose, fresh.grant_id)

    async def show(self, place: str, thing: str) -> bool:
        """Show something at a place; tell whether it was taken."""
        protocol, api = self.protocol, self.protocol.api
        if place == "api access":
            bearer = {"Authorization": f"Bearer {thing}"}
            answer = await api.client.get("/api/v1/users/me", headers=bearer)
        elif place == "access":
            answer = await protocol.userinfo(thing)
        elif place == "session refresh":
            answer = await api.post("/auth/refresh", {"refresh_token": thing})
        elif place == "refresh":
            answer = await protocol.refresh(self.app, thing)
        elif place == "code":
            answer = await protocol.token(self.app, self.form | {"code": thing})
        elif place == "client secret":
            pair = (self.app.client_id, thing)
            form = {"token": "x"}
            answer = await api.client.post("/oauth2/revoke", data=form, auth=pair)
        elif place == "one-time verify_email":
            answer = await api.post("/auth/verify-email", {"token": thing})
        elif place == "one-time reset_password":
            body = {"token": thing, "new_password": PASSWORD}
            answer = await api.post("/auth/reset-password", body)
        else:
            answer = await protocol.introspect(self.app, thing)
            assert answer.status_code == 200
            return bool(answer.json()["active"])
        assert answer.status_code in (200, 204, 400, 401, 422), (place, answer.text)
        return answer.status_code in (200, 204)


_PLACES = {
    "introspection": {"access", "refresh"},
    "api access": {"api access"},
    "access": {"access"},
    "client secret": {"client secret"},
    "one-time verify_email": set[str](),  # of that id there is none
    "one-time reset_password": set[str](),
    "session refresh": {"session refresh"},
    "refresh": {"refresh"},
    "code": {"code"},
}


async def test_t025_t049_no_token_works_as_another(protocol: Protocol) -> None:
    things = _Things(protocol)
    await things.collect()

    # What is wrong first, all of it; then what is right, which it must not have spoilt.
    for is_right in (False, True):
        for place, right in _PLACES.items():
            for name, thing in things.held.items():
                if (name in right) is is_right:
                    taken = await things.show(place, thing)
                    assert taken is is_right, f"{name} at {place}"
