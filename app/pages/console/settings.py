"""``/admin/settings``: what is in force, and where each value comes from."""

from typing import Any

from fastapi import APIRouter, Response

from app.core.language import N_
from app.core.late.route import LateRoute
from app.pages.console.frame import AtConsole
from app.pages.console.sections import SETTINGS
from app.services.server.settings import listed
from app.utils.helpers import encoded_json

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_ROWS = 100  # a page of them weighs below 60 KB with all that it loads
_SOURCES = {
    "default": N_("Default"),
    "environment": N_("Environment"),
    ".env": N_(".env file"),
    "file": N_("File of a secret"),
}


@router.get(SETTINGS.path)
async def list_settings(
    at: AtConsole, q: str = "", changed: str = "", after: str = ""
) -> Response:
    """List every setting, or those that somebody set; of secrets only that they are."""
    here = await at.enter(SETTINGS)
    if isinstance(here, Response):
        return here
    words = q.casefold().split()
    found = [
        {"name": each.name, "value": _text(each.value), "source": each.source}
        for each in listed(here.runtime.settings)
        if all(word in each.name.casefold() for word in words)
        and not (changed and each.source == "default")
    ]
    names = [each["name"] for each in found]
    begin = names.index(after) + 1 if after in names else 0
    shown = found[begin : begin + _ROWS]
    return here.render(
        "console/settings.html",
        settings=shown,
        chosen={"q": q, "changed": changed},
        after=after,
        following=names[begin + _ROWS - 1] if names[begin + _ROWS :] else "",
        origins=_SOURCES,
        q=q,
        changed=bool(changed),
    )


def _text(value: Any) -> str:
    if isinstance(value, bool | list | dict):
        return encoded_json(value).decode()
    return "" if value is None else str(value)
