"""``If-Match``: the versions of a thing that a change is meant for."""

import re
from typing import Annotated

from fastapi import Depends, Header, Request

from app.core.exceptions import BadRequest

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_TAGS = re.compile(rf"[ \t,]*{_TAG.pattern}(?:[ \t]*,[ \t,]*{_TAG.pattern})*[ \t,]*")


class InvalidIfMatch(BadRequest):
    """``If-Match`` is not a list of entity tags (RFC 9110 section 8.8.3)."""

    code = "invalid_if_match"
    title = "If-Match must be the ETag that reading gave"


async def _if_match(
    request: Request,
    _field: Annotated[
        str | None, Header(alias="If-Match", description="ETag of the last read")
    ] = None,
) -> frozenset[str] | None:
    """Return the versions that the caller accepts (RFC 9110 section 13.1.1).

    The comparison is strong: a weak tag is not of ours and matches nothing.
    """
    fields = request.headers.getlist("if-match")
    named = ",".join(fields)
    if not fields or named.strip() == "*":
        return None
    if not _TAGS.fullmatch(named):
        raise InvalidIfMatch
    return frozenset(tag for weak, tag in _TAG.findall(named) if not weak)


IfMatch = Annotated[frozenset[str] | None, Depends(_if_match)]
