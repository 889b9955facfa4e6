"""Which permission opens which operation, and that no other one does."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx2 import Response
from sqlalchemy import delete, update

from app.models import Attribute, OutboxMessage, PersonalToken, Role
from app.models.upstream.connection import UpstreamIdentity
from app.oauth.grants.jwt_bearer import JwtBearer
from app.policies.permission import PERMISSIONS, operator
from app.schemas.attribute import AttributeCreate
from app.schemas.connection import ConnectionCreate
from app.schemas.protected_host import ProtectedHostCreate
from app.schemas.trusted_issuer import TrustedIssuerChange
from app.services.accounts.change import new_group
from app.services.clients.client import OAuthClientService
from app.services.clients.resource import OAuthResourceService
from app.services.clients.trusted_issuer import TrustedIssuerService
from app.services.forward_auth.protected_host import ProtectedHostService
from app.services.outgoing.webhook import WebhookService
from app.services.server.runtime import Runtime
from app.services.upstreams.connection import ConnectionService
from app.services.upstreams.realm_domain import RealmDomainService
from app.services.upstreams.sync.run import add_sync
from tests.architecture.source import ROOT
from tests.connections.support import CONNECTION
from tests.directories.server import settings_of
from tests.factories.factor import FactorFactory
from tests.http.test_api_document import document
from tests.support.api import Api, Person
from tests.support.job import add_message
from tests.support.tables import contents

Operation = tuple[str, str]
ROLE = "probe"
# A new operation that wants a bearer token belongs in one of these two tables.
NEEDED: dict[Operation, str] = {
    ("get", "/users"): "users:read",
    ("post", "/users"): "users:write",
    ("get", "/users/{user_id}"): "users:read",
    ("patch", "/users/{user_id}"): "users:write",
    ("delete", "/users/{user_id}"): "users:write",
    ("post", "/users/{user_id}/sessions/revoke"): "users:write",
    ("post", "/users/{user_id}/password-reset"): "users:write",
    ("delete", "/users/{user_id}/factors/{factor}"): "users:write",
    ("get", "/users/{user_id}/tokens"): "users:read",
    ("delete", "/users/{user_id}/tokens/{token_id}"): "users:write",
    ("get", "/permissions"): "roles:read",
    ("get", "/roles/{name}/permissions"): "roles:read",
    ("get", "/roles"): "roles:read",
    ("post", "/roles"): "roles:write",
    ("get", "/roles/{name}"): "roles:read",
    ("patch", "/roles/{name}"): "roles:write",
    ("delete", "/roles/{name}"): "roles:write",
    ("get", "/groups"): "groups:read",
    ("post", "/groups"): "groups:write",
    ("get", "/groups/{group_id}"): "groups:read",
    ("patch", "/groups/{group_id}"): "groups:write",
    ("delete", "/groups/{group_id}"): "groups:write",
    ("get", "/groups/{group_id}/members"): "groups:read",
    ("put", "/groups/{group_id}/members/{user_id}"): "groups:write",
    ("delete", "/groups/{group_id}/members/{user_id}"): "groups:write",
    ("get", "/users/{user_id}/groups"): "users:read",
    ("get", "/users/{user_id}/connections"): "users:read",
    ("delete", "/users/{user_id}/connections/{link_id}"): "users:write",
    ("get", "/attributes"): "attributes:read",
    ("post", "/attributes"): "attributes:write",
    ("get", "/attributes/{attribute}"): "attributes:read",
    ("patch", "/attributes/{attribute}"): "attributes:write",
    ("delete", "/attributes/{attribute}"): "attributes:write",
    ("get", "/users/{user_id}/attributes"): "users:read",
    ("get", "/clients/{client_id}/preview"): "users:read",
    ("get", "/audit-events"): "audit:read",
    ("get", "/audit-events/export"): "audit:read",
    ("get", "/audit-events/stream"): "audit:read",
    ("get", "/audit-events/why/{correlation_id}"): "audit:read",
    ("get", "/connections"): "connections:read",
    ("post", "/connections"): "connections:write",
    ("get", "/connections/{connection_id}"): "connections:read",
    ("patch", "/connections/{connection_id}"): "connections:write",
    ("delete", "/connections/{connection_id}"): "connections:write",
    ("post", "/connections/{connection_id}/test"): "connections:write",
    ("get", "/connections/{connection_id}/domains"): "connections:read",
    ("post", "/connections/{connection_id}/domains"): "connections:write",
    (
        "post",
        "/connections/{connection_id}/domains/{domain_id}/verify",
    ): "connections:write",
    ("delete", "/connections/{connection_id}/domains/{domain_id}"): "connections:write",
    ("get", "/connections/{connection_id}/syncs"): "connections:read",
    ("post", "/connections/{connection_id}/syncs"): "connections:write",
    ("get", "/connections/{connection_id}/syncs/{sync_id}"): "connections:read",
    ("get", "/webhooks"): "webhooks:read",
    ("post", "/webhooks"): "webhooks:write",
    ("get", "/webhooks/{webhook_id}"): "webhooks:read",
    ("patch", "/webhooks/{webhook_id}"): "webhooks:write",
    ("delete", "/webhooks/{webhook_id}"): "webhooks:write",
    ("post", "/webhooks/{webhook_id}/rotate-secret"): "webhooks:write",
    ("get", "/webhooks/{webhook_id}/deliveries"): "webhooks:read",
    ("post", "/webhooks/{webhook_id}/test"): "webhooks:write",
    ("post", "/webhooks/{webhook_id}/replay"): "webhooks:write",
    ("get", "/statistics"): "audit:read",
    ("get", "/settings"): "settings:read",
    ("get", "/keys"): "keys:read",
    ("get", "/keys/secret-keys"): "keys:read",
    ("post", "/keys/rotate"): "keys:write",
    ("get", "/outbox"): "outbox:read",
    ("post", "/outbox/{message_id}/retry"): "outbox:write",
    ("post", "/outbox/{message_id}/give-up"): "outbox:write",
    ("get", "/users/{user_id}/claims"): "users:read",
    ("put", "/users/{user_id}/claims"): "users:write",
    ("put", "/users/{user_id}/picture"): "users:write",
    ("delete", "/users/{user_id}/picture"): "users:write",
    ("get", "/clients"): "clients:read",
    ("post", "/clients"): "clients:write",
    ("get", "/clients/{client_id}"): "clients:read",
    ("patch", "/clients/{client_id}"): "clients:write",
    ("delete", "/clients/{client_id}"): "clients:write",
    ("get", "/resources"): "resources:read",
    ("post", "/resources"): "resources:write",
    ("get", "/resources/{resource_id}"): "resources:read",
    ("patch", "/resources/{resource_id}"): "resources:write",
    ("delete", "/resources/{resource_id}"): "resources:write",
    ("post", "/clients/{client_id}/secrets"): "clients:write",
    ("delete", "/clients/{client_id}/secrets/{secret_id}"): "clients:write",
    ("get", "/protected-hosts"): "clients:read",
    ("post", "/protected-hosts"): "clients:write",
    ("get", "/protected-hosts/{host}"): "clients:read",
    ("patch", "/protected-hosts/{host}"): "clients:write",
    ("delete", "/protected-hosts/{host}"): "clients:write",
    ("get", "/trusted-issuers"): "trusted-issuers:read",
    ("post", "/trusted-issuers"): "trusted-issuers:write",
    ("get", "/trusted-issuers/{name}"): "trusted-issuers:read",
    ("patch", "/trusted-issuers/{name}"): "trusted-issuers:write",
    ("delete", "/trusted-issuers/{name}"): "trusted-issuers:write",
    ("post", "/trusted-issuers/{name}/test"): "trusted-issuers:write",
}
TRUSTED = {
    "conditions": [{"claim": "sub", "equals": "x"}],
    "client_id": "target-0",
}
PICTURE = ROOT / "tests/accounts/pictures/files/screen.png"
OWN: set[Operation] = {  # everybody's own account and session: no permission
    ("get", "/users/me"),
    ("patch", "/users/me"),
    ("delete", "/users/me"),
    ("put", "/users/me/picture"),
    ("delete", "/users/me/picture"),
    ("get", "/users/me/export"),
    ("post", "/users/me/email"),
    ("post", "/users/me/email/confirm"),
    ("get", "/users/me/sessions"),
    ("delete", "/users/me/sessions"),
    ("delete", "/users/me/sessions/{session_id}"),
    ("get", "/users/me/activity"),
    ("get", "/users/me/factors"),
    ("post", "/users/me/totp"),
    ("post", "/users/me/totp/confirm"),
    ("delete", "/users/me/totp"),
    ("post", "/users/me/passkeys/options"),
    ("post", "/users/me/passkeys"),
    ("get", "/users/me/passkeys/signals"),
    ("patch", "/users/me/passkeys/{passkey_id}"),
    ("delete", "/users/me/passkeys/{passkey_id}"),
    ("get", "/users/me/devices"),
    ("delete", "/users/me/devices/{device_id}"),
    ("post", "/users/me/recovery-codes"),
    ("get", "/users/me/tokens"),
    ("post", "/users/me/tokens"),
    ("delete", "/users/me/tokens/{token_id}"),
    ("get", "/users/me/consents"),
    ("delete", "/users/me/consents/{client_id}"),
    ("get", "/users/me/attributes"),
    ("get", "/users/me/claims"),
    ("put", "/users/me/claims"),
    ("post", "/auth/logout"),
    ("post", "/auth/change-password"),
}
ALSO: dict[Operation, str] = {  # what some need besides
    ("get", "/clients/{client_id}/preview"): "clients:read",
    # Whoever has events sent somewhere reads them there.
    ("post", "/webhooks"): "audit:read",
    ("patch", "/webhooks/{webhook_id}"): "audit:read",
    ("delete", "/webhooks/{webhook_id}"): "audit:read",
    ("post", "/webhooks/{webhook_id}/rotate-secret"): "audit:read",
    ("post", "/webhooks/{webhook_id}/test"): "audit:read",
    ("post", "/webhooks/{webhook_id}/replay"): "audit:read",
}
QUERIES: dict[Operation, str] = {
    ("get", "/clients/{client_id}/preview"): "?user_id={user_id}",
    ("delete", "/users/{user_id}/connections/{link_id}"): "?even_last=true",
}
BODIES: dict[Operation, Any] = {
    ("post", "/users"): {"email": "new@example.com"},
    ("patch", "/users/{user_id}"): {"name": "changed"},
    ("post", "/roles"): {"name": "new"},
    ("post", "/groups"): {"name": "new"},
    ("post", "/attributes"): {"name": "new"},
    ("patch", "/attributes/{attribute}"): {"label": "changed"},
    ("patch", "/groups/{group_id}"): {"description": "changed"},
    ("patch", "/roles/{name}"): {"description": "changed"},
    ("put", "/users/{user_id}/claims"): {"nickname": "changed"},
    ("put", "/users/{user_id}/picture"): PICTURE.read_bytes(),
    ("post", "/clients"): {
        "redirect_uris": ["https://app.example/cb"],
        "grant_types": ["authorization_code", JwtBearer.name],
    },
    ("post", "/trusted-issuers"): {
        "name": "new",
        "issuer": "https://new.example",
        "rules": [TRUSTED],
    },
    ("patch", "/trusted-issuers/{name}"): {"single_use": False},
    ("patch", "/clients/{client_id}"): {"client_name": "changed"},
    ("post", "/protected-hosts"): {"host": "localhost:3000"},
    ("patch", "/protected-hosts/{host}"): {"name": "changed"},
    ("post", "/resources"): {"identifier": "https://new.example"},
    ("patch", "/resources/{resource_id}"): {"name": "changed"},
    ("post", "/connections"): {**CONNECTION, "name": "new"},
    ("patch", "/connections/{connection_id}"): {"display_name": "changed"},
    ("post", "/connections/{connection_id}/domains"): {"domain": "new.example"},
    ("post", "/connections/{connection_id}/domains/{domain_id}/verify"): {
        "by": "administrator"
    },
    ("post", "/connections/{connection_id}/syncs"): {"dry_run": True},
    ("post", "/webhooks"): {"url": "https://new.example"},
    ("patch", "/webhooks/{webhook_id}"): {"description": "changed"},
    ("post", "/webhooks/{webhook_id}/rotate-secret"): {"overlap": 60},
    ("post", "/webhooks/{webhook_id}/replay"): {"since": "2099-01-01T00:00:00Z"},
}

# One that can be read as a whole; nobody is there.
DIRECTORY = CONNECTION | {
    "kind": "ldap",
    "settings": settings_of("ldaps://ldap.example"),
}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: who may do what is decided by Python alone."""
    return sqlite_url


