"""Routes below a path, whose modules are imported at the first request for one."""

import asyncio
from collections.abc import Iterable
from importlib import import_module
from typing import cast

from starlette.routing import BaseRoute, Match, Router
from starlette.types import Receive, Scope, Send


class LateWing(BaseRoute):
    """Stands for all routes below some paths, until one of them is asked for.

    Then they take its place in the application, and nothing is left of it.
    """

    def __init__(self, module: str, *paths: str) -> None:
        """Declare it.

        Args:
            module: The full name of the module that lists them as ``routes``.
            paths: What each of the routes begins with, such as ``/admin``.
        """
        self.path = paths[0]
        self._module = module
        self._below = tuple(f"{path}/" for path in paths)

    @property
    def routes(self) -> list[BaseRoute]:
        """What it stands for; it is imported."""
        return cast(list[BaseRoute], import_module(self._module).routes)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether one of the routes could be meant, whatever the method is."""
        is_meant = scope["type"] == "http" and self.covers(scope["path"])
        return (Match.FULL if is_meant else Match.NONE), {}

    def covers(self, path: str) -> bool:
        """Tell whether a path is one of these paths, or below one."""
        return f"{path}/".startswith(self._below)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Import the routes, in a thread of its own, and have the request matched."""
        await asyncio.to_thread(lambda: self.routes)
        router: Router = scope["app"].router
        if self in router.routes:  # else another one was first
            at = router.routes.index(self)
            router.routes[at : at + 1] = self.routes
        await router.app(scope, receive, send)


def unfolded(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """Return the routes with those of each wing in the place of it."""
    return [
        route
        for each in routes
        for route in (each.routes if isinstance(each, LateWing) else [each])
    ]
