"""The rule of guards, in plain sets of letters: who gets where in a service."""

from collections.abc import Iterable, Iterator, Sequence

from modelwire.resource import OPERATIONS, Operation

from .services import BOUND, Letters, Served, Service
from .tables import RELATIONS, Link

MANY: dict[Operation, Operation] = {
    "bulk_create": "create",
    "bulk_update": "update",
    "bulk_delete": "delete",
}


class Model:
    """Model of the rules of a service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._tables = service.tables

    def _of(self, table: str) -> Served:
        return self._tables.get(table, Served(frozenset()))

    def serves(self, table: str, *operations: Operation) -> bool:
        """Whether operations of a table are served; one on many rows can't be guarded by a key."""
        served = self._of(table)
        if "aggregate" in operations:
            operations = (*operations, "list")  # sums are of what can be listed
        by_key = {many for many, one in MANY.items() if BOUND in served.own.get(one, "")}
        return set(operations) <= served.operations - by_key

    def before(self, table: str, *operations: Operation) -> Letters:
        """The letters that all of some operations ask for."""
        served = self._of(table)
        asked = self._service.base | served.always
        like = {**MANY, "stream": "list", "aggregate": "list"}
        for operation in operations:
            asked |= served.own.get(operation, frozenset())
            if operation in like:
                asked |= served.own.get(like[operation], frozenset())
        return asked

    def reads(self, table: str) -> Letters:
        """The letters that reading a table asks for."""
        only_streams = self.serves(table, "stream") and not self.serves(table, "list")
        streams: tuple[Operation, ...] = ("stream",) if only_streams else ()
        return self.before(table, "read", "list", *streams)

    def is_readable(self, table: str) -> bool:
        return any(self.serves(table, name) for name in ("read", "list", "stream"))

    def at_end(self, link: Link, kind: str) -> Letters | None:
        """Return the guards at the end of a relation; None where nothing is served there."""
        if link.target not in self._tables:
            return None
        needs: dict[str, tuple[Sequence[Operation], Sequence[Operation], bool]] = {
            "show": ((), (), True),
            "list": (("list",), (), True),
            "aggregate": (("list", "aggregate"), (), True),
            "create": (("create",), ("create",), False),
            "link": ((), ("create", "delete"), True),
        }
        target, linked, reads = needs[kind]
        asked: Letters = frozenset()
        for table, operations in ((link.target, target), (link.link, linked)):
            if table is None or table not in self._tables:
                continue
            if not self.serves(table, *operations):
                return None
            asked |= self.before(table, *operations) | (self.reads(table) if reads else frozenset())
        return asked

    def always(self, table: str, operations: Iterable[Operation]) -> Letters:
        """The letters that each of some operations asks for, those aside that speak of one row."""
        asked = [self.before(table, operation) for operation in operations]
        return frozenset.intersection(*asked) - set(BOUND)

    def showing(self, table: str) -> Letters:
        """Return the guards of any request that a table leads on to."""
        served = [o for o in OPERATIONS if o not in ("delete", "changes") and self.serves(table, o)]
        if not self.is_readable(table):
            served += ["read", "list"]
        return self.always(table, served)

    def bodies(self, table: str, *operations: Operation) -> Letters:
        """Return the guards of any request whose body holds rows of a table."""
        served = [o for o in operations if self.serves(table, o)]
        return self.always(table, served or operations)

    def is_open(self, table: str, name: str) -> bool:
        """Whether a filter may go through a relation."""
        link = RELATIONS[table][name]
        asked = self.at_end(link, "show")
        return asked is not None and self._is_shown(table, name) and asked <= self.showing(table)

    def includes(self, steps: Iterable[tuple[str, str]]) -> bool:
        """Whether relations are shown one in the other."""
        return all(name in self._of(table).includes for table, name in steps)

    def nests(self, table: str, name: str) -> bool:
        """Whether rows of a relation may be created with a row."""
        return name in self._of(table).nested

    def is_linked(self, table: str, name: str) -> bool:
        """Whether a body may hold keys of a relation."""
        link = RELATIONS[table][name]
        asked = self.at_end(link, "link")
        given = self.bodies(table, "create", "bulk_create", "update", "bulk_update")
        there = link.link is not None and self._is_shown(table, name)
        return asked is not None and there and asked <= given

    def below(self, table: str, name: str, kind: str) -> Letters | None:
        """Return the guards of a route below a row; None where there is none."""
        link = RELATIONS[table][name]
        asked = self.at_end(link, kind)
        own: list[Operation] = ["update"] if kind == "link" else ["read"]
        if kind == "create" and link.link is not None:
            own.append("update")
        there = link.link is not None if kind == "link" else link.many
        if kind == "create":
            there = there and self.at_end(link, "list") is not None
        if asked is None or BOUND in asked or not self.serves(table, *own):
            return None
        return asked | self.before(table, *own) if there and self._is_shown(table, name) else None

    def faults(self) -> Iterator[tuple[str, str, str]]:
        """Yield the refusals of `mount`: the table, the argument and the relation that it names."""
        for table, served in self._tables.items():
            for name in served.includes:
                asked = self.at_end(RELATIONS[table][name], "show")
                if asked is None or not asked <= self.showing(table):
                    yield table, "includes", name
            for name in served.nested:
                asked = self.at_end(RELATIONS[table][name], "create")
                if asked is None or not asked <= self.bodies(table, "create", "bulk_create"):
                    yield table, "nested", name

    def _is_shown(self, table: str, name: str) -> bool:
        """Whether rows of a relation are shown at all."""
        link = RELATIONS[table][name]
        ends = [end for end in (link.target, link.link) if end and end in self._tables]
        return name in self._of(table).includes or all(map(self.is_readable, ends))
