"""Every way to ruin the shipped models is caught without data; what does no harm passes."""

from __future__ import annotations

import pytest

from tests.convert.damage import DAMAGES, HARMLESS, Damage
from tests.convert.damage_table import ROOT, Bench, columns

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TensorFlow's own, where it is installed

NAMED = {"ids": lambda value: value.name if isinstance(value, Damage) else value}


@pytest.fixture(scope="module")
def bench(request) -> Bench:
    return Bench(request.param)


@pytest.mark.parametrize("bench", ["accurate", "fast"], indirect=True)
@pytest.mark.parametrize("damage", DAMAGES, **NAMED)
def test_a_damage_is_caught(bench, damage):
    assert bench.first_broken(damage) is not None


@pytest.mark.parametrize("bench", ["accurate", "fast"], indirect=True)
@pytest.mark.parametrize("damage", HARMLESS, **NAMED)
def test_a_harmless_change_passes(bench, damage):
    assert bench.first_broken(damage) is None


def test_there_are_enough_of_each():
    assert len(DAMAGES) >= 45
    assert len(HARMLESS) >= 5
    assert len({damage.name for damage in (*DAMAGES, *HARMLESS)}) == len(DAMAGES) + len(HARMLESS)


def test_the_page_lists_every_damage():
    page = (ROOT / "docs" / "quantisation.md").read_text(encoding="utf-8")
    part = page.split("<!-- damages: begin -->")[1].split("<!-- damages: end -->")[0]
    listed = [line.split("|")[1].strip() for line in part.strip().splitlines()[2:]]
    assert listed == [columns(damage)[0] for damage in (*DAMAGES, *HARMLESS)]
