"""Hosts, headers, names and cursors that try to be something else."""

import logging
import time
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest

from app.api.middleware import MAX_BODY
from app.core.logging import configure_logging
from app.jobs.mail import MailJob
from app.services.server.runtime import Runtime
from tests.http.test_api_document import document
from tests.support.api import PASSWORD, Api
from tests.support.page import PAGES

FORGED = {
    "Host": "evil.example",
    "Forwarded": "host=evil.example;proto=https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Original-URL": "/api/v1/settings",
    "X-Rewrite-URL": "/api/v1/settings",
    "Referer": "https://evil.example/",
}


async def test_t068_mailed_links_ignore_every_host_that_a_request_names(
    api: Api, runtime: Runtime
) -> None:
    user = await api.users.with_password(PASSWORD)

    answer = await api.client.post(
        "/api/v1/auth/forgot-password", json={"email": user.email}, headers=FORGED
    )
    await MailJob(runtime).run()

    [mail] = runtime.mailbox.list()
    assert answer.status_code == 202
    assert "evil.example" not in mail.text + mail.html + answer.text
    assert f"{runtime.settings.public_url}/reset-password?token=" in mail.text


async def test_t068_problems_and_tokens_ignore_the_host(api: Api) -> None:
    person = await api.person()

    refused = await api.client.get("/api/v1/users/me", headers=FORGED)
    moved = await api.client.get("/.well-known/change-password", headers=FORGED)
    allowed = await api.client.get("/api/v1/users/me", headers=FORGED | person.headers)

    assert "evil.example" not in refused.text
    assert "evil.example" not in moved.headers["location"]
    assert allowed.status_code == 200


@pytest.mark.parametrize(
    "host", ["x/health/live?", "test/health/live#", "[::1", "a b", "x@y", "", "."]
)
async def test_t070_a_host_header_does_not_open_a_path(api: Api, host: str) -> None:
    for path in ("/api/v1/users/me", "/api/v1/users", "/api/v1/settings"):
        answer = await api.client.get(path, headers={"Host": host})
        assert answer.status_code in (400, 401)


HOSTILE_ADDRESSES = [
    "a@example.com\r\nBcc: evil@example.com",
    "a@example.com\nX: y",
    "a@example.com,evil@example.com",
    "a@example.com;evil@example.com",
    "<a@example.com>",
    "Ann <a@example.com>",
    "a\r\n@example.com",
    '"a\r\nb"@example.com',
    "a@[127.0.0.1]",
    "a@local host",
    "a@127.0.0.1",
    "x" * 310 + "@example.com",
    "a\u2028@example.com",
    "a\u202e@example.com",
    "a@exam ple.com",
    "@example.com",
    "a@",
    "a",
]


@pytest.mark.parametrize("email", HOSTILE_ADDRESSES, ids=range(len(HOSTILE_ADDRESSES)))
async def test_t082_an_address_that_is_more_than_one_is_refused(
    api: Api, email: str
) -> None:
    admin = await api.admin()

    answers = [
        await api.post("/auth/register", {"email": email, "password": PASSWORD}),
        await api.post("/users", {"email": email}, admin),
        await api.post("/users/me/email", {"email": email}, admin),
    ]

    assert [answer.status_code for answer in answers] == [422] * 3
    assert await api.mails() == []


@pytest.mark.parametrize(
    "name", ["a\r\nBcc: x@y.z", "a\nb", "\x1b[2J", "a\u202eb", "a\u2028b", "x" * 201]
)
async def test_t082_a_display_name_is_one_printable_line(api: Api, name: str) -> None:
    person = await api.person()
    body = {"email": "new@example.com", "password": PASSWORD, "name": name}

    registered = await api.post("/auth/register", body)
    renamed = await api.patch("/users/me", {"name": name}, person)

    assert (registered.status_code, renamed.status_code) == (422, 422)


