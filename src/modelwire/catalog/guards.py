"""Guards: dependencies that run before the requests of a resource and may reject them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ..resource import OPERATIONS, Operation, Resource

if TYPE_CHECKING:
    from ..resource import Depends

IsBound = Callable[["Depends", Sequence[str]], bool]
"""A function that tells whether a dependency takes a key or the body from the request; the key is
given by the names of its components in the path."""

_ONE_ROW: Mapping[Operation, Operation] = {
    "bulk_create": "create",
    "bulk_update": "update",
    "bulk_delete": "delete",
}
"""Bulk operations, and the operations that do the same to one row."""

_LIKE: Mapping[Operation, Operation] = {
    **_ONE_ROW,
    "stream": "list",
    "aggregate": "list",
    "changes": "list",
}
"""Operations, and those whose guards run before them, too."""

_TAKES: Mapping[Operation, Operation] = {"aggregate": "list", "changes": "list"}
"""Operations, and those that must be served for them to be served."""

_READING: tuple[Operation, ...] = ("read", "list", "stream")

_SHOWING: tuple[Operation, ...] = tuple(
    name for name in OPERATIONS if name not in ("delete", "changes")
)
_CREATING: tuple[Operation, ...] = ("create", "bulk_create")
_CHANGING: tuple[Operation, ...] = (*_CREATING, "update", "bulk_update")


@dataclass(frozen=True, slots=True)
class Guard:
    """Dependency that runs before requests. Guards are equal if they run the same.

    Args:
        dependency: The callable.
        scopes: The scopes that it is declared with.
        bound: Whether it takes a row's key from the path, or the body: its decision about one
            request does not apply to other rows.
        depends: Its declaration.
    """

    dependency: object
    scopes: frozenset[str]
    bound: bool
    depends: Depends = field(compare=False)

    @property
    def name(self) -> str:
        """The callable's name, for messages."""
        return str(getattr(self.dependency, "__name__", type(self.dependency).__name__))

    @property
    def declaration(self) -> str:
        """Its declaration in Python, for messages."""
        if self.scopes:
            return f"Security({self.name}, scopes={sorted(self.scopes)})"
        return f"Depends({self.name})"


Guards = tuple[Guard, ...]


class Guarded:
    """Resource with its guards.

    Args:
        resource: The resource.
        base: The dependencies that run before all resources.
        key: The names of its key's components in a path.
        is_bound: Tells which dependencies are bound to one row.
    """

    def __init__(
        self, resource: Resource, base: Sequence[Depends], key: Sequence[str], is_bound: IsBound
    ) -> None:
        def read(depends: Depends) -> Guard:
            scopes = frozenset(getattr(depends, "scopes", None) or ())
            return Guard(depends.dependency, scopes, is_bound(depends, key), depends)

        self.resource = resource
        self._always = [read(depends) for depends in (*base, *resource.dependencies)]
        self._own = {
            operation: [read(depends) for depends in given]
            for operation, given in resource.operation_dependencies.items()
        }

    @property
    def name(self) -> str:
        """The model's name."""
        return self.resource.model.__name__

    def serves(self, *operations: Operation) -> bool:
        """Whether all of some operations are served.

        Aggregates are served only if rows can be listed. If a guard of an operation on one row is
        bound to the row, it can't decide about many rows: the bulk operation is not served.
        """
        return all(
            operation in self.resource.operations
            and (operation != "changes" or self.is_followed)
            and _TAKES.get(operation, operation) in self.resource.operations
            and not any(guard.bound for guard in self._inherited(_ONE_ROW, operation))
            for operation in operations
        )

    @cached_property
    def is_followed(self) -> bool:
        """Whether clients may follow the changes of its rows."""
        changes = self.resource.changes
        return changes is not None and changes.live

    def before(self, *operations: Operation) -> Guards:
        """Return the guards of some operations together, in the order in which they run."""
        found = list(self._always)
        for operation in operations:
            found += self._inherited(_LIKE, operation)
            found += self._own.get(operation, ())
        return unite(found)

    @property
    def is_readable(self) -> bool:
        """Whether any operation is served that only reads rows."""
        return any(self.serves(operation) for operation in _READING)

    @cached_property
    def reads(self) -> Guards:
        """All guards of reading its rows."""
        streamed = self.serves("stream") and not self.serves("list")
        return self.before(*(_READING if streamed else ("read", "list")))

    @cached_property
    def showing(self) -> Sequence[Operation]:
        """The operations through which a request may see rows of other resources.

        The guards of reading count even if no such operation is served: an include of another
        resource may show the rows.
        """
        served = self._served(_SHOWING)
        return served if self.is_readable else ("read", "list", *served)

    @cached_property
    def creating(self) -> Sequence[Operation]:
        """The operations whose bodies hold new rows."""
        return self._served(_CREATING) or _CREATING

    @cached_property
    def changing(self) -> Sequence[Operation]:
        """The operations whose bodies may name rows to link."""
        return self._served(_CHANGING) or _CHANGING

    def lacks(self, guard: Guard, operations: Sequence[Operation]) -> Sequence[Operation]:
        """Return those of some operations that a guard of another resource does not run before.

        A bound guard runs before none of them: its decision was about another row.
        """
        return [o for o in operations if guard.bound or guard not in self.before(o)]

    def _inherited(
        self, like: Mapping[Operation, Operation], operation: Operation
    ) -> Sequence[Guard]:
        return self._own.get(like[operation], ()) if operation in like else ()

    def _served(self, operations: Sequence[Operation]) -> Sequence[Operation]:
        return [operation for operation in operations if self.serves(operation)]


def unite(guards: Iterable[Guard]) -> Guards:
    """Return guards in order, without duplicates."""
    found: list[Guard] = []
    for guard in guards:
        if guard not in found:
            found.append(guard)
    return tuple(found)
