"""Sizes have bounds, so that growth is a decision."""

import ast

import pytest

from tests.architecture.source import modules
from tools import house

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@pytest.mark.parametrize("name", ["app", "tests"])
def test_no_module_is_longer_than_400_lines(name: str) -> None:
    counted = list(house.module_lines(name))

    assert len(counted) > 10
    assert [path for lines, path in counted if lines > 400] == []


@pytest.mark.parametrize("name", ["app", "tests"])
def test_no_folder_has_more_than_25_modules(name: str) -> None:
    counted = house.by_folder(name)

    assert len(counted) > 10
    assert [folder for folder, number in counted.items() if number > 25] == []


@pytest.mark.parametrize("name", ["app", "tests"])
def test_no_two_folders_import_one_another(name: str) -> None:
    assert house.two_way_pairs(name) == []


def test_the_helpers_stay_under_150_lines() -> None:
    lines = {path: lines for lines, path in house.module_lines("app")}

    assert lines["app/utils/helpers.py"] <= 150


def test_no_function_is_longer_than_50_lines() -> None:
    counted = list(house.function_lines("app"))

    assert len(counted) > 10
    assert [name for lines, name in counted if lines > 50] == []


def _public_methods(node: ast.ClassDef) -> int:
    methods = (item for item in node.body if isinstance(item, _Function))
    return sum(not method.name.startswith("_") for method in methods)


def test_no_service_has_more_than_12_public_methods() -> None:
    wide = [
        f"{path}:{node.name}"
        for path, tree in modules().items()
        if path.startswith("app/services/")
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and _public_methods(node) > 12
    ]

    assert wide == []
