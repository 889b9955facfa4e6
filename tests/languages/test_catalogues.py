"""Catalogues: whole, without mistakes, and found as GNU gettext finds them."""

import gettext as library
import io
from pathlib import Path

import pytest
from babel.messages import Catalog

from app.core.language import gettext, languages, ngettext, speaking, tags
from app.core.language.catalogue import LOCALES, Catalogue
from tools import catalogues

_POLISH = """\
msgid ""
msgstr ""
"Language: pl\\n"
"X-Name: polski\\n"
"X-Direction: ltr\\n"
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 ? 1 : 2);\\n"

msgid "Open %(name)s"
msgstr "Otwórz %(name)s"

msgid "%(number)s code"
msgid_plural "%(number)s codes"
msgstr[0] "%(number)s kod"
msgstr[1] "%(number)s kody"
msgstr[2] "%(number)s kodów"

#, fuzzy
msgid "Continue"
msgstr "Dalej"
"""


def _written(folder: Path, text: str = _POLISH) -> Path:
    path = folder / "pl.po"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_compiled_is_what_the_library_reads_too(tmp_path: Path) -> None:
    data = catalogues.compiled(_written(tmp_path))
    ours, theirs = Catalogue(data), library.GNUTranslations(io.BytesIO(data))

    assert ours.find("Open %(name)s") == theirs.gettext("Open %(name)s")
    for number in (0, 1, 2, 5, 22):
        pair = ("%(number)s code", "%(number)s codes", number)
        assert ours.find_plural(*pair) == theirs.ngettext(*pair)
    assert ours.find("Continue") is None  # nobody looked at it yet
    assert ours.find("Opfn") is ours.find("zz") is None


def test_every_sentence_of_a_catalogue_is_found() -> None:
    for tag in tags()[1:]:
        path = LOCALES / f"{tag}.po"
        ours = Catalogue(path.with_suffix(".mo").read_bytes())
        for message in catalogues.read(path):
            if message.id and isinstance(message.id, str) and message.string:
                assert ours.find(message.id) == message.string


@pytest.mark.parametrize(
    ("original", "translation", "problem"),
    [
        ("Continue", "", "not translated"),
        ("Hello %(name)s", "Cześć %(nazwa)s", "other %(names)s"),
        ("Hello %(name)s", "Cześć", "other %(names)s"),
        ("Use <a>this</a>", "Użyj tego", "other tags"),
        ("Use <a>this</a>", "Użyj <b>tego</b>", "other tags"),
        ("Use this", "Użyj <script>", "markup that no sentence may have"),
        ("Use this", "Użyj &lt;", "markup that no sentence may have"),
        ("Use this", "100% tego", "a % that is neither"),
        ("Use this", "Użyj ", "blanks around it"),
        ("Use this.", "Użyj tego", "ends otherwise"),
        ("Your password", "Twój sekret", "has none of"),
    ],
)
def test_a_mistake_of_a_translation_is_named(
    tmp_path: Path, original: str, translation: str, problem: str
) -> None:
    head = _POLISH.split("\n\n")[0]
    entry = f'{head}\n\nmsgid "{original}"\nmsgstr "{translation}"\n'
    path = _written(tmp_path, entry)

    lines = list(catalogues.problems(path, catalogues.read(path)))

    assert [problem in line and original in line for line in lines]
    assert any(problem in line for line in lines)


def test_a_catalogue_gets_the_sentences_that_there_are(tmp_path: Path) -> None:
    path = _written(tmp_path)
    found = Catalog()
    found.add("Open %(name)s")
    found.add("Sign in")

    path.write_text(catalogues.merged(path, found), encoding="utf-8")

    kept = catalogues.read(path)
    assert sorted(str(each.id) for each in kept if each.id) == [
        "Open %(name)s",
        "Sign in",
    ]
    assert catalogues.header(path)["X-Name"] == "polski"
    assert path.read_text(encoding="utf-8") == catalogues.merged(path, found)


def test_what_has_no_translation_is_english() -> None:
    with speaking("de"):
        assert gettext("Nobody says this") == "Nobody says this"
        assert ngettext("%(n)s nobody", "%(n)s nobodies", 1) == "%(n)s nobody"
        assert ngettext("%(n)s nobody", "%(n)s nobodies", 2) == "%(n)s nobodies"


def test_languages_call_themselves_by_their_names() -> None:
    assert languages()["en"].name == "English"
    assert languages()["de"].name == "Deutsch"
    assert set(languages()) == set(tags())


def test_no_catalogue_has_a_gap(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["catalogues", "--check"])

    status = catalogues.main()

    assert capsys.readouterr().err == "" and status == 0
