"""Routes that are found at once, and made ready for requests at their first one.

What FastAPI works out for a route (parameters, bodies, validators) takes 15 kB and a
millisecond, and a process is asked for a few of them only.
"""

from collections.abc import Callable
from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import compile_path
from starlette.types import ASGIApp


class LateRoute(APIRoute):
    """A route that has only what the router looks at, until more is asked of it."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Declare it; mistakes in the declaration are told when it is made ready."""
        self._declared = {"path": path, "endpoint": endpoint, **options}
        self._around: Callable[[APIRoute], ASGIApp] | None = None
        self.path, self.endpoint = path, endpoint
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)
        self.name = options.get("name") or endpoint.__name__
        self.methods = {method.upper() for method in options.get("methods") or ["GET"]}
        self.include_in_schema = options.get("include_in_schema", True)

    def put_behind(self, around: Callable[[APIRoute], ASGIApp]) -> None:
        """Answer with what ``around`` makes of the route, once it is ready."""
        self._around = around

    def __getattr__(self, name: str) -> Any:
        """Make the route ready when something is asked that only then it has."""
        declared = self.__dict__.pop("_declared", None)
        if declared is None:
            raise AttributeError(name)
        try:
            super().__init__(**declared)
        except BaseException:  # to be told at the next request as well
            self.__dict__["_declared"] = declared
            raise
        if self._around is not None:
            self.app = self._around(self)
        return getattr(self, name)
