"""The catalog: the resources of an application with their tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import cached_property
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Column
from sqlalchemy import Table as SQLTable
from sqlmodel import SQLModel

from ..access.principal import Parameter
from ..hooks import WriteOperation
from ..memory import Memory
from ..resource import Operation, Resource
from ..settings import Limits
from .access import Access, Past, Recall
from .constraints import ConstraintInfo, Reference
from .defaults import is_set_anew
from .dependents import Dependent
from .field import Field
from .guards import Guarded, Guards
from .kinds import Kind
from .model_validation import ChangeSchema, RowSchema
from .names import name_of, names_in_bodies, names_shown, places_of, to_title
from .policies import SoftDelete, TablePolicy
from .relation import Relation


@dataclass(frozen=True, slots=True)
class Schemas:
    """Pydantic models of one resource's bodies.

    Args:
        create: The schema of new rows.
        update: The schema of changes.
        read: The schema of rows in answers.
        related: The schemas of the rows of relations, by relation, if the user's read schema has
            them.
        row: The validator of new rows in place of `create`, if their model validates whole rows.
        change: The validator of changes in place of `update`, if the model validates whole rows.
    """

    create: type[BaseModel]
    update: type[BaseModel]
    read: type[BaseModel]
    related: Mapping[str, type[BaseModel]]
    row: RowSchema | None
    change: ChangeSchema | None


@dataclass(frozen=True, eq=False)
class Table:
    """Resource with everything that a plan needs to know about its table.

    Args:
        resource: The user's declaration.
        guarded: Its guards.
        model: Its SQLModel class.
        sql: Its table.
        path: The path of its routes, without the common prefix.
        fields: Its fields.
        relations: Its relationships, by name.
        includes: The relationships that `include` may name.
        paths: The relationships that filters and sorts may go through.
        nested: The relationships whose rows may be created together with a row of this table.
        linked: The many-to-many relationships whose links bodies may set by keys.
        below: The relationships that have routes below a row of this table, with their guards.
        constraints: Its constraints and indexes.
        references: Its foreign keys.
        upsert_keys: The unique keys by which an upsert may find an existing row.
        upserts: Whether it accepts upserts: any caller who may create many rows may also update
            any.
        schemas: The models of its bodies.
        masked: The Python names of the fields whose shown values differ from the stored ones.
        computes: Whether its read schema has computed fields, which may read any column.
        policy: The access to its rows, and the values that the server sets in them.
        memory: The caches of the catalog.
    """

    resource: Resource
    guarded: Guarded
    model: type[SQLModel]
    sql: SQLTable
    path: str
    fields: tuple[Field, ...]
    relations: Mapping[str, Relation]
    includes: Mapping[str, Relation]
    paths: Mapping[str, Relation]
    nested: Mapping[str, Relation]
    linked: Mapping[str, Relation]
    below: Mapping[Access, Mapping[str, Guards]]
    constraints: tuple[ConstraintInfo, ...]
    references: tuple[Reference, ...]
    upsert_keys: tuple[tuple[Field, ...], ...]
    upserts: bool
    schemas: Schemas
    masked: frozenset[str]
    computes: bool
    policy: TablePolicy
    memory: Memory

    @property
    def name(self) -> str:
        """The table's name, with its schema if the model gives one."""
        return self.sql.fullname

    @cached_property
    def children(self) -> Mapping[str, Relation]:
        """The relations whose rows have a list below a row of this table."""
        return {name: self.relations[name] for name in self.below[Access.LIST]}

    def find_served(
        self, operation: Operation | Access | Past | Recall
    ) -> Sequence[tuple[Relation | None, Guards]]:
        """Find the routes of an operation, or those of an access below a row.

        Returns:
            The relation of each, None for the resource itself, with the guards that run before it.
        """
        if isinstance(operation, Access):
            return [(self.relations[name], g) for name, g in self.below[operation].items()]
        guarded = self.guarded
        if isinstance(operation, Past):
            changes, needed = self.resource.changes, operation.needed
            is_served = changes is not None and changes.history and guarded.serves(*needed)
            return [(None, guarded.before(*needed))] if is_served else []
        if isinstance(operation, Recall):
            is_served = bool(self.recalled) and guarded.serves("update")
            return [(None, guarded.before("update"))] if is_served else []
        return [(None, guarded.before(operation))] if guarded.serves(operation) else []

    @cached_property
    def shows_computed(self) -> bool:
        """Whether its answers have computed fields of the model."""
        return bool(self.schemas.read.model_computed_fields)

    @cached_property
    def title(self) -> str:
        """The class's name as words: `OrderLine` becomes `Order line`."""
        return to_title(self.model.__name__)

    @cached_property
    def key(self) -> tuple[Field, ...]:
        """The fields of the primary key, in the key's order."""
        by_column = {f.column: f for f in self.fields}
        return tuple(by_column[column] for column in self.sql.primary_key.columns)

    @cached_property
    def key_columns(self) -> tuple[Column[Any], ...]:
        """The columns of the primary key, in the key's order."""
        return tuple(self.sql.primary_key.columns)

    @property
    def columns(self) -> Sequence[Column[Any]]:
        """All columns, including those that are not fields."""
        return tuple(self.sql.columns)

    @cached_property
    def computed(self) -> tuple[Field, ...]:
        """The fields that expressions compute."""
        return tuple(field for field in self.fields if field.computed is not None)

    @cached_property
    def deleted_at(self) -> Field | None:
        """The field for the time of deletion, if deletes are soft."""
        named = (f for f in self.fields if f.name == self.resource.soft_delete)
        return next(named, None)

    @cached_property
    def recalled(self) -> Mapping[str, Table]:
        """The resource including deleted rows, by the values of the parameter `deleted`."""
        soft = self.policy.soft
        found = {} if soft is None else soft.recalled
        return {word: replace(self, policy=policy) for word, policy in found.items()}

    @cached_property
    def with_all_rows(self) -> Table:
        """The resource without any policy, including deleted rows, for internal use."""
        return replace(self, policy=self._soft.stored)

    @cached_property
    def with_deleted_rows(self) -> Table:
        """The resource under its policy for rows whether deleted or not, for internal use."""
        return replace(self, policy=self._soft.own)

    @property
    def _soft(self) -> SoftDelete:
        if self.policy.soft is None:
            raise AssertionError(f"{self.name}: no delete of it is soft")
        return self.policy.soft

    @cached_property
    def version(self) -> Field | None:
        """The field that every change increments, if the resource names one."""
        named = (f for f in self.fields if f.name == self.resource.version)
        return next(named, None)

    @cached_property
    def changed_along(self) -> frozenset[str]:
        """The keys of the columns that may change with any change of a row."""
        made = (c for c in self.columns if c.computed is not None or is_set_anew(c))
        version = () if self.version is None else (self.version.column,)
        return frozenset(column.key for column in (*made, *version))

    @cached_property
    def readable(self) -> Mapping[str, Field]:
        """The fields that clients may see, by their name on the wire."""
        return {f.name: f for f in self.fields if f.readable}

    @cached_property
    def shown_columns(self) -> int:
        """The number of readable fields that are columns; computed ones come after them."""
        return sum(field.computed is None for field in self.readable.values())

    @cached_property
    def read_only(self) -> frozenset[str]:
        """The names of the fields that clients may see, but that a policy lets no caller set."""
        return frozenset(n for n in self.readable if self.policy.rules_of(n).write is False)

    @cached_property
    def unnamed(self) -> frozenset[str]:
        """All names of the fields that clients can neither see nor set."""
        fields = [f for f in self.fields if not (f.readable or f.writable)]
        return frozenset(n for f in fields for n in (f.name, f.key, name_of(f.key, f.info)))

    @cached_property
    def queryable(self) -> Mapping[str, Field]:
        """The fields that clients may filter, sort and search by, by their name on the wire."""
        named = self.resource.queryable
        return {
            name: field
            for name, field in self.readable.items()
            if field.key not in self.masked or name in named
        }

    @cached_property
    def searched(self) -> tuple[Field, ...]:
        """The text fields that `q` searches; computed ones would have to be computed for every
        row."""
        fields = self.queryable.values()
        return tuple(f for f in fields if f.kind is Kind.TEXT and f.computed is None)

    @cached_property
    def shown(self) -> frozenset[str]:
        """The names of everything that clients may see of a row: fields and includes."""
        return frozenset((*names_shown(self.schemas.read).values(), *self.includes))

    @cached_property
    def settable(self) -> Mapping[str, str]:
        """The names by which changes may set fields, with those in Python."""
        return names_in_bodies(self.schemas.update)

    @cached_property
    def renamed(self) -> Mapping[str, Sequence[Sequence[str]]]:
        """The places of those fields in bodies that have other names there, by their names on the
        wire."""
        found: dict[str, list[Sequence[str]]] = {}
        for schema in (self.schemas.create, self.schemas.update):
            for key, info in schema.model_fields.items():
                field = self.by_key.get(key)
                if field is not None and field.readable:
                    found.setdefault(field.name, []).extend(places_of(key, info))
        return {n: places for n, places in found.items() if any(p != [n] for p in places)}

    @cached_property
    def takes_echoes(self) -> bool:
        """Whether a change may have fields that clients can't set, which are then compared with the
        row. A schema of the user's may be configured otherwise."""
        own = self.resource.update_schema
        return own is None or "extra" not in own.model_config

    @cached_property
    def echoed(self) -> frozenset[str]:
        """The names of fields that a change may have although clients can only see them."""
        return self.shown.difference(self.settable) if self.takes_echoes else frozenset()

    @cached_property
    def patched(self) -> Mapping[str, Field]:
        """The JSON fields, by the names by which changes may set them: an object is merged into the
        stored document."""
        fields = {name: self.by_key.get(key) for name, key in self.settable.items()}
        return {n: f for n, f in fields.items() if f is not None and f.kind is Kind.JSON}

    @cached_property
    def by_column(self) -> Mapping[str, Field]:
        """Every field, by its column's name."""
        return {f.column.name: f for f in self.fields}

    @cached_property
    def by_key(self) -> Mapping[str, Field]:
        """Every field, by its attribute's name."""
        return {f.key: f for f in self.fields}

    @cached_property
    def selected(self) -> tuple[Field, ...]:
        """The fields of a row as it is read: those that are shown, then those that keys and joins
        need."""
        used = (self.includes, self.children, self.nested, self.linked)
        joins = {c for relations in used for r in relations.values() for c in r.local}
        own = self.resource.read_schema
        read = set(own.model_fields if own is not None else self.by_key if self.computes else ())
        read -= {f.key for f in self.fields if self.policy.rules_of(f.name).read is False}
        shown = [f for f in self.fields if f.readable]
        needed = [f for f in self.fields if f.primary_key or f.column in joins or f.key in read]
        return (*shown, *(f for f in needed if not f.readable))

    @cached_property
    def stored(self) -> tuple[Field, ...]:
        """Every field, beginning with the selected ones."""
        return tuple(dict.fromkeys((*self.selected, *self.fields)))

    @cached_property
    def positions(self) -> Mapping[Field, int]:
        """The position of each selected field in a row."""
        return {f: i for i, f in enumerate(self.selected)}

    @cached_property
    def position_of_column(self) -> Mapping[str, int]:
        """The position of each selected column in a row, by the column's name."""
        return {f.column.name: i for f, i in self.positions.items()}

    def values_of(self, row: Sequence[Any], columns: Sequence[Column[Any]]) -> tuple[Any, ...]:
        """Return the values of some selected columns in a row as it is read."""
        return tuple(row[self.position_of_column[column.name]] for column in columns)


