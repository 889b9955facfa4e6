"""RFC 6749 §4.1.3, RFC 7636 §4.5-4.6, OIDC Core §3.1.3 and §11: a code for tokens.

Which clients are given a refresh token: those that are registered for the grant
``refresh_token``, since nobody else could use it. With ``offline_access`` it outlives
the person's session (OIDC Core §11); without, it ends with the session (§11 leaves it
to the server: "MAY grant Refresh Tokens in other contexts"; RFC 9700 §4.14 wants the
risk weighed: it is rotated for every client, and signing out ends it).
"""

from app.oauth.clients.client import Client
from app.oauth.errors import Check, InvalidGrant
from app.oauth.grants.base import Granted, Stores, still_assigned
from app.oauth.parameters import Parameters
from app.oauth.pkce import check_pkce
from app.oauth.ports import IssuedCode
from app.oauth.resources.grant import narrow_resources

FIRST_COUNTER = 0
_NOT_VALID = "the code is not valid"


class AuthorizationCode:
    """``authorization_code``."""

    name = "authorization_code"

    async def redeem(
        self, parameters: Parameters, client: Client, stores: Stores
    ) -> Granted:
        """Return what the person agreed to.

        Raises:
            InvalidRequest: The code is missing, or the verifier malformed.
            InvalidGrant: The code cannot be used, by this client or in this way.
            InvalidTarget: It was not issued for what it is redeemed for.
        """
        issued = await stores.codes.redeem(parameters.need("code"), client.client_id)
        if issued is None:
            hint = "unknown, spent, expired, or of another client"
            raise InvalidGrant(_NOT_VALID, hint=hint, check=Check.CODE)
        _check(parameters, client, issued)
        resources, wanted = await narrow_resources(
            parameters, client, issued.resources, stores.resources
        )
        scope = still_assigned(issued.scope, client, resources)
        if issued.scope and not scope:
            hint = "no scope is left"
            raise InvalidGrant(_NOT_VALID, hint=hint, check=Check.SCOPE)
        may_refresh = "refresh_token" in client.grant_types
        return Granted(
            client=client,
            scope=scope,
            resources=wanted,
            authentication=issued.authentication,
            nonce=issued.nonce,
            claims=issued.claims,
            grant_id=issued.grant_id,
            refresh_counter=FIRST_COUNTER if may_refresh else None,
            is_narrowed=len(scope) < len(issued.scope),
        )


def _check(parameters: Parameters, client: Client, issued: IssuedCode) -> None:
    if issued.client_id != client.client_id:  # the store looked; nothing rests on it
        hint = f"issued to {issued.client_id}, sent by {client.client_id}"
        raise InvalidGrant(_NOT_VALID, hint=hint, check=Check.TOKEN_OWNER)
    sent = parameters.get("redirect_uri")
    if sent != issued.redirect_uri:
        hint = f"authorized with {issued.redirect_uri}, redeemed with {ascii(sent)}"
        raise InvalidGrant(
            "redirect_uri differs",
            hint=hint[:1_000],
            check=Check.REDIRECT_URI,
            compared={
                "authorized": issued.redirect_uri or "none",
                "redeemed": ascii(sent),
            },
        )
    check_pkce(issued.code_challenge, parameters.get("code_verifier"))
