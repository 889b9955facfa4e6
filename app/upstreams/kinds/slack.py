"""Slack: people of workspaces, errors in a 200, and no PKCE beside a secret.

docs.slack.dev/authentication/sign-in-with-slack; that a secret and PKCE together end in
``internal_error`` is told in paradigmxyz/centaur, pull request 1101. Its documentation
of ``users.identity`` says that ids of users are not unique across workspaces, and that
those of team and user together are.
"""

from collections.abc import Mapping
from typing import Any

from app.upstreams.kind import IDENTIFYING, MadeKind, credentials_of
from app.upstreams.openid import OpenIdConnector, OpenIdProfile
from app.upstreams.protocol import ConnectionConfig, Reason, Refused, Surroundings
from app.upstreams.settings import ClientSettings
from app.upstreams.values import shown, text

TEAM = "https://slack.com/team_id"
_MAX_TEAM = 100


class Slack(OpenIdConnector):
    """A connection to Slack."""

    def __init__(
        self, config: ConnectionConfig, world: Surroundings, settings: ClientSettings
    ) -> None:
        """Call nobody yet."""
        super().__init__(config, world, _profile(settings))

    def _subject(self, claims: Mapping[str, Any]) -> str:
        team, user = text(claims, TEAM, _MAX_TEAM), super()._subject(claims)
        if team is None or not team.isalnum() or len(user) > _MAX_TEAM:
            said = f"team {shown(claims.get(TEAM))} and sub {shown(user)}"
            raise Refused(Reason.MALFORMED, f"{said} are no ids of Slack's")
        return f"{team}.{user}"


def _profile(settings: ClientSettings) -> OpenIdProfile:
    return OpenIdProfile(
        issuer="https://slack.com",
        credentials=credentials_of(settings, "client_secret_post"),
        scopes=(*IDENTIFYING, *settings.scopes),
        has_pkce=False,
        again=None,
    )


SLACK = MadeKind("slack", "Slack", ClientSettings, Slack)
