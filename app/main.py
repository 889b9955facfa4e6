"""The application: parts put together, started, stopped."""

import asyncio
import gc
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from app.core.late import models  # noqa: F401  # before whatever imports FastAPI

# isort: split
from fastapi import FastAPI, Request, Response
from fastapi.telemetry import TelemetryConfig
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Scope

from app import __version__, pages
from app.api import forward_auth, health, metrics, v1
from app.api.client_address import ClientAddress
from app.api.hot_path import hot_paths
from app.api.metrics_port import MetricsPort
from app.api.middleware import RequestMiddleware
from app.api.oauth import (
    cors,
    device_authorization,
    introspection,
    protocol,
    registration,
    revocation,
    revoked,
    token,
    upstream_logout,
    userinfo,
    well_known,
)
from app.api.openapi import install_openapi
from app.api.traced import RequestTraces
from app.config import Settings, SettingsError, load_settings
from app.core.asking_server import address_of_server
from app.core.exceptions import AppError, install_handlers, problem
from app.core.logging import configure_logging, loop_exception_handler
from app.database_errors import DatabaseUnavailable
from app.jobs import build_jobs
from app.jobs.base import Job
from app.jobs.sampling import SamplingJob
from app.jobs.sealing import SealingJob
from app.jobs.shared_clock import SharedClockJob
from app.jobs.worker import Worker
from app.oauth.errors import OAuthError
from app.oauth.resources.metadata import metadata_url, with_metadata
from app.oauth.tokens import own_api
from app.services.server.runtime import Runtime, build_runtime
from app.services.server.secret_key.presence import SealingPresence
from app.services.server.startup import StartRefused, start
from app.utils.base_path import base_path

_log = logging.getLogger("auth_serve.errors")
# Tracing is off unless it is asked for: spans would carry query strings, and those
# carry codes and tokens.
_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}