@pytest.mark.parametrize(
    "picture",
    ["javascript:alert(1)", "data:text/html,x", "http://x.example/", "//x", "https:"],
)
async def test_t059_a_picture_is_an_https_address(api: Api, picture: str) -> None:
    answer = await api.patch("/users/me", {"picture": picture}, await api.person())

    assert answer.status_code == 422


@pytest.fixture
def _logging_as_in_production() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configure_logging("INFO")
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("_logging_as_in_production")
@pytest.mark.parametrize(
    "text",
    ["a\r\nlevel=ERROR forged", "\x1b[31mred", "a\u2028forged", "${jndi:ldap://x}"],
)
async def test_t179_what_callers_type_makes_no_log_line_of_its_own(
    api: Api, capfd: pytest.CaptureFixture[str], text: str
) -> None:
    capfd.readouterr()
    headers = {"User-Agent": text.encode().decode("latin-1"), "X-Request-ID": "a b"}
    await api.login(f"{text}@example.com", text)
    await api.client.get("/api/v1/users", params={"q": text})
    await api.client.get(
        "/api/v1/x%0d%0aforged",
        headers={k: v for k, v in headers.items() if k[0] == "X"},
    )
    out, err = capfd.readouterr()

    lines = [line for line in (out + err).splitlines() if line.strip()]
    assert not any(line.startswith(("level=ERROR", "forged")) for line in lines)
    assert "\x1b[31mred" not in out + err
    assert "\u2028" not in out + err


CURSORS = [
    "",
    "x",
    "=",
    "AAAA",
    "eyJpZCI6MX0",
    "' OR 1=1 --",
    "%27",
    "../..",
    "x" * 2_000,
    "é",
]


