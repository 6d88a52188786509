"""Hooks that run with the writes of a table, and the values that they receive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, fields
from inspect import isasyncgenfunction, isgeneratorfunction, signature
from typing import Any, Literal, Protocol

from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from .errors import ConfigurationError
from .suggestions import did_you_mean, naming_arguments

WriteOperation = Literal["create", "update", "delete"]

Hook = Callable[["Change"], Awaitable[None] | None]
"""A function, plain or async, that is called with a change."""


class Source(Protocol):
    """Source of the values of a row."""

    @property
    def model(self) -> str:
        """The name of the row's model."""

    @property
    def names(self) -> Sequence[str]:
        """The names of its fields in Python."""

    @property
    def writable(self) -> bool:
        """Whether values may be set: the row is not stored yet."""

    def read(self, row: Any) -> dict[str, Any]:
        """Read the values of a row into a new dict."""


class Values(MutableMapping[str, Any]):
    """Values of one row, by the Python names of the model's fields.

    Each is an item, `values["status"]`, and an attribute, `values.status`; a field with the name of
    a method of mappings is an item only. Before a row is written, values may be set, added and
    deleted: `values.number = 7`. A stored row is read-only.

    Args:
        source: The source of the values.
        row: The row.
    """

    __slots__ = ("_read", "_row", "_source")
    _source: Source
    _row: Any
    _read: dict[str, Any]

    def __init__(self, source: Source, row: Any) -> None:
        _set(self, "_source", source)
        _set(self, "_row", row)

    @property
    def _values(self) -> dict[str, Any]:
        values = find_changed(self)
        if values is None:
            values = self._source.read(self._row)
            _set(self, "_read", values)
        return values

    def __getitem__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise KeyError(self._missing(name)) from None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(self._missing(name)) from None

    def __setitem__(self, name: str, value: Any) -> None:
        if not self._source.writable:
            raise TypeError(f"This row of {self._source.model} is stored; nothing can be set in it")
        if name not in self._source.names:
            raise KeyError(self._missing(name))
        self._values[name] = value

    def __setattr__(self, name: str, value: Any) -> None:
        try:
            self[name] = value
        except KeyError as exc:
            raise AttributeError(exc.args[0]) from None

    def __delitem__(self, name: str) -> None:
        if not self._source.writable:
            raise TypeError(f"This row of {self._source.model} is stored; nothing can be deleted")
        if name not in self._values:
            raise KeyError(self._missing(name))
        del self._values[name]

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError as exc:
            raise AttributeError(exc.args[0]) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __repr__(self) -> str:
        """Show only the names: values of rows don't belong in logs."""
        return f"<Values of {self._source.model}: {', '.join(self._values)}>"

    def _missing(self, name: str) -> str:
        model, names = self._source.model, self._source.names
        if name in names:
            return f"{model}.{name} is not among the values that are written"
        return f"{model} has no field `{name}`{did_you_mean(name, names)}"


_set, _get = object.__setattr__, object.__getattribute__


def find_changed(values: Values) -> dict[str, Any] | None:
    """Return the values of a row as hooks left them; None if no hook has read them."""
    try:
        found: dict[str, Any] | None = _get(values, "_read")
    except AttributeError:
        return None
    return found


@dataclass(frozen=True, slots=True)
class RowChange:
    """Change of one row.

    Attributes:
        old: The row as it was stored, including hidden fields; None if it is new.
        new: In hooks that run before the write, the values to write, which may be changed and added
            to; in later ones, the row as it is stored. None if the row is deleted.
        pointer: The place of the row in the body (RFC 6901); None if no body names it.
    """

    old: Values | None
    new: Values | None
    pointer: str | None


@dataclass(frozen=True, slots=True)
class LinkChange:
    """Change of the links of one row by a many-to-many relationship, as a request asks for it.

    Attributes:
        row: The row.
        relationship: The relationship's name in Python.
        keys: The keys of the rows at the other end, as `session.get` takes them.
        action: `add` to link these rows, `remove` to unlink them, `set` to link these and no
            others.
    """

    row: RowChange
    relationship: str
    keys: Sequence[Any]
    action: Literal["add", "remove", "set"]


