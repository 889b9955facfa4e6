"""Protected hosts, as administrators manage them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.exc import IntegrityError

from app.core.exceptions import Conflict, Unprocessable
from app.events.protected_host import (
    ProtectedHostCreated,
    ProtectedHostDeleted,
    ProtectedHostUpdated,
)
from app.models.oauth.protected_host import ProtectedHost
from app.oauth.client_kind import signs_in
from app.repositories.unit_of_work import UnitOfWork
from app.services.clients.change import delete_client
from app.services.clients.choices import is_api
from app.services.clients.client import OAuthClientService
from app.services.clients.directory import metadata_of
from app.services.clients.provider import Provider
from app.services.clients.resource_directory import spellings
from app.services.forward_auth.directory import ProtectedHosts
from app.services.forward_auth.errors import ProtectedHostNotFound
from app.services.forward_auth.gate import CALLBACK, OURS
from app.services.forward_auth.open_path import is_plain
from app.services.forward_auth.original import Unclear, canonical_host
from app.services.process.precondition import demand_version

SOFTWARE = "auth-serve-protected-host"  # software_id of the clients that hosts have
_CLEARED = (
    "roles",
    "groups",
    "minimum_acr",
)  # None is a choice; elsewhere it changes nothing
_OF_CLIENT = ("name", "minimum_acr")  # what the client of a host has too


class ProtectedHostExists(Conflict):
    """The host is protected already."""

    code = "protected_host_exists"
    title = "This host is protected already"


class ProtectedHostIsApi(Conflict):
    """Tokens for an API and what a host's program is told would have one ``aud``."""

    code = "protected_host_is_api"
    title = "An API of this name takes tokens; give one of them another name"


