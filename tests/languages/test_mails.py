"""Mails in every language, and in the words of an operator."""

import re
from pathlib import Path

import pytest

from app.core.context import RequestContext, begin
from app.core.language import tags
from app.events.password import PasswordChanged
from app.jobs.mail import MailJob
from app.services.mails.kind import KINDS
from app.services.mails.part import COLUMNS, wrapped
from app.services.mails.preview import MailPreviewService
from app.services.server.runtime import Runtime
from app.services.server.startup import StartRefused, start
from tests.servers.smtp import SmtpServer
from tests.support.job import Make
from tests.support.mail import parts

pytest_plugins = ["tests.support.job", "tests.support.mail"]


@pytest.mark.parametrize("tag", tags())
def test_every_mail_says_its_language_and_keeps_its_lines_short(
    make_runtime: Make, tag: str
) -> None:
    previews = MailPreviewService.of(make_runtime())

    for name in previews.names():
        mail = previews.show(name, tag)
        assert f'<html lang="{tag}" dir="' in mail.html
        assert mail.html.count("<main>") == mail.html.count("<h1") == 1
        assert mail.subject in mail.text
        for line in mail.text.splitlines():
            assert len(line) <= COLUMNS or line.startswith("http")
        assert not re.search(r"%\(|\{\{|None", mail.text + mail.html)


def test_buttons_and_links_have_the_accent_of_the_installation(
    make_runtime: Make,
) -> None:
    runtime = make_runtime(theme={"accent": "#7a1fa2", "accent_dark": "#e0b0ff"})

    html = MailPreviewService.of(runtime).show("reset_password").html

    assert "background:#7a1fa2;border-radius:10px;color:#ffffff" in html
    assert ".button { background: #e0b0ff !important; color: #000000" in html
    assert "#0b6b50" not in html and "#6bd6ad" not in html


@pytest.mark.parametrize(
    ("theme", "above"),
    [({"name": "Tea & Tide"}, "Tea &amp; Tide"), ({}, "Post room")],
)
def test_mails_are_of_the_name_of_the_pages_or_else_of_the_sender(
    make_runtime: Make, theme: dict[str, str], above: str
) -> None:
    runtime = make_runtime(theme=theme, smtp={"sender_name": "Post room"})

    mail = MailPreviewService.of(runtime).show("password_changed")

    assert f"your account with {above} was" in mail.html
    assert f">{above}</header>" in mail.html
    assert ("Post room" in mail.html) == (not theme)


async def _sent(
    runtime: Runtime, smtp: SmtpServer, locale: str | None, accepts: str = ""
) -> tuple[str, str]:
    """Return language and subject of a mail that such a request promised."""
    begin(
        RequestContext(
            scope={"headers": [(b"accept-language", accepts.encode())]},
        )
    )
    async with runtime.unit_of_work() as uow:
        uow.record(PasswordChanged(to="ada@example.com", locale=locale))
    begin(RequestContext())
    await MailJob(runtime).run()
    mail = smtp.messages[-1]
    assert f'<html lang="{mail["Content-Language"]}"' in parts(mail)[1]
    return str(mail["Content-Language"]), str(mail["Subject"])


async def test_a_mail_is_in_the_language_of_its_reader_or_of_the_request(
    mailing_runtime: Runtime, smtp: SmtpServer
) -> None:
    english, german = "Your password was changed", "Ihr Passwort wurde geändert"

    found = [
        await _sent(mailing_runtime, smtp, None),
        await _sent(mailing_runtime, smtp, None, "de-AT"),
        await _sent(mailing_runtime, smtp, "de", "en"),
        await _sent(mailing_runtime, smtp, "en-GB", "de"),
        await _sent(mailing_runtime, smtp, "sv", "de"),
    ]

    assert found == [
        ("en", english),
        ("de", german),
        ("de", german),
        ("en", english),
        ("de", german),
    ]