@dataclass(frozen=True, slots=True)
class Change:
    """Change of rows of one table by a request.

    Attributes:
        model: The model of the rows.
        operation: The kind of the change.
        rows: The rows.
        session: A session in the transaction of the write; after the commit, a new one.
        caller: The caller of the request; None if it is unknown.
        links: The links of the rows that change.
    """

    model: type[SQLModel]
    operation: WriteOperation
    rows: Sequence[RowChange]
    session: AsyncSession
    caller: Any = None
    links: Sequence[LinkChange] = ()


@naming_arguments
@dataclass(frozen=True, slots=True)
class Hooks:
    """Functions that run with the writes of a table, whichever route writes.

    Hooks before and after a write run in its transaction, in order, and may refuse it by raising an
    error. Hooks after the commit can't.

    Args:
        before_create: Hooks that run before rows are created.
        after_create: Hooks that run once rows are created.
        before_update: Hooks that run before rows are updated.
        after_update: Hooks that run once rows are updated.
        before_delete: Hooks that run before rows are deleted.
        after_delete: Hooks that run once rows are deleted.
        after_commit: Hooks that run once a write of any kind is committed.

    Raises:
        ConfigurationError: An argument is not a list of functions.
    """

    before_create: Sequence[Hook] = ()
    after_create: Sequence[Hook] = ()
    before_update: Sequence[Hook] = ()
    after_update: Sequence[Hook] = ()
    before_delete: Sequence[Hook] = ()
    after_delete: Sequence[Hook] = ()
    after_commit: Sequence[Hook] = ()

    def __post_init__(self) -> None:
        for argument in fields(self):
            given = getattr(self, argument.name)
            if not isinstance(given, (list, tuple)) or not all(map(callable, given)):
                raise ConfigurationError(
                    f"Hooks({argument.name}=…): should be a list of functions that take a Change, "
                    f"as in Hooks({argument.name}=[check])."
                )
            for hook in given:
                _check_signature(argument.name, hook)

    def before(self, operation: WriteOperation) -> Sequence[Hook]:
        """Return the hooks that run before an operation."""
        found: Sequence[Hook] = getattr(self, f"before_{operation}")
        return found

    def after(self, operation: WriteOperation) -> Sequence[Hook]:
        """Return the hooks that run after an operation, in its transaction."""
        found: Sequence[Hook] = getattr(self, f"after_{operation}")
        return found

    def serve(self, operation: WriteOperation) -> bool:
        """Whether any hook runs with an operation."""
        return bool(self.before(operation) or self.after(operation) or self.after_commit)


def _check_signature(argument: str, hook: Hook) -> None:
    """Check that a hook can be called with a change, and that this runs it.

    Raises:
        ConfigurationError: It can't, or its call would only make a generator.
    """
    name = getattr(hook, "__qualname__", None) or type(hook).__qualname__
    start = f"Hooks({argument}=…): `{name}`"
    for function in (hook, getattr(hook, "__call__", hook)):  # noqa: B004 - of an object that is called
        if isgeneratorfunction(function) or isasyncgenfunction(function):
            raise ConfigurationError(
                f"{start} has a `yield`, so that calling it would run none of it; write it without."
            )
    wanted = (
        f"{start} should take a Change and nothing else, as in `def check(change: Change) -> None`"
    )
    try:
        taken = signature(hook).bind(None)
    except TypeError as exc:
        raise ConfigurationError(f"{wanted}: {exc}.") from None
    except ValueError:  # some built-in functions have no signature
        return
    for parameter in map(taken.signature.parameters.get, taken.arguments):
        meant = None if parameter is None else parameter.annotation
        if isinstance(meant, type) and issubclass(meant, SQLModel):
            raise ConfigurationError(
                f"{wanted}; its rows, of {meant.__name__}, are those of `change.rows`."
            )