async def may(runtime: Runtime, permissions: set[str]) -> None:
    """Give the role exactly these permissions; they count from the next request."""
    async with runtime.unit_of_work() as uow:
        change = update(Role).where(Role.name == ROLE)
        await uow.db.execute(change.values(permissions=sorted(permissions)))


async def add_role(runtime: Runtime, name: str) -> None:
    async with runtime.unit_of_work() as uow:
        now = uow.clock.now()
        values: dict[str, Any] = {"description": "", "permissions": [], "version": 1}
        uow.db.add(
            Role(name=name, built_in=False, created_at=now, updated_at=now, **values)
        )


async def add_token(runtime: Runtime, user_id: UUID) -> UUID:
    async with runtime.unit_of_work() as uow:
        now = uow.clock.now()
        row = PersonalToken(
            id=uow.randomness.uuid7(),
            user_id=user_id,
            name="Target",
            digest=user_id.bytes * 2,
            scope="account:read",
            amr=["pwd"],
            created_at=now,
            expires_at=now + timedelta(days=1),
        )
        return uow.personal_tokens.add(row).id


async def add_link(runtime: Runtime, user_id: UUID, connection_id: str) -> UUID:
    async with runtime.unit_of_work() as uow:
        row = UpstreamIdentity(
            id=uow.randomness.uuid7(),
            connection_id=UUID(connection_id),
            user_id=user_id,
            subject="target",
            claims={},
            linked_at=uow.clock.now(),
        )
        return uow.upstream_identities.add(row).id


