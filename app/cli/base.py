"""What all commands share: a started process around one piece of work."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.config import Settings, SettingsError, load_settings
from app.services.runtime import Runtime, build_runtime
from app.services.startup import StartRefused, start

Result = TypeVar("Result")


def settings_or_exit() -> Settings:
    """Return the settings, or end with one line that says what is wrong."""
    try:
        return load_settings()
    except SettingsError as refusal:
        sys.exit(f"auth-serve: {refusal}")


def with_runtime(work: Callable[[Runtime], Awaitable[Result]]) -> Result:
    """Start as a server would, do the work, and give everything back."""
    settings = settings_or_exit()

    async def run() -> Result:
        try:
            runtime = build_runtime(settings)
        except SettingsError as refusal:
            sys.exit(f"auth-serve: {refusal}")
        try:
            await start(runtime)
            return await work(runtime)
        except StartRefused as refusal:
            sys.exit(f"auth-serve: {refusal}")
        finally:
            await runtime.close()

    return asyncio.run(run())
