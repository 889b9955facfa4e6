"""Bodies and paths that no honest program sends, on every route there is."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from app.core.exceptions import PROBLEM_JSON
from app.services.server.runtime import Runtime
from tests.support.api import Api, Person
from tests.support.tables import contents

UNKNOWN = str(UUID(int=7))
PATH_VALUES = {"user_id": UNKNOWN, "message_id": UNKNOWN, "session_id": UNKNOWN}
PATH_VALUES |= dict.fromkeys(("device_id", "passkey_id", "resource_id"), UNKNOWN)
PATH_VALUES |= {"name": "user", "client_id": "shop", "secret_id": UNKNOWN}
PATH_VALUES |= {"attribute": "x", "host": "wiki.example.org"}
PATH_VALUES |= {"host": "wiki.example.org", "correlation_id": "r-1"}
PATH_VALUES |= {"factor": "totp", "group_id": UNKNOWN, "token_id": UNKNOWN}
PATH_VALUES |= {"webhook_id": UNKNOWN, "connection_id": UNKNOWN}
PATH_VALUES |= dict.fromkeys(("domain_id", "link_id", "sync_id"), UNKNOWN)
Route = tuple[str, str, dict[str, Any]]
BAD_JSON: dict[str, bytes] = {
    "not JSON": b"{",
    "text": b"email=x",
    "two values": b"{}{}",
    "NaN": b'{"email":NaN}',
    "Infinity": b'{"email":-Infinity}',
    "a key twice": b'{"email":"a","email":"b"}',
    "U+0000": b'{"email":"a\\u0000b"}',
    "a key with U+0000": b'{"a\\u0000":1}',
    "a lone surrogate": b'{"email":"\\ud800"}',
    "not UTF-8": b'{"email":"\xff"}',
    "UTF-16": '{"email":"a"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"email":"a"}',
    "deep": b'{"email":' + b"[" * 40 + b"]" * 40 + b"}",
    "very deep": b"[" * 30_000 + b"]" * 30_000,
    "a huge number": b'{"email":' + b"9" * 5_000 + b"}",
    "more than 64 bits": b'{"email":9223372036854775808}',
    "more than a float holds": b'{"email":1e400}',
}
WRONG_TYPES: tuple[Any, ...] = (None, True, 0, 1.5, [], {}, ["x"], {"x": 1})


@pytest.fixture
async def admin(api: Api) -> Person:
    """Somebody whom no missing permission stops before the body is read."""
    return await api.admin()


@pytest.fixture
async def routes(client: AsyncClient) -> list[Route]:
    """Every operation of the API that takes a body: method, path, its schema."""
    document = (await client.get("/openapi.json")).json()
    found = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            # The protocol's own paths have readers, and tests, of their own.
            forms = operation.get("requestBody", {}).get("content", {})
            # So have pictures: tests/accounts/pictures.
            if "application/json" in forms and path.startswith("/api/"):
                schema = _resolved(document, forms["application/json"]["schema"])
                if not operation["requestBody"].get("required"):
                    schema = schema | {"type": ["object", "null"]}
                found.append((method, path.format(**PATH_VALUES), schema))
    assert len(found) >= 15
    return found


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    referring = schema.get("anyOf", [schema])[0]  # the other one is null
    name = referring.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"][name] if name else schema
    return found


@pytest.fixture
async def unchanged(runtime: Runtime, admin: Person) -> AsyncIterator[None]:
    """Demand that every table holds at the end what it held before."""
    before = await contents(runtime)
    yield
    assert await contents(runtime) == before


def assert_problem(answer: Response, status: int, code: str, what: str = "") -> None:
    """Demand problem details (RFC 9457) with this status and code."""
    where = f"{answer.request.method} {answer.request.url} {what}"
    assert answer.headers["content-type"] == PROBLEM_JSON, where
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), where
    assert body["status"] == status and body["title"] and body["detail"]
    assert body["correlation_id"] == answer.headers["x-request-id"]


async def send(
    client: AsyncClient, route: Route, admin: Person, content: bytes, **headers: str
) -> Response:
    """Send bytes to a route as an administrator."""
    fields = {"Content-Type": "application/json"} | admin.headers
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    method, path, _ = route
    return await client.request(method, path, content=content, headers=fields)


@pytest.mark.usefixtures("unchanged")
async def test_trap_10_what_parsers_read_differently_is_refused_everywhere(
    client: AsyncClient, routes: list[Route], admin: Person
) -> None:
    for what, content in BAD_JSON.items():
        for route in routes:
            answer = await send(client, route, admin, content)

            assert_problem(answer, 400, "malformed_json", what)


@pytest.mark.usefixtures("unchanged")
async def test_trap_23_wrong_types_and_unknown_fields_are_refused_everywhere(
    api: Api, routes: list[Route], admin: Person
) -> None:
    for method, path, schema in routes:
        bodies: list[Any] = [[], "x", 1, True, {"unknown_field": 1}]
        bodies += [] if "null" in schema["type"] else [None]
        for name, field in schema["properties"].items():
            bodies += [{name: value} for value in _wrong_for(field)]
        for body in bodies:
            answer = await api.client.request(
                method, path, json=body, headers=admin.headers
            )
            assert_problem(answer, 422, "validation_failed")
            if not isinstance(body, dict):
                said = [wrong["message"] for wrong in answer.json()["errors"]]
                assert said == ["a JSON object is required"]


FLAWS = {
    b'{"email": hunter2}': "Expecting value, line 1 column 11",
    b'{\n"password": "hunter2': "Unterminated string starting, line 2 column 13",
    b'{"password": "hunter2\\x"}': "Invalid \\escape, line 1 column 22",
    b'{"a": 1} hunter2': "Extra data, line 1 column 10",
    b'{"email": "\xff"}': "not UTF-8 at byte 11",
    b'{"email": "a", "email": "hunter2"}': "a key twice",
    b'{"email": NaN}': "NaN is no JSON",
    b"[" * 30_000: "nested too deeply",
    b'{"email":' + b"9" * 5_000 + b"}": "a long number",
    b'{"email": 9223372036854775808}': "a long number",
    b'{"email": [-9223372036854775809]}': "a long number",
    b'{"email": 1e400}': "a long number",
}


@pytest.mark.parametrize("body", FLAWS, ids=FLAWS.values())
async def test_a_flaw_is_told_by_kind_and_place_and_never_by_content(
    client: AsyncClient, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}

    answer = await client.post("/api/v1/auth/login", content=body, headers=headers)

    assert_problem(answer, 400, "malformed_json")
    told = answer.json()["detail"]
    assert told == f"The body is not acceptable JSON: {FLAWS[body]}"
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("prefix", ["", "Token ", "Basic ", "bearer:"])
async def test_a_token_without_its_scheme_is_told_how_to_be_sent(
    api: Api, prefix: str
) -> None:
    person = await api.person()
    headers = {"Authorization": prefix + person.tokens["access_token"]}

    answer = await api.client.get("/api/v1/users/me", headers=headers)

    assert_problem(answer, 401, "unauthenticated")
    assert "Authorization: Bearer" in answer.json()["detail"]
    assert person.tokens["access_token"] not in answer.text


async def test_the_example_of_registering_works_as_it_stands(
    client: AsyncClient,
) -> None:
    document = (await client.get("/openapi.json")).json()
    example = document["components"]["schemas"]["RegisterRequest"]["examples"][0]

    answer = await client.post("/api/v1/auth/register", json=example)

    assert answer.status_code == 201


def _wrong_for(field: dict[str, Any]) -> list[Any]:
    """Return values of types that the field does not take."""
    parts = (field, *field.get("anyOf", []))
    kinds = {"object" if "$ref" in part else part.get("type") for part in parts}
    names = {type(None): "null", bool: "boolean", int: "integer", float: "number"}
    names |= {list: "array", dict: "object"}
    return [value for value in WRONG_TYPES if names[type(value)] not in kinds] + (
        ["true"] if "boolean" in kinds else []
    )


@pytest.mark.usefixtures("unchanged")
async def test_a_body_of_ten_megabytes_is_too_large_everywhere(
    client: AsyncClient, routes: list[Route], admin: Person
) -> None:
    large = b'{"email":"' + b"x" * 10_000_000 + b'"}'

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 10_000

    for route in routes:
        assert_problem(
            await send(client, route, admin, large), 413, "payload_too_large"
        )
    fields = {"Content-Type": "application/json"}
    streamed = await client.post("/api/v1/auth/login", content=chunks(), headers=fields)
    assert_problem(streamed, 413, "payload_too_large")


NOT_JSON = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/jsonx",
    "application/json; charset=utf-16",
    "",
)


@pytest.mark.usefixtures("unchanged")
async def test_another_content_type_is_refused_everywhere(
    client: AsyncClient, routes: list[Route], admin: Person
) -> None:
    for kind in NOT_JSON:
        for route in routes:
            answer = await send(client, route, admin, b"{}", Content_Type=kind)

            assert_problem(answer, 415, "unsupported_media_type", kind)


@pytest.mark.usefixtures("unchanged")
async def test_an_empty_body_is_refused_everywhere(
    client: AsyncClient, routes: list[Route], admin: Person
) -> None:
    needed = [route for route in routes if "null" not in route[2]["type"]]

    for route in needed:
        assert_problem(await send(client, route, admin, b""), 422, "validation_failed")
    assert len(routes) - len(needed) <= 2  # keys to rotate, a passkey to ask for


async def test_an_unknown_path_is_not_found(client: AsyncClient) -> None:
    paths = (
        "/api/v1/nothing",
        "/api/v1/users/",
        "/api/v1/auth/login/",
        "/api/v2",
        "/x",
    )

    for path in paths:
        for method in ("GET", "POST", "DELETE"):
            assert_problem(await client.request(method, path), 404, "not_found")


async def test_another_method_is_not_allowed_anywhere(client: AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]

    for path in paths:
        if path.startswith("/api/"):
            method = "POST" if "put" in paths[path] else "PUT"
            answer = await client.request(method, path.format(**PATH_VALUES))
            assert_problem(answer, 405, "method_not_allowed")
            assert answer.headers["allow"]


@pytest.mark.usefixtures("unchanged")
async def test_trap_11_no_path_and_no_query_may_hold_u_0000(
    client: AsyncClient, admin: Person
) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    urls = [f"{path.format(**PATH_VALUES)}?q=a%00b" for path in paths]
    urls += [f"{path.format(**PATH_VALUES)}%00" for path in paths]
    urls += [
        "/api/v1/users/%00",
        "/api/v1/roles/a%00b",
        "/%00",
        "/verify-email?token=%00",
    ]

    for url in urls:
        for method in ("GET", "POST"):
            answer = await client.request(method, url, headers=admin.headers)
            if url.startswith("/oauth2/"):  # the protocol has a form of its own
                assert answer.status_code == 400, url
                assert answer.json()["error"] == "invalid_request", url
            else:
                assert_problem(answer, 400, "bad_request")


UNACCEPTABLE = (
    "/users/not-a-uuid",
    "/users?limit=0",
    "/users?limit=201",
    "/users?limit=x",
    "/users?limit=99999999999999999999999",
    "/users?status=gone",
    "/users?role=A%20B",
    "/audit-events?user_id=1",
    "/outbox?state=x",
)


async def test_a_parameter_that_is_not_acceptable_is_named(
    api: Api, admin: Person
) -> None:
    for path in UNACCEPTABLE:
        answer = await api.get(path, admin)

        assert_problem(answer, 422, "validation_failed")
        assert answer.json()["errors"], path


@pytest.mark.usefixtures("unchanged")
async def test_an_if_match_that_is_no_entity_tag_is_refused(
    api: Api, admin: Person
) -> None:
    for value in ("W/", "-1", "é", "9" * 20, "1 2", "x"):
        headers = admin.headers | {"If-Match": value}

        answer = await api.client.patch(
            "/api/v1/users/me",
            json={"name": "x"},
            headers=[(k.encode(), v.encode("latin-1")) for k, v in headers.items()],
        )

        assert_problem(answer, 400, "invalid_if_match", value)
