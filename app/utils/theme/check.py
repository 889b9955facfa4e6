"""Reads a theme as a browser would, and says what of it is outside of the contract.

Refused is what would leave the layer that themes have, load something, or hang on what
the contract does not name. What cannot be read is refused as well: an open string or
comment swallows whatever follows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.utils.theme.contract import ELEMENTS, SLOTS, TOKENS, VERSION

MAX_SIZE = 64 * 1_024  # bytes
_VERSION = re.compile(
    r"\s*/\*\s*Auth Serve theme, contract (\d{1,4})\b.*?\*/", re.DOTALL
)
# Whichever comes first, as browsers read: a comment in a string is none.
_OPAQUE = re.compile(
    r"url\((?P<mark>[\"'])data:image/(?:png|jpeg|webp|gif);base64,[\w+/=]+(?P=mark)\)"
    r"|/\*.*?\*/|\"[^\"\n]*\"|'[^'\n]*'",
    re.DOTALL,
)
_LOADS = re.compile(r"(url|src|image|image-set|-webkit-image-set|cross-fade)\(", re.I)
_PROPERTY = re.compile(r"-?[a-z][a-z-]*")
_PART = re.compile(
    r"\.(?P<slot>[\w-]+)|::?[a-z-]+(?P<function>\()?|(?P<element>[a-z][a-z0-9]*)"
    r"|[\s>+~,*):]|(?P<other>.)"
)
_RULES = ("@media", "@supports")
_RUNS = ("behavior", "-moz-binding")
_CLOSING = {")": "(", "]": "["}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and the line that it stands in."""

    line: int
    text: str

    def __str__(self) -> str:
        """Return it as compilers do."""
        return f"line {self.line}: {self.text}"


def check_theme(text: str) -> list[Finding]:
    """Return everything that is wrong with a theme, in order; nothing if it is good."""
    # As browsers do it before anything else (CSS Syntax 3.3): any of these ends a line,
    # and with it a string that was left open.
    read = re.sub(r"\r\n?|\f", "\n", text)
    return sorted(_Reader(read).findings(), key=lambda each: each.line)


@dataclass(slots=True)
class _Reader:
    """One reading; ``_open`` are the rules that braces have opened, outermost first."""

    text: str
    _open: list[str] = field(default_factory=list)

    def findings(self) -> Iterator[Finding]:
        yield from self._version()
        if len(self.text.encode()) > MAX_SIZE:
            yield Finding(1, f"is larger than {MAX_SIZE // 1_024} KiB")
            return
        for found in re.finditer(r"[\\<\0]", self.text):
            sign = {"\0": "U+0000"}.get(found[0], found[0])
            yield self._at(found.start(), f"{sign} is not needed, and hides things")
        plain = _OPAQUE.sub(_blank, self.text)
        yield from self._open_ends(plain)
        for found in _LOADS.finditer(plain):
            said = 'only url("data:image/png;base64,...") and its like may stand here'
            yield self._at(found.start(), f"{found[1]}() would load something: {said}")
        yield from self._rules(plain)

    def _version(self) -> Iterator[Finding]:
        found = _VERSION.match(self.text)
        if found is None:
            said = f"/* Auth Serve theme, contract {VERSION} */"
            yield Finding(1, f"has to begin with {said}")
        elif int(found[1]) != VERSION:
            yield Finding(1, f"is for contract {found[1]}; this release has {VERSION}")

    def _open_ends(self, plain: str) -> Iterator[Finding]:
        for sign, what in (("/*", "comment"), ('"', "string"), ("'", "string")):
            if (at := plain.find(sign)) >= 0:
                yield self._at(at, f"this {what} never ends")
        if (at := plain.find("*/")) >= 0:
            yield self._at(at, "no comment is open here")

    def _rules(self, plain: str) -> Iterator[Finding]:
        """Walk from brace to brace; what stands before each one is its meaning."""
        begin = 0
        for found in re.finditer(r"[{};]", plain):
            before, at = plain[begin : found.start()], begin
            begin = found.end()
            yield from self._balance(before, at)
            if found[0] == "{":
                yield from self._opening(before, at)
                self._open.append(before.strip())
                continue
            yield from self._statement(before, at)
            if found[0] == "}":
                if not self._open:
                    yield self._at(found.start(), "closes more than was opened")
                else:
                    self._open.pop()
        yield from self._statement(plain[begin:], begin)
        if self._open:
            yield self._at(len(plain), f"{len(self._open)} braces are still open")

    def _balance(self, part: str, at: int) -> Iterator[Finding]:
        """Complain of brackets that would swallow a brace after them."""
        opened: list[str] = []
        for sign in re.findall(r"[()\[\]]", part):
            if sign in "([":
                opened.append(sign)
            elif not opened or opened.pop() != _CLOSING[sign]:
                opened = ["?"]
                break
        if opened:
            yield self._at(self._start(part, at), "has brackets without their others")

    def _opening(self, prelude: str, at: int) -> Iterator[Finding]:
        start, text = self._start(prelude, at), prelude.strip()
        if self._open and not self._open[-1].startswith(_RULES):
            yield self._at(start, "rules do not stand within rules")
        elif text.startswith("@"):
            yield from self._at_rule(text, start)
        elif not text:
            yield self._at(start, "a rule without a selector")
        else:
            yield from self._selector(text, start)

    def _at_rule(self, text: str, start: int) -> Iterator[Finding]:
        name = text.split("(")[0].split()[0]
        if name not in _RULES:
            why = "would load something" if name == "@import" else "is not for themes"
            yield self._at(start, f"{name} {why}; @media and @supports may stand here")

    def _selector(self, text: str, start: int) -> Iterator[Finding]:
        for part in _PART.finditer(text):
            at = start + part.start()
            slot, element = part["slot"], part["element"]
            if slot is not None and slot not in SLOTS:
                yield self._at(at, f".{slot} is no slot of contract {VERSION}")
            elif element is not None and element not in ELEMENTS:
                yield self._at(at, f"{element} is no element of contract {VERSION}")
            elif part["other"]:
                said = "selectors are slots, elements and pseudo-classes"
                yield self._at(at, f"{part['other']} cannot stand here: {said}")

    def _statement(self, text: str, at: int) -> Iterator[Finding]:
        start, declaration = self._start(text, at), text.strip()
        if not declaration:
            return
        name, colon, value = (part.strip() for part in declaration.partition(":"))
        if declaration.startswith("@"):
            yield from self._at_rule(declaration, start)
        elif not self._open or self._open[-1].startswith(_RULES) or not colon:
            yield self._at(start, "is no declaration in a rule")
        elif name.startswith("--"):
            if name not in TOKENS:
                yield self._at(start, f"{name} is no token of contract {VERSION}")
        elif not _PROPERTY.fullmatch(name) or name in _RUNS:
            yield self._at(start, f"{name} is no property for a theme")
        if "!" in value:
            yield self._at(
                start, "!important is not needed: themes have the last layer"
            )
        for token in re.findall(r"var\(\s*(--[\w-]+)", value):
            if token not in TOKENS:
                yield self._at(start, f"{token} is no token of contract {VERSION}")

    @staticmethod
    def _start(part: str, at: int) -> int:
        return at + len(part) - len(part.lstrip())

    def _at(self, place: int, text: str) -> Finding:
        return Finding(self.text.count("\n", 0, place) + 1, text)


def _blank(found: re.Match[str]) -> str:
    """Return as much space as there was text, with its lines."""
    return re.sub(r"[^\n]", " ", found[0])
