"""``/admin/palette``: pages, actions, users and programs by a few letters of each.

A page for whoever has no script, and the same as JSON for the dialog of the frame. It
finds for somebody what they may see, and nothing else.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.core.language import N_, gettext
from app.core.late.route import LateRoute
from app.pages.console.client_form import address_of
from app.pages.console.client_new import PATH as NEW_CLIENT
from app.pages.console.frame import AtConsole, Here
from app.pages.console.groups import NEW as NEW_GROUP
from app.pages.console.roles import NEW as NEW_ROLE
from app.pages.console.sections import (
    AUDIT,
    CLIENTS,
    CONNECTIONS,
    GROUPS,
    HOSTS,
    ISSUERS,
    KEYS,
    MAILS,
    OVERVIEW,
    RESOURCES,
    ROLES,
    USERS,
    WEBHOOKS,
    Section,
    open_to,
)
from app.pages.console.users import NEW as NEW_USER
from app.pages.parts.render import HEADERS
from app.repositories.statements.named import Named, NamedKind, find_named
from app.repositories.statements.user_directory import UserFilter
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.user import read_search
from app.services.console.user_directory import UserDirectoryService
from app.utils.helpers import encoded_json

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_MOST = 6  # of a kind
_REFERENCE = re.compile(r"[0-9A-Fa-f-]{16,64}")
_LEAST = 2  # letters, before anything is looked for in a million rows
_NAMED: Mapping[NamedKind, Section] = {
    "client": CLIENTS,
    "connection": CONNECTIONS,
    "issuer": ISSUERS,
}
# What can be begun anywhere: text, address and the permission for it.
ACTIONS = [
    (N_("Invite somebody"), NEW_USER, USERS.act),
    (N_("Add an application"), NEW_CLIENT, CLIENTS.act),
    (N_("New secret for an application"), CLIENTS.path, CLIENTS.act),
    (N_("Add API"), f"{RESOURCES.path}/new", RESOURCES.act),
    (N_("Protect a host"), f"{HOSTS.path}/new", HOSTS.act),
    (N_("Trust an issuer"), f"{ISSUERS.path}/new", ISSUERS.act),
    (N_("Add connection"), f"{CONNECTIONS.path}/new", CONNECTIONS.act),
    (N_("Add group"), NEW_GROUP, GROUPS.act),
    (N_("Add role"), NEW_ROLE, ROLES.act),
    (N_("Add webhook"), f"{WEBHOOKS.path}/new", WEBHOOKS.act),
    (N_("Rotate keys"), KEYS.path, KEYS.act),
    (N_("Send a test email"), MAILS.path, MAILS.act),
    (N_("Your account"), "/account", ""),
    (N_("Change password"), "/account/password", ""),
    (N_("Choose a language"), "/language", ""),
    (N_("Sign out"), "/signout", ""),
]


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to go to.

    Attributes:
        kind: The heading that it stands under.
        hint: What tells it from others of the same name.
    """

    kind: str
    text: str
    to: str
    hint: str = ""


@router.get("/admin/palette")
async def show_palette(
    at: AtConsole, request: Request, q: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Find what somebody types."""
    here = await at.enter(OVERVIEW)
    if isinstance(here, Response):
        return here
    found = [*_places(here, q), *_trace(here, q.strip()), *await _rows(here, q.strip())]
    if "text/html" in request.headers.get("accept", ""):
        return here.render("console/palette.html", found=found, q=q)
    content = encoded_json([asdict(each) for each in found])
    return Response(content, headers=HEADERS, media_type="application/json")


def _places(here: Here, q: str) -> Iterator[Entry]:
    """Yield pages and actions whose names have every word that was typed."""
    words = q.casefold().split()
    known = [(gettext("Pages"), each.label, each.path) for each in open_to(here.actor)]
    for label, to, permission in ACTIONS:
        if not permission or here.actor.may(permission):
            known.append((gettext("Actions"), label, to))
    for kind, label, to in known:
        text = gettext(label)
        if all(word in text.casefold() for word in words):
            yield Entry(kind, text, to)


def _trace(here: Here, q: str) -> Iterator[Entry]:
    """Yield the way to a request, if a reference number was typed."""
    if _REFERENCE.fullmatch(q) and AUDIT.is_open_to(here.actor):
        to = f"{AUDIT.path}/trace/{q}"
        yield Entry(gettext("Actions"), gettext("Follow a request"), to, q)


async def _rows(here: Here, q: str) -> list[Entry]:
    if len(q) < _LEAST:
        return []
    search = read_search(q)
    is_of_a_user = search is not None and (search.address or search.user_id)
    found: list[Entry] = []
    async with here.runtime.unit_of_work(read_only=True) as uow:
        if USERS.is_open_to(here.actor):
            found += await _users(uow, UserFilter(search))
        if not is_of_a_user:
            found += await _programs(here, uow, q)
    return found


async def _users(uow: UnitOfWork, wanted: UserFilter) -> list[Entry]:
    users = UserDirectoryService(uow)
    rows = await users.list_page(wanted, sort="created_at", after=None, limit=_MOST)
    kind = gettext("Users")
    return [
        Entry(kind, user.email, f"{USERS.path}/{user.id}", user.name or "")
        for user, _roles in rows
    ]


async def _programs(here: Here, uow: UnitOfWork, q: str) -> list[Entry]:
    kinds = [kind for kind, each in _NAMED.items() if each.is_open_to(here.actor)]
    rows = await find_named(uow.db, q, kinds, _MOST)
    return [
        Entry(gettext(_NAMED[row.kind].label), row.name, _page_of(row), row.hint)
        for row in rows
    ]


def _page_of(row: Named) -> str:
    if row.kind == "client":
        return address_of(row.key)
    if row.kind == "issuer":
        return f"{ISSUERS.path}/one/{row.key}"
    return f"{CONNECTIONS.path}/{UUID(row.key)}"
