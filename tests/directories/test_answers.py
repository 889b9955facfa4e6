"""What answers mean: each row is what a real directory was seen to say.

The same rows are asked of the real ones in ``tests/federation``.
"""

import pytest

from app.upstreams.directory import ber
from app.upstreams.directory.answers import (
    PASSWORD_EXPIRED,
    PASSWORD_EXPIRING,
    Change,
    State,
    judge_bind,
    judge_change,
)
from app.upstreams.directory.message import PASSWORD_POLICY, Result
from tests.directories.server import ppolicy

_AD = "80090308: LdapErr: DSID-0C090436, comment: AcceptSecurityContext error, data {}"


def _data(code: str) -> Result:
    return Result(49, _AD.format(code) + ", v4f7c")


@pytest.mark.parametrize(
    ("kind", "result", "state", "proves"),
    [
        # Samba 4.17 (and the codes of MS-ERREF)
        ("ad", Result(0), State.PROVEN, True),
        ("ad", _data("52e"), State.WRONG, False),  # wrong, and unknown names too
        ("ad", _data("525"), State.WRONG, False),
        ("ad", _data("533"), State.INACTIVE, True),  # disabled, right password
        ("ad", _data("701"), State.INACTIVE, True),  # account expired, right
        ("ad", _data("773"), State.MUST_CHANGE, True),
        ("ad", _data("532"), State.MUST_CHANGE, True),
        ("ad", _data("775"), State.LOCKED, False),  # wrong or right
        ("ad", _data("530"), State.INACTIVE, False),
        ("ad", _data("531"), State.INACTIVE, False),
        ("ad", Result(49, "no data here"), State.WRONG, False),
        ("ad", _data("9999"), State.WRONG, False),
        ("ad", Result(8, "Transport encryption"), State.MISCONFIGURED, False),
        ("ad", Result(1, "a search without bind"), State.MISCONFIGURED, False),
        ("ad", Result(53, ""), State.MISCONFIGURED, False),
        # slapd 2.5 with ppolicy
        ("openldap", Result(0), State.PROVEN, True),
        ("openldap", Result(49), State.WRONG, False),
        ("openldap", Result(0, "", ppolicy(error=2)), State.MUST_CHANGE, True),
        ("openldap", Result(49, "", ppolicy(error=0)), State.EXPIRED, True),
        ("openldap", Result(49, "", ppolicy(error=1)), State.LOCKED, False),
        ("openldap", Result(0, "", ppolicy(grace=1)), State.PROVEN, True),
        ("openldap", Result(0, "", ppolicy(expires=9)), State.PROVEN, True),
        ("openldap", Result(32), State.WRONG, False),
        ("openldap", Result(13, "confidentiality"), State.MISCONFIGURED, False),
        ("openldap", Result(10, "a referral"), State.MISCONFIGURED, False),
        # 389 Directory Server 2.3
        ("389ds", Result(49), State.WRONG, False),
        ("389ds", Result(53, "Account inactivated"), State.INACTIVE, False),
        ("389ds", Result(19, "Exceed password retry"), State.LOCKED, False),
        ("389ds", Result(0, "", {PASSWORD_EXPIRED: b"0"}), State.MUST_CHANGE, True),
        (
            "389ds",
            Result(49, "password expired!", {PASSWORD_EXPIRED: b"0"}),
            State.EXPIRED,
            True,
        ),
        ("389ds", Result(0, "", {PASSWORD_EXPIRING: b"86000"}), State.PROVEN, True),
    ],
)
def test_an_answer_means_what_real_directories_mean_by_it(
    kind: str, result: Result, state: State, proves: bool
) -> None:
    verdict = judge_bind(kind, result)

    assert (verdict.state, verdict.proves) == (state, proves)
    assert f"result {result.code}" in verdict.detail


def test_what_remains_of_a_password_is_read() -> None:
    assert judge_bind("openldap", Result(0, "", ppolicy(grace=2))).grace == 2
    assert judge_bind("openldap", Result(0, "", ppolicy(expires=99))).expires_in == 99
    expiring = Result(0, "", {PASSWORD_EXPIRING: b"86000"})
    assert judge_bind("389ds", expiring).expires_in == 86_000
    both = ppolicy(expires=99) | {PASSWORD_EXPIRING: b"86000"}
    assert judge_bind("389ds", Result(0, "", both)).expires_in == 99


@pytest.mark.parametrize("value", [b"\x30\x80", b"\x30\x03\x81", b"", b"\xff" * 9])
def test_a_control_that_cannot_be_read_says_nothing(value: bytes) -> None:
    verdict = judge_bind("openldap", Result(49, "", {PASSWORD_POLICY: value}))

    assert (verdict.state, verdict.proves) == (State.WRONG, False)


@pytest.mark.parametrize(
    ("kind", "result", "became"),
    [
        ("ad", Result(0), Change.DONE),
        ("ad", Result(19, "00000056: Constraint violation"), Change.WRONG),
        ("ad", Result(19, "0000052D: Constraint violation"), Change.REFUSED),
        ("ad", Result(53, "0000052D: unwilling to perform"), Change.REFUSED),
        ("ad", Result(50, "insufficient access"), Change.NOT_ALLOWED),
        ("ad", Result(2, "no such operation"), Change.NOT_ALLOWED),
        ("openldap", Result(0), Change.DONE),
        ("openldap", Result(19, "too short", ppolicy(error=6)), Change.REFUSED),
        ("openldap", Result(19, "in history", ppolicy(error=8)), Change.REFUSED),
        ("openldap", Result(19, "too young", ppolicy(error=7)), Change.TOO_YOUNG),
        ("openldap", Result(50, "", ppolicy(error=3)), Change.NOT_ALLOWED),
        ("openldap", Result(50, "", ppolicy(error=4)), Change.WRONG),
        ("openldap", Result(53, "", ppolicy(error=5)), Change.REFUSED),
        ("openldap", Result(53, "unwilling to verify old"), Change.NOT_ALLOWED),
        ("openldap", Result(19, "Password fails quality"), Change.REFUSED),
        ("389ds", Result(13, "secure connection"), Change.NOT_ALLOWED),
        ("389ds", Result(49, ""), Change.WRONG),
    ],
)
def test_a_change_of_a_password_is_judged(
    kind: str, result: Result, became: Change
) -> None:
    assert judge_change(kind, result) is became


@pytest.mark.parametrize("number", [0, 1, 127, 128, 255, 256, 65_535, 2**31 - 1, -1])
def test_numbers_come_back(number: int) -> None:
    ((_, content),) = ber.children(ber.integer(number))

    assert ber.whole(content) == number


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 70_000])
def test_lengths_come_back(size: int) -> None:
    ((tag, content),) = ber.children(ber.octets(b"x" * size))

    assert (tag, len(content)) == (ber.OCTETS, size)


@pytest.mark.parametrize(
    "body", [b"\x04", b"\x04\x80", b"\x04\x02x", b"\x1f\x00", b"\x04\x85" + b"\0" * 9]
)
def test_what_is_no_ber_is_refused(body: bytes) -> None:
    with pytest.raises(ber.Malformed):
        list(ber.children(body))
