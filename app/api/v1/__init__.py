"""The JSON API, version 1: the explicit list of its parts."""

from starlette.routing import BaseRoute

from app.api.known_query import knowing_their_query
from app.api.v1 import (
    auth,
    claims,
    devices,
    factor_recovery,
    factors,
    me,
    passkey_sign_in,
    passkeys,
    pictures,
)
from app.api.v1.access import personal_tokens
from app.api.v1.oauth import consents
from app.core.late.wing import LateWing

# Each part names its whole prefix, so that its routes need not be built anew.
routes: list[BaseRoute] = knowing_their_query(
    route
    for part in (
        auth,
        passkey_sign_in,
        factor_recovery,
        me,
        claims,
        pictures,
        consents,
        devices,
        factors,
        passkeys,
        personal_tokens,
    )
    for route in part.router.routes
)
# Programs of people ask for the above all the time; for the rest operators do.
routes.append(LateWing("app.api.v1.administration", "/api/v1"))