async def targets(api: Api, number: int) -> dict[str, str]:
    """Make things that a request may be about, and that may do less than anybody."""
    name, user = f"target-{number}", await api.users()
    await add_role(api.runtime, name)
    async with api.runtime.unit_of_work() as uow:
        message: OutboxMessage = add_message(uow)
        made = OAuthClientService(uow, api.runtime)
        uri = BODIES["post", "/clients"]
        group = new_group(uow, name)
        await uow.db.flush()
        await uow.groups.add_member(group.id, user.id, uow.clock.now())
        await uow.db.execute(delete(Attribute))  # an installation has fifty at most
        new = AttributeCreate(name=name).model_dump()
        dates = dict.fromkeys(("created_at", "updated_at"), uow.clock.now())
        uow.attributes.add(Attribute(**new, version=1, **dates))
        client, secret = await made.create(uri, {}, name)
        hosts = ProtectedHostService(uow, api.runtime, api.runtime.gate.hosts)
        body = ProtectedHostCreate(host=f"localhost:{4_000 + number}", name="Target")
        host = await hosts.create(body.host, body.model_dump(exclude={"host"}))
        issuers = TrustedIssuerService(uow, api.runtime)
        rule = TRUSTED | {"client_id": client.client_id}
        trusted = TrustedIssuerChange.model_validate({"rules": [rule]})
        url = f"https://{name}.example"
        await issuers.create(name, url, trusted.model_dump(mode="json"))
        resource = await OAuthResourceService(uow, api.runtime).create(
            f"https://{name}.example", {}
        )
        actor = operator(uow.clock.now())
        connections = ConnectionService(uow, api.runtime, lambda: None)
        members = ConnectionCreate(name=name, **DIRECTORY).model_dump()
        connection = await connections.create(actor, name, members)
        domains = RealmDomainService(uow, api.runtime, lambda: None)
        domain = await domains.add(connection.id, f"{name}.example", verified=False)
        read = add_sync(uow, connection.id, "api")
        read.ended_at = uow.clock.now()
        webhooks = WebhookService(uow, api.runtime)
        hook, _ = await webhooks.create(actor, "https://a.example", "", ["*"])
    assert secret is not None
    await FactorFactory(api.runtime).totp(user.id)
    refused = await api.login(f"{name}@example.org")
    return {
        "correlation_id": refused.json()["correlation_id"],
        "client_id": client.client_id,
        "host": host.host,
        "secret_id": str(secret.row.id),
        "resource_id": str(resource.id),
        "user_id": str(user.id),
        "group_id": str(group.id),
        "attribute": name,
        "webhook_id": str(hook.id),
        "connection_id": str(connection.id),
        "link_id": str(await add_link(api.runtime, user.id, str(connection.id))),
        "domain_id": str(domain.id),
        "sync_id": str(read.id),
        "name": name,
        "message_id": str(message.id),
        "factor": "totp",
        "token_id": str(await add_token(api.runtime, user.id)),
    }


