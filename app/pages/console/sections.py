"""What the console consists of, and the permission that opens each part."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.language import N_, Message
from app.pages.parts.flow import CONSOLE
from app.policies.permission import ALL, Actor

HOME = "/admin"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the console.

    Attributes:
        name: In its address; empty for the first page.
        label: In the navigation.
        icon: Beside it.
        permission: What opens it. Empty: whoever holds any permission may come in.
        act: What it is needed for to change something there; empty if nothing can be.
    """

    name: str
    label: Message
    icon: str
    permission: str = ""
    act: str = ""

    @property
    def path(self) -> str:
        """Where it is."""
        return f"{HOME}/{self.name}" if self.name else HOME

    def place(self, shown: str = "") -> str:
        """Return its name among those that a sign-in leads back to (``flow.TO``).

        Args:
            shown: What of it was looked at, as its address ends.
        """
        return ".".join(filter(None, (CONSOLE, self.name, shown)))

    def is_open_to(self, actor: Actor) -> bool:
        """Tell whether somebody may see it."""
        if self.permission:
            return actor.may(self.permission)
        return bool(actor.permissions)


OVERVIEW = Section("", N_("Overview"), "home")
START = Section("start", N_("Get started"), "check", "settings:read", ALL)
USERS = Section("users", N_("Users"), "people", "users:read", "users:write")
CLIENTS = Section("clients", N_("Clients"), "apps", "clients:read", "clients:write")
HOSTS = Section("hosts", N_("Protected hosts"), "lock", "clients:read", "clients:write")
RESOURCES = Section(
    "resources", N_("APIs"), "code", "resources:read", "resources:write"
)
CONNECTIONS = Section(
    *("connections", N_("Connections"), "globe"),
    *("connections:read", "connections:write"),
)
ISSUERS = Section(
    *("issuers", N_("Trusted issuers"), "sign"),
    *("trusted-issuers:read", "trusted-issuers:write"),
)
GROUPS = Section("groups", N_("Groups"), "people", "groups:read", "groups:write")
ROLES = Section("roles", N_("Roles"), "shield", "roles:read", "roles:write")
AUDIT = Section("audit", N_("Audit trail"), "list", "audit:read")
WEBHOOKS = Section(
    "webhooks", N_("Webhooks"), "hook", "webhooks:read", "webhooks:write"
)
KEYS = Section("keys", N_("Keys"), "key", "keys:read", "keys:write")
OUTBOX = Section("outbox", N_("Outbox"), "arrow", "outbox:read", "outbox:write")
MAILS = Section("mails", N_("Mails"), "mail", "settings:read", ALL)
SETTINGS = Section("settings", N_("Settings"), "settings", "settings:read")

SECTIONS = (
    *(OVERVIEW, START, USERS, CLIENTS, RESOURCES, HOSTS, ISSUERS, CONNECTIONS),
    *(GROUPS, ROLES, AUDIT, KEYS, WEBHOOKS, OUTBOX, MAILS, SETTINGS),
)


def open_to(actor: Actor) -> Sequence[Section]:
    """Return what somebody may see, in the order of the navigation."""
    return [section for section in SECTIONS if section.is_open_to(actor)]
