"""LinkedIn: OpenID Connect without ``nonce``, and without PKCE beside a secret.

learn.microsoft.com/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2.
That its ID token has no ``nonce`` is told in authlib/authlib, issue 763; that a
``code_verifier`` ends in ``invalid_client`` in nextauthjs/next-auth, issue 8831. So it
is the state in the browser alone that binds an answer to its question.
"""

from app.upstreams.kind import IDENTIFYING, credentials_of, openid_kind
from app.upstreams.openid import OpenIdProfile
from app.upstreams.settings import ClientSettings


def _profile(settings: ClientSettings) -> OpenIdProfile:
    return OpenIdProfile(
        issuer="https://www.linkedin.com/oauth",
        credentials=credentials_of(settings, "client_secret_post"),
        scopes=(*IDENTIFYING, *settings.scopes),
        has_nonce=False,
        has_pkce=False,
        again=None,
    )


LINKEDIN = openid_kind("linkedin", "LinkedIn", ClientSettings, _profile)
