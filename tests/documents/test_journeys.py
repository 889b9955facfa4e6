"""What `make e2e` demands of journeys: every page and form, in each manner."""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from tools import journeys
from tools.journeys import EXCEPTIONS, MANNERS, Functions, missing, walked

_USER = "/admin/users/0192f0c1-2d3e-7a4b-8c5d-6e7f80910203"


@pytest.fixture
def functions(app: FastAPI) -> Functions:
    return Functions(app)


def _used(path: str, *says: tuple[str, str], method: str = "POST") -> dict[str, Any]:
    note = _offered(path, *says, method=method)
    return note | {"is": "used", "manners": ["light", *MANNERS]}


def _offered(path: str, *says: tuple[str, str], method: str = "POST") -> dict[str, Any]:
    return {"is": "offered", "method": method, "path": path, "says": says}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_notes_every_page_and_form_is_missing(functions: Functions) -> None:
    left = missing(walked(functions, []))

    assert len(left) > 120 and set(map(tuple, left.values())) == {MANNERS}
    for name in (
        "GET /account",
        "POST /applications",
        "POST /admin/connections/{connection_id}/sync",
        "GET /admin/users/{user_id}/connections",
        "POST /admin/users/{user_id}/connections",
    ):
        assert name in left
    assert not EXCEPTIONS.keys() & left.keys()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_excepted_is_there(functions: Functions) -> None:
    assert EXCEPTIONS.keys() <= walked(functions, []).keys()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_function_is_missing_in_the_manners_that_nobody_used(
    functions: Functions,
) -> None:
    note = _used("/admin/keys/rotate") | {"manners": ["mouse", "dark"]}

    left = missing(walked(functions, [note]))

    assert left["POST /admin/keys/rotate"] == ["keyboard", "phone"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_button_of_an_address_is_one_function(functions: Functions) -> None:
    notes = [
        _used(f"{_USER}/actions", ("csrf", "abc"), ("do", "disable")),
        _offered(f"{_USER}/actions", ("csrf", "def"), ("do", "enable")),
        _used(f"{_USER}/roles", ("remove", "admin")),
        _offered(f"{_USER}/roles", ("remove", "user")),
        _offered("/signin"),
    ]

    every = walked(functions, notes)

    path = "POST /admin/users/{user_id}"
    assert every[f"{path}/actions do=disable"] >= set(MANNERS)
    assert every[f"{path}/actions do=enable"] == frozenset()
    assert every[f"{path}/roles remove=…"] >= set(MANNERS)
    assert not {f"{path}/actions", f"{path}/roles", "POST /signin"} & every.keys()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_fails_where_something_is_missing(
    functions: Functions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    every: Mapping[str, Any] = walked(functions, [])
    asked = [name.split() for name in every]
    notes = [_used(_filled(path), method=method) for method, path in asked]
    file = tmp_path / "notes"
    monkeypatch.setattr(sys, "argv", ["journeys", str(file)])

    def ended(lines: list[dict[str, Any]]) -> int:
        file.write_text("".join(json.dumps(each) + "\n" for each in lines))
        return journeys.main()

    with pytest.raises(FileNotFoundError):
        journeys.main()
    assert ended([]) == 1
    assert "no journey: GET /account: mouse, keyboard" in capsys.readouterr().err
    assert ended(notes) == 0
    assert ended(notes[1:]) == 1


def _filled(path: str) -> str:
    """Put an id where a route has one."""
    return re.sub(r"\{\w+_id\}", _USER.rpartition("/")[2], path)
