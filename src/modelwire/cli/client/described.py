"""Resources of an application, described for the generation of clients, in no language yet.

Types are JSON schemas, the very ones of which the OpenAPI document is made.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fastapi import FastAPI

from ...catalog.access import Access, Past, Recall
from ...catalog.documents import described_parts, is_document
from ...catalog.kinds import bare_class
from ...catalog.names import names_shown
from ...catalog.tables import Table
from ...errors import ConfigurationError
from ...openapi.aggregates import group_schemas, measure_schemas
from ...openapi.bodies import create_schema, key_schema, patch_schema, row_schema
from ...openapi.choices import include_paths, part_paths, sort_paths
from ...openapi.components import Components, references_in
from ...openapi.context import Subject
from ...openapi.parameters import filter_schemas, operator_schemas, recalling
from ...openapi.values import JSONSchema, mark_decimal, value_schema
from ...resource import OPERATIONS
from ...respond.statuses import STATUSES, status_of
from ...web.service import Service, find_service
from ..places import name_places

_NOT_IN_IDENTIFIERS = re.compile(r"\W")


@dataclass(frozen=True, slots=True)
class Related:
    """Relation as a row shows it.

    Args:
        many: Whether it leads to many rows.
        resource: The name of the resource, if its rows are shown in the form of that.
        row: The schema of a row otherwise.
    """

    many: bool
    resource: str
    row: JSONSchema | None


@dataclass(frozen=True, slots=True)
class Children:
    """Rows served below a row.

    Args:
        resource: The name of their resource.
        operations: Those of `list`, `create` and `aggregate` that are served.
        create: The schema of a new row, which need not name its parent.
    """

    resource: str
    operations: Collection[str]
    create: JSONSchema


@dataclass(frozen=True, slots=True)
class Described:
    """Resource with all that a client needs to know of it.

    Args:
        name: Its name in the client: its path, as an identifier.
        type_name: The prefix of the names of its types, such as `Player`.
        path: Its path.
        operations: The operations that are served, apart from those below a row.
        key: The schemas of the fields of its key.
        key_in_bodies: The schema of a key in a body.
        row: The schema of a row, without relations.
        relations: The relations that its rows may include.
        includes: The paths that may be included.
        shown: The paths that reading one row includes by default.
        parts: The paths into documents that may be shown alone.
        sort: The names that it may be sorted by.
        filters: The schemas of its filters.
        through: The resources that filters may go through, by the relation.
        documents: The fields into which any path leads.
        deleted: The values of the parameter on deleted rows, where some may be seen.
        create: The schema of a new row.
        update: The schema of a change.
        conflicts: The unique keys by which an upsert may go, each as names joined by commas.
        groups: The names that sums may be grouped by.
        measures: The measures of sums.
        children: The rows served below its rows, by the relation.
        links: The resources whose rows its own can be linked to, by the relation.
        max_limit: The maximum number of rows of a page.
    """

    name: str
    type_name: str
    path: str
    operations: Collection[str]
    key: Mapping[str, JSONSchema]
    key_in_bodies: JSONSchema
    row: JSONSchema
    relations: Mapping[str, Related]
    includes: Sequence[str]
    shown: Sequence[str]
    parts: Sequence[str]
    sort: Sequence[str]
    filters: Mapping[str, JSONSchema]
    through: Mapping[str, str]
    documents: Sequence[str]
    deleted: Sequence[str]
    create: JSONSchema
    update: JSONSchema
    conflicts: Sequence[str]
    groups: Mapping[str, JSONSchema]
    measures: Mapping[str, JSONSchema]
    children: Mapping[str, Children]
    links: Mapping[str, str]
    max_limit: int


@dataclass(frozen=True, slots=True)
class Application:
    """Resources of an application, with the schemas that their types refer to.

    Args:
        resources: The resources, by their names.
        schemas: The schemas that others refer to, by their names.
        codes: The statuses that each code of a problem may have.
    """

    resources: Mapping[str, Described]
    schemas: Mapping[str, JSONSchema]
    codes: Mapping[str, Sequence[int]]


def describe_application(app: FastAPI) -> Application:
    """Describe the resources of an application.

    Raises:
        ConfigurationError: It has none.
    """
    service = find_service(app)
    if service is None:
        raise ConfigurationError("The application has no resources: nothing is mounted on it")
    names = _name_resources(service)
    catalogs = {
        table: mounted.variants.widest.catalog
        for mounted in service.mounted
        for table in mounted.variants.widest.catalog.tables.values()
    }
    components = service.components()
    resources = {
        name: _Reader(Subject(catalogs[table], table, components), names).read(service.paths[table])
        for table, name in names.items()
    }
    return Application(resources, _collect(components, resources), _find_codes(service))


def _name_resources(service: Service) -> Mapping[Table, str]:
    """Name each resource by its path, as a unique identifier."""
    names: dict[Table, str] = {}
    for name, place in name_places(service).items():
        chosen = identifier = _NOT_IN_IDENTIFIERS.sub("_", name) or "resource"
        number = 2
        while chosen in names.values():
            chosen, number = f"{identifier}_{number}", number + 1
        names[place.table] = chosen
    return names


def _collect(
    components: Components, resources: Mapping[str, Described]
) -> Mapping[str, JSONSchema]:
    """Collect the schemas that resources refer to, directly or indirectly."""
    used = [
        [r.row, r.create, r.update, r.key, r.filters, r.groups, r.measures]
        + [related.row for related in r.relations.values()]
        + [below.create for below in r.children.values()]
        for r in resources.values()
    ]
    return components.collect(used).get("schemas", {})


def _find_codes(service: Service) -> Mapping[str, Sequence[int]]:
    """Find the statuses of each code; for some, each `mount` may choose one."""
    chosen = {mounted.conflict_status for mounted in service.problems.mounted}
    return {code: sorted({status_of(code, each) for each in chosen}) for code in STATUSES}


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reader of one resource."""

    subject: Subject
    names: Mapping[Table, str]

    def read(self, path: str) -> Described:
        subject, table, resource = self.subject, self.subject.table, self.subject.table.resource
        served = frozenset(self._find_served())
        sums = "aggregate" in served
        return Described(
            name=self.names[table],
            type_name=subject.name,
            path=path,
            operations=served,
            key={field.name: value_schema(field) for field in table.key},
            key_in_bodies=key_schema(subject),
            row=self._read_row(),
            relations=self._read_relations(),
            includes=list(include_paths(subject, subject.catalog.limits.max_path_depth)),
            shown=list(resource.include_by_default) if "read" in served else [],
            parts=part_paths(subject),
            sort=sort_paths(subject),
            filters={**filter_schemas(subject, recalling(subject)), **operator_schemas(subject)},
            through=self._name_targets(
                n for n in table.paths if subject.related(n).table.queryable
            ),
            documents=[
                name
                for name, field in table.queryable.items()
                if is_document(field) and not described_parts(field)
            ],
            deleted=list(table.recalled),
            create=create_schema(subject),
            update=self._read_update(),
            conflicts=self._find_conflicts(),
            groups=group_schemas(subject) if sums else {},
            measures=measure_schemas(subject) if sums else {},
            children=self._read_children(),
            links=self._name_targets(table.below[Access.LINK]),
            max_limit=resource.max_limit,
        )

    def _find_served(self) -> Iterator[str]:
        find = self.subject.table.find_served
        yield from (operation for operation in OPERATIONS if find(operation))
        yield from ("history",) if find(Past.SHOW) else ()
        yield from ("revert",) if find(Past.REVERT) else ()
        yield from ("restore",) if find(Recall.RESTORE) else ()

    def _resolve(self, reference: JSONSchema) -> JSONSchema:
        """Return the schema that a reference leads to."""
        ((kind, name),) = references_in(reference)
        return self.subject.components.collect(reference)[kind][name]

    def _read_row(self) -> JSONSchema:
        read = self.subject.table.schemas.read
        fields = {name: read.model_fields.get(key) for key, name in names_shown(read).items()}
        decimals = {n for n, f in fields.items() if f and bare_class(f.annotation) is Decimal}
        schema = self._resolve(row_schema(self.subject))
        properties = {
            # Generators that read the document misread text of that format.
            name: mark_decimal(given) if name in decimals else given
            for name, given in schema.get("properties", {}).items()
            if name not in self.subject.table.includes
        }
        return {**schema, "properties": properties}

    def _read_update(self) -> JSONSchema:
        """Return the schema of a change.

        Fields that are only echoed are left out, and so is null where it clears nothing.
        """
        schema = self._resolve(patch_schema(self.subject))
        properties = schema.get("properties", {})
        fields = {field.name: field for field in self.subject.table.fields}
        kept = {
            name: _without_null(given) if name in fields and not fields[name].nullable else given
            for name, given in properties.items()
            if not given.get("readOnly")
        }
        return {**schema, "properties": kept}

    def _read_relations(self) -> Mapping[str, Related]:
        table = self.subject.table
        own = table.schemas.related
        describe = self.subject.components.describe
        return {
            name: Related(
                relation.many,
                self.names[self.subject.related(name).table],
                describe(own[name], "serialization") if name in own else None,
            )
            for name, relation in table.includes.items()
        }

    def _read_children(self) -> Mapping[str, Children]:
        table, catalog = self.subject.table, self.subject.catalog
        below: dict[str, set[str]] = {}
        named = {"list": Access.LIST, "create": Access.CREATE, "aggregate": Access.AGGREGATE}
        for operation, access in named.items():
            for name in table.below[access]:
                below.setdefault(name, set()).add(operation)
        return {
            name: Children(
                self.names[catalog.target_of(table.relations[name])],
                operations,
                create_schema(self.subject.related(name), table.relations[name]),
            )
            for name, operations in below.items()
        }

    def _name_targets(self, relations: Iterator[str] | Collection[str]) -> Mapping[str, str]:
        return {name: self.names[self.subject.related(name).table] for name in relations}

    def _find_conflicts(self) -> Sequence[str]:
        table = self.subject.table
        keys = table.upsert_keys if table.upserts else ()
        return [",".join(field.name for field in key) for key in keys]


def _without_null(schema: JSONSchema) -> JSONSchema:
    choices = schema.get("anyOf")
    if choices is None:
        return schema
    left = [choice for choice in choices if choice.get("type") != "null"]
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**rest, **left[0]} if len(left) == 1 else {**rest, "anyOf": left}
