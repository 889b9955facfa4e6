"""A form with a file, as browsers send it: the one that pages have for pictures."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from app.core.exceptions import PayloadTooLarge, UnsupportedMediaType
from app.core.language import gettext
from app.core.pictures.flaw import MAX_BYTES
from app.pages.parts.csrf import refuse_cross_site
from app.pages.parts.form import MalformedForm, Values

MAX_FIELD = 1_024  # bytes; the file itself is bounded with the body
_FORM = "multipart/form-data"


class PictureTooLong(PayloadTooLarge):
    """A file that is longer than pictures may be; where scripts run, none is."""

    code = "picture_too_long"
    title = "This picture is too large"

    @property
    def detail(self) -> str:
        """How long one may be."""
        said = gettext("A picture may have %(number)s KB at most.")
        return said % {"number": MAX_BYTES // 1024}


@dataclass(frozen=True, slots=True)
class Upload:
    """What came: the fields, and the one file; empty bytes where none was chosen."""

    values: Values
    content: bytes


async def read_upload(request: Request) -> Upload:
    """Return a form with a file that our own page sent; a dependency of its POST.

    Raises:
        CrossSiteRequest: Another site sent it.
        UnsupportedMediaType: Another encoding.
        PictureTooLong: Longer than a picture may be.
        MalformedForm: A field twice, U+0000, or no form that a browser would send.
    """
    refuse_cross_site(request)
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind.strip().casefold() != _FORM:
        raise UnsupportedMediaType(hint="not a form with a file")
    values: dict[str, str] = {}
    content = b""
    try:
        limits = {"max_files": 1, "max_fields": 3, "max_part_size": MAX_FIELD}
        async with request.form(**limits) as form:
            for name, value in form.multi_items():
                if name in values:
                    raise MalformedForm(hint="a field stands twice")
                if isinstance(value, UploadFile):
                    content, value = await value.read(), ""
                if "\0" in name + value:
                    raise MalformedForm(hint="U+0000")
                values[name] = value
    except PayloadTooLarge as error:
        raise PictureTooLong(hint=error.hint) from error
    except HTTPException as error:
        raise MalformedForm(hint=str(error.detail)) from error
    return Upload(values, content)


Uploaded = Annotated[Upload, Depends(read_upload)]
