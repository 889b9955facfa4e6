"""The codes of single fields, found where they are given: a part of docs/errors.md."""

import ast
from collections.abc import Iterator

from app.core.passwords import PasswordProblem
from tools import house

_MAKERS = {"FieldError", "UnacceptablePassword", "_refused"}
_HEAD = """## The codes of fields

A 422 lists in `errors` what is wrong, each with `field`, `code` and `message`. What
the schema of a body finds has the code of its check, such as `missing`,
`extra_forbidden` or `string_too_long`; metadata of clients has the codes of RFC 7591
section 3.2.2. The others:

| Code | Field |
| --- | --- |
"""


def _given() -> Iterator[tuple[str, str]]:
    """Yield code and field of each refusal whose code is written down."""
    for module in house.modules("app").values():
        for node in ast.walk(module):
            if not isinstance(node, ast.Call) or len(node.args) < 2:
                continue
            field, code = node.args[:2]
            is_maker = isinstance(node.func, ast.Name) and node.func.id in _MAKERS
            if is_maker and isinstance(code, ast.Constant):
                yield f"{code.value!s}", _field(field)


def _field(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return f"`{node.value!s}`" if node.value else "the body"
    return "the one concerned"


def field_codes() -> str:
    """Return the section, in alphabetical order of the codes."""
    found: dict[str, set[str]] = {}
    for code, field in _given():
        found.setdefault(code, set()).add(field)
    for problem in PasswordProblem:
        found.setdefault(f"password_{problem}", set()).add("the password's")
    rows = (
        f"| `{code}` | {', '.join(sorted(found[code]))} |" for code in sorted(found)
    )
    return _HEAD + "\n".join(rows) + "\n"
