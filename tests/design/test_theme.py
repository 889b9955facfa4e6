"""A look of an operator's own: what is applied, and what is refused at the start."""

import re
from pathlib import Path

import pytest
from httpx2 import AsyncClient

from app.config import Settings, SettingsError
from app.pages.look.brand import brand_of
from app.pages.look.static import FOLDER
from app.utils.theme.check import check_theme
from app.utils.theme.colour import (
    ACCENT,
    DARK,
    LIGHT,
    ON_ACCENT,
    contrast,
    flaw,
    lighter,
    text_on,
)
from app.utils.theme.contract import ELEMENTS, SLOTS, TOKENS, VERSION
from tests.conftest import SECRET
from tests.support.page import Page

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples/themes").glob("*.css"))
HEAD = f"/* Auth Serve theme, contract {VERSION} */\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16
SHEETS = "".join((FOLDER / name).read_text() for name in ("pages.css", "workspace.css"))


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The looks of pages are the same on both."""
    return sqlite_url


class TestContract:
    """What themes are promised is there."""

    def test_every_token_is_set_in_our_sheet_and_no_other_is(self) -> None:
        set_there = set(re.findall(r"(?:^|[{;\s])(--[\w-]+):", SHEETS))

        # Of a person's colour, of what providers demand "whatever the theme", and how
        # far a card's content is from its edges.
        own = {"--hue", "--ground", "--edge", "--ink", "--x", "--y"}
        assert own <= set_there and own.isdisjoint(TOKENS)
        assert set_there - own == set(TOKENS)

    def test_every_slot_is_a_class_of_our_templates(self) -> None:
        folder = FOLDER.parent / "templates"
        text = "".join(path.read_text() for path in folder.rglob("*.html")) + SHEETS

        assert [name for name in SLOTS if not re.search(rf"\b{name}\b", text)] == []
        assert [name for name in SLOTS if f".{name}" not in SHEETS] == []

    def test_the_document_names_all_of_it(self) -> None:
        text = (ROOT / "docs/theming.md").read_text(encoding="utf-8")
        rows = dict(
            re.findall(r"^\| `(?:\.)?([\w-]+)` \| (.+?) \|$", text, re.MULTILINE)
        )

        assert rows == {**TOKENS, **SLOTS}
        assert f"Auth Serve theme, contract {VERSION}" in text
        assert (
            set(re.findall(r"`([a-z0-9]+)`", text.partition("Elements:")[2]))
            >= ELEMENTS
        )


class TestChecking:
    """The linter, which the start of the service asks as well."""

    @pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
    def test_the_examples_are_within_the_contract(self, path: Path) -> None:
        assert check_theme(path.read_text(encoding="utf-8")) == []

    def test_there_are_two_examples(self) -> None:
        assert len(EXAMPLES) == 2

    @pytest.mark.parametrize(
        ("css", "line", "said"),
        [
            (":root { --color-acent: #fff; }", 2, "--color-acent is no token"),
            ("\n.card { color: var(--ink); }", 3, "--ink is no token"),
            (".card, .secret { color: red; }", 2, ".secret is no slot"),
            ("iframe { color: red; }", 2, "iframe is no element"),
            ("#main { color: red; }", 2, "# cannot stand here"),
            ("input[value^=a] { color: red; }", 2, "[ cannot stand here"),
            ("@import 'x.css';", 2, "@import would load"),
            ("@IMPORT 'x.css';", 2, "@IMPORT is not for themes"),
            ("@font-face { font-family: x; }", 2, "@font-face is not for themes"),
            ("@layer base { a { color: red; } }", 2, "@layer is not for themes"),
            (".card { background: url(https://e.example/x); }", 2, "url() would load"),
            (".card { background: URL('//e.example'); }", 2, "URL() would load"),
            (
                '.card { background: url("data:text/html;base64,AA"); }',
                2,
                "url() would",
            ),
            (".card { background: image-set('x' 1x); }", 2, "image-set() would load"),
            (".card { background: src('x'); }", 2, "src() would load"),
            (".card { color: red; } }\n@import 'x';", 2, "closes more than was opened"),
            (".card { color: red;", 2, "1 braces are still open"),
            (".card { color: red; } /* ", 2, "this comment never ends"),
            (".card { content: 'a\n'; }", 2, "this string never ends"),
            (".or { content: '\f; background: url(x); b: '; }", 3, "url() would load"),
            (".or { content: '\r}} @import \"x\"; a { b: '; }", 3, "@import would"),
            ("a { content: '/*'; } @import 'x'; a { content: '*/'; }", 2, "@import"),
            (".card { width: calc(1px; } } @import 'x';", 2, "brackets without"),
            (".card { width: a(]; }", 2, "brackets without"),
            (".card { background: \\75rl(x); }", 2, "\\ is not needed"),
            ("</style><script>", 2, "< is not needed"),
            (".card { color: red !important; }", 2, "!important is not needed"),
            (".card { behavior: x; }", 2, "behavior is no property"),
            (".card { .badge { color: red; } }", 2, "rules do not stand within rules"),
            ("color: red;", 2, "is no declaration in a rule"),
            ("{ color: red; }", 2, "a rule without a selector"),
        ],
    )
    def test_what_is_outside_is_named(self, css: str, line: int, said: str) -> None:
        found = [str(each) for each in check_theme(HEAD + css)]

        assert any(each.startswith(f"line {line}: ") and said in each for each in found)

    @pytest.mark.parametrize(
        "css",
        [
            ".card:hover > h2::before, a:is(.quiet, .plain) { color: red; }",
            "@media (prefers-color-scheme: dark) { .visitor main { --radius: 0; } }",
            ".brand { background: url('data:image/png;base64,AAAA') center; }",
            '.or { content: "} @import url(x)"; } /* { " */',
            ".card { margin: calc((1px + 2px) * 3); color: var(--color-text); }",
        ],
    )
    def test_what_is_within_is_not(self, css: str) -> None:
        assert check_theme(HEAD + css) == []

    @pytest.mark.parametrize("head", ["", "/* contract 1 */\n", "a {}\n" + HEAD])
    def test_the_version_has_to_be_said(self, head: str) -> None:
        assert "has to begin with" in str(check_theme(head)[0])

    def test_another_version_is_not_this_one(self) -> None:
        [found] = check_theme("/* Auth Serve theme, contract 2 */")

        assert str(found) == "line 1: is for contract 2; this release has 1"


class TestColours:
    """WCAG's numbers."""

    def test_contrast_is_that_of_wcag(self) -> None:
        assert contrast("#000000", "#ffffff") == pytest.approx(21)
        assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
        assert flaw("#777777", LIGHT) and not flaw("#0b6b50", LIGHT)

    def test_accents_of_mails_are_those_of_the_sheet_of_pages(self) -> None:
        sheet = (FOLDER / "pages.css").read_text()

        assert f"--color-accent: light-dark({', '.join(ACCENT)});" in sheet
        assert "--color-on-accent: light-dark(#fff, #06241a);" in sheet
        assert ON_ACCENT == ("#ffffff", "#06241a")

    @pytest.mark.parametrize("accent", ["#0b6b50", "#7a0000", "#00007a", "#000000"])
    def test_text_and_dark_accents_can_be_read(self, accent: str) -> None:
        assert contrast(text_on(accent), accent) >= 4.5
        assert flaw(lighter(accent), DARK) is None