@dataclass(frozen=True, eq=False)
class Catalog:
    """The resources of one application.

    Args:
        tables: The resources, by the name of their table, with its schema if it has one.
        dependents: The rows to delete before a row of any mapped table, by the table's name.
        limits: The limits of one request.
        prefix: The prefix of the path of each resource.
        memory: The caches of the catalog and its tables.
        parameters: The parameters of all policies, which hold attributes of the caller.
        has_hooks: Whether any resource has hooks.
        grants: The attributes, among those that decide about fields, that are true of the callers
            whom the catalog is for.
    """

    tables: Mapping[str, Table]
    dependents: Mapping[str, Sequence[Dependent]]
    limits: Limits
    prefix: str = ""
    memory: Memory = dataclass_field(default_factory=Memory)
    parameters: tuple[Parameter, ...] = ()
    has_hooks: bool = False
    grants: frozenset[str] = frozenset()

    @cached_property
    def hides_any_rows(self) -> bool:
        """Whether there may be rows of any table that a caller may not see."""
        return any(not table.policy.read.constant for table in self.tables.values())

    @cached_property
    def assigns_any(self) -> bool:
        """Whether the server sets anything in rows of any table."""
        policies = [table.policy for table in self.tables.values()]
        return any(policy.on_create or policy.on_update for policy in policies)

    def hides_rows(self, sql: SQLTable) -> bool:
        """Whether there may be rows of a table that a caller may not see."""
        table = self.find(sql)
        return table is not None and not table.policy.read.constant

    def runs_hooks(self, name: str, operation: WriteOperation) -> bool:
        """Whether hooks run with an operation on a table, which may not be a resource."""
        table = self.tables.get(name) if self.has_hooks else None
        hooks = None if table is None else table.resource.hooks
        return hooks is not None and hooks.serve(operation)

    def find(self, sql: SQLTable | None) -> Table | None:
        """Return the resource of a table; None if it is not served, and must not be named to
        clients."""
        return None if sql is None else self.tables.get(sql.fullname)

    @property
    def hidden_by_name(self) -> Sequence[str]:
        """The fields that are hidden only because of their names, as in `users.password_hash`."""
        tables = self.tables.values()
        return [f"{t.name}.{f.name}" for t in tables for f in t.fields if f.hidden_by_name]

    def target_of(self, relation: Relation) -> Table:
        """Return the resource that a relation leads to."""
        return self.tables[relation.target]
