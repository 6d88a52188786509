"""Descriptions of resources for the page: those for agents, and what its forms need."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b

from sqlmodel.ext.asyncio.session import AsyncSession

from ...catalog.access import Access, Recall
from ...catalog.kinds import SORTABLE, Kind, storage_type
from ...catalog.tables import Table
from ...openapi.values import JSONSchema
from ...plan.reading.query import refuse_parameters
from ...request.query import parse_query
from ...request.request import Request
from ...resource import OPERATIONS
from ...respond.answer import CONTENT, Answer
from ..agents.describe import Descriptions
from ..agents.served import Named, Served
from .page import NO_STORE

_NAME_BYTES = 16


class Resources:
    """Endpoints of `GET /admin/resources` and `GET /admin/caller`.

    Args:
        served: The resources.
    """

    def __init__(self, served: Served) -> None:
        self._served = served
        self._descriptions = Descriptions(served)

    async def answer(self, request: Request, _session: AsyncSession | None = None) -> Answer:
        """Describe all resources that the caller may list."""
        refuse_parameters(parse_query(request.query_string))
        who = request.caller.who
        resources = self._served.resources.values()
        names = {named.table.name: named.name for named in resources}
        described = [self._describe(named, who, names) for named in resources]
        value = {"resources": _leave_out_unseen(described), "caller": self._name_caller(who)}
        return _answer_json(value)

    async def answer_caller(self, request: Request, _session: AsyncSession | None = None) -> Answer:
        """Tell the caller from others, as `GET /admin/caller` does."""
        refuse_parameters(parse_query(request.query_string))
        return _answer_json({"caller": self._name_caller(request.caller.who)})

    def _name_caller(self, who: object) -> str | None:
        """Return a text that differs from that of other callers; None if they are not known."""
        mounts = [each for each in self._served.mounted if each.callers is not None]
        if not mounts:
            return None
        keys = [repr(each.read_caller(who).key) for each in mounts]
        return blake2b("\n".join(keys).encode(), digest_size=_NAME_BYTES).hexdigest()

    def _describe(self, named: Named, who: object, names: Mapping[str, str]) -> JSONSchema:
        catalog = named.mounted.catalog_of(named.mounted.read_caller(who))
        table = catalog.tables[named.table.name]
        described = self._descriptions.describe(named, who)
        return {
            **described,
            "title": table.title,
            "path": named.path,
            "operations": [name for name in OPERATIONS if table.guarded.serves(name)],
            "kinds": _list_kinds(table, described["fields"]),
            "picks": dict(_find_picks(table, described["fields"], names)),
            "ways": dict(_find_ways(table)),
            "links": _list_links(table, names),
            "sorts": [n for n, f in table.queryable.items() if f.kind in SORTABLE],
            "search": bool(table.searched),
            "deleted": list(table.recalled),
            "requires_if_match": table.resource.require_if_match,
            "restores": bool(table.find_served(Recall.RESTORE)),
        }


def _answer_json(value: JSONSchema) -> Answer:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Answer(200, body, (CONTENT, NO_STORE))


def _leave_out_unseen(described: Sequence[JSONSchema]) -> Sequence[JSONSchema]:
    """Leave out the resources that the caller may not list, and references to them."""
    seen = [d for d in described if d["may"]["read"] != "none" and "list" in d["operations"]]
    names = {d["name"] for d in seen}

    def keep(targets: Mapping[str, str]) -> Mapping[str, str]:
        return {name: target for name, target in targets.items() if target in names}

    return [{**d, "picks": keep(d["picks"]), "links": keep(d["links"])} for d in seen]


def _list_kinds(table: Table, described: Mapping[str, JSONSchema]) -> Mapping[str, str]:
    """Return the kinds of the described fields; `local` is a datetime without a time zone."""
    fields = {field.name: field for field in table.fields if field.name in described}
    return {
        name: "local"
        if field.kind is Kind.DATETIME and not getattr(storage_type(field.sql_type), "timezone", 0)
        else field.kind.value
        for name, field in fields.items()
    }


def _find_picks(
    table: Table, described: Mapping[str, JSONSchema], names: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield the fields whose values can be picked from a list of another resource's rows."""
    for reference in table.references:
        keys = tuple(reference.parent.primary_key.columns)
        if len(reference.columns) == 1 and reference.parent_columns == keys:
            field = table.by_column.get(reference.columns[0].name)
            target = names.get(reference.parent.fullname)
            if field is not None and field.name in described and target is not None:
                yield field.name, target


def _find_ways(table: Table) -> Iterator[tuple[str, str]]:
    """Yield the fields that refer to a row, each with the relation that leads to it."""
    for name, relation in table.paths.items():
        if relation.holds and not relation.many and len(relation.local) == 1:
            field = table.by_column.get(relation.local[0].name)
            if field is not None and field.name in table.readable:
                yield field.name, name


def _list_links(table: Table, names: Mapping[str, str]) -> Mapping[str, str]:
    """Return the relations whose links a form can both read and set."""
    linked = {n: r for n, r in table.linked.items() if n in table.includes}
    linked = {n: r for n, r in linked.items() if n in table.below[Access.LIST]}
    return {n: names[r.target] for n, r in linked.items() if r.target in names}
