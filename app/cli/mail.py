"""``mail``: whether it arrives."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.base import AsJson, fail, note, settings_or_exit, show, with_runtime

if TYPE_CHECKING:
    from app.models.outbox import OutboxMessage
    from app.services.server.runtime import Runtime

app = typer.Typer(help="Whether mail arrives.")
_PAUSE = 0.2  # seconds between two looks


@app.callback()
def _group() -> None:
    """Whether mail arrives."""


@app.command()
def test(
    address: Annotated[str, typer.Argument(help="Where the mail goes")],
    wait: Annotated[
        int, typer.Option(min=0, help="Seconds to wait for its delivery")
    ] = 30,
    as_json: AsJson = False,
) -> None:
    """Send a mail on the way of all mails: the running service delivers it.

    JSON: `id`, `to`, `delivered`, `attempts`, `last_error`, and `answer`, what the
    mail server said.
    """

    async def work(runtime: "Runtime") -> "OutboxMessage | None":
        from app.services.server.mail_test import MailTestService

        async with runtime.unit_of_work() as uow:
            message_id = MailTestService(uow).ask(address)
        assert message_id is not None
        note(f"waiting up to {wait} s for the service to deliver it")
        deadline = runtime.clock.monotonic() + wait
        while True:
            async with runtime.unit_of_work(read_only=True) as uow:
                message = await MailTestService(uow).state(message_id)
            is_over = message is None or message.delivered_at or message.failed_at
            if is_over or runtime.clock.monotonic() >= deadline:
                return message
            await asyncio.sleep(_PAUSE)

    _report(with_runtime(work), address, as_json)


@app.command("check-templates")
def check_templates(
    folder: Annotated[Path, typer.Argument(help="With texts in place of ours")],
    as_json: AsJson = False,
) -> None:
    """Look at texts of mails that are to stand in place of ours (docs/mails.md).

    Each is written once with sample values: what is unknown in it, or lacks the link
    that the mail is for, is told with file and line.

    JSON: `folder`, `flaws` (as `FILE:LINE: WHAT`).
    """
    if not folder.is_dir():
        fail(f"{folder} is no folder")

    from app.core.clock import SystemClock
    from app.core.randomness import SystemRandomness
    from app.core.secret_key import SecretKey
    from app.services.mails.preview import MailPreviewService

    # Nothing is started, so that nothing is written: any key does for samples.
    key = SecretKey(SystemRandomness().token())
    previews = MailPreviewService(settings_or_exit(), key, SystemClock())
    flaws = list(previews.flaws(folder))
    result = {"folder": str(folder), "flaws": flaws}
    show(result, as_json, lines=flaws or ["The texts work."])
    if flaws:
        fail("these texts would not work")


def _report(message: "OutboxMessage | None", address: str, as_json: bool) -> None:
    from app.services.server.mail_test import ANSWER

    if message is None:
        fail("the mail is gone from the outbox: its time is over")
    result = {
        "id": message.id,
        "to": address,
        "delivered": message.delivered_at is not None,
        "attempts": message.attempts,
        "last_error": message.last_error,
        "answer": message.payload.get(ANSWER),
    }
    said = f": {result['answer']}" if result["answer"] else "."
    lines = [f"The mail to {address} was handed over{said}"]
    show(result, as_json, lines=lines if result["delivered"] else [])
    if result["delivered"]:
        return
    if message.attempts == 0:
        fail(
            "no process took the mail: is the service running, with this database and "
            "AUTH_SERVE_JOBS on?"
        )
    fail(f"it was tried and not delivered: {message.last_error or 'no answer yet'}")
