"""Wrong declarations of hooks are refused where they are written."""

from dataclasses import fields
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI

from modelwire import Change, ConfigurationError, Database, Hooks, Operation, Resource, mount
from tests.hooks.tables import Invoice, Label, Line


@pytest.mark.parametrize("given", [print, "check", [1], None])
def test_hooks_are_lists_of_functions(given: Any) -> None:
    """Anything else says what would be right."""
    with pytest.raises(ConfigurationError, match=r"as in Hooks\(before_create=\[check\]\)"):
        Hooks(before_create=given)


def test_resource_takes_hooks() -> None:
    """A list of functions is no `Hooks`."""
    wrong: Any = [print]
    with pytest.raises(ConfigurationError, match=r"should be Hooks\(…\)"):
        Resource(Label, hooks=wrong)


def _takes_nothing() -> None: ...


def _takes_two(_change: Change, _session: object) -> None: ...


def _takes_a_name(*, change: Change) -> None:
    del change


def _yields(_change: Change) -> Any:
    yield


async def _yields_later(_change: Change) -> Any:
    yield


async def _takes_a_row(_row: Label) -> None: ...


class _Called:
    async def __call__(self, change: Change) -> None: ...


class _Yielding:
    def __call__(self, _change: Change) -> Any:
        yield


@pytest.mark.parametrize("argument", [field.name for field in fields(Hooks)])
@pytest.mark.parametrize("hook", [_takes_nothing, _takes_two, _takes_a_name, _takes_a_row, _Called])
def test_a_hook_takes_a_change_and_nothing_else(argument: str, hook: Any) -> None:
    """A hook that a request could not call says so before any request."""
    expected = rf"Hooks\({argument}=…\): `{hook.__name__}` should take a Change and nothing else"
    with pytest.raises(ConfigurationError, match=expected):
        Hooks(**{argument: [hook]})


@pytest.mark.parametrize("hook", [_yields, _yields_later, partial(_yields), _Yielding()])
def test_a_hook_that_would_never_run_is_refused(hook: Any) -> None:
    """A call of a generator function runs none of it."""
    with pytest.raises(ConfigurationError, match="has a `yield`"):
        Hooks(before_update=[hook])


@pytest.mark.parametrize(
    "hook", [print, _Called(), partial(_takes_two, _session=None), lambda *_: None, [].append]
)
def test_whatever_takes_a_change_is_a_hook(hook: Any) -> None:
    """Functions, methods, partial functions and objects that are called."""
    assert Hooks(before_create=[hook]).before("create") == [hook]


READING: list[Operation] = ["read", "list"]


@pytest.mark.parametrize(
    ("operations", "hooks", "idle"),
    [
        ([*READING, "create"], ["before_create", "after_commit"], ""),
        ([*READING, "create"], ["before_update"], "before_update never run"),
        ([*READING, "create"], ["after_update", "after_delete"], "after_update and after_delete"),
        ([*READING, "bulk_create", "bulk_update"], ["before_create", "before_update"], ""),
        (READING, ["after_create", "after_commit"], "after_create and after_commit never run"),
        (READING, ["after_commit"], "after_commit never run"),
    ],
)
def test_hooks_of_operations_that_are_not_served(
    caplog: pytest.LogCaptureFixture, operations: list[Operation], hooks: list[str], idle: str
) -> None:
    """Hooks that no request can run are told at start."""
    declared: dict[str, Any] = {name: [print] for name in hooks}
    resource = Resource(Label, operations=operations, hooks=Hooks(**declared))
    mount(FastAPI(), Database("sqlite://"), resource)
    told = [r.getMessage() for r in caplog.records if "hooks=…" in r.getMessage()]
    assert len(told) == bool(idle)
    assert idle in "".join(told)


def test_hooks_of_rows_that_are_deleted_along(caplog: pytest.LogCaptureFixture) -> None:
    """Rows that a model deletes with their parent run their hooks without a route for that."""
    line = Resource(Line, operations=READING, hooks=Hooks(before_delete=[print]))
    mount(FastAPI(), Database("sqlite://"), Resource(Invoice), line)
    assert "hooks=…" not in caplog.text
