"""What the script of a page posts of passkeys, and what it is given."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse, Response

from app.pages.parts.form import Values
from app.pages.parts.render import HEADERS
from app.utils import strict_json
from app.utils.strict_json import NotStrict

RESPONSE = "response"  # name of the field
RENEW = "options"  # name of the one that asks for a challenge in place of an old one


def answer_of(values: Values) -> Any:
    """Return the JSON of an answer; junk is None, which proves nothing either."""
    try:
        return strict_json.parse(values.get(RESPONSE, ""))
    except NotStrict:
        return None


def renewed(options: Mapping[str, Any]) -> Response:
    """Return a challenge for a page that was open for longer than its own lives."""
    return JSONResponse(options, headers=HEADERS)