_PROTOCOL = (
    well_known,
    token,
    device_authorization,
    introspection,
    revocation,
    revoked,
    userinfo,
    registration,
    upstream_logout,
    cors,
)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start strictly, stop gracefully (architecture, rule 14)."""
    runtime: Runtime = app.state.runtime
    asyncio.get_running_loop().set_exception_handler(loop_exception_handler)
    worker = Worker(runtime, build_jobs(runtime))
    # In every process.
    everywhere: list[Job] = [SharedClockJob(runtime), SealingJob(runtime, is_said=True)]
    if runtime.monitoring is not None:
        everywhere.append(SamplingJob(runtime.monitoring))
    clock = Worker(runtime, everywhere)
    port = MetricsPort(runtime.settings, runtime.monitoring)
    try:
        link = await start(runtime, serving=True)
        if link is not None and app.state.tells_link:
            # For the operator's eyes: the log redacts tokens, and this one opens the
            # door.
            print(f"\n  Make the first administrator: {link}\n", file=sys.stderr)
        await clock.start()
        await port.start()
        if runtime.settings.jobs:
            await worker.start()
        runtime.stopping.take_over(runtime.settings.accepts_while_stopping)
        yield
    except StartRefused as refusal:
        print(f"auth-serve: {refusal}", file=sys.stderr)
        raise  # the server ends; RequestMiddleware keeps the traceback back
    finally:
        await port.stop()
        await asyncio.gather(worker.stop(), clock.stop())
        await SealingPresence(runtime).leave()
        await runtime.close()
        runtime.stopping.give_back()
        if app.state.logging is not None:
            app.state.logging.drain()  # uvicorn may end the process right after


def _render(request: Request, error: AppError) -> Response:
    """Answer people with a page, programs as their part of this service has it.

    A page that cannot be made may be why we are here: people get what programs get.
    """
    path = request.scope["path"]
    is_protocol = path.startswith(protocol.PREFIX)
    is_program = path.startswith(("/api", forward_auth.PLAIN)) or (
        is_protocol and path not in protocol.BROWSER_PATHS
    )
    if "text/html" in request.headers.get("accept", "").lower() and not is_program:
        try:
            return pages.render_error(request, error)
        except Exception as defect:
            _log.error("no page for a refusal", exc_info=defect)
    if is_protocol:
        return protocol.app_refusal(error)
    issuer = request.app.state.runtime.settings.public_url
    answer = problem(error, issuer)
    challenge = answer.headers.get("www-authenticate")
    if challenge and error.status == 401 and path.startswith("/api/v1"):
        where = metadata_url(own_api(issuer), issuer)
        answer.headers["www-authenticate"] = with_metadata(challenge, where)
    return answer


def _render_early(scope: Scope, error: AppError) -> Response:
    """Answer what the server refuses before there is a request."""
    return _render(Request(scope), error)


async def _refuse(_request: Request, error: Exception) -> Response:
    """Answer a refusal of the protocol engine in its own form."""
    assert isinstance(error, OAuthError)
    return protocol.refusal(error)


def _routes() -> list[BaseRoute]:
    """Return every route, as it was declared.

    FastAPI's include_router would keep a second copy of each, two megabytes together,
    and match every request twice.
    """
    return [
        *v1.routes,
        *health.router.routes,
        *metrics.router.routes,
        *forward_auth.router.routes,
        *(route for part in _PROTOCOL for route in part.router.routes),
        *pages.routes,
    ]


def _demand_own_base(settings: Settings, routes: list[BaseRoute]) -> None:
    """Refuse a base path that begins as pages of ours do.

    Whether a proxy took it off already could not be told from the path then.
    """
    base = base_path(settings.public_url)
    first = base.split("/")[1] if base else ""
    if first in {getattr(each, "path", "/").split("/")[1] for each in routes} - {""}:
        raise SettingsError(
            f"AUTH_SERVE_PUBLIC_URL: its path begins with /{first}, as pages of this "
            "service do; choose another, such as /auth"
        )


class _Application(FastAPI):
    """Without what the framework wraps around an application, as last resorts.

    `RequestMiddleware` is one itself, and bounds bodies; it stands outermost.
    """

    def build_middleware_stack(self) -> ASGIApp:
        """Return what requests come to first."""
        stack: Any = super().build_middleware_stack()
        while not isinstance(stack, RequestMiddleware):
            stack = stack.app
        return stack


def _addresses(settings: Settings, runtime: Runtime) -> ClientAddress:
    proxies, field = settings.trusted_proxies, settings.forwarded_header
    return ClientAddress(proxies, field, runtime.clock)


def create_app(
    settings: Settings | None = None, runtime: Runtime | None = None
) -> FastAPI:
    """Return the application; nothing is connected until it starts.

    Args:
        settings: Read from the environment when not given.
        runtime: Built from the settings when not given; tests bring their own clock.

    Raises:
        SettingsError: The environment does not make a safe configuration.
    """
    settings = settings or load_settings()
    runtime = runtime or build_runtime(settings)
    app = _Application(
        title="Auth Serve",
        version=__version__,
        description="Sign-in, tokens and users for your applications.",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if settings.serves_docs else None,
        redirect_slashes=False,
        telemetry=_TELEMETRY,
    )
    app.state.runtime = runtime
    app.state.brand = pages.brand_of(settings)
    app.state.logging, app.state.tells_link = None, True
    app.state.addresses = _addresses(settings, runtime)
    app.state.render_refusal = _render_early
    app.router.routes += _routes()
    _demand_own_base(settings, app.router.routes)
    install_openapi(app)
    install_handlers(app, _render, [DatabaseUnavailable])
    app.add_exception_handler(OAuthError, _refuse)
    _wrap(app, runtime)
    return app


def _wrap(app: FastAPI, runtime: Runtime) -> None:
    """Stand outermost, around whatever there is by now."""
    app.add_middleware(
        RequestMiddleware,
        hot_paths=hot_paths(app.exception_handlers),
        clock=runtime.clock,
        randomness=runtime.randomness,
        issuer=runtime.settings.public_url,
        addresses=app.state.addresses,
        refused=runtime.refused_requests,
        registration=runtime.settings.client_registration,
        stopping=runtime.stopping,
        render=_render,
        count=runtime.metrics.request if runtime.metrics else None,
        traces=_traces(runtime, app.state.addresses),
    )


def _traces(runtime: Runtime, addresses: ClientAddress) -> RequestTraces | None:
    if runtime.tracing is None:
        return None
    return RequestTraces(runtime.tracing, addresses, runtime.settings.traces.continues)


def _create() -> FastAPI:
    """Return the application for uvicorn, or say in one line why there is none."""
    try:
        settings = load_settings()
        address = address_of_server()
        if address is not None:
            settings = settings.served_at(address)
        log = configure_logging(settings.log_level, human=settings.logs_for_people)
        application = create_app(settings)
    except SettingsError as refusal:
        sys.exit(f"auth-serve: {refusal}")
    application.state.logging = log
    _settle_collector()
    return application


def _settle_collector() -> None:
    """Spare requests the search for garbage in modules, which are none.

    A full collection over them takes some 100 ms in which nobody is answered, and
    emptying caches early costs a tenth of a refresh.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def __getattr__(name: str) -> FastAPI:
    """Make ``app`` when a server asks for it; importing the module has no effect."""
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = application = _create()
    return application