class ProtectedHostService:
    """What users with ``clients:read`` and ``clients:write`` may do with hosts."""

    def __init__(
        self, uow: UnitOfWork, provider: Provider, hosts: ProtectedHosts
    ) -> None:
        """Work in this transaction; ``hosts`` is what this process remembers."""
        self._uow = uow
        self._provider = provider
        self._hosts = hosts
        self._clients = OAuthClientService(uow, provider)

    async def list_page(
        self, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[ProtectedHost]:
        """Return a page of the hosts by name."""
        return await self._uow.protected_hosts.list_page(after=after, limit=limit)

    async def get(self, host: str, *, lock: bool = False) -> ProtectedHost:
        """Return a host.

        Raises:
            ProtectedHostNotFound: There is none.
        """
        row = await self._uow.protected_hosts.by_host(host.lower(), lock=lock)
        if row is None:
            raise ProtectedHostNotFound
        return row

    async def create(self, host: str, choices: Mapping[str, Any]) -> ProtectedHost:
        """Protect a host; the client that people sign in to it by is made with it.

        Nobody ever learns that client's secret: codes of it are redeemed here alone.

        Args:
            host: Its name, and its port if that is not the usual one.
            choices: Columns of the row; without a name it is called by its host.

        Raises:
            ProtectedHostExists: It is protected already.
            ProtectedHostIsApi: A resource, or the API of a client, is called so.
            Unprocessable: Something is not acceptable.
        """
        scheme, named = self._named(host)
        await self._check(choices)
        if await self._uow.protected_hosts.by_host(named) is not None:
            raise ProtectedHostExists
        await self._check_name(f"{scheme}://{named}")
        choices = {**choices, "name": choices.get("name") or named}
        metadata = {
            "client_name": choices["name"],
            "software_id": SOFTWARE,
            "redirect_uris": [f"{scheme}://{named}{CALLBACK}"],
            "grant_types": ["authorization_code"],
            "scope": "openid profile email",
        }
        powers = {
            "is_first_party": True,
            "pkce": "always",
            "minimum_acr": choices["minimum_acr"],
        }
        client, _secret = await self._clients.create(metadata, powers)
        now = self._uow.clock.now()
        row = ProtectedHost(
            host=named,
            client_id=client.client_id,
            version=1,
            created_at=now,
            updated_at=now,
            **choices,
        )
        self._uow.protected_hosts.add(row)
        try:
            await self._uow.db.flush()
        except IntegrityError as error:  # by another request just now
            raise ProtectedHostExists from error
        self._uow.after_commit(lambda: self._hosts.forget(named))
        self._uow.record(ProtectedHostCreated(host=named, client_id=client.client_id))
        return row

    async def update(
        self, host: str, choices: Mapping[str, Any], versions: Collection[str] | None
    ) -> ProtectedHost:
        """Change a host's policy; it counts for the next request, here and elsewhere.

        Raises:
            ProtectedHostNotFound: There is none.
            PreconditionFailed: Somebody changed it since.
            Unprocessable: Something is not acceptable.
        """
        row = await self.get(host, lock=True)
        demand_version(row.version, versions)
        choices = {
            name: value
            for name, value in choices.items()
            if value is not None or name in _CLEARED
        }
        await self._check(choices)
        changed = sorted(n for n, value in choices.items() if getattr(row, n) != value)
        for name in changed:
            setattr(row, name, choices[name])
        if not changed:
            return row
        if not {*changed}.isdisjoint(_OF_CLIENT):
            metadata = {"client_name": row.name}
            powers = {"minimum_acr": row.minimum_acr}
            await self._clients.update(row.client_id, metadata, powers, None)
        row.version += 1
        row.updated_at = self._uow.clock.now()
        self._uow.after_commit(lambda: self._hosts.forget(row.host))
        self._uow.record(ProtectedHostUpdated(host=row.host, fields=tuple(changed)))
        return row

    async def delete(self, host: str, versions: Collection[str] | None) -> None:
        """Forget a host and its client: its proxy lets nobody in any more.

        Raises:
            ProtectedHostNotFound: There is none.
            PreconditionFailed: Somebody changed it since.
        """
        row = await self.get(host, lock=True)
        demand_version(row.version, versions)
        named = row.host
        self._uow.db.expunge(row)  # the database deletes it, with its client
        await delete_client(self._uow, self._provider, row.client_id, "administrator")
        self._uow.after_commit(lambda: self._hosts.forget(named))
        self._uow.record(ProtectedHostDeleted(host=named))

    def _named(self, host: str) -> tuple[str, str]:
        """Return the scheme of all hosts, and a host as it is stored."""
        ours = urlsplit(self._provider.settings.public_url)
        try:
            named = canonical_host(host, is_secure=ours.scheme == "https")
        except Unclear:
            message = "must be a name and perhaps a port, as browsers send it in Host"
            raise Unprocessable.of("host", "invalid_host", message) from None
        if named == ours.netloc:
            raise Unprocessable.of(
                "host", "reserved_host", "is the one of this service itself"
            )
        if ours.scheme == "https" and urlsplit(f"//{named}").hostname == ours.hostname:
            # RFC 6265bis §8.5: cookies know no ports. Who develops has one name only.
            message = "needs a name of its own: at any port of ours it got our cookies"
            raise Unprocessable.of("host", "reserved_host", message)
        return ours.scheme, named

    async def _check_name(self, origin: str) -> None:
        for name in spellings(origin):
            if await is_api(self._uow, self._provider, name):
                raise ProtectedHostIsApi
            client = await self._uow.oauth_clients.by_client_id(name)
            if client is not None and signs_in(client.document["grant_types"]):
                message = "is the identifier of a client that signs people in"
                raise Unprocessable.of("host", "host_is_client_id", message)

    async def _check(self, choices: Mapping[str, Any]) -> None:
        """Refuse what could not be meant.

        Raises:
            Unprocessable: It names a role or a client that is not there, or a path
                that people could read in two ways.
        """
        for path in choices.get("open_paths") or ():
            if not is_plain(path) or path.startswith(OURS):
                message = "must be plain paths: no %, ;, //, dots or /.auth-serve/"
                raise Unprocessable.of("open_paths", "invalid_path", message)
        path = choices.get("sign_out_path")
        if path is not None and (not is_plain(path) or path in (CALLBACK, "/")):
            raise Unprocessable.of(
                "sign_out_path", "invalid_path", "must be a plain path"
            )
        roles = choices.get("roles") or ()
        found = {role.name for role in await self._uow.roles.by_names(roles)}
        if unknown := sorted(set(roles) - found):
            message = f"has {unknown[0]}, which is no role here"
            raise Unprocessable.of("roles", "unknown_role", message)
        groups = choices.get("groups") or ()
        found_groups = await self._uow.groups.by_names(groups, shared=True)
        known = {group.name for group in found_groups}
        if unknown := sorted(set(groups) - known):
            message = f"has {unknown[0]}, which is no group here"
            raise Unprocessable.of("groups", "unknown_group", message)
        for client_id in choices.get("machines") or ():
            await self._check_machine(client_id)

    async def _check_machine(self, client_id: str) -> None:
        row = await self._uow.oauth_clients.by_client_id(client_id)
        if row is None:
            raise Unprocessable.of(
                "machines", "unknown_client", "names a client that is none"
            )
        if row.is_self_registered:  # who may change itself is given no power
            message = "names a client that registered itself; make one for it"
            raise Unprocessable.of("machines", "self_registered_client", message)
        if not metadata_of(row).needs_secret:
            message = "names a client that has no secret"
            raise Unprocessable.of("machines", "client_without_secret", message)
