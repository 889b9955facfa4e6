"""Catalogues of translations: sentences found in the code, held against one another.

Usage: ``python -m tools.catalogues`` puts every sentence of the code into every
``app/locales/LANGUAGE.po``, drops those that are gone, and compiles; ``--check`` only
looks, and ends with 1 when a catalogue has a gap or a mistake, or is stale.
"""

import argparse
import re
import struct
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from app.core.language.catalogue import LOCALES
from app.pages.parts.refusal_texts import ERRORS
from app.policies.permission import MEANINGS
from tools.generate_docs import refusals

APP = LOCALES.parent
_METHODS = [
    ("**.py", "python"),
    ("**/templates/**.html", "jinja2"),
    ("**/templates/**.txt", "jinja2"),
    ("**/templates/**.jinja", "jinja2"),
]
_OPTIONS: Mapping[str, dict[str, str]] = {
    pattern: {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
    for pattern, method in _METHODS
    if method == "jinja2"
}
_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
}
_NAME = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")
_TAG = re.compile(r"</?\w+[^<>]*>")
_ALLOWED = re.compile(r"</?(?:strong|bdi|code|a)>|<a href=\"[^\"<>]*\">")
_ENDS = {".": "..。", "?": "?？؟", ":": ":：", "!": "!！", "…": "…"}
_FREE = "glossary: free"  # a translator's comment: here the term is none
_HEADER = re.compile(r'^"([\w-]+): (.*)\\n"$', re.M)
_OWN_FIELDS = ("Language", "X-Name", "X-Direction", "Plural-Forms")


def sentences() -> Catalog:
    """Return every sentence of the code, titles of refusals and permissions too."""
    found = Catalog(charset="utf-8")
    for name, _line, message, comments, context in extract_from_dir(
        APP, _METHODS, _OPTIONS, _KEYWORDS, comment_tags=("Translators:",)
    ):
        where = [(name, 0)]
        found.add(message, None, where, auto_comments=comments, context=context)
    for kind in refusals():
        if isinstance(vars(kind).get("title"), str) and kind.code not in ERRORS:
            found.add(kind.title, None, [("refusals", 0)])
    for meaning in MEANINGS.values():
        found.add(meaning, None, [("permissions", 0)])
    return found


def read(path: Path) -> Catalog:
    """Return a catalogue as it was written."""
    with path.open("rb") as file:
        return read_po(file, locale=None)


def header(path: Path) -> dict[str, str]:
    """Return what a catalogue says of its language."""
    known = dict(_HEADER.findall(path.read_text(encoding="utf-8").split("\n\n")[0]))
    return {name: known[name] for name in _OWN_FIELDS if name in known}


