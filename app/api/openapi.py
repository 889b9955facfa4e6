"""The OpenAPI document: what FastAPI makes, and the two forms of refusals."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api.oauth.documented import PROTOCOL_ERROR, SECURITY_SCHEMES
from app.api.oauth.documented_pages import browser_paths
from app.core.late.wing import unfolded
from app.schemas.base import Problem
from app.utils.base_path import base_path

_REF = "#/components/schemas/{model}"


def install_openapi(app: FastAPI) -> None:
    """Make the application's document on first use, and keep it."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _build(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way


def _build(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=unfolded(app.routes),
    )
    document["paths"] |= browser_paths()
    base = base_path(app.state.runtime.settings.public_url)
    if base:
        document["servers"] = [{"url": base}]
    schema = Problem.model_json_schema(ref_template=_REF)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas |= schema.pop("$defs", {})
    schemas["Problem"] = schema
    schemas["ProtocolError"] = PROTOCOL_ERROR
    document["components"].setdefault("securitySchemes", {}).update(SECURITY_SCHEMES)
    return document
