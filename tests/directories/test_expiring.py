"""A directory's password that is about to expire: its owner is told, and gets in."""

from tests.connections.support import account
from tests.directories.conftest import ANN
from tests.directories.server import Answer, Directory, ppolicy
from tests.directories.test_sign_in import MAIL, NEW, connected, sign_in
from tests.factories.factor import FactorFactory
from tests.support.api import Api
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.page import Page

TOLD = "/signin/expiring"
CHANGE = "/upstreams/firm?change=yes"
_WRONG: Answer = (49, "", {})
_DAY = 86_400


def _says(directory: Directory, **policy: int) -> None:
    directory.bind_answers[ANN] = (0, "", ppolicy(**policy)), _WRONG


async def test_who_proved_it_is_told_once_and_goes_on_or_changes_it(
    api: Api, visitor: Visitor, directory: Directory, clock: FakeClock
) -> None:
    await connected(api, directory)
    _says(directory, expires=2 * _DAY)
    answer = await sign_in(visitor)
    inside = await visitor.who()
    page = await visitor.get(TOLD)
    again = await visitor.get(TOLD)
    form = await visitor.get(CHANGE)
    fields = Page(form.text).hidden()
    del directory.bind_answers[ANN]
    typed = {"login": "ann", "password": "correct-Horse-7-battery", "new": NEW}
    changed = await visitor.post("/upstreams/firm", fields | typed)
    other = await sign_in(visitor, password=NEW)

    assert (answer.status_code, answer.headers["location"]) == (303, TOLD)
    assert inside == MAIL  # signed in, whatever they choose
    assert "Your password of Firm &amp; Co expires on" in page.text
    ways = [each["href"] for each in Page(page.text).all("a")]
    assert CHANGE in ways and "/" in ways
    assert (again.status_code, again.headers["location"]) == (303, "/")
    assert {"login", "password", "new"} <= Page(form.text).inputs.keys()
    assert changed.headers["location"] == other.headers["location"] == "/"


async def test_who_has_tries_left_with_one_that_expired_is_told_how_many(
    api: Api, visitor: Visitor, directory: Directory
) -> None:
    await connected(api, directory)
    _says(directory, grace=1)
    await sign_in(visitor)
    page = (await visitor.get(TOLD)).text

    assert "Your password has expired" in page
    assert "remain with your password of Firm &amp; Co: 1." in page


async def test_a_year_ahead_is_nothing_to_be_told(
    api: Api, visitor: Visitor, directory: Directory
) -> None:
    """389 can be set to say it always."""
    await connected(api, directory)
    _says(directory, expires=365 * _DAY)
    far = await sign_in(visitor)
    _says(directory, expires=30 * _DAY)
    near = await sign_in(visitor)

    assert (far.headers["location"], near.headers["location"]) == ("/", TOLD)


async def test_it_is_said_behind_the_second_step(
    api: Api, visitor: Visitor, directory: Directory
) -> None:
    await connected(api, directory)
    await sign_in(visitor)
    totp = await FactorFactory(api.runtime).totp((await account(api, MAIL)).id)
    _says(directory, expires=_DAY)
    first = await sign_in(visitor)
    second = await visitor.submit("/signin/verify", {"code": totp.code})
    page = await visitor.get(second.headers["location"])

    assert first.headers["location"] == "/signin/verify"
    assert second.headers["location"] == TOLD
    assert "expires on" in page.text


async def test_nobody_is_told_of_the_password_of_another(
    api: Api, visitor: Visitor, directory: Directory
) -> None:
    """Who began, and left it at the second step, may not be who signed in then."""
    await connected(api, directory)
    _says(directory, expires=_DAY)
    await sign_in(visitor)
    await visitor.sign_in((await api.admin()).email)
    page = await visitor.get(TOLD)
    visitor.http.cookies.set("auth_serve_expiring", "made.up")
    made_up = await visitor.get(TOLD)

    assert (page.status_code, page.headers["location"]) == (303, "/")
    assert made_up.status_code == 303