@pytest.mark.parametrize("cursor", CURSORS, ids=range(len(CURSORS)))
async def test_t194_a_forged_cursor_is_refused(api: Api, cursor: str) -> None:
    admin = await api.admin()

    for path in ("/users", "/roles", "/audit-events", "/outbox", "/users/me/activity"):
        answer = await api.client.get(
            f"/api/v1{path}", params={"cursor": cursor}, headers=admin.headers
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


async def test_t194_a_cursor_of_another_list_or_order_is_refused(api: Api) -> None:
    admin = await api.admin()
    await api.users()
    first = (await api.get("/users?limit=1&sort=email", admin)).json()
    cursor = first["next_cursor"]
    flipped = cursor[:-1] + ("A" if cursor[-1] != "A" else "Q")

    same = await api.get(f"/users?limit=1&sort=email&cursor={cursor}", admin)
    others = [
        await api.get(f"/users?sort=-email&cursor={cursor}", admin),
        await api.get(f"/users?cursor={cursor}", admin),
        await api.get(f"/roles?cursor={cursor}", admin),
        await api.get(f"/audit-events?cursor={cursor}", admin),
        await api.get(f"/users?sort=email&cursor={flipped}", admin),
    ]

    assert same.status_code == 200
    assert [answer.status_code for answer in others] == [400] * 5


@pytest.mark.parametrize(
    "sort", ["password_hash", "last_sign_in_at", "id; DROP TABLE users", "email desc"]
)
async def test_t196_only_named_orders_exist(api: Api, sort: str) -> None:
    admin = await api.admin()

    by_admin = await api.client.get(
        "/api/v1/users", params={"sort": sort}, headers=admin.headers
    )

    assert by_admin.status_code == 422
    assert (await api.get("/users?sort=email", await api.person())).status_code == 403


@pytest.mark.parametrize("q", ["%", "_", "\\", "' OR '1'='1", "\\%", "[a-z]", "argon2"])
async def test_t196_a_search_looks_at_address_and_name_literally(
    api: Api, q: str
) -> None:
    admin = await api.admin()

    answer = await api.client.get(
        "/api/v1/users", params={"q": q}, headers=admin.headers
    )

    assert answer.status_code == 200
    assert answer.json()["items"] == []


async def test_t143_long_inputs_are_cut_off_before_they_are_parsed(api: Api) -> None:
    long = "a" * 30_000
    bodies = [
        {"email": f"{long}@example.com", "password": PASSWORD},
        {"email": "a@" + "b." * 15_000 + "com", "password": PASSWORD},
    ]

    answers = [await api.post("/auth/register", body) for body in bodies]
    language = await api.client.get(
        "/verify-email", headers={"Accept-Language": "a-b;q=0.1," * 6_000}
    )

    assert [answer.status_code for answer in answers] == [422, 422]
    assert language.status_code == 200


@pytest.mark.parametrize(
    "kind",
    [
        "application/json;" + " x=" * 5_000,
        'application/x-www-form-urlencoded; !="' + "\\" * 10_000,
        "multipart/form-data; boundary=" + "x" * 10_000,
    ],
    ids=["json", "form", "multipart"],
)
async def test_t139_a_crafted_content_type_is_refused(api: Api, kind: str) -> None:
    headers = {"Content-Type": kind}

    answer = await api.client.post("/api/v1/auth/login", content=b"{}", headers=headers)

    assert answer.status_code == 415


_IDS: dict[str, object] = {
    "user_id": UUID(int=1),
    "passkey_id": UUID(int=1),
    "device_id": UUID(int=1),
    "resource_id": UUID(int=1),
}
_IDS |= {"name": "user", "client_id": "shop"}
_IDS |= dict.fromkeys(("group_id", "resource_id", "token_id"), str(UUID(int=1)))
_IDS |= {"attribute": "x", "host": "localhost:4000"}
_IDS["connection_id"] = _IDS["webhook_id"] = str(UUID(int=1))
_IDS |= dict.fromkeys(("domain_id", "link_id", "sync_id"), str(UUID(int=1)))


async def test_t140_a_body_without_end_is_read_no_further_than_the_limit(
    api: Api,
) -> None:
    headers = (await api.admin()).headers | {"Origin": api.runtime.settings.public_url}
    routes = [("post", path) for path in (*PAGES, "/forgot-password")]
    routes += [
        (method, path.format(**_IDS))
        for path, item in document()["paths"].items()
        for method, operation in item.items()
        if "requestBody" in operation
    ]
    seen = {}

    for method, path in routes:
        for kind in ("application/json", "application/x-www-form-urlencoded"):
            body = Endless()
            fields = headers | {"Content-Type": kind}
            answer = await api.client.request(
                method, path, content=body.chunks(), headers=fields
            )
            seen[method, path, kind] = (answer.status_code, body.taken)

    assert len(seen) > 40
    # The protocol has no 415 (RFC 6749 5.2), and asks for the client's proof first.
    ours = {key: one for key, one in seen.items() if not key[1].startswith("/oauth2/")}
    assert {status for status, _ in ours.values()} == {413, 415}
    assert {status for status, _ in seen.values()} <= {400, 401, 404, 413, 415}
    assert max(taken for _, taken in seen.values()) <= MAX_BODY + 2 * Endless.CHUNK


class Endless:
    """A field of a gigabyte that comes in pieces, and how much of it was taken."""

    CHUNK = 16_384

    def __init__(self) -> None:
        """Nothing was taken yet."""
        self.taken = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield one piece after the other, as they are asked for."""
        yield b"token="
        while self.taken < 2**30:
            self.taken += self.CHUNK
            yield b"x" * self.CHUNK


async def test_t142_ten_thousand_ranges_of_a_file_cost_no_more_than_one(
    api: Api,
) -> None:
    many = {"Range": "bytes=" + ",".join(f"{n}-{n + 1}" for n in range(0, 20_000, 2))}

    for path in ("/static/pages.css", "/static/swagger/swagger-ui.css", "/signin"):
        whole = await api.client.get(path)
        # What it costs is not how long it takes, on a machine that does more than this.
        before = time.process_time()
        answer = await api.client.get(path, headers=many)
        cost = time.process_time() - before

        assert cost < 2  # seconds
        assert answer.status_code in (200, 206, 416)
        assert len(answer.content) <= len(whole.content)
