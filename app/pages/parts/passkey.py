"""What a passkey answered, as the script of a page posts it."""

import json
from typing import Any

from app.pages.parts.form import Values

RESPONSE = "response"  # name of the field


def answer_of(values: Values) -> Any:
    """Return the JSON of an answer; junk is None, which proves nothing either."""
    try:
        return json.loads(values.get(RESPONSE, ""))
    except (ValueError, RecursionError):
        return None
