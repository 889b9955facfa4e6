"""What the OpenAPI document says of protocol endpoints, which read forms themselves."""

from typing import Any

_ERROR = {"$ref": "#/components/schemas/ProtocolError"}
_MEANINGS = {
    400: "The request is not acceptable (RFC 6749 section 5.2).",
    401: "The client did not prove who it is.",
    403: "The token is not good for this.",
    404: "This is switched off.",
    408: "The request took too long to arrive.",
    413: "The request is too large.",
    415: "The body is not in the form that is taken.",
    429: "Too many attempts; `Retry-After` says when to come back.",
    503: "Not now; `Retry-After` says when to come back.",
}
# How a client proves who it is in the body; in the header it is the security scheme.
_PROOF = ("client_id", "client_secret", "client_assertion", "client_assertion_type")
PROTOCOL_ERROR: dict[str, Any] = {
    "title": "ProtocolError",
    "type": "object",
    "properties": {
        "error": {"type": "string"},
        "error_description": {"type": "string"},
        "correlation_id": {"type": "string"},
    },
    "required": ["correlation_id"],
}
SECURITY_SCHEMES: dict[str, Any] = {
    "client": {
        "type": "http",
        "scheme": "basic",
        "description": "client_id and client_secret of an application",
    }
}


def refusals(*statuses: int) -> dict[int | str, Any]:
    """Return the responses of these statuses, and of what all endpoints share."""
    return {
        status: {
            "description": _MEANINGS[status],
            "content": {"application/json": {"schema": _ERROR}},
        }
        for status in sorted({*statuses, 400, 503})
    }


def succeeds(description: str, *members: str) -> dict[int | str, Any]:
    """Return the response of a success: an object with at least these members."""
    properties: dict[str, Any] = {name: {} for name in members}
    schema = {"type": "object", "properties": properties, "required": list(members)}
    return {
        200: {
            "description": description,
            "content": {"application/json": {"schema": schema}},
        }
    }


def form(*names: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the entry of a form body with these parameters."""
    texts: dict[str, Any] = {name: {"type": "string"} for name in names}
    schema = {"type": "object", "properties": texts, "required": list(required)}
    content = {"application/x-www-form-urlencoded": {"schema": schema}}
    return {"requestBody": {"required": bool(required), "content": content}}


def client_form(*names: str, required: str = "") -> dict[str, Any]:
    """Return the entry of a form that a client sends, besides what proves who it is."""
    body = form(*names, *_PROOF, required=(required,) if required else ())
    return {"security": [{"client": []}, {}], **body}
