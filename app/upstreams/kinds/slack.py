"""Slack: OpenID Connect whose errors come in a 200, and without PKCE beside a secret.

docs.slack.dev/authentication/sign-in-with-slack; that a secret and PKCE together end in
``internal_error`` is told in paradigmxyz/centaur, pull request 1101.
"""

from app.upstreams.kind import IDENTIFYING, credentials_of, openid_kind
from app.upstreams.openid import OpenIdProfile
from app.upstreams.settings import ClientSettings


def _profile(settings: ClientSettings) -> OpenIdProfile:
    return OpenIdProfile(
        issuer="https://slack.com",
        credentials=credentials_of(settings, "client_secret_post"),
        scopes=(*IDENTIFYING, *settings.scopes),
        has_pkce=False,
        again=None,
    )


SLACK = openid_kind("slack", "Slack", ClientSettings, _profile)