def merged(path: Path, found: Catalog) -> str:
    """Return a catalogue with the sentences of the code: no more, no less."""
    catalog = read(path)
    for message in list(catalog):
        if message.id and message.id not in found:
            catalog.delete(message.id, message.context)
    catalog.update(found, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    out = BytesIO()
    write_po(out, catalog, 88, sort_output=True, omit_header=True, include_lineno=False)
    fields = {**header(path), "Content-Type": "text/plain; charset=utf-8"}
    lines = "".join(f'"{name}: {value}\\n"\n' for name, value in fields.items())
    return f'msgid ""\nmsgstr ""\n{lines}\n' + out.getvalue().decode().strip() + "\n"


def compiled(path: Path) -> bytes:
    """Return a catalogue as the service reads it (GNU gettext, "MO files")."""
    fields = {**header(path), "Content-Type": "text/plain; charset=utf-8"}
    head = "".join(f"{name}: {value}\n" for name, value in fields.items())
    pairs = {b"": head.encode()}
    for message in read(path):
        if message.id and _is_whole(message) and not message.fuzzy:
            pairs[_joined(message.id)] = _joined(message.string)
    begin = 28
    table, texts = b"", b""
    size = begin + 16 * len(pairs)
    originals = sorted(pairs)
    for text in [*originals, *(pairs[original] for original in originals)]:
        table += struct.pack("<2I", len(text), size + len(texts))
        texts += text + b"\0"
    others = begin + 8 * len(pairs)
    head_of_file = (0x950412DE, 0, len(pairs), begin, others, 0, size)
    return struct.pack("<7I", *head_of_file) + table + texts


def problems(path: Path, found: Catalog) -> Iterator[str]:
    """Return what is wrong with a catalogue, a line each."""
    catalog = read(path)
    for message in found:
        if not message.id:
            continue
        translated = catalog.get(message.id, message.context)
        if translated is None or not _is_whole(translated):
            yield f"{path.name}: not translated: {_said(message)}"
        elif translated.fuzzy:
            yield f"{path.name}: fuzzy: {_said(message)}"
        else:
            for problem in _mistakes(translated, catalog, path.stem):
                yield f"{path.name}: {problem}: {_said(message)}"
    yield from (
        f"{path.name}: not said anywhere: {_said(message)}"
        for message in catalog
        if message.id and message.id not in found
    )


def _mistakes(message: Message, catalog: Catalog, language: str) -> Iterator[str]:
    originals, forms = _texts(message.id), _texts(message.string)
    if message.pluralizable and len(forms) != catalog.num_plurals:
        yield f"{len(forms)} forms instead of {catalog.num_plurals}"
    for form in forms:
        if sorted(set(_NAME.findall(form))) not in [
            sorted(set(_NAME.findall(each))) for each in originals
        ]:
            yield "other %(names)s"
        if sorted(_TAG.findall(form)) != sorted(_TAG.findall(originals[-1])):
            yield "other tags"
        if flaw := flaw_of(form):
            yield flaw
        if not _ends_alike(originals[-1], form):
            yield "ends otherwise"
        if _FREE not in message.user_comments:
            yield from _against_glossary(originals[-1], form, language)


def flaw_of(text: str) -> str:
    """Return what no sentence may have, translated or not; empty if it is good."""
    rest = _NAME.sub("", text).replace("%%", "")
    if "%" in rest:
        return "a % that is neither %(name)s nor %%"
    plain = _ALLOWED.sub("", text)
    if "<" in plain or ">" in plain or "&" in plain:
        return "markup that no sentence may have"
    return "" if text == text.strip() else "blanks around it"


def _ends_alike(original: str, form: str) -> bool:
    last = re.sub(r"<[^<>]*>", "", original)[-1:]
    return last not in _ENDS or re.sub(r"<[^<>]*>", "", form)[-1:] in _ENDS[last]


@cache
def _glossary() -> Mapping[str, Mapping[str, list[str]]]:
    return tomllib.loads((LOCALES / "glossary.toml").read_text(encoding="utf-8"))


def _against_glossary(original: str, form: str, language: str) -> Iterator[str]:
    """Return which words of the glossary a translation says otherwise."""
    said, plain = (_spoken(text).casefold() for text in (form, original))
    for term, words in _glossary().items():
        meant = re.search(rf"\b(?:{'|'.join(words['en'])})\b", plain)
        allowed = words.get(language, [])
        if term == "avoid":
            bad = [word for word in allowed if re.search(word.casefold(), said)]
            yield from (f"says {word!r}" for word in bad)
        elif meant and not any(word.casefold() in said for word in allowed):
            yield f"has none of {allowed} for {meant[0]!r}"


def _spoken(text: str) -> str:
    """Return a sentence without what nobody reads: names, tags and their addresses."""
    return _ALLOWED.sub("", _NAME.sub("", text))


def _texts(text: str | Sequence[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


def _joined(text: str | Sequence[str] | None) -> bytes:
    return "\0".join(_texts(text)).encode()


def _is_whole(message: Message) -> bool:
    return bool(message.string) and all(_texts(message.string))


def _said(message: Message) -> str:
    return repr(_texts(message.id)[-1])


def stale(found: Catalog) -> Iterator[str]:
    """Return which files are not what running this would write."""
    for path in catalogues():
        if path.read_text(encoding="utf-8") != merged(path, found):
            yield f"{path.name}: run python -m tools.catalogues"
        made = path.with_suffix(".mo")
        if not made.is_file() or made.read_bytes() != compiled(path):
            yield f"{made.name}: run python -m tools.catalogues"


def catalogues() -> list[Path]:
    """Return every catalogue."""
    return sorted(LOCALES.glob("*.po"))


def _write() -> None:
    found = sentences()
    for path in catalogues():
        path.write_text(merged(path, found), encoding="utf-8")
        path.with_suffix(".mo").write_bytes(compiled(path))


def _check() -> list[str]:
    found = sentences()
    lines = [
        f"{flaw}: {_said(message)}"
        for message in found
        if message.id
        for text in _texts(message.id)
        if (flaw := flaw_of(text))
    ]
    for path in catalogues():
        lines += problems(path, found)
    return [*lines, *stale(found)]


def main() -> int:
    """Write the catalogues, or look at them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only look")
    work: Callable[[], list[str] | None] = (
        _check if parser.parse_args().check else _write
    )
    lines = work() or []
    print("\n".join(lines), file=sys.stderr, end="\n" if lines else "")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
