"""Templates say nothing to people that catalogues could not translate."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

import app

_APP = Path(app.__file__).parent
_FOLDERS = [_APP / "pages/templates", _APP / "services/mails/templates"]
# For developers, who are spoken to in English (ADR-0064).
_DEVELOPERS = r"dev/|(?:api_docs|errors|mail|mailbox|mails)\.html$"
_KEYS = {"Ctrl K"}  # as they are written on keyboards
_SAID = {"alt", "aria-description", "aria-label", "data-label", "placeholder", "title"}
_MESSAGES = {"_", "ngettext"}
_ENVIRONMENT = Environment(  # noqa: S701 - nothing is rendered
    extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True
)
_TEMPLATES = {
    path.relative_to(folder).as_posix(): path
    for folder in _FOLDERS
    for path in sorted(folder.rglob("*.*"))
    if not re.match(_DEVELOPERS, path.relative_to(folder).as_posix())
}


class _Texts(HTMLParser):
    """What markup says: text, and attributes that are read out or shown."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._is_shown = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_shown = tag not in ("script", "style")
        self.found += [text or "" for name, text in attrs if name in _SAID]

    def handle_data(self, data: str) -> None:
        if self._is_shown:
            self.found += data.splitlines()

    def handle_endtag(self, tag: str) -> None:
        self._is_shown = True


def _markup(source: str) -> str:
    """Return a template without what is written between braces."""
    tokens = [(kind, text) for _, kind, text in _ENVIRONMENT.lex(source)]
    shown = {"variable_begin": "0"}  # a value: no letter
    return "".join(
        shown.get(kind, text if kind == "data" else "") for kind, text in tokens
    )


def _bare_texts(source: str) -> Iterator[str]:
    # These blocks are classes and addresses: "body class={% block layout %}".
    source = re.sub(r"{% block (layout|shape|start) %}.*?{% endblock %}", "", source)
    texts = _Texts()
    texts.feed(_markup(source))
    texts.close()
    for text in texts.found:
        # A macro may begin within a tag; and no address is a sentence.
        words = re.sub(r"[\w-]+=\"[^\"]*\"|\S*/\S+", "", text).strip("0 ")
        if re.search(r"[^\W\d_]", words) and words not in _KEYS:
            yield words


def _bare_constants(node: nodes.Node) -> Iterator[str]:
    """Yield strings within braces that begin as sentences do, and are no message."""
    said = node.value if isinstance(node, nodes.Const) else None
    if isinstance(said, str) and re.match(r"[\s(\"“]*[A-Z]", said):
        yield said
    if isinstance(node, nodes.Call) and getattr(node.node, "name", "") in _MESSAGES:
        for argument in node.kwargs:
            yield from _bare_constants(argument)
        return
    for child in node.iter_child_nodes():
        yield from _bare_constants(child)


def _bare(source: str) -> list[str]:
    tree = _ENVIRONMENT.parse(source)
    return [*_bare_texts(source), *_bare_constants(tree)]


@pytest.mark.parametrize("name", _TEMPLATES)
def test_a_template_has_no_bare_text(name: str) -> None:
    assert _bare(_TEMPLATES[name].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>Sign in</p>",
        "<p>{{ at }} or <a>{{ _('Sign in') }}</a></p>",
        "<a aria-label='Sign out'></a>",
        "{{ 'Error: ' if error }}",
        "{{ card('Users') }}",
        "{{ _('%(a)s is gone', a='Everything') }}",
        "{% set title = 'Users' %}",
        "<main{% block shape %} class='wide'{% endblock %}>Users</main>",
    ],
)
def test_the_search_sees_bare_text(source: str) -> None:
    assert _bare(source)


@pytest.mark.parametrize(
    "source",
    [
        "<p>{{ _('Sign in') }}</p>",
        "{{ card(_('Users'), at.strftime('%Y'), name='users') }}",
        "{{ _('Error:') ~ ' ' if error }}",
        "<code>{{ site }}/oauth2/token</code>",
        "{% block shape %} class='wide'{% endblock %}",
        '{# Users #}{% macro a() %} aria-invalid="true"{% endmacro %}',
    ],
)
def test_the_search_sees_no_other_text(source: str) -> None:
    assert not _bare(source)
