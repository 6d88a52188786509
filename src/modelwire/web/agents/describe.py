"""Descriptions of resources for a caller: their fields, and the caller's rights."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from sqlmodel.ext.asyncio.session import AsyncSession

from ...access.policy import ACTIONS
from ...access.principal import Principal
from ...catalog.conditions import Condition, Slot
from ...catalog.field import Field
from ...catalog.kinds import Kind
from ...catalog.names import names_in_bodies
from ...catalog.relation import Relation
from ...catalog.tables import Catalog, Table
from ...errors import Constraint
from ...openapi.components import Components
from ...openapi.values import JSONSchema, value_schema
from ...plan.parameters import refuse_parameter
from ...plan.reading.operators import operators_of
from ...plan.reading.query import refuse_parameters
from ...request.query import parse_query
from ...request.request import Request
from ...respond.answer import CONTENT, Answer
from ...suggestions import did_you_mean
from .schemas import flatten, inline
from .served import Named, Served

May = Literal["all", "some", "none"]
"""Extent of a right: all rows, `some` that a policy selects, or none."""

_ORDER: Sequence[May] = ("all", "some", "none")

_OPERATIONS: Mapping[str, Sequence[str]] = {
    "read": ("read", "list"),
    "create": ("create", "bulk_create"),
    "update": ("update", "bulk_update"),
    "delete": ("delete", "bulk_delete"),
}


class Descriptions:
    """Endpoint of `GET /mcp/resources`, and with `?name=…` of one resource.

    Args:
        served: The resources.
    """

    def __init__(self, served: Served) -> None:
        self._served = served
        self._components: dict[Catalog, Components] = {}

    async def answer(self, request: Request, _session: AsyncSession | None = None) -> Answer:
        """Describe all resources, or one."""
        parameters = parse_query(request.query_string)
        wanted = next((p for p in parameters if p.name == "name"), None)
        refuse_parameters([p for p in parameters if p is not wanted])
        resources, who = self._served.resources, request.caller.who
        if wanted is None:
            value: JSONSchema = {"resources": [_summarise(n, who) for n in resources.values()]}
        elif wanted.value in resources:
            value = self.describe(resources[wanted.value], who)
        else:
            hint = did_you_mean(wanted.value, resources)
            raise refuse_parameter("name", f"is no resource{hint}")
        return Answer(200, json.dumps(value, ensure_ascii=False).encode(), (CONTENT,))

    def describe(self, named: Named, who: object) -> JSONSchema:
        """Describe one resource, with the fields that a caller may see and set.

        Args:
            named: The resource.
            who: The result of the caller's dependency.
        """
        catalog = named.mounted.catalog_of(named.mounted.read_caller(who))
        table = catalog.tables[named.table.name]
        if catalog not in self._components:
            models = {table: table.model.__name__ for table in catalog.tables.values()}
            self._components[catalog] = Components(models)
        names = {n.table.name: n.name for n in self._served.resources.values()}
        return {
            **_summarise(named, who),
            "key": [field.name for field in table.key],
            "fields": _describe_fields(table, self._components[catalog], names),
            "operators": _list_operators(table),
            **_describe_relations(catalog, table, names),
            "rows_at_most": {
                "page": table.resource.max_limit,
                "bulk": table.resource.max_bulk_rows,
            },
        }


def _summarise(named: Named, who: object) -> JSONSchema:
    """Return the summary of a resource: its name, its description, and the caller's rights."""
    caller = named.mounted.read_caller(who)
    text = inspect.cleandoc(named.table.model.__doc__ or "").partition("\n")[0]
    about = {"about": text} if text else {}
    history = {"history": True} if named.keeps_history else {}
    return {"name": named.name, **about, "may": _find_rights(named.table, caller), **history}


