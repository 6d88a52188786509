"""Random services: what is served of each table, and what is guarded by what."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Annotated, Any

from fastapi import Depends, Header, HTTPException, Security
from fastapi.security import SecurityScopes

from modelwire import Resource
from modelwire.catalog.guards import Guard
from modelwire.resource import OPERATIONS, Operation

from .tables import MODELS, RELATIONS

Passes = Annotated[str, Header()]
"""The letters of the guards that a request gets past."""


def demand(passes: str, letters: Iterable[str]) -> None:
    """Refuse a request that lacks a letter."""
    if not set(letters) <= set(passes):
        raise HTTPException(401)


def a(x_pass: Passes = "") -> None:
    demand(x_pass, "a")


def b(x_pass: Passes = "") -> None:
    demand(x_pass, "b")


def scoped(scopes: SecurityScopes, x_pass: Passes = "") -> None:
    demand(x_pass, scopes.scopes)


def keyed(x_pass: Passes = "", id: int = 0) -> None:  # noqa: A002 - it is the name of the field
    """A guard that is told of which row it speaks."""
    demand(x_pass, "k")


def make_guard(letter: str) -> Any:
    """A new dependency that demands a letter."""
    if letter in "cd":
        return Security(scoped, scopes=[letter])
    return Depends({"a": a, "b": b, "k": keyed}[letter])


def letter_of(guard: Guard) -> str:
    """The letter that a guard of the catalog demands."""
    letters = {a: "a", b: "b", keyed: BOUND}
    return letters.get(guard.dependency) or "".join(guard.scopes)  # type: ignore[call-overload]


LETTERS = "abcdk"
BOUND = "k"
"""The guard that takes a key."""

LEFT_OUT: tuple[Collection[Operation], ...] = (
    (),
    (),
    OPERATIONS,
    ("read", "list"),
    ("read", "list", "stream"),
    ("create", "delete"),
)
"""Operations most of which a table may do without."""

Letters = frozenset[str]


@dataclass(frozen=True)
class Served:
    """Declaration of how a table is served."""

    operations: frozenset[Operation] = frozenset(OPERATIONS)
    always: Letters = frozenset()
    own: Mapping[Operation, Letters] = field(default_factory=dict)
    includes: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()

    def to_resource(self, table: str) -> Resource:
        return Resource(
            MODELS[table],
            operations=[name for name in OPERATIONS if name in self.operations],
            dependencies=[make_guard(letter) for letter in sorted(self.always)],
            operation_dependencies={
                name: [make_guard(letter) for letter in sorted(letters)]
                for name, letters in self.own.items()
            },
            includes=self.includes,
            includes_back=[n for n in self.includes if not RELATIONS[table][n].many],
            nested_writes=self.nested,
        )


@dataclass(frozen=True)
class Service:
    """The tables that are served, and what guards them all."""

    base: Letters
    tables: Mapping[str, Served]

    def resources(self) -> list[Resource]:
        return [served.to_resource(table) for table, served in self.tables.items()]

    def dependencies(self) -> list[Any]:
        return [make_guard(letter) for letter in sorted(self.base)]

    def without(self, table: str, argument: str, name: str) -> "Service":
        """The same service without a declaration."""
        served = self.tables[table]
        kept = tuple(other for other in getattr(served, argument) if other != name)
        less: dict[str, Any] = {argument: kept}
        return replace(self, tables={**self.tables, table: replace(served, **less)})


def draw_service(random: Random) -> Service:
    """Draw a service. Guards are few, so that many ways are open, and many shut by one alone."""
    base = frozenset(random.choice(LETTERS[:-1]) if random.random() < 0.15 else "")
    tables = {name: _draw_served(random, name) for name in MODELS if random.random() < 0.9}
    return Service(base, tables)


def _draw_served(random: Random, table: str) -> Served:
    left_out = random.choice(LEFT_OUT)
    operations = [name for name in OPERATIONS if name not in left_out or random.random() < 0.3]
    guarded = random.choice(("not", "always", "always", "own", "own", "both"))
    letters = LETTERS if table != "ladings" else LETTERS.replace(BOUND, "")
    weights = [1 if letter == BOUND else 6 for letter in letters]

    def draw_letter() -> Letters:
        return frozenset(random.choices(letters, weights))

    common = draw_letter()
    own: dict[Operation, Letters] = {}
    if guarded in ("own", "both"):
        alike = random.random() < 0.5
        chance = random.choice((0.1, 0.3, 0.8))
        for name in OPERATIONS:
            if random.random() < chance:
                own[name] = common if alike else draw_letter()
    return Served(
        frozenset(operations),
        draw_letter() if guarded in ("always", "both") else frozenset(),
        own,
        tuple(name for name in RELATIONS[table] if random.random() < 0.5),
        tuple(name for name in RELATIONS[table] if random.random() < 0.5),
    )
