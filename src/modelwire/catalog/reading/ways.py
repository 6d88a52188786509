"""Ways from one resource to another, under one rule: the guards of rows guard every way to them.

A way is open to a request if all guards of the resource at its end run before the request. Ways
that requests take by relation names, as in filters and includes, are open or closed for all
requests of a resource: the guards of the end must run before every operation that leads there.
Since these also guard the resource's own rows, a way through several relations is open if each of
its parts is. Routes below a row run the guards of the other end themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...errors import ConfigurationError
from ...resource import Operation
from ..access import Access
from ..guards import Guard, Guarded, Guards, unite
from ..names import join_words
from ..relation import Relation
from ..relations import asks_for_keys

_OWN: Mapping[Access, tuple[Operation, ...]] = {
    Access.LIST: ("read",),
    Access.AGGREGATE: ("read",),
    Access.CREATE: ("read",),
    Access.LINK: ("update",),
}
"""The operations that routes below a row belong to."""


@dataclass(frozen=True, slots=True)
class _Terms:
    """Requirements of an access at the other end of a relation.

    Args:
        target: Operations that the target must serve, and whose guards apply.
        link: The same for the resource of the link table, if it is one.
        reads: Whether all guards of reading apply, too.
    """

    target: tuple[Operation, ...] = ()
    link: tuple[Operation, ...] = ()
    reads: bool = True


_TERMS: Mapping[Access, _Terms] = {
    Access.SHOW: _Terms(),
    Access.LIST: _Terms(("list",)),
    Access.AGGREGATE: _Terms(("list", "aggregate")),
    Access.CREATE: _Terms(("create",), ("create",), reads=False),
    Access.LINK: _Terms((), ("create", "delete")),
}


_FITS: Mapping[Access, Callable[[Relation], bool]] = {
    Access.SHOW: lambda _: True,
    Access.LIST: lambda relation: relation.many,
    Access.AGGREGATE: lambda relation: relation.many,
    Access.CREATE: lambda relation: relation.many and relation.writable,
    Access.LINK: asks_for_keys,
}
"""Conditions on a relation for each access, unless an argument of the resource names it."""


@dataclass(frozen=True, slots=True)
class _End:
    """End of a way: the target of a relation, or its link table.

    Args:
        resource: Its resource.
        operations: Operations that it must serve, and whose guards apply.
        reads: Whether all guards of reading apply, too.
    """

    resource: Guarded
    operations: tuple[Operation, ...]
    reads: bool

    @property
    def guards(self) -> Guards:
        reading = self.resource.reads if self.reads else ()
        return unite((*reading, *self.resource.before(*self.operations)))


class Ways:
    """Ways that lead from one resource.

    Args:
        origin: The resource.
        relations: Its relations.
        registered: Every resource, by the name of its table.
    """

    def __init__(
        self,
        origin: Guarded,
        relations: Mapping[str, Relation],
        registered: Mapping[str, Guarded],
    ) -> None:
        self._origin = origin
        self._relations = relations
        self._registered = registered

    def find_includes(self) -> Mapping[str, Relation]:
        """Find the relations that `include` may name.

        Raises:
            ConfigurationError: A relation that the resource names is not open.
        """
        names = self._origin.resource.includes
        return self._find_declared("includes", names, Access.SHOW, self._origin.showing)

    def find_nested(self) -> Mapping[str, Relation]:
        """Find the relations whose rows may be created together with a row.

        Raises:
            ConfigurationError: A relation that the resource names is not open.
        """
        names = self._origin.resource.nested_writes
        return self._find_declared("nested_writes", names, Access.CREATE, self._origin.creating)

    def find_paths(self) -> Mapping[str, Relation]:
        """Find the relations that filters and sorts may go through."""
        return self._find_open(Access.SHOW, self._origin.showing)

    def find_linked(self) -> Mapping[str, Relation]:
        """Find the many-to-many relations whose links bodies may set by keys."""
        return self._find_open(Access.LINK, self._origin.changing)

    def find_below(self) -> Mapping[Access, Mapping[str, Guards]]:
        """Find the relations that have routes below a row, with the guards of these routes."""
        return {
            access: {
                name: guards
                for name, relation in self._relations.items()
                if (guards := self._find_guards(relation, access)) is not None
            }
            for access in _OWN
        }

    def _find_declared(
        self, argument: str, names: Sequence[str], access: Access, operations: Sequence[Operation]
    ) -> Mapping[str, Relation]:
        """Return the relations that an argument of the resource names, if all of them are open."""
        found = {name: self._relations[name] for name in names}
        for name, relation in found.items():
            fault = self._find_fault(relation, access, operations)
            if fault is not None:
                start = f"Resource({self._origin.name}, {argument}=['{name}']): "
                raise ConfigurationError(start + fault)
        return found

    def _find_fault(
        self, relation: Relation, access: Access, operations: Sequence[Operation]
    ) -> str | None:
        """Return what is wrong with a declared relation, and the remedy."""
        if relation.target not in self._registered:
            table = relation.target
            return f"its target is not a resource. Mount a Resource for the table {table} as well."
        if access is not Access.SHOW and not relation.writable:
            return "it is read-only, so rows can't be related by it."
        for end in self._ends(relation, access):
            if not end.resource.serves(*end.operations):
                needed = join_words(end.operations)
                return f"{end.resource.name} lacks the operation {needed}; add it, or leave it out."
            for guard in end.guards:
                lacking = self._origin.lacks(guard, operations)
                if lacking:
                    return self._explain(end.resource, guard, lacking)
        return None

    def _explain(self, end: Guarded, guard: Guard, lacking: Sequence[Operation]) -> str:
        here, written = self._origin.name, guard.declaration
        start = f"{end.name} is guarded by {written}, which "
        if guard.bound:
            return (
                f"{start}takes the key or the body of a request, and so can't decide about the "
                "rows of another resource. Leave the relation out, or write an endpoint for it."
            )
        return (
            f"{start}does not run before {join_words(lacking)} of {here}. Give {here} the same, "
            f"dependencies=[{written}], or leave the relation out."
        )

    def _find_open(self, access: Access, operations: Sequence[Operation]) -> Mapping[str, Relation]:
        """Return the relations that are open to some operations without being declared."""
        return {
            name: relation
            for name, relation in self._relations.items()
            if self._exists(relation, access)
            and not any(self._origin.lacks(g, operations) for g in self._needs(relation, access))
        }

    def _find_guards(self, relation: Relation, access: Access) -> Guards | None:
        """Return the guards of a route below a row; None if there is no such route."""
        own, needed = _OWN[access], self._needs(relation, access)
        if access is Access.CREATE and relation.link is not None:
            own = (*own, "update")  # the new row is linked to the one in the path
        # A bound guard would decide about a row other than its own.
        is_sound = self._origin.serves(*own) and not any(guard.bound for guard in needed)
        if not is_sound or not self._exists(relation, access):
            return None
        return unite((*self._origin.before(*own), *needed))

    def _exists(self, relation: Relation, access: Access) -> bool:
        """Whether a way exists without being declared, whatever its guards."""
        if relation.target not in self._registered or not relation.simple:
            return False
        ends = self._ends(relation, access)
        if not (_FITS[access](relation) and all(e.resource.serves(*e.operations) for e in ends)):
            return False
        if access is Access.CREATE:
            return self._exists(relation, Access.LIST)
        is_included = relation.name in self._origin.resource.includes
        return is_included or all(end.resource.is_readable for end in ends)

    def _needs(self, relation: Relation, access: Access) -> Guards:
        return unite(guard for end in self._ends(relation, access) for guard in end.guards)

    def _ends(self, relation: Relation, access: Access) -> Sequence[_End]:
        terms = _TERMS[access]
        tables = {relation.target: terms.target}
        if relation.link is not None:
            tables[relation.link.fullname] = terms.link
        return [
            _End(self._registered[table], operations, terms.reads)
            for table, operations in tables.items()
            if table in self._registered
        ]
