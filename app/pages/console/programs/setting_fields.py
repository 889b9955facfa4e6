"""Fields of a form for whatever settings a kind of connection declares.

They come from the JSON Schema of the kind's settings, so that a new kind has its form
without anything said here; ``setting_texts`` has words for those that are known.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from app.pages.console.programs.lines import json_of, lines_of
from app.pages.console.programs.setting_texts import SELDOM, hint_of, label_of
from app.pages.parts.form import Values
from app.upstreams.protocol import Kind

PREFIX = "settings."  # of the names of fields, as the API names them in refusals
FORGET = "forget."  # of the boxes that take a secret away
Form = Literal[
    "text", "long", "number", "box", "choice", "lines", "secret", "secrets", "json"
]
_LONG = 4_096  # characters of what has lines, such as a key


@dataclass(frozen=True, slots=True)
class SettingField:
    """A setting as a form asks for it.

    Attributes:
        name: Of the setting.
        form: ``long`` is a text of several lines, and ``secrets`` a secret one.
        options: What there is to choose, if it is a choice.
        usual: What it has before anybody types, as it is typed.
    """

    name: str
    label: str
    hint: str
    form: Form
    required: bool = False
    options: tuple[str, ...] = ()
    usual: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def typed_as(self) -> str:
        """The name of the field."""
        return PREFIX + self.name

    @property
    def is_seldom(self) -> bool:
        """Tell whether most connections do without, so that it is folded away."""
        return self.name in SELDOM and not self.required

    @property
    def is_secret(self) -> bool:
        """Tell whether it is written and never shown."""
        return self.form in ("secret", "secrets")

    def shown(self, value: Any) -> str:
        """Return a value as it is typed."""
        if isinstance(value, bool):
            return "on" if value else ""
        if self.form == "json":
            return json.dumps(value, ensure_ascii=False) if value else ""
        if isinstance(value, list | tuple):
            return "\n".join(map(str, value))
        return "" if value is None else str(value)

    def read(self, text: str) -> Any:
        """Return the value that was typed; None is nothing.

        Raises:
            Unprocessable: It is no JSON.
        """
        text = text.strip()
        if self.form == "box":
            return bool(text)
        if self.form == "lines":
            return lines_of(text)
        if self.form == "number" and text.isdecimal() and len(text) < 10:
            return int(text)
        if self.form == "json" and text:
            return json_of(self.typed_as, text)
        return text or None


def fields_of(kind: Kind) -> Sequence[SettingField]:
    """Return the fields for a kind's settings, those that have to be first."""
    schema = kind.settings.model_json_schema()
    required = schema.get("required", [])
    known = schema.get("$defs", {})
    found = [
        _field(kind.name, name, each, known, name in required)
        for name, each in schema.get("properties", {}).items()
    ]
    return sorted(found, key=lambda each: not each.required)


def shown_settings(
    fields: Sequence[SettingField], settings: Mapping[str, Any]
) -> dict[str, str]:
    """Return settings as a form has them; secrets are not among them."""
    shown = {
        each.typed_as: each.shown(settings.get(each.name))
        for each in fields
        if not each.is_secret
    }
    return {name: text for name, text in shown.items() if text}


def usual_settings(fields: Sequence[SettingField]) -> dict[str, str]:
    """Return what a form has in it before anybody types."""
    return {each.typed_as: each.usual for each in fields if each.usual}


def typed_settings(fields: Sequence[SettingField], values: Values) -> dict[str, Any]:
    """Return settings as the API takes them; a secret that is not typed is not there.

    Raises:
        Unprocessable: Something is no JSON.
    """
    return dict(_typed(fields, values))


def _typed(fields: Sequence[SettingField], values: Values) -> Iterator[tuple[str, Any]]:
    for each in fields:
        value = each.read(values.get(each.typed_as, ""))
        if value is not None:
            yield each.name, value
        elif each.is_secret and FORGET + each.name in values:
            yield each.name, None


def _field(
    kind: str,
    name: str,
    schema: Mapping[str, Any],
    known: Mapping[str, Any],
    required: bool,
) -> SettingField:
    said = _said(schema, known)
    form = _form(said)
    default = schema.get("default")
    is_optional = default is None and not required
    made = SettingField(
        name=name,
        label=label_of(name),
        hint=hint_of(kind, name) or schema.get("description", ""),
        form=form,
        required=required,
        options=_options(said, is_optional) if form == "choice" else (),
        attributes=_attributes(said) if form in ("text", "number", "secret") else {},
    )
    usual = "" if made.is_secret else made.shown(default)
    return replace(made, usual=usual)


def _said(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a schema says where it is not null."""
    if "$ref" in schema:
        return _said(known[schema["$ref"].rpartition("/")[2]], known)
    for each in schema.get("anyOf", ()):
        if each.get("type") != "null":
            return _said(each, known)
    return schema


def _form(said: Mapping[str, Any]) -> Form:
    is_long = said.get("maxLength", 0) > _LONG
    if said.get("format") == "password":
        return "secrets" if is_long else "secret"
    if "enum" in said or "const" in said:
        return "choice"
    forms: Mapping[str, Form] = {
        "string": "long" if is_long else "text",
        "integer": "number",
        "boolean": "box",
    }
    kind = str(said.get("type"))
    if kind == "array":
        return "lines" if said.get("items", {}).get("type") == "string" else "json"
    return forms.get(kind, "json")


def _options(said: Mapping[str, Any], may_be_none: bool) -> tuple[str, ...]:
    options = tuple(map(str, said.get("enum", [said.get("const")])))
    return ("", *options) if may_be_none else options


def _attributes(said: Mapping[str, Any]) -> dict[str, str]:
    """Return what browsers are told of a field: they see slips before anybody."""
    names = {"maxLength": "maxlength", "minimum": "min", "maximum": "max"}
    found = {names[name]: str(said[name]) for name in names if name in said}
    return found | {"spellcheck": "false", "autocapitalize": "off"}