def test_lines_of_languages_without_blanks_break_as_terminals_count() -> None:
    text = wrapped("このメールは自動で送信されました。返信は読まれません。" * 4)

    lines = text.splitlines()
    assert all(len(line) <= COLUMNS // 2 for line in lines) and len(lines) > 2
    assert not any(line.startswith(("。", "、")) for line in lines)
    assert (
        "".join(lines) == "このメールは自動で送信されました。返信は読まれません。" * 4
    )


class TestOwnTexts:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """A folder with a mail in an operator's words."""
        folder = tmp_path / "mails"
        folder.mkdir()
        (folder / "email_code.subject.txt").write_text("{{ code }} is your code")
        (folder / "email_code.txt").write_text("Dear friend,\n\n{{ code }}\n")
        (folder / "email_code.de.txt").write_text("Hallo, {{ code }}\n")
        (folder / "email_code.html").write_text("<p>{{ sender }}: {{ code }}</p>")
        return folder

    def test_they_stand_in_place_of_ours(
        self, make_runtime: Make, folder: Path
    ) -> None:
        runtime = make_runtime(
            mail_templates=folder, smtp={"sender_name": "Tea & Söhne"}
        )
        previews = MailPreviewService.of(runtime)

        english, german = (previews.show("email_code", tag) for tag in ("en", "de"))

        code = english.subject.removesuffix(" is your code")
        assert code.isdigit()
        assert english.text == f"Dear friend,\n\n{code}\n"
        assert german.text == f"Hallo, {code}\n"
        assert english.html == f"<p>Tea &amp; Söhne: {code}</p>"
        assert previews.show("mail_test").subject == "Mail from this service arrives"
        assert list(previews.flaws(folder)) == []

    @pytest.mark.parametrize(
        ("file", "text", "flaw"),
        [
            (
                "email_code.txt",
                "Hello\n{{ cod }}",
                "email_code.txt:2: 'cod' is undefined",
            ),
            ("email_code.txt", "a\nb\n{% if %}", "email_code.txt:3: "),
            ("email_code.txt", "Hello", "email_code.txt:1: code is nowhere in it"),
            ("verify_email.html", "<p>{{ code }}", "link is nowhere in it"),
            ("password_changed.txt", "Changed.", "not_me is nowhere in it"),
            ("email_code.txt", "{{ code.__class__ }}", "email_code.txt:1: "),
            ("email_code.txt", "{{ 1 // 0 }}", "email_code.txt:1: ZeroDivisionError"),
            ("emailcode.txt", "{{ code }}", "there is no such mail, language or form"),
            ("email_code.tlh.txt", "{{ code }}", "there is no such mail"),
        ],
    )
    async def test_what_would_not_work_is_told_and_no_service_starts_with_it(
        self, make_runtime: Make, tmp_path: Path, file: str, text: str, flaw: str
    ) -> None:
        folder = tmp_path / "mails"
        folder.mkdir()
        (folder / file).write_text(text)
        runtime = make_runtime(mail_templates=folder)

        [told] = MailPreviewService.of(runtime).flaws(folder)

        assert flaw in told
        with pytest.raises(StartRefused, match="AUTH_SERVE_MAIL_TEMPLATES"):
            await start(runtime, serving=True)

    @pytest.mark.parametrize("text", ["{{ 1 // 0 }}", "{% if %}", "{{ c }}", "Hello"])
    @pytest.mark.parametrize("file", ["email_code.de.txt", "email_code.html"])
    def test_what_was_spoiled_since_the_start_is_left_out_and_told(
        self,
        make_runtime: Make,
        folder: Path,
        caplog: pytest.LogCaptureFixture,
        file: str,
        text: str,
    ) -> None:
        """Or does not work with what this mail has: it leaves all the same."""
        previews = MailPreviewService.of(make_runtime(mail_templates=folder))
        sound = previews.show("email_code", "de")
        code = sound.subject.removesuffix(" is your code")
        (folder / file).write_text(text)

        mail = previews.show("email_code", "de")

        theirs = mail.html if file.endswith("html") else mail.text
        before = sound.html if file.endswith("html") else sound.text
        assert code in theirs and theirs != before
        # The operator's text for everybody comes before ours.
        assert file.endswith("html") or theirs.startswith("Dear friend,")
        [told] = [each for each in caplog.records if each.name == "auth_serve.mail"]
        assert told.__dict__["file"] == file and code not in told.getMessage()

    def test_every_value_that_is_documented_is_there(self, make_runtime: Make) -> None:
        previews = MailPreviewService.of(make_runtime())
        document = (Path(__file__).parents[2] / "docs/mails.md").read_text()

        for name in KINDS:
            values = previews.values(name)
            row = re.search(rf"^\| `{name}` \| ([^|]*) \|", document, re.M)
            assert row is not None, name
            said = set(re.findall(r"`(\w+)`", row[1]))
            assert said == {key for key in values if values[key] != ""} - _ALWAYS


_ALWAYS = {"subject", "sender", "site", "lang", "dir", "until", "at", "not_me_until"}
