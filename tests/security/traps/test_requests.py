"""Traps of the framework and of what it is sent, each sprung on purpose."""

import asyncio
import re
from typing import Any
from uuid import uuid4

import pytest

from tests.architecture.source import sources
from tests.http.test_api_document import document
from tests.support.api import PASSWORD, Api


async def test_trap_01_mixed_requests_at_once_see_nobody_elses_data(api: Api) -> None:
    people = [await api.person() for _ in range(4)]

    async def mixed(number: int) -> bool:
        person = people[number % 4]
        me = await api.get("/users/me", person)
        renamed = await api.patch("/users/me", {"name": person.email}, person)
        ids = {me.json()["id"], renamed.json()["id"]}
        return ids == {str(person.id)}

    found = await asyncio.gather(*(mixed(number) for number in range(40)))

    assert all(found)
    for person in people:
        assert (await api.get("/users/me", person)).json()["name"] == person.email


@pytest.mark.parametrize("secret", ["é", "🔑", "ß" * 8, "\u0130", "１２３４５６７８"])
async def test_trap_05_secrets_beyond_ascii_are_wrong_and_not_an_error(
    api: Api, secret: str
) -> None:
    person = await api.person()
    await api.post("/auth/email-code", {"email": person.email})
    tries: list[tuple[str, dict[str, Any]]] = [
        ("/auth/login", {"email": person.email, "password": secret}),
        ("/auth/refresh", {"refresh_token": secret}),
        ("/auth/refresh", {"refresh_token": f"as_rt_{secret}"}),
        ("/auth/reset-password", {"token": f"as_ot_{secret}", "new_password": "x" * 9}),
        ("/auth/verify-email", {"token": secret}),
        ("/auth/email-code/verify", {"email": person.email, "code": secret}),
    ]

    answers = [await api.post(path, body) for path, body in tries]
    listed = await api.client.get(
        "/api/v1/users/me/activity", params={"cursor": secret}, headers=person.headers
    )

    assert {answer.status_code for answer in answers} <= {400, 401, 422}
    assert listed.status_code == 400


async def test_trap_07_every_write_route_answers_with_what_it_wrote(api: Api) -> None:
    admin = await api.admin()
    made = await api.post("/users", {"email": "new@example.com", "name": "N"}, admin)
    path = made.headers["location"].removeprefix("/api/v1")

    answers = [
        made,
        await api.patch(path, {"name": "M", "status": "disabled"}, admin),
        await api.patch(path, {"roles": ["admin", "user"]}, admin),
        await api.post("/roles", {"name": "ops", "permissions": ["keys:read"]}, admin),
        await api.patch("/roles/ops", {"description": "d"}, admin),
        await api.patch("/users/me", {"locale": "de"}, admin),
        await api.post(
            "/auth/register", {"email": "b@x.example", "password": PASSWORD}
        ),
        await api.post("/keys/rotate", None, admin),
    ]

    assert all(answer.status_code in (200, 201, 202) for answer in answers)
    assert answers[2].json()["roles"] == ["admin", "user"]
    assert answers[2].json() == (await api.get(path, admin)).json()
    assert answers[4].json() == (await api.get("/roles/ops", admin)).json()


async def test_trap_09_requests_at_once_keep_their_own_ids(api: Api) -> None:
    ids = [f"request-{number}" for number in range(30)]

    async def fail(request_id: str) -> tuple[str, str]:
        answer = await api.client.post(
            "/api/v1/auth/login",
            json={"email": f"{request_id}@example.com", "password": "x"},
            headers={"X-Request-ID": request_id},
        )
        return answer.headers["x-request-id"], answer.json()["correlation_id"]

    answered = await asyncio.gather(*(fail(request_id) for request_id in ids))

    assert answered == [(request_id, request_id) for request_id in ids]


@pytest.mark.parametrize("proxies", ["*", "0.0.0.0/0", "::/0"])
def test_trap_15_every_address_is_no_proxy(proxies: str) -> None:
    from pydantic import ValidationError

    from app.config import Settings

    with pytest.raises(ValidationError):
        Settings.model_validate({"trusted_proxies": proxies})


async def test_trap_20_no_answer_repeats_a_post_somewhere_else(api: Api) -> None:
    paths = [path for path, item in document()["paths"].items() if "post" in item]

    for path in paths:
        url = re.sub("{.*?}", str(uuid4()), path)
        assert (await api.client.post(url, json={})).status_code not in (307, 308)
        assert (await api.client.post(f"{url}/", json={})).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["limit=1&limit=200", "sort=email&sort=-email", "cursor=a&cursor=b", "q=a&q=b"],
)
async def test_trap_21_a_parameter_twice_is_refused(api: Api, query: str) -> None:
    admin = await api.admin()

    answer = await api.get(f"/users?{query}", admin)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_trap_23_every_answer_declares_its_fields() -> None:
    schemas = document()["components"]["schemas"]
    checked = 0

    for path, item in document()["paths"].items():
        for method, operation in item.items():
            for status, answer in operation["responses"].items():
                content = answer.get("content", {}).get("application/json")
                if content is None or not path.startswith("/api/"):
                    continue
                name = content["schema"].get("$ref", "").rpartition("/")[2]
                assert schemas[name]["properties"], f"{method} {path} {status}"
                checked += 1
    assert checked > 15


def test_trap_23_every_request_body_forbids_unknown_fields() -> None:
    schemas = document()["components"]["schemas"]

    for path, item in document()["paths"].items():
        for method, operation in item.items():
            # What the protocol does not know is ignored (RFC 6749 3.2, RFC 7591 2).
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content and not path.startswith("/oauth2/"):
                schema = content["application/json"]["schema"]
                for each in schema.get("anyOf", [schema]):  # or no body at all
                    name = each.get("$ref", "").rpartition("/")[2]
                    found = schemas[name] if name else each
                    is_closed = found.get("additionalProperties") is False
                    assert is_closed or each == {"type": "null"}, f"{method} {path}"


def test_trap_26_no_module_reads_the_address_that_a_request_claims() -> None:
    banned = re.compile(r"request\.(url|base_url)\b|\burl_for\(|HTTP_HOST")

    found = [name for name, source in sources().items() if banned.search(source)]

    assert found == []
