"""Every second factor keeps the promises of ``app/factors/base.py``."""

from app.factors import FACTORS


def test_names_are_unique() -> None:
    names = [factor.name for factor in FACTORS]

    assert len(names) == len({*names})
