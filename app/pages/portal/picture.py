"""``/account/picture`` and ``/pictures``: one's picture, and where others see it."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.core.exceptions import AppError, NotFound
from app.core.late.route import LateRoute
from app.pages.parts.browser import AtBrowser
from app.pages.parts.dependencies import State
from app.pages.parts.flow import PROFILE
from app.pages.parts.form import Values
from app.pages.parts.proof import submit
from app.pages.parts.upload import Uploaded
from app.pages.portal.profile import show_page
from app.pages.portal.section import Here, enter
from app.services.accounts.picture import PATH, PictureService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
# Somebody's bytes: a picture and nothing else, even where it is opened alone. Pages of
# applications show it, and another picture has another address.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


@router.post("/account/picture")
async def submit_picture(
    upload: Uploaded, browser: AtBrowser, runtime: State
) -> Response:
    """Replace the picture, or remove it."""
    here = await enter(PROFILE, browser, runtime)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        owner = here.account.user_id
        async with runtime.unit_of_work() as uow:
            pictures = PictureService(uow, runtime)
            if "remove" in upload.values:
                await pictures.remove_own(owner)
                return here.stay("picture-removed")
            await pictures.replace_own(owner, upload.content)
        return here.stay("picture")

    return await submit(here, upload.values, work, _show)


async def _show(here: Here, error: AppError, _values: Values) -> Response:
    return await show_page(here, error)


@router.get(f"{PATH}/{{picture_id}}")
async def show_picture(picture_id: str, runtime: State) -> Response:
    """Return a picture to whoever knows its address."""
    try:
        known = UUID(hex=picture_id)
    except ValueError:
        raise NotFound(hint="not the name of a picture") from None
    async with runtime.unit_of_work(read_only=True) as uow:
        picture = await PictureService(uow, runtime).shown(known)
    if picture is None or known.hex != picture_id:
        raise NotFound(hint="no picture of this name")
    return Response(picture.content, headers=_HEADERS, media_type=picture.media_type)
