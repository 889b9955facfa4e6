"""What is wrong with a field is said in every language, not only in English."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
from app.core.language import gettext, speaking
from app.pages.parts.form import fault
from app.pages.parts.refusal_texts import complaint
from app.utils.theme import colour

_APP = Path(app.__file__).parent
_JUDGES = ["schemas", "services", "core/pictures", "typed_text.py"]
_OF_THE_API = {
    "a JSON object is required",
    "a picture is required",
    "a proof is not taken back; set another address",
    "an instant in the years 1 to 9999 is required",
    "an instant as in RFC 3339 is required",
    "either delivery_id or since is required",
    "until belongs to since",
    "is no event; docs/events.md lists them, and user.* is many",
    "is no part of a theme",
    "is no kind here",
    "is 0, or at least 7 seconds for this kind",
    # Of resources and personal tokens: the API and the command line make them.
    "has 7, which is no resource here",
    "has 7, which is no client here; name its client_id",
    "must not be below a public suffix: others have hosts there",
    "must be in the future, and at most 7 seconds away",
    "a name is required",
    "is required in a theme",
    "phone_number_verified is about a phone_number",
    "factor 7 needs 7, not 7",
    "must be base64url",
    "must be one of 7",
    "public_key: is no key in COSE",
    "send token or code",
    "send token, or email and code",
    "is 0, or at least 7 seconds",  # of connections
    "there is no such application",
    "cannot hold 7, which the protocol says itself",
}
_NOTHING = "This cannot be used; please change it."


def _texts(node: ast.AST | None, constants: dict[str, str]) -> str:
    """Return a string of the code, with 7 for what it is filled in with."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_texts(each, constants) for each in node.values)
    if isinstance(node, ast.Name):
        return constants.get(node.id, "")
    return "7"


def _raised() -> Iterator[tuple[str, str]]:
    """Yield the code and the message of all that judges a field."""
    found = (_APP / each for each in _JUDGES)
    files = [
        file
        for each in found
        for file in ([each] if each.suffix else each.rglob("*.py"))
    ]
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            constants: dict[str, str] = {}
            for node in ast.walk(function):
                if isinstance(node, ast.Assign) and isinstance(
                    node.targets[0], ast.Name
                ):
                    constants[node.targets[0].id] = _texts(node.value, {})
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and _is_refusal(node.func):
                    yield from _said("refused", node.args, constants)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    if node.func.id != "ValueError" or "services" not in file.parts:
                        yield from _said(node.func.id, node.args, constants)


def _is_refusal(function: ast.expr) -> bool:
    """Tell whether ``Unprocessable.of`` is called."""
    return ast.unparse(function) == "Unprocessable.of"


def _said(
    name: str, args: list[ast.expr], constants: dict[str, str]
) -> Iterator[tuple[str, str]]:
    texts = [_texts(each, constants) for each in args]
    if name in ("FieldError", "_refused", "refused") and len(texts) == 3:
        yield texts[1], texts[2]
    if name == "PictureFlaw":
        yield texts[0], texts[1]
    if name == "ValueError" and texts:
        yield "value_error", texts[0]


_RAISED = sorted({(code, text) for code, text in _raised() if text.strip("7")})


def test_the_search_finds_what_services_and_schemas_raise() -> None:
    codes = {code for code, _ in _RAISED}

    assert {"value_error", "unknown_role", "moving_picture", "no_own_scope"} <= codes


@pytest.mark.parametrize(("code", "message"), _RAISED)
def test_what_is_wrong_is_told_in_other_languages_too(code: str, message: str) -> None:
    if message in _OF_THE_API:
        return

    with speaking("de"):
        said = complaint("field", code, message)

        nothing = gettext(_NOTHING)

    assert said not in (nothing, _NOTHING)


def test_a_colour_is_judged_in_other_languages_with_its_number() -> None:
    flaw = colour.flaw("#ffcc00", colour.LIGHT)
    assert flaw is not None

    with speaking("de"):
        said = complaint("theme.accent", "unreadable_colour", flaw)

    assert "1.4:1" in said and "Kontrast" in said


def test_a_page_s_own_sentence_is_shown_as_it_is() -> None:
    error = fault("typed", "not_confirmed", "Geben Sie zur Bestätigung shop ein.")

    with speaking("de"):
        said = complaint("typed", "not_confirmed", error["message"])

    assert said == "Geben Sie zur Bestätigung shop ein."


def test_pages_label_their_fields_with_messages() -> None:
    for path in (_APP / "pages").rglob("*.py"):
        if path.name == "dev_components.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "labels":
                bare = getattr(node.value, "values", [])
                assert not any(isinstance(each, ast.Constant) for each in bare), path


def test_pages_name_faults_in_words_for_people() -> None:
    pages = (_APP / "pages").rglob("*.py")

    made = [
        path.name for path in pages if "FieldError(" in path.read_text(encoding="utf-8")
    ]

    assert made == ["form.py"]
