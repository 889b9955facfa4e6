"""GitLab, by OpenID Connect, which it has had since 2016: claims are in userinfo alone.

docs.gitlab.com/integration/openid_connect_provider: ``groups`` are those paths that the
person belongs to, ``email_verified`` is of the address that is told.
"""

from collections.abc import Mapping

from app.upstreams.kind import IDENTIFYING, credentials_of, openid_kind
from app.upstreams.openid import OpenIdProfile
from app.upstreams.settings import BaseUrl, ClientSettings


class GitLabSettings(ClientSettings):
    """An application of GitLab's; ``url`` is that of a server of one's own."""

    url: BaseUrl = "https://gitlab.com"

    def called(self) -> Mapping[str, str]:
        """Return the server."""
        return {"url": self.url}


def _profile(settings: GitLabSettings) -> OpenIdProfile:
    return OpenIdProfile(
        issuer=settings.url,
        credentials=credentials_of(settings),
        scopes=(*IDENTIFYING, *settings.scopes),
    )


GITLAB = openid_kind("gitlab", "GitLab", GitLabSettings, _profile)
