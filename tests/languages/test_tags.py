"""Which of our languages somebody means: RFC 4647, RFC 9110 §12.5.4."""

import pytest

from app.core.language.tag import accepted, look_up

_KNOWN = {"en": "en", "de": "de", "pt": "pt", "zh": "zh-Hans", "zh-hans": "zh-Hans"}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["de"], "de"),
        (["DE-ch-1996"], "de"),
        (["sv", "pt-BR", "de"], "pt"),
        (["zh-CN"], "zh-Hans"),
        (["zh-Hans-SG"], "zh-Hans"),
        (["sv"], ""),
        (["d"], ""),
        (["de_DE", "<b>", "de--x", "", "-", "de" * 40], ""),
        (["sv"] * 32 + ["de"], ""),  # nobody has so many
    ],
)
def test_a_tag_is_looked_up_from_its_whole_to_its_beginning(
    wanted: list[str], found: str
) -> None:
    assert look_up(wanted, _KNOWN) == found


@pytest.mark.parametrize(
    ("field", "tags"),
    [
        ("de", ["de"]),
        ("fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5", ["fr-CH", "fr", "en", "*"]),
        ("en;q=0.1,de;q=0.7 , fr ; q=1.0", ["fr", "de", "en"]),
        ("en;q=0.5,de;q=0.5", ["en", "de"]),
        ("de;q=0,en", ["en"]),
        ("de;q=2,fr;q=x,en;level=1", []),
        ("", [""]),
    ],
)
def test_weights_decide_and_what_has_none_that_counts_is_left_out(
    field: str, tags: list[str]
) -> None:
    assert accepted(field) == tags


def test_t143_however_much_is_sent_little_of_it_is_looked_at() -> None:
    assert len(accepted("de;q=0.5," * 7_000)) <= 32
    assert accepted("x" * 60_000 + ",de") == ["x" * 1_000]
    assert accepted(";" * 60_000) == []

    looked_at = iter(["sv"] * 100_000)
    assert look_up(looked_at, _KNOWN) == ""
    assert len(list(looked_at)) > 99_000
