"""The operator's logo in mails: it comes along, and nothing is fetched for it."""

import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from app.jobs.mail import MailJob
from app.services.mails.logo import MOST
from app.services.mails.preview import MailPreviewService
from app.services.server.startup import StartRefused, start
from tests.servers.smtp import SmtpServer
from tests.support.job import Make, store_messages
from tests.support.mail import parts

pytest_plugins = ["tests.support.job", "tests.support.mail"]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


def _options(smtp: SmtpServer, **theme: Any) -> dict[str, Any]:
    url = f"smtp://127.0.0.1:{smtp.port}"
    return {
        "public_url": "https://auth.example.com",
        "smtp": {"url": url, "sender": "no-reply@example.com"},
        "theme": {"name": "Harbour <& Co>", **theme},
    }


async def _sent(make_runtime: Make, smtp: SmtpServer, **theme: Any) -> EmailMessage:
    runtime = make_runtime(**_options(smtp, **theme))
    await store_messages(runtime)
    await MailJob(runtime).run()
    [mail] = smtp.messages
    return mail


async def test_a_logo_comes_with_the_mail_and_is_called_as_the_operator_is(
    make_runtime: Make, smtp: SmtpServer, tmp_path: Path
) -> None:
    (tmp_path / "logo.png").write_bytes(PNG)

    mail = await _sent(make_runtime, smtp, logo=tmp_path / "logo.png")

    text, html = parts(mail)
    [(name, alt)] = re.findall(r'<img src="cid:([^"]+)" alt="([^"]+)"', html)
    [picture] = [each for each in mail.walk() if each.get_content_type() == "image/png"]
    assert picture["Content-ID"] == f"<{name}>"
    assert name.endswith("@auth.example.com")
    assert picture.get_content_disposition() == "inline"
    assert picture.get_payload(decode=True) == PNG
    assert alt == "Harbour &lt;&amp; Co&gt;"
    assert "cid:" not in text
    assert [each.get_content_type() for each in mail.walk()] == [
        *("multipart/alternative", "text/plain"),
        *("multipart/related", "text/html", "image/png"),
    ]
    assert not re.findall(r'src="http', html)


@pytest.mark.parametrize("content", [SVG, PNG + bytes(MOST)])
async def test_what_programs_would_not_show_is_left_to_pages(
    make_runtime: Make, smtp: SmtpServer, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "logo").write_bytes(content)

    mail = await _sent(make_runtime, smtp, logo=tmp_path / "logo")

    assert "<img" not in parts(mail)[1] and "Harbour" in parts(mail)[1]
    assert "image/png" not in [each.get_content_type() for each in mail.walk()]


async def test_mails_may_have_another_one_than_pages(
    make_runtime: Make, smtp: SmtpServer, tmp_path: Path
) -> None:
    (tmp_path / "logo.svg").write_bytes(SVG)
    (tmp_path / "mail.png").write_bytes(PNG)
    theme = {"logo": tmp_path / "logo.svg", "mail_logo": tmp_path / "mail.png"}

    mail = await _sent(make_runtime, smtp, **theme)

    assert [each for each in mail.walk() if each.get_content_type() == "image/png"]


async def test_a_text_of_an_operator_s_own_has_it_where_it_is_named(
    make_runtime: Make, smtp: SmtpServer, tmp_path: Path
) -> None:
    (tmp_path / "logo.png").write_bytes(PNG)
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "password_changed.html").write_text('<img src="{{ logo }}">{{ not_me }}')
    (texts / "mail_test.html").write_text("<p>It works.</p>")
    options = _options(smtp, logo=tmp_path / "logo.png") | {"mail_templates": texts}
    mails = MailPreviewService.of(make_runtime(**options))

    named, plain = mails.show("password_changed"), mails.show("mail_test")

    assert named.logo is not None and named.logo.address in named.html
    assert "cid:" not in plain.html
    assert 'src="data:image/png;base64,iVBORw' in named.page


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        (SVG, "is no PNG file"),
        (PNG + bytes(MOST), "is larger than 64 KiB"),
    ],
)
async def test_a_service_does_not_start_with_one_that_no_mail_could_have(
    make_runtime: Make,
    smtp: SmtpServer,
    tmp_path: Path,
    content: bytes | None,
    said: str,
) -> None:
    if content is not None:
        (tmp_path / "logo").write_bytes(content)
    runtime = make_runtime(**_options(smtp, mail_logo=tmp_path / "logo"))

    with pytest.raises(StartRefused, match=f"THEME__MAIL_LOGO {said}"):
        await start(runtime, serving=True)