async def send(
    api: Api, operation: Operation, values: dict[str, str], person: Person
) -> Response:
    method, path = operation
    asked = path + QUERIES.get(operation, "")
    url, body = f"/api/v1{asked.format(**values)}", BODIES.get(operation)
    if isinstance(body, bytes):
        headers = person.headers | {"Content-Type": "image/png"}
        return await api.client.request(method, url, content=body, headers=headers)
    return await api.client.request(method, url, json=body, headers=person.headers)


def test_every_operation_with_a_bearer_token_says_what_it_needs() -> None:
    found = {
        (method, path.removeprefix("/api/v1"))
        for path, item in document()["paths"].items()
        for method, operation in item.items()
        if "security" in operation and path.startswith("/api/")
    }

    assert found == NEEDED.keys() | OWN
    assert set(NEEDED.values()) == set(PERMISSIONS)


async def test_t148_t155_each_operation_wants_its_own_permission_and_no_other(
    api: Api, runtime: Runtime
) -> None:
    await add_role(runtime, ROLE)
    person = await api.person(ROLE)
    refused, unchanged, admitted = {}, {}, {}

    for number, (operation, needed) in enumerate(NEEDED.items()):
        values = await targets(api, number)
        await may(runtime, set(PERMISSIONS) - {needed})
        before = await contents(runtime)
        answer = await send(api, operation, values, person)
        refused[operation] = (answer.status_code, answer.json().get("code"))
        unchanged[operation] = await contents(runtime) == before
        await may(runtime, {needed, ALSO.get(operation, needed)})
        answer = await send(api, operation, values, person)
        admitted[operation] = answer.status_code

    assert refused == dict.fromkeys(NEEDED, (403, "forbidden"))
    assert unchanged == dict.fromkeys(NEEDED, True)
    assert [each for each, status in admitted.items() if status >= 300] == []
