"""The scope ``account``: an application that acts for the owner of an account."""

from typing import Any
from uuid import uuid4

import pytest
from httpx2 import Response

from app.services.server.runtime import Runtime
from tests.factories.factor import FactorFactory
from tests.factories.oauth import Application, ApplicationFactory
from tests.support.api import PASSWORD, Api, Person
from tests.support.authorization import (
    Visit,
    at,
    claims_of,
    query_of,
    redeem,
    told,
    trusted,
)
from tests.support.chance import FakeClock

SCOPE = "openid email account offline_access"
ISSUER = "http://localhost:8000"
OWN_API = f"{ISSUER}/api/v1"
CHALLENGE = {"acr_values": "aal2", "max_age": "600"}


class Portal:
    """An application that offers "my account", and the person who uses it."""

    def __init__(self, api: Api, browser: Visit, app: Application) -> None:
        self.api, self.browser, self.app = api, browser, app
        self.person: Person
        self.tokens: dict[str, Any] = {}

    async def arrive(self, person: Person, scope: str = SCOPE) -> None:
        """Sign the person in, and get tokens for what they agree to."""
        self.person = person
        await self.browser.arrive(person.email)
        answer = await self.browser.ask(self.app, scope=scope)
        await self.receive(answer)

    async def receive(self, answer: Response) -> None:
        """Redeem the code of an answer."""
        self.tokens = await redeem(self.api, self.app, told(answer)["code"])

    async def refresh(self, **form: str) -> Response:
        """Ask for another access token."""
        form |= {
            "grant_type": "refresh_token",
            "refresh_token": self.tokens["refresh_token"],
        }
        answer = await self.api.client.post(
            "/oauth2/token", data=form, headers=self.app.basic
        )
        self.tokens |= answer.json()
        return answer

    async def call(self, method: str, path: str, body: Any = None) -> Response:
        """Call our API with the access token."""
        bearer = {"Authorization": f"Bearer {self.tokens['access_token']}"}
        return await self.api.client.request(
            method, f"/api/v1{path}", headers=bearer, json=body
        )


@pytest.fixture
async def portal(api: Api, browser: Visit, applications: ApplicationFactory) -> Portal:
    """Return one in use by somebody who is an administrator, too."""
    portal = Portal(api, browser, await trusted(applications, scope=SCOPE))
    await portal.arrive(await api.admin())
    return portal


async def test_the_owners_part_is_open_and_speaks_of_the_owner(portal: Portal) -> None:
    """RFC 9068 §3: aud names our API, and no other one."""
    person = portal.person
    me = await portal.call("GET", "/users/me")
    changed = await portal.call("PATCH", "/users/me", {"name": "Ann"})
    sessions = (await portal.call("GET", "/users/me/sessions")).json()["items"]
    consents = await portal.call("GET", "/users/me/consents")
    claims = claims_of(portal.tokens["access_token"])

    assert me.json()["id"] == str(person.id)
    assert changed.json()["name"] == "Ann"
    assert claims["aud"] == [OWN_API, ISSUER]
    assert [each["id"] for each in sessions if each["current"]] == [claims["sid"]]
    assert consents.status_code == 200
    assert (await portal.call("GET", "/users/me/export")).status_code == 200


async def test_ending_the_others_keeps_the_session_that_it_was_let_in_with(
    portal: Portal,
) -> None:
    ended = await portal.call("DELETE", "/users/me/sessions")
    sessions = (await portal.call("GET", "/users/me/sessions")).json()["items"]

    assert ended.status_code == 204
    assert [each["current"] for each in sessions] == [True]
    assert (await portal.api.get("/users/me", portal.person)).status_code == 401


async def test_every_other_route_is_closed_whatever_roles_the_person_has(
    portal: Portal,
) -> None:
    """Generated from the routes that there are: a new one is asked too."""
    client = portal.api.client
    paths = (await client.get("/openapi.json")).json()["paths"]
    mine = ("/api/v1/users/me", "/api/v1/auth/change-password")
    values = dict.fromkeys(
        (
            "user_id",
            "message_id",
            "session_id",
            "secret_id",
            "passkey_id",
            "device_id",
            "group_id",
            "webhook_id",
            "connection_id",
            "domain_id",
            "sync_id",
            "link_id",
            "resource_id",
            "token_id",
        ),
        str(uuid4()),
    ) | {"name": "admin", "client_id": "shop", "factor": "totp", "host": "a.example"}
    values["attribute"] = "x"
    values["correlation_id"] = "r-1"
    secured = {}
    for path, item in paths.items():
        for method, operation in item.items():
            if path.startswith("/api/v1/") and operation.get("security"):
                url = path.removeprefix("/api/v1").format(**values)
                is_own = path in mine or path.startswith(f"{mine[0]}/")
                if is_own and method == "delete":
                    continue  # it would be done; other tests do
                answer = await portal.call(method.upper(), url)
                secured[method, path] = (is_own, answer.status_code)

    assert sum(is_own for is_own, _ in secured.values()) >= 8
    assert sum(not is_own for is_own, _ in secured.values()) >= 15
    for route, (is_own, status) in secured.items():
        assert (status == 403) is (not is_own), (route, status)
    refused = await portal.call("GET", "/users")
    assert refused.json()["code"] == "insufficient_scope"
    assert refused.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'


