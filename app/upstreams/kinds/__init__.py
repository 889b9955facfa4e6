"""Kinds of connections: one file each, and here the list of what there is."""

from collections.abc import Mapping

from app.upstreams.kinds.active_directory import ACTIVE_DIRECTORY
from app.upstreams.kinds.apple import APPLE
from app.upstreams.kinds.auth0 import AUTH0
from app.upstreams.kinds.discord import DISCORD
from app.upstreams.kinds.entra import ENTRA
from app.upstreams.kinds.facebook import FACEBOOK
from app.upstreams.kinds.github import GITHUB
from app.upstreams.kinds.gitlab import GITLAB
from app.upstreams.kinds.google import GOOGLE
from app.upstreams.kinds.keycloak import KEYCLOAK
from app.upstreams.kinds.ldap import LDAP
from app.upstreams.kinds.linkedin import LINKEDIN
from app.upstreams.kinds.oidc import OIDC
from app.upstreams.kinds.okta import OKTA
from app.upstreams.kinds.slack import SLACK
from app.upstreams.kinds.x import X
from app.upstreams.protocol import Kind

_ALL: tuple[Kind, ...] = (
    OIDC,
    GOOGLE,
    ENTRA,
    APPLE,
    GITHUB,
    GITLAB,
    DISCORD,
    SLACK,
    LINKEDIN,
    FACEBOOK,
    X,
    OKTA,
    AUTH0,
    KEYCLOAK,
    ACTIVE_DIRECTORY,
    LDAP,
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}
