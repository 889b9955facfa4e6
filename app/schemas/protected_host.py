"""Bodies of ``/api/v1/protected-hosts``."""

from typing import Annotated, Literal, get_args

from pydantic import Field, StrictBool

from app.models.oauth.client import MAX_CLIENT_ID
from app.schemas.base import Input, Instant, Output, ShownText
from app.schemas.client import Acr
from app.schemas.user import GroupName, RoleName

HostName = Annotated[str, Field(min_length=1, max_length=261)]
Path = Annotated[str, Field(min_length=1, max_length=200)]
Paths = Annotated[list[Path], Field(max_length=50)]
Told = Literal["user", "email", "preferred_username", "groups", "roles", "jwt"]
GroupNames = Annotated[list[GroupName], Field(max_length=50)]
RoleNames = Annotated[list[RoleName], Field(max_length=50)]
Machine = Annotated[str, Field(min_length=1, max_length=MAX_CLIENT_ID)]
Machines = Annotated[list[Machine], Field(max_length=50)]
ALL_TOLD: tuple[Told, ...] = get_args(Told)
SIGN_OUT = "/.auth-serve/sign-out"


class ProtectedHostPolicy(Input):
    """Who may enter a host, and what its program is told.

    ``roles``, ``groups``: who has one or is in one of them may enter; where both are
    null everybody may who is signed in.
    ``open_paths``: what needs no sign-in; one that ends in `/` opens all below it, any
    other itself alone. ``minimum_acr``: with ``aal2`` nobody enters with less than two
    factors. ``told``: which `X-Auth-Request-*` fields have a value. ``machines``:
    clients that may come with identifier and secret by `Authorization: Basic`.
    ``sign_out_path``: a path of the host that signs out there; ``ends_session``: and
    everywhere.
    """

    roles: RoleNames | None = None
    groups: GroupNames | None = None
    open_paths: Paths = []
    minimum_acr: Acr | None = None
    told: Annotated[list[Told], Field(max_length=10)] = list(ALL_TOLD)
    machines: Machines = []
    sign_out_path: Path = SIGN_OUT
    ends_session: StrictBool = False


class ProtectedHostCreate(ProtectedHostPolicy):
    """A host to protect: its name, and its port if that is not the usual one.

    ``name`` is what people read of it; unset: the host.
    """

    host: HostName
    name: ShownText | None = None


class ProtectedHostChange(Input):
    """What changes; an absent field stays. The host itself stays too.

    Null names nobody (``roles``, ``groups``) or takes any level (``minimum_acr``).
    """

    name: ShownText | None = None
    roles: RoleNames | None = None
    groups: GroupNames | None = None
    open_paths: Paths | None = None
    minimum_acr: Acr | None = None
    told: Annotated[list[Told], Field(max_length=10)] | None = None
    machines: Machines | None = None
    sign_out_path: Path | None = None
    ends_session: StrictBool | None = None


class ProtectedHost(Output):
    """A host whose proxy asks here; people sign in to it by the client it names."""

    host: str
    name: str
    client_id: str
    roles: list[str] | None
    groups: list[str] | None
    open_paths: list[str]
    minimum_acr: str | None
    told: list[str]
    machines: list[str]
    sign_out_path: str
    ends_session: bool
    created_at: Instant
    updated_at: Instant
