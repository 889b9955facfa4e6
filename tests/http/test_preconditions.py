"""``If-Match`` on every operation that takes it (RFC 9110 section 13.1.1)."""

from typing import Any

import pytest
from httpx2 import Response

from tests.connections.support import add_connection
from tests.http.test_api_document import document
from tests.support.api import Api, Person

OPERATIONS = sorted(
    (method, path)
    for path, item in document()["paths"].items()
    for method, operation in item.items()
    if any(part["name"] == "If-Match" for part in operation.get("parameters", ()))
)
BODIES: dict[str, dict[str, Any]] = {
    "/api/v1/clients/{client_id}": {"client_name": "new"},
    "/api/v1/roles/{name}": {"description": "new"},
    "/api/v1/attributes/{attribute}": {"label": "new"},
    "/api/v1/groups/{group_id}": {"description": "new"},
    "/api/v1/trusted-issuers/{name}": {"max_lifetime": 600},
    "/api/v1/webhooks/{webhook_id}": {"description": "new"},
    "/api/v1/connections/{connection_id}": {"display_name": "new"},
}


@pytest.fixture
def options() -> dict[str, object]:
    return {"oauth": {"scopes": {"orders:read": "See orders"}}}


every_operation = pytest.mark.parametrize(("method", "path"), OPERATIONS)


_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Thing:
    """What an operation changes or deletes, as somebody sees it who may."""

    def __init__(
        self, api: Api, admin: Person, person: Person, path: str, ids: dict[str, str]
    ) -> None:
        """Name it."""
        self._api = api
        self._who = person if path.endswith("/me") else admin
        self._body = BODIES.get(path, {"name": "new"})
        names = {"name": "support", "client_id": "shop"} | ids
        names["attribute"] = "support"
        self._url = path.format(user_id=person.id, **names)

    async def tag(self) -> str:
        """Return the entity tag that reading gives."""
        answer = await self._api.client.get(self._url, headers=self._who.headers)
        assert answer.status_code == 200
        return answer.headers["etag"]

    async def change(self, method: str, *fields: str) -> Response:
        """Send the operation with these ``If-Match`` fields."""
        headers = [*self._who.headers.items(), *(("If-Match", f) for f in fields)]
        body = {"json": self._body} if method == "patch" else {}
        return await self._api.client.request(
            method, self._url, headers=headers, **body  # type: ignore[arg-type]
        )


async def thing(api: Api, path: str) -> Thing:
    """Return what the operations of a path are about."""
    admin, person = await api.admin(), await api.person()
    await api.post("/roles", {"name": "support"}, admin)
    client = {"client_id": "shop", "redirect_uris": ["https://shop.example/cb"]}
    await api.post("/clients", client, admin)
    await api.post("/attributes", {"name": "support"}, admin)
    group = await api.post("/groups", {"name": "support"}, admin)
    resource = await api.post("/resources", {"identifier": "https://a.example"}, admin)
    host = await api.post("/protected-hosts", {"host": "localhost:4000"}, admin)
    machine = {"client_id": "robot", "grant_types": ["client_credentials", _BEARER]}
    machine |= {"redirect_uris": [], "response_types": [], "scope": "orders:read"}
    await api.post("/clients", machine, admin)
    condition = {"claim": "sub", "equals": "x"}
    rules = [{"client_id": "robot", "conditions": [condition]}]
    issuer = {"name": "support", "issuer": "https://i.example", "rules": rules}
    trusted = await api.post("/trusted-issuers", issuer, admin)
    assert trusted.status_code == 201, trusted.text
    hook = await api.post("/webhooks", {"url": "https://a.example"}, admin)
    ids = {"group_id": group.json()["id"], "resource_id": resource.json()["id"]}
    ids["webhook_id"] = hook.json()["id"]
    ids["connection_id"] = await add_connection(api, admin)
    return Thing(api, admin, person, path, ids | {"host": host.json()["host"]})


def test_whatever_has_a_version_can_be_changed_and_deleted_with_if_match() -> None:
    names = (
        *("attributes/{attribute}", "clients/{client_id}"),
        *("connections/{connection_id}", "groups/{group_id}"),
        "protected-hosts/{host}",
        *("resources/{resource_id}", "roles/{name}", "trusted-issuers/{name}"),
        *("users/me", "users/{user_id}", "webhooks/{webhook_id}"),
    )
    paths = [f"/api/v1/{name}" for name in names]

    assert OPERATIONS == [(m, p) for m in ("delete", "patch") for p in paths]
    for method, path in OPERATIONS:
        assert "412" in document()["paths"][path][method]["responses"]


@every_operation
async def test_another_version_is_refused_and_nothing_changes(
    api: Api, method: str, path: str
) -> None:
    it = await thing(api, path)
    tag = await it.tag()
    others = ['"0"', f"W/{tag}", f'"0{tag[1:]}', '""', f'"0", W/{tag}', '"a,b"', "W/*"]

    answers = [await it.change(method, other) for other in others]

    assert [a.status_code for a in answers] == [412] * (len(others) - 1) + [400]
    assert {a.json()["code"] for a in answers[:-1]} == {"precondition_failed"}
    assert await it.tag() == tag


@every_operation
@pytest.mark.parametrize("form", ["{}", '"0", {}', 'W/"0",{} ,', "*", '"a,b",\t{}'])
async def test_the_version_that_was_read_is_accepted_in_every_form(
    api: Api, method: str, path: str, form: str
) -> None:
    it = await thing(api, path)

    answer = await it.change(method, form.format(await it.tag()))

    assert answer.status_code in (200, 204)


@every_operation
async def test_several_fields_are_one_list(api: Api, method: str, path: str) -> None:
    it = await thing(api, path)

    answer = await it.change(method, await it.tag(), '"0"')

    assert answer.status_code in (200, 204)


@every_operation
async def test_what_is_no_list_of_tags_is_refused(
    api: Api, method: str, path: str
) -> None:
    it = await thing(api, path)
    tag = await it.tag()

    for wrong in (
        tag.strip('"'),
        f"{tag}{tag}",
        f"{tag} {tag}",
        tag[:-1],
        "W/",
        ",",
        "",
    ):
        answer = await it.change(method, wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_if_match")
    assert await it.tag() == tag
