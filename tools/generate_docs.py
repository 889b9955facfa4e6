"""Write the documents that are made from the code.

Usage: ``python -m tools.generate_docs`` writes them; ``--check`` only compares, and
ends with 1 when one is stale.
"""

import argparse
import dataclasses
import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

import app
from app.config import PREFIX, Settings
from app.core.exceptions import AppError
from app.events import EVENTS, Event, MailedEvent
from app.events.base import NOT_DATA
from app.pages.console.event_texts import SAID
from app.services.process.measures import FAMILIES
from tools import house
from tools.field_codes import field_codes
from tools.imports_document import imports
from tools.standards_coverage import standards

ROOT = Path(__file__).resolve().parent.parent
_MADE = "<!-- Made by `python -m tools.generate_docs`; do not edit. -->"
_METRICS, _END_OF_METRICS = "<!-- metrics -->", "<!-- end of metrics -->"
_MEASURES, _END_OF_MEASURES = "<!-- measures -->", "<!-- end of measures -->"
_PAYLOADS, _END_OF_PAYLOADS = "<!-- payloads -->", "<!-- end of payloads -->"
# Asked for everything that it has, it would make the application.
_PROGRAMS = ("app.main",)


def _first_line(thing: type) -> str:
    return (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(value)
    if isinstance(value, dict):
        return json.dumps(value)
    return "" if value is None else str(value)


def _group(kind: Any) -> type[BaseModel] | None:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return None


def _rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        if _group(field.annotation) is None:
            meaning = field.description or ""
            yield f"{prefix}{name}".upper(), _default(field), meaning


def _groups() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    yield "The service as a whole.", list(_rows(Settings, PREFIX))
    for name, field in Settings.model_fields.items():
        group = _group(field.annotation)
        if group is not None:
            yield _first_line(group), list(_rows(group, f"{PREFIX}{name}__"))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def configuration() -> str:
    """Return every setting, its default and its meaning, group by group."""
    lines = ["# Configuration", "", _MADE, ""]
    lines += ["Durations are seconds. A list is separated by commas.", ""]
    for title, rows in _groups():
        lines += [f"## {title.rstrip('.')}", ""]
        lines += ["| Setting | Default | Meaning |", "| --- | --- | --- |"]
        for name, default, meaning in rows:
            shown = f"`{default}`" if default else "unset"
            lines.append(f"| `{name}` | {shown} | {_cell(meaning)} |")
        lines.append("")
    return "\n".join(lines)


def env_example() -> str:
    """Return an environment file that changes nothing: each line is a comment."""
    lines = ["# Copy to .env, in the folder of the start; uncomment what you change."]
    for title, rows in _groups():
        lines += ["", f"# --- {title.rstrip('.')} ---"]
        for name, default, meaning in rows:
            lines += [f"# {meaning}", f"#{name}={default}"]
    return "\n".join(lines) + "\n"


def _load_everything() -> None:
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if module.name not in _PROGRAMS:
            importlib.import_module(module.name)


def _kinds(kind: type[AppError]) -> Iterator[type[AppError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__.startswith("app."):
            yield from _kinds(child)


def refusals() -> list[type[AppError]]:
    """Return every refusal that the code can make."""
    _load_everything()
    return sorted(set(_kinds(AppError)), key=lambda kind: kind.__name__)


def errors() -> str:
    """Return every refusal; one code is one section, the target of a ``type``."""
    by_code: dict[str, list[type[AppError]]] = {}
    for kind in refusals():
        by_code.setdefault(kind.code, []).append(kind)
    lines = ["# Errors", "", _MADE, ""]
    told = "Why one was given: [why.md](why.md)."
    lines += [f"Answers are `application/problem+json` (RFC 9457). {told}", ""]
    for code in sorted(by_code):
        lines += [f"## {code}", ""]
        for kind in by_code[code]:
            meaning = _first_line(kind)
            lines += [f"**{kind.status} {kind.title}** (`{kind.__name__}`). {meaning}"]
            lines.append("")
    return "\n".join([*lines, field_codes()])


def _event(kind: type[Event]) -> Iterator[str]:
    yield from (f"## {kind.name}", "", _first_line(kind), "")
    fields = [f"`{field.name}`" for field in dataclasses.fields(kind)]
    yield f"- Fields: {', '.join(fields) or 'none'}"
    if said := SAID.get(kind.name):
        yield f"- In the console: {said}"
    if issubclass(kind, MailedEvent):
        yield f"- Mail: `{kind.template}`"
    yield ""


def events() -> str:
    """Return every event with its fields and the mail that it sends."""
    lines = ["# Events", "", _MADE, ""]
    for kind in sorted(EVENTS, key=lambda kind: kind.name):
        lines += _event(kind)
    return "\n".join(lines)


_COMMANDS_HEAD = """\
`auth-serve NOUN VERB`; in a checkout `.venv/bin/auth-serve`, which `make serve` makes,
or `python -m app.cli NOUN VERB` with the Python of `.venv`. A command works beside a
running service, with the same settings, and is in the audit trail: `user_agent` says
who it was, and `actor_id` is `{operator}`.

Standard output is the result; with `--json` it is JSON and nothing else, in the shapes
that the API's document has under the same names. What people are told besides is on
standard error, a refusal in one line. What destroys asks first; without a terminal it
refuses unless the line says `--yes`.

| Exit code | Meaning |
| --- | --- |
| 0 | done |
| 1 | refused, or not all of it was done; `doctor`: something failed |
| 2 | the line is wrong, or lacks `--yes`; nothing was tried |
| 3 | the configuration or the database cannot be used; nothing could be tried |
| 130 | interrupted |

Completion: `source <(auth-serve completion bash)` in `~/.bashrc`; for zsh
`auth-serve completion zsh > "${{fpath[1]}}/_auth-serve"`; for fish
`auth-serve completion fish > ~/.config/fish/completions/auth-serve.fish`.
"""


def _verbs(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, command in sorted(group.commands.items()):
        words = f"{path} {name}".strip()
        if hasattr(command, "commands"):
            yield from _verbs(command, words)
        else:
            yield words, command


def commands() -> str:
    """Return every command with what it does, and the JSON that it prints."""
    import typer

    from app.cli.commands import app as line
    from app.policies.permission import OPERATOR_ID

    lines = ["# Commands", "", _MADE, "", _COMMANDS_HEAD.format(operator=OPERATOR_ID)]
    for words, command in _verbs(typer.main.get_command(line), ""):
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        named = [(p.metavar or p.name).upper() for p in arguments]
        options = [p for p in command.params if p.param_type_name == "option"]
        shown = [p for p in options if p.name != "help"]
        flags = ", ".join(
            "/".join(f"`{flag}`" for flag in (p.opts[0], *p.secondary_opts[:1]))
            for p in shown
        )
        lines += [f"## {' '.join([words, *named])}", "", command.help or ""]
        lines += ["", f"Options: {flags}." if flags else "No options.", ""]
    return "\n".join(lines)


def _with(name: str, begin: str, end: str, made: str) -> str:
    """Return a page that people write, with what is made between two marks."""
    page = (ROOT / name).read_text(encoding="utf-8")
    head, _, rest = page.partition(begin)
    return f"{head}{begin}\n\n{made}\n\n{end}{rest.partition(end)[2]}"


def architecture() -> str:
    """Return the page that people write, with the measures of today."""
    name = "docs/architecture.md"
    return _with(name, _MEASURES, _END_OF_MEASURES, house.table())


def metrics() -> str:
    """Return the page that people write, with the metrics that there are."""
    lines = ["| Name | Kind | Labels | Meaning |", "| --- | --- | --- | --- |"]
    for family in FAMILIES:
        labels = ", ".join(f"`{label}`" for label in family.labels)
        name = f"`{family.shown_name}`"
        lines.append(f"| {name} | {family.kind} | {labels} | {family.about} |")
    return _with("docs/metrics.md", _METRICS, _END_OF_METRICS, "\n".join(lines))


def _told(hint: Any) -> str:
    """Return a type of a member as JSON has it."""
    if hint is type(None):
        return "null"
    inner = get_args(hint)
    if Literal in (get_origin(hint), hint):
        return "string"
    if get_origin(hint) is tuple:
        return f"list of {_told(inner[0])}"
    if inner:
        return " or ".join(map(_told, inner))
    if issubclass(hint, bool):
        return "boolean"
    return "number" if issubclass(hint, int) else "string"


def _members(kind: type[Event]) -> str:
    hints = get_type_hints(kind)
    fields = (field.name for field in dataclasses.fields(kind))
    own = [
        f"`{name}` ({_told(hints[name])})" for name in fields if name not in NOT_DATA
    ]
    return ", ".join(own) or "none"


def webhooks() -> str:
    """Return the page that people write, with the members of each event."""
    page = (ROOT / "docs/webhooks.md").read_text(encoding="utf-8")
    head, _, rest = page.partition(_PAYLOADS)
    _, end, tail = rest.partition(_END_OF_PAYLOADS)
    kinds = sorted(EVENTS, key=lambda kind: kind.name)
    rows = [f"| `{kind.name}` | {_members(kind)} |" for kind in kinds]
    table = "\n".join(["| `type` | `details` |", "| --- | --- |", *rows])
    return f"{head}{_PAYLOADS}\n\n{table}\n\n{end}{tail}"


def documents() -> dict[Path, str]:
    """Return the text of every made document by its place."""
    return {
        ROOT / "docs/architecture.md": architecture(),
        ROOT / "docs/configuration.md": configuration(),
        ROOT / ".env.example": env_example(),
        ROOT / "docs/commands.md": commands(),
        ROOT / "docs/errors.md": errors(),
        ROOT / "docs/events.md": events(),
        ROOT / "docs/metrics.md": metrics(),
        ROOT / "docs/imports.md": f"{_MADE}\n\n{imports()}",
        ROOT / "docs/standards.md": standards(),
        ROOT / "docs/webhooks.md": webhooks(),
    }


def stale(made: dict[Path, str]) -> list[Path]:
    """Return the files that differ from what the code says now."""
    return [
        path
        for path, text in made.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def main() -> int:
    """Write or compare; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    only_compare = parser.parse_args().check
    made = documents()
    old = stale(made)
    for path in old:
        print(f"{'stale' if only_compare else 'wrote'}: {path.relative_to(ROOT)}")
        if not only_compare:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[path], encoding="utf-8")
    return int(bool(old) and only_compare)


if __name__ == "__main__":
    sys.exit(main())
