"""``doctor``: what is wrong, and what to do about it."""

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from app.cli.base import AsJson, Exit, show_rows

if TYPE_CHECKING:
    from app.config import Settings
    from app.services.server.diagnosis import Finding

_PARTS = ("database", "keys", "owners", "mail", "valkey", "proxy", "clock")


def doctor(as_json: AsJson = False) -> None:
    """Look at configuration, database, keys, owners, mail, Valkey, proxy and clock.

    Nothing is changed but the row that shows that the database takes writes. It ends
    with 1 when something failed, and 0 with warnings.

    JSON: an array of `part`, `status` (`ok`, `warning`, `failed`, `skipped`), `seen`,
    `advice`.
    """
    from app.config import SettingsError, load_settings

    try:
        findings = asyncio.run(_findings(load_settings()))
    except SettingsError as refusal:
        findings = _unread(str(refusal))
    show_rows(findings, ("part", "status", "seen", "advice"), as_json)
    if any(finding["status"] == "failed" for finding in findings):
        sys.exit(int(Exit.REFUSED))


def _unread(refusal: str) -> list[dict[str, Any]]:
    """Return what is known where not even the settings can be read."""
    advice = "docs/configuration.md has all of them"
    first = _row("configuration", "failed", refusal, advice)
    return [first, *(_row(p, "skipped", "not asked", "") for p in _PARTS)]


def _row(part: str, status: str, seen: str, advice: str) -> dict[str, Any]:
    return {"part": part, "status": status, "seen": seen, "advice": advice}


async def _findings(settings: "Settings") -> list[dict[str, Any]]:
    from app.services.server.diagnosis import DiagnosisService
    from app.services.server.served_address import build_commands_runtime

    runtime = await build_commands_runtime(settings)
    try:
        found: list[Finding] = await DiagnosisService(
            runtime, runtime.write_probe
        ).findings()
    finally:
        await runtime.close()
    return [_row(f.part, f.status, f.seen, f.advice) for f in found]
