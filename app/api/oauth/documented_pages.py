"""What the OpenAPI document says of the two protocol endpoints that answer people.

They stand among the pages, which are in no document: programs only send browsers there.
Whoever generates requests, or a client, from the document needs to know of them.
"""

from typing import Any

from app.api.oauth.documented import form, refusals

_AUTHORIZE = (  # RFC 6749 §4.1.1, RFC 7636 §4.3, OIDC Core §3.1.2.1 and §5.5
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "response_mode",
    "prompt",
    "max_age",
    "display",
    "ui_locales",
    "id_token_hint",
    "login_hint",
    "acr_values",
    "claims",
    "idp_hint",
    "kc_idp_hint",
    "domain_hint",
)
_LOGOUT = (  # OIDC RP-Initiated Logout §2
    "id_token_hint",
    "client_id",
    "post_logout_redirect_uri",
    "state",
    "logout_hint",
    "ui_locales",
)
_REQUIRED = ("response_type", "client_id")
_HTML: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
_ONWARD = {
    "description": "On to a page of ours, or back to the application.",
    "headers": {"Location": {"schema": {"type": "string"}, "required": True}},
}


def browser_paths() -> dict[str, Any]:
    """Return the entries of the two paths, each by GET and by POST."""
    return {
        "/oauth2/authorize": {
            "get": _operation(
                "authorize",
                "Take a request of an application (RFC 6749 section 3.1).",
                "A page that posts the answer (`response_mode=form_post`).",
                refused=(429,),
                parameters=_query(_AUTHORIZE, _REQUIRED),
            ),
            "post": _operation(
                "authorize_by_form",
                "Have the browser send a posted request by GET.",
                refused=(408, 413, 415),
                **form(*_AUTHORIZE, required=_REQUIRED),
            ),
        },
        "/oauth2/logout": {
            "get": _operation(
                "logout",
                "Sign out who the application proves to know; ask everybody else.",
                "The person is asked, or is signed out.",
                parameters=_query(_LOGOUT),
            ),
            "post": _operation(
                "logout_by_form",
                "Take a request as GET does, or the person's yes to one.",
                "The person is asked, or is signed out.",
                refused=(403, 408, 413, 415),
                **form(*_LOGOUT),
            ),
        },
    }


def _operation(
    name: str,
    summary: str,
    page: str = "",
    *,
    refused: tuple[int, ...] = (),
    **more: Any,
) -> dict[str, Any]:
    answers: dict[str, Any] = {"303": _ONWARD}
    if page:
        answers["200"] = {"description": page, "content": _HTML}
    for status, refusal in refusals(*refused).items():
        content = refusal["content"] | _HTML  # which one is the reader's ``Accept``
        answers[str(status)] = refusal | {"content": content}
    about = {"tags": ["oauth"], "summary": summary, "operationId": name}
    return about | more | {"responses": answers}


def _query(
    names: tuple[str, ...], required: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": {"type": "string"},
        }
        for name in names
    ]
