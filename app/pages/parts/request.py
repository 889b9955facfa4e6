"""What a handler of a page works with, in one piece."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from app.pages.parts.browser import AtBrowser
from app.pages.parts.dependencies import Db, State
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser


@dataclass(frozen=True, slots=True)
class Here:
    """A request: the browser that it comes from, and its transaction."""

    browser: Browser
    runtime: Runtime
    db: AsyncSession


async def _here(browser: AtBrowser, runtime: State, db: Db) -> Here:
    return Here(browser, runtime, db)


AtPage = Annotated[Here, Depends(_here)]