@pytest.mark.parametrize("way", ["grant", "session", "account", "client", "token"])
async def test_it_ends_at_once_with_whatever_it_hangs_on(
    api: Api, browser: Visit, applications: ApplicationFactory, way: str
) -> None:
    app = await trusted(applications, scope=SCOPE)
    portal = Portal(api, browser, app)
    await portal.arrive(await api.person(), "openid account")
    admin, person = await api.admin(), portal.person
    before = await portal.call("GET", "/users/me")

    if way == "grant":
        await portal.call("DELETE", f"/users/me/consents/{app.client_id}")
        form = {"token": portal.tokens["refresh_token"]}
        await api.client.post("/oauth2/revoke", data=form, headers=app.basic)
    elif way == "session":
        session = claims_of(portal.tokens["access_token"])["sid"]
        await api.delete(f"/users/me/sessions/{session}", person)
    elif way == "account":
        await api.patch(f"/users/{person.id}", {"status": "disabled"}, admin)
    elif way == "client":
        await api.patch(f"/clients/{app.client_id}", {"status": "disabled"}, admin)
    else:
        form = {"token": portal.tokens["access_token"]}
        await api.client.post("/oauth2/revoke", data=form, headers=app.basic)
    after = await portal.call("GET", "/users/me")

    assert (before.status_code, after.status_code) == (200, 401)
    assert after.json()["code"] == "invalid_access_token"
    metadata = "http://localhost:8000/.well-known/oauth-protected-resource/api/v1"
    assert after.headers["www-authenticate"] == (
        f'Bearer error="invalid_token", resource_metadata="{metadata}"'
    )


