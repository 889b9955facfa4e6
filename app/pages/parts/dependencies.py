"""What page handlers are given."""

from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.context import current
from app.database import get_db
from app.pages.parts.form import PROOF, Values, read_form
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import BrowserSessionService
from app.services.sign_in.known_device import KnownDeviceService


async def get_runtime(request: Request) -> Runtime:
    """Return what the process shares."""
    runtime: Runtime = request.app.state.runtime
    return runtime


State = Annotated[Runtime, Depends(get_runtime)]


async def get_token(request: Request) -> str:
    """Return the token of the link; one that stands twice is none."""
    tokens = request.query_params.getlist("token")
    return tokens[0] if len(tokens) == 1 else ""


async def read_posted(request: Request, runtime: State) -> Values:
    """Return the fields of a form, once it is noted which browser sent it.

    Whoever asks for a code keeps tries of their own at it (ADR-0030), and so does a
    device that the account knows at its password (ADR-0053).

    Raises:
        AppError: All that ``read_form`` raises.
    """
    fields = request.headers.getlist("cookie")
    current().browser = BrowserSessionService(runtime).value_of(fields)
    current().devices = KnownDeviceService(runtime).read(fields)
    values = await read_form(request)
    current().proof = values.get(PROOF, "")
    return values


Db = Annotated[AsyncSession, Depends(get_db, scope="function")]
LinkToken = Annotated[str, Depends(get_token)]
# First among the parameters of a handler: nothing is looked up for a foreign form.
Posted = Annotated[Values, Depends(read_posted)]
