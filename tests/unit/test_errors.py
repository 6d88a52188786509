"""The tree of errors, as it is drawn for those who read it; and the codes of other refusals."""

from __future__ import annotations

import json
import re
from http import HTTPStatus

import pytest

from modelwire import errors
from modelwire.errors import ModelwireError, RequestError
from modelwire.respond.problem import answer_other_problem


def _drawn() -> dict[str, tuple[str, str]]:
    """The name of each error of the drawing, with its parent's and with what stands beside it."""
    above: list[str] = ["ModelwireError"]
    found = {}
    for line in (errors.__doc__ or "").splitlines():
        drawn = re.match(r"^    ((?:[│ ]   )*)[├└]── (\w+)\s+(.*)", line)
        if drawn is not None:
            depth = len(drawn[1]) // 4 + 1
            del above[depth:]
            found[drawn[2]] = (above[-1], drawn[3])
            above.append(drawn[2])
    return found


def _subclasses(cls: type[ModelwireError]) -> dict[str, type[ModelwireError]]:
    found: dict[str, type[ModelwireError]] = {}
    for child in cls.__subclasses__():
        if child.__module__.startswith("modelwire.errors."):
            found |= {child.__name__: child, **_subclasses(child)}
    return found


def test_each_error_is_drawn_below_its_parent() -> None:
    parents = {name: cls.__base__ for name, cls in _subclasses(ModelwireError).items()}
    assert {name: parent for name, (parent, _) in _drawn().items()} == {
        name: parent.__name__ for name, parent in parents.items() if parent is not None
    }


def test_each_error_that_becomes_an_answer_is_drawn_with_its_code() -> None:
    without = {"answered"}  # whose code is never sent
    codes = {n: c.code for n, c in _subclasses(RequestError).items() if issubclass(c, RequestError)}
    assert len(codes) > 30
    for name, code in codes.items():
        assert _drawn()[name][1].startswith(code) or code in without, name


def test_each_error_can_be_imported_from_the_package() -> None:
    assert set(_subclasses(ModelwireError)) <= set(errors.__all__)


@pytest.mark.parametrize("status", [s.value for s in HTTPStatus if s >= 400])
def test_codes_of_other_refusals_are_identifiers(status: int) -> None:
    """An `HTTPException` has the phrase of its status as its code."""
    document = json.loads(answer_other_problem(status, None).body)
    assert document["code"].isidentifier()
    assert document["code"] == document["code"].lower()