class TestApplied:
    """An installation with a name, a logo, colours, links and a style sheet."""

    @pytest.fixture
    def options(self, tmp_path: Path) -> dict[str, object]:
        (tmp_path / "logo.png").write_bytes(PNG)
        return {
            "theme": {
                "name": "Harbour <& Co>",
                "logo": tmp_path / "logo.png",
                "accent": "#7a1f5c",
                "terms_url": "https://harbour.example/terms",
                "privacy_url": "https://harbour.example/privacy",
                "stylesheet": EXAMPLES[0],
            }
        }

    async def test_pages_carry_it(self, client: AsyncClient) -> None:
        answer = await client.get("/signin")
        page = Page(answer.text)
        links = page.all("link")
        sheet = await client.get(str(links[-1]["href"]))
        [logo] = page.all("img")
        picture = await client.get(str(logo["src"]))

        assert "<title>Sign in · Harbour &lt;&amp; Co&gt;</title>" in answer.text
        assert logo["alt"] == "Harbour <& Co>"
        assert (picture.content, picture.headers["content-type"]) == (PNG, "image/png")
        assert "sandbox" in picture.headers["content-security-policy"]
        assert sheet.text.startswith("@layer theme {") and "#7a1f5c" in sheet.text
        assert EXAMPLES[0].read_text() in sheet.text
        for file in (sheet, picture):
            assert "immutable" in file.headers["cache-control"]
        places = [tag["href"] for tag in page.all("a")]
        assert "https://harbour.example/terms" in places
        assert "https://harbour.example/privacy" in places
        assert not [tag for _, tag in page.tags if "style" in tag]


async def test_without_one_nothing_of_it_is_there(client: AsyncClient) -> None:
    page = await client.get("/signin")

    assert "theme.css" not in page.text
    assert (await client.get("/theme.css")).status_code == 404
    assert (await client.get("/theme-logo")).status_code == 404


@pytest.mark.parametrize(
    ("theme", "said"),
    [
        ({"accent": "#ffcc00"}, "THEME__ACCENT has a contrast of 1.4:1 on light pages"),
        ({"accent": "#0b6b50", "accent_dark": "#0b6b50"}, "ACCENT_DARK has a contrast"),
        ({"accent_dark": "#ffffff"}, "ACCENT_DARK demands an ACCENT"),
        ({"logo": "/nowhere.png"}, "THEME__LOGO cannot be read"),
        ({"logo": __file__}, "THEME__LOGO is neither a PNG nor an SVG file"),
        ({"stylesheet": "/nowhere.css"}, "THEME__STYLESHEET cannot be read"),
        ({"stylesheet": __file__}, "THEME__STYLESHEET line 1: has to begin with"),
    ],
)
def test_what_cannot_be_applied_is_refused_at_the_start(
    theme: dict[str, str], said: str
) -> None:
    settings = Settings.model_validate({"secret_key": SECRET, "theme": theme})

    with pytest.raises(SettingsError, match=re.escape(said)):
        brand_of(settings)
