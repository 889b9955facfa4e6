"""RFC 6749 §4.1.2 and §4.1.2.1, RFC 9207 §2: what goes back to the client."""

from app.oauth.authorize import ReturnAddress
from app.oauth.errors import OAuthError
from app.oauth.response_modes import DEFAULT, Answer, find_mode


def code_response(to: ReturnAddress, code: str, issuer: str) -> Answer:
    """Return the answer to a request that was granted."""
    return _respond(to, {"code": code}, issuer)


def error_response(to: ReturnAddress, error: OAuthError, issuer: str) -> Answer:
    """Return the answer to a request that was refused.

    Only for refusals after the client and its redirect URI are known to be good; what
    ``authorize.identify`` refuses is shown to the person and redirected nowhere.
    """
    parameters = {"error": error.error}
    if error.description:
        parameters["error_description"] = error.description
    return _respond(to, parameters, issuer)


def _respond(to: ReturnAddress, parameters: dict[str, str], issuer: str) -> Answer:
    if to.state is not None:
        parameters["state"] = to.state
    parameters["iss"] = issuer
    mode = find_mode(to.response_mode, to.redirect_uri) or DEFAULT
    return mode.answer(to.redirect_uri, parameters)
