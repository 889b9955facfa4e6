"""Every second factor keeps the promises of ``app/factors/base.py``."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.factors import FACTORS
from app.factors.base import MULTI_FACTOR, Factor, FactorRefused, Proof
from tests.factors.samples import SAMPLES, Sample

_every = pytest.mark.parametrize("factor", FACTORS, ids=lambda factor: factor.name)
_JUNK: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    float("nan"),
    b"",
    b"123456",
    "",
    " ",
    "\0",
    "\ud800",
    "é",
    "9" * 100_000,
    "{}",
    [],
    ["123456"],
    {},
    {"id": None},
    {"id": "", "rawId": "", "response": {}, "type": "public-key"},
    object(),
)


def _verify(factor: Factor, sample: Sample, answer: Any) -> Proof:
    return factor.verify(sample.enrolled, answer, sample.ceremony)


def _used(sample: Sample, proof: Proof) -> Sample:
    """Return the account as it is stored when a proof has counted."""
    enrolled = tuple(
        (
            replace(each, state=proof.state, data={**each.data, **proof.data})
            if each.id == proof.id
            else each
        )
        for each in sample.enrolled
    )
    return replace(sample, enrolled=enrolled)


def _spoiled(answer: Any) -> Iterator[Any]:
    """Return answers of the right shape, one part of each gone or another thing."""
    if not isinstance(answer, dict):
        return
    for name, part in answer.items():
        yield {key: value for key, value in answer.items() if key != name}
        yield from ({**answer, name: junk} for junk in _JUNK)
        yield from ({**answer, name: spoiled} for spoiled in _spoiled(part))


def test_names_are_unique() -> None:
    names = [factor.name for factor in FACTORS]

    assert len(names) == len({*names})


def test_every_factor_has_a_sample() -> None:
    assert {factor.name for factor in FACTORS} == {*SAMPLES}


@_every
def test_the_right_answer_proves_what_is_enrolled(factor: Factor) -> None:
    sample = SAMPLES[factor.name](1)

    proof = _verify(factor, sample, sample.answer)

    assert proof.id in {each.id for each in sample.enrolled}
    assert proof.amr and MULTI_FACTOR not in proof.amr


@_every
def test_a_wrong_answer_is_refused(factor: Factor) -> None:
    sample = SAMPLES[factor.name](1)

    for wrong in sample.wrong:
        with pytest.raises(FactorRefused):
            _verify(factor, sample, wrong)
    assert sample.wrong


@_every
def test_the_answer_of_somebody_else_is_refused(factor: Factor) -> None:
    mine, other = SAMPLES[factor.name](1), SAMPLES[factor.name](2)

    with pytest.raises(FactorRefused):
        _verify(factor, mine, other.answer)


@_every
def test_an_account_without_the_factor_proves_nothing(factor: Factor) -> None:
    sample = SAMPLES[factor.name](1)

    with pytest.raises(FactorRefused):
        _verify(factor, replace(sample, enrolled=()), sample.answer)


@_every
def test_an_answer_counts_once(factor: Factor) -> None:
    sample = SAMPLES[factor.name](1)
    proof = _verify(factor, sample, sample.answer)

    with pytest.raises(FactorRefused):
        _verify(factor, _used(sample, proof), sample.answer)


@_every
def test_junk_is_refused_and_breaks_nothing(factor: Factor) -> None:
    sample = SAMPLES[factor.name](1)

    for junk in _JUNK:
        with pytest.raises(FactorRefused):
            _verify(factor, sample, junk)


@_every
def test_a_spoiled_answer_breaks_nothing(factor: Factor) -> None:
    sample = SAMPLES[factor.name](1)

    for spoiled in _spoiled(sample.answer):
        with contextlib.suppress(FactorRefused):  # not every part has to be there
            _verify(factor, sample, spoiled)


@_every
def test_what_is_asked_for_can_be_sent_and_tells_no_secret(factor: Factor) -> None:
    sample = SAMPLES[factor.name](1)

    asked = json.dumps(factor.begin(sample.enrolled, sample.ceremony))

    assert all(each.secret.hex() not in asked for each in sample.enrolled)
    assert all(repr(each.secret) not in repr(each) for each in sample.enrolled)