async def test_a_token_without_the_scope_or_for_another_opens_nothing(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    """RFC 9700 §2.3: what an API gets shown is of no use to it at another one."""
    columns = {"is_first_party": True, "audience": "https://api.example/orders"}
    app = await applications(columns=columns, scope=SCOPE)
    portal = Portal(api, browser, app)
    await portal.arrive(await api.person())
    whole = claims_of(portal.tokens["access_token"])

    opened = await portal.call("GET", "/users/me")
    narrowed = await portal.refresh(scope="openid email")
    theirs = claims_of(portal.tokens["access_token"])
    refused = await portal.call("GET", "/users/me")

    assert (opened.status_code, whole["aud"]) == (200, [OWN_API, ISSUER])
    assert narrowed.status_code == 200
    assert theirs["aud"] == ["https://api.example/orders", ISSUER]
    assert refused.status_code == 401


async def test_a_scope_that_the_administrator_takes_away_opens_nothing_more(
    api: Api, portal: Portal
) -> None:
    path = f"/clients/{portal.app.client_id}"

    await api.patch(path, {"scope": "openid email"}, await api.admin())

    assert (await portal.call("GET", "/users/me")).status_code == 401


async def test_people_are_asked_in_plain_words(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    app, person = await applications(scope=SCOPE), await api.person()
    await browser.arrive(person.email)

    assert at(await browser.ask(app, scope="openid account")) == "/consent"
    assert "Manage your account for you" in browser.page.text
    assert "delete" in browser.page.text


# --- Step-up (RFC 9470) ---

SENSITIVE: list[tuple[str, str, Any]] = [
    ("DELETE", "/users/me", None),
    ("POST", "/users/me/email", {"email": "new@example.com"}),
]


@pytest.mark.parametrize("asked", SENSITIVE, ids=lambda asked: asked[1])
async def test_an_older_sign_in_is_challenged_as_applications_understand(
    portal: Portal, clock: FakeClock, asked: tuple[str, str, Any]
) -> None:
    """RFC 9470 §3: 401, insufficient_user_authentication, max_age."""
    clock.advance(minutes=11)
    await portal.refresh()  # a new token, of the old sign-in

    answer = await portal.call(*asked)

    assert answer.status_code == 401
    assert answer.json()["code"] == "insufficient_user_authentication"
    assert answer.json()["max_age"] == 600 and "acr_values" not in answer.json()
    said = answer.headers["www-authenticate"]
    assert said.startswith('Bearer error="insufficient_user_authentication"')
    assert 'max_age="600"' in said and "acr_values" not in said


async def test_an_application_is_challenged_steps_up_and_succeeds(
    portal: Portal, runtime: Runtime
) -> None:
    """RFC 9470 §3, §4, §5: the challenge, the request that it leads to, the answer."""
    factor = await FactorFactory(runtime).totp(portal.person.id)
    body = {"email": "new@example.com"}

    challenged = await portal.call("POST", "/users/me/email", body)
    said = challenged.headers["www-authenticate"]
    query = query_of(portal.app, scope=SCOPE, **CHALLENGE)
    opened = at(await portal.browser.get("/oauth2/authorize", query))
    await portal.receive(
        await portal.browser.post("/signin/verify", {"code": factor.code})
    )
    done = await portal.call("POST", "/users/me/email", body)

    assert challenged.status_code == 401
    assert 'acr_values="aal2", max_age="600"' in said
    assert opened == "/signin/verify"
    assert claims_of(portal.tokens["access_token"])["acr"] == "aal2"
    assert done.status_code == 202


async def test_the_password_is_changed_for_the_owner_by_the_same_rule(
    portal: Portal, runtime: Runtime
) -> None:
    body = {"current_password": PASSWORD, "new_password": "another horse entirely"}
    changed = await portal.call("POST", "/auth/change-password", body)
    await FactorFactory(runtime).totp(portal.person.id)
    again = {**body, "current_password": body["new_password"]}
    weak = await portal.call("POST", "/auth/change-password", again)

    assert changed.status_code == 204
    assert (weak.status_code, weak.json()["acr_values"]) == (401, "aal2")


async def test_a_session_of_our_own_is_told_the_same_in_its_document(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    """RFC 9457 §3.2: members of the document; status and code are as they were."""
    old, weak = await api.person(), await api.person()
    await FactorFactory(runtime).totp(weak.id)
    refused = await api.delete("/users/me", weak)
    clock.advance(minutes=11)
    form = {"refresh_token": old.tokens["refresh_token"]}
    old.tokens = (await api.post("/auth/refresh", form)).json()
    late = await api.delete("/users/me", old)

    for answer, acr in ((refused, "aal2"), (late, None)):
        document = answer.json()
        assert answer.status_code == 403
        assert document["code"] == "reauthentication_required"
        assert (document["max_age"], document.get("acr_values")) == (600, acr)


# --- Who may have it ---


async def test_a_machine_never_has_it(
    api: Api, applications: ApplicationFactory
) -> None:
    """RFC 6749 §4.4: nobody is there whose account it could be."""
    machine = await applications(
        grant_types=["client_credentials"], scope="account", redirect_uris=[]
    )
    form = {"grant_type": "client_credentials", "scope": "account"}

    answer = await api.client.post("/oauth2/token", data=form, headers=machine.basic)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


async def test_a_client_gets_it_only_if_it_is_named(api: Api) -> None:
    admin = await api.admin()
    body = {"redirect_uris": ["https://shop.example/cb"], "client_name": "Shop"}

    usual = (await api.post("/clients", body, admin)).json()
    named = await api.post("/clients", body | {"scope": "openid account"}, admin)

    assert "account" not in usual["scope"].split()
    assert named.json()["scope"].split() == ["openid", "account"]


class TestRegistered:
    """A client that registered itself."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"oauth": {"registration": "open"}}

    async def _register(self, api: Api, **members: Any) -> dict[str, Any]:
        document = {"redirect_uris": ["https://new.example/cb"]} | members
        answer = await api.client.post("/oauth2/register", json=document)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def _replace(self, api: Api, made: dict[str, Any], **members: Any) -> str:
        document = {
            "client_id": made["client_id"],
            "redirect_uris": ["https://new.example/cb"],
        } | members
        answer = await api.client.put(
            f"/oauth2/register/{made['client_id']}",
            json=document,
            headers={"Authorization": f"Bearer {made['registration_access_token']}"},
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["scope"])

    @pytest.mark.parametrize("scope", [None, "openid account", "account"])
    async def test_it_does_not_give_itself_the_scope(
        self, api: Api, scope: str | None
    ) -> None:
        asked = {} if scope is None else {"scope": scope}

        made = await self._register(api, **asked)
        replaced = await self._replace(api, made, scope="openid account")

        assert "openid" in made["scope"].split()
        assert "account" not in made["scope"].split()
        assert replaced == "openid"

    async def test_it_keeps_what_an_administrator_gave_at_the_same_place_alone(
        self, api: Api
    ) -> None:
        """ADR-0014: who gives itself a new place, loses what was given to the old."""
        made, admin = await self._register(api), await api.admin()
        given = {"scope": "openid account"}
        await api.patch(f"/clients/{made['client_id']}", given, admin)

        kept = await self._replace(api, made, **given, client_name="New")
        evil = ["https://evil.example/cb"]
        lost = await self._replace(api, made, **given, redirect_uris=evil)

        assert kept == "openid account"
        assert lost == "openid"
