"""The number of planted faults that are found, and of findings without a fault."""

from pathlib import Path

import pytest

from modelwire.cli.check.rules import RULES
from tests.check.applications import CLEAN, FAULTY, copy, found_in, planted_in

RECALL = 0.9


def test_faults_are_found(tmp_path: Path) -> None:
    """Nine of ten planted faults are found at their line, and nothing beside them."""
    missed, wrong, number = [], [], 0
    for application in FAULTY:
        place = tmp_path / application.stem
        place.mkdir()
        found, planted = found_in(place, copy(application, place)), planted_in(place)
        missed += sorted(planted - found)
        wrong += sorted(found - planted)
        number += len(planted)
    assert wrong == []
    assert len(missed) <= (1 - RECALL) * number, missed


@pytest.mark.parametrize("application", CLEAN, ids=lambda path: path.stem)
def test_nothing_is_found_in_a_clean_application(application: Path, tmp_path: Path) -> None:
    assert found_in(tmp_path, copy(application, tmp_path)) == set()


def test_every_rule_has_a_fault(tmp_path: Path) -> None:
    """Each code is planted somewhere."""
    planted = {fault.code for fault in planted_in(Path(__file__).parent / "apps" / "faulty")}
    assert planted == set(RULES)