def _find_rights(table: Table, caller: Principal) -> Mapping[str, May]:
    """Return the extent of each right of a caller."""
    operations, policy = table.resource.operations, table.policy
    seen = _evaluate(policy.read, caller)
    rights: dict[str, May] = {}
    for action in ACTIONS:
        is_served = any(name in operations for name in _OPERATIONS[action])
        allowed = _evaluate(policy.condition(action), caller) if is_served else "none"
        rights[action] = allowed if action == "create" else max(seen, allowed, key=_ORDER.index)
    return rights


def _evaluate(condition: Condition, caller: Principal) -> May:
    """Return the extent of a condition, as far as it is known without rows."""
    if condition.constant is not None:
        return "all" if condition.constant else "none"
    if isinstance(condition.written, Slot):
        return "all" if caller.allows(condition.written.parameter.name) else "none"
    return "some"


def _describe_fields(
    table: Table, components: Components, names: Mapping[str, str]
) -> Mapping[str, JSONSchema]:
    created, changed = names_in_bodies(table.schemas.create), table.settable
    read = components.properties_of(table.schemas.read, "serialization")
    create = components.properties_of(table.schemas.create, "validation")
    refers = dict(_find_references(table, names))
    described = {}
    for field in table.fields:
        name = field.name
        if not (name in table.readable or name in created or name in changed):
            continue
        schema = inline({**read.get(name, {}), **create.get(name, {})}, components)
        described[name] = {
            **(_describe_enum(field) if field.kind is Kind.ENUM else flatten(schema)),
            **({"nullable": True} if field.nullable else {}),
            **_tell_use(table, field, created, changed),
            **({"refers_to": refers[name]} if name in refers else {}),
        }
    return described


def _describe_enum(field: Field) -> JSONSchema:
    return {"enum": value_schema(field)["enum"]}


def _tell_use(
    table: Table, field: Field, created: Mapping[str, str], changed: Mapping[str, str]
) -> JSONSchema:
    """Return how a field may be used, where that differs from most fields."""
    name, use = field.name, JSONSchema()
    if name not in table.readable:
        use["write_only"] = True
    elif name not in created and name not in changed:
        use["read_only"] = True
    elif name not in changed:
        use["set_once"] = True
    key = created.get(name)
    if key is not None and table.schemas.create.model_fields[key].is_required():
        use["required"] = True
    if _is_unique(table, field):
        use["unique"] = True
    if name in table.readable and name not in table.queryable:
        use["no_filters"] = True
    default = table.resource.filters.get(name)
    return use if default is None else {**use, "filters_by": default}


def _is_unique(table: Table, field: Field) -> bool:
    alone = (field.column.name,)
    return any(c.kind is Constraint.UNIQUE and c.columns == alone for c in table.constraints)


def _find_references(table: Table, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the fields that hold the key of another resource's row, with its name."""
    for reference in table.references:
        if len(reference.columns) == 1:
            field = table.by_column.get(reference.columns[0].name)
            if field is not None and reference.parent.fullname in names:
                yield field.name, names[reference.parent.fullname]


def _list_operators(table: Table) -> Mapping[str, str]:
    """Return the operators of filters, by the fields that share them."""
    found: dict[tuple[str, ...], list[str]] = {}
    for field in table.queryable.values():
        found.setdefault(operators_of(field), []).append(field.name)
    return {",".join(names): " ".join(operators) for operators, names in found.items()}


def _describe_relations(catalog: Catalog, table: Table, names: Mapping[str, str]) -> JSONSchema:
    """Return the relations to other resources, by use: includes, filters, and nested writes."""

    def tell(relations: Mapping[str, Relation]) -> Mapping[str, str]:
        targets = {name: catalog.target_of(r).name for name, r in relations.items()}
        return {
            name: names.get(target, target) + ("[]" if relations[name].many else "")
            for name, target in targets.items()
        }

    told = {
        "include": tell(table.includes),
        "filters_through": tell(table.paths),
        "values_with": tell({**table.nested, **table.linked}),
    }
    keys = [",".join(f.name for f in key) for key in table.upsert_keys] if table.upserts else []
    return {n: t for n, t in {**told, "on_conflict": keys}.items() if t}
