"""What applications may have of a person: remembered, listed, taken back."""

from asyncio import gather
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from app.models import OAuthConsent, OAuthGrant, User
from app.services.oauth.consent import OAuthConsentService
from app.services.server.runtime import Runtime
from tests.factories.oauth import Application, ApplicationFactory, CodeFactory
from tests.support.api import Api, Person
from tests.support.chance import FakeClock

PATH = "/users/me/consents"


async def agree(
    runtime: Runtime, person: Person, app: Application, scope: str, claims: str = ""
) -> None:
    async with runtime.unit_of_work() as uow:
        consents = OAuthConsentService(uow)
        await consents.remember(person.id, app.client_id, scope.split(), claims.split())


async def user_of(api: Api, person: Person) -> User:
    async with api.runtime.unit_of_work(read_only=True) as uow:
        user = await uow.users.by_id(person.id)
    assert user is not None
    return user


async def is_over(api: Api, grant_id: UUID) -> bool:
    async with api.runtime.database.session(read_only=True) as db:
        grant = await db.get_one(OAuthGrant, grant_id)
        return grant.revoked_at is not None


async def test_a_consent_grows_and_is_listed_with_the_name(
    api: Api, applications: ApplicationFactory
) -> None:
    person, shop = await api.person(), await applications(client_name="Café <b>")
    await agree(api.runtime, person, shop, "openid email")
    await agree(api.runtime, person, shop, "openid profile", "birthdate")

    listed = (await api.get(PATH, person)).json()

    [item] = listed["items"]
    assert item["client_id"] == shop.client_id
    assert item["client_name"] == "Café <b>"
    assert item["scope"] == "email openid profile"
    assert item["claims"] == ["birthdate"]
    assert item["created_at"] and item["updated_at"]
    assert (await api.trail(person.id)).count("oauth.consent_granted") == 2


async def test_a_consent_says_when_the_application_last_got_tokens(
    api: Api, applications: ApplicationFactory, clock: FakeClock
) -> None:
    person, other, shop = await api.person(), await api.person(), await applications()
    for each in (person, other):
        await agree(api.runtime, each, shop, "openid")
    user, codes = await user_of(api, person), CodeFactory(api.runtime)
    unused = await codes(shop, user)

    async def last_used_at(whose: Person) -> Any:
        [item] = (await api.get(PATH, whose)).json()["items"]
        return item["last_used_at"]

    assert await last_used_at(person) is None
    clock.advance(seconds=10)
    answer = await api.client.post(
        "/oauth2/token", data=unused.form, headers=shop.basic
    )
    assert answer.status_code == 200
    at = datetime.fromisoformat(await last_used_at(person))
    await codes(shop, user)  # a later one, not redeemed

    assert at == clock.now()
    assert datetime.fromisoformat(await last_used_at(person)) == at
    assert await last_used_at(other) is None


async def test_consents_come_in_pages(
    api: Api, applications: ApplicationFactory
) -> None:
    person = await api.person()
    made = [await applications() for _ in range(3)]
    for app in made:
        await agree(api.runtime, person, app, "openid")

    first = (await api.get(f"{PATH}?limit=2", person)).json()
    rest = (await api.get(f"{PATH}?cursor={first['next_cursor']}", person)).json()

    found = [item["client_id"] for item in first["items"] + rest["items"]]
    assert found == [app.client_id for app in made]
    assert rest["next_cursor"] is None


async def test_a_consent_taken_back_ends_every_grant_of_the_application(
    api: Api, applications: ApplicationFactory
) -> None:
    person, other = await api.person(), await api.person()
    shop, mail = await applications(), await applications()
    codes = CodeFactory(api.runtime)
    user = await user_of(api, person)
    ours = [await codes(shop, user), await codes(shop, user, "openid offline_access")]
    theirs = [await codes(shop, await user_of(api, other)), await codes(mail, user)]
    await agree(api.runtime, person, shop, "openid")

    answer = await api.delete(f"{PATH}/{shop.client_id}", person)

    assert answer.status_code == 204
    assert (await api.get(PATH, person)).json()["items"] == []
    assert [await is_over(api, code.grant_id) for code in ours] == [True, True]
    assert [await is_over(api, code.grant_id) for code in theirs] == [False, False]
    assert "oauth.consent_revoked" in await api.trail(person.id)
    again = await api.delete(f"{PATH}/{shop.client_id}", person)
    assert (again.status_code, again.json()["code"]) == (404, "consent_not_found")


async def test_grants_without_a_remembered_consent_can_be_taken_back(
    api: Api, applications: ApplicationFactory
) -> None:
    person, shop = await api.person(), await applications()
    code = await CodeFactory(api.runtime)(shop, await user_of(api, person))

    answer = await api.delete(f"{PATH}/{shop.client_id}", person)

    assert answer.status_code == 204
    assert await is_over(api, code.grant_id)


async def test_t151_other_peoples_consents_do_not_exist(
    api: Api, applications: ApplicationFactory
) -> None:
    owner, stranger = await api.person(), await api.person()
    shop = await applications()
    await agree(api.runtime, owner, shop, "openid")

    answers = [
        await api.delete(f"{PATH}/{shop.client_id}", stranger),
        await api.delete(f"{PATH}/{uuid4()}", stranger),
        await api.delete(f"{PATH}/{'x' * 256}", stranger),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 422]
    assert (await api.get(PATH, stranger)).json()["items"] == []
    assert len((await api.get(PATH, owner)).json()["items"]) == 1


async def test_the_export_holds_consents_and_grants(
    api: Api, applications: ApplicationFactory
) -> None:
    person, shop = await api.person(), await applications()
    await agree(api.runtime, person, shop, "openid")
    code = await CodeFactory(api.runtime)(shop, await user_of(api, person))

    copy = (await api.get("/users/me/export", person)).json()

    assert [row["client_id"] for row in copy["oauth_consents"]] == [shop.client_id]
    [grant] = copy["oauth_grants"]
    assert grant["id"] == str(code.grant_id) and "counter" not in grant


async def test_nobody_is_remembered_twice(
    api: Api, applications: ApplicationFactory
) -> None:
    person, shop = await api.person(), await applications()

    scopes = ("openid email", "openid profile", "openid phone", "openid address")
    await gather(*(agree(api.runtime, person, shop, scope) for scope in scopes))

    async with api.runtime.database.session(read_only=True) as db:
        [row] = (await db.scalars(select(OAuthConsent))).all()
    assert row.scope == "address email openid phone profile"
