"""Writes, and what is planned for them: `writes.txt` has the cases."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pytest

from modelwire.access.policy import Action
from modelwire.catalog.field import Field
from modelwire.catalog.tables import Catalog, Table
from modelwire.dialect import Dialect
from modelwire.errors import RequestError
from modelwire.plan.parent import plan_parent
from modelwire.plan.writing.assigned import assign, assign_merged
from modelwire.plan.writing.batches import Batch, read_batch
from modelwire.plan.writing.bodies import OWN_ERRORS
from modelwire.plan.writing.create import plan_bulk_create, plan_child, plan_create
from modelwire.plan.writing.create_plan import (
    ChildPlan,
    CreatePlan,
    group_rows,
    join_plans,
    refuse_unnamed_parent,
)
from modelwire.plan.writing.delete import DeletePlan, plan_bulk_delete, plan_delete
from modelwire.plan.writing.each import RowPlan, join_planned, plan_each
from modelwire.plan.writing.echoes import includes_of
from modelwire.plan.writing.keyed import KeyedRows
from modelwire.plan.writing.links import LinkPlan, LinkSet, plan_link
from modelwire.plan.writing.mark import MarkPlan, plan_restore
from modelwire.plan.writing.mass import MassPlan, plan_mass
from modelwire.plan.writing.new_rows import NewRow
from modelwire.plan.writing.options import choose_resolution, plan_options
from modelwire.plan.writing.plans import (
    EachPlan,
    MassDelete,
    MassUpdate,
    WritePlan,
    rows_of,
    runs_hooks,
    tables_answered,
)
from modelwire.plan.writing.update import (
    UpdatePlan,
    plan_bulk_update,
    plan_change,
    plan_update,
    repeat_change,
)
from modelwire.plan.writing.upsert import UpsertPlan, plan_upsert
from modelwire.shape.parts import Lock
from modelwire.shape.reads import ExistingShape
from modelwire.shape.writes import InsertShape
from modelwire.statement.dialects.known import DIALECTS

from .cases import cases
from .depot import ANN
from .described import bound, catalog_of, included, ordered, query, refused, shown, told


@pytest.mark.parametrize(("request_", "expected"), cases(__name__))
def test_writes(request_: str, expected: Sequence[str]) -> None:
    """A write is planned as its body reads, or refused with the place and the facts."""
    assert list(plan(request_)) == expected


def plan(request_: str) -> Iterator[str]:
    """Tell the plan of a request, such as `create depots {"name": "a"}`, a line for each part.

    Each database has lines of its own where they differ.
    """
    texts = {name: list(_plan(request_, dialect)) for name, dialect in DIALECTS.items()}
    first, *others = texts.values()
    if all(other == first for other in others):
        yield from first
    else:
        yield from (f"{name}: {line}" for name, lines in texts.items() for line in lines)


def _plan(request_: str, dialect: Dialect) -> Iterator[str]:
    kind, _, rest = request_.partition(" ")
    path, _, text = rest.partition(" ")
    resource, _, parameters = path.partition("?")
    name, _, relation = resource.partition(":")
    catalog, name = catalog_of(name)
    request = Request(catalog, catalog.tables[name], dialect, relation, parameters, text)
    try:
        found = KINDS[kind](request)
    except RequestError as exc:
        yield from _refusal(exc)
        return
    yield from _told(found)
    yield _facts(catalog, found)
    assigned = assign(found, ANN)
    if assigned != found:
        yield "assigned"
        yield from (f"  {line}" for line in _told(assigned))
        yield f"  {_facts(catalog, assigned)}"


class Request:
    """A request of a case, taken apart."""

    def __init__(
        self,
        catalog: Catalog,
        table: Table,
        dialect: Dialect,
        relation: str,
        parameters: str,
        text: str,
    ) -> None:
        self.catalog, self.table, self.dialect = catalog, table, dialect
        self.relation, self.parameters, self.text = relation, parameters, text

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def keyed(self) -> tuple[str, Any]:
        key, _, text = self.text.partition(" ")
        return key, json.loads(text)

    @property
    def batch(self) -> Batch:
        return read_batch(self.table, self.body)

    def options(self, *known: str) -> Any:
        return plan_options(self.catalog, self.table, query(self.parameters), *known)


def _bulk(request: Request, plan_rows: Callable[[Batch], RowPlan]) -> WritePlan:
    """Plan the rows of a bulk request, atomically or each by itself."""
    batch = request.batch
    if "atomic=false" in request.parameters:
        return EachPlan(request.table, plan_each(batch, plan_rows), batch.pointers)
    return plan_rows(batch)


def _create(r: Request) -> WritePlan:
    return plan_create(r.catalog, r.table, r.body, r.dialect)


def _bulk_create(r: Request) -> WritePlan:
    return _bulk(r, partial(plan_bulk_create, r.catalog, r.table, dialect=r.dialect))


def _child(r: Request) -> WritePlan:
    relation, _, key = r.relation.partition("=")
    parent = plan_parent(r.table, r.table.relations[relation], key)
    return plan_child(r.catalog, parent, r.body, r.dialect)


def _update(r: Request, *, ignore_null: bool) -> WritePlan:
    return plan_update(r.catalog, r.table, *r.keyed, r.dialect, ignore_null=ignore_null)


def _settle(r: Request) -> WritePlan:
    """Plan an update, and settle it with the stored row, which is given before the body."""
    stored, end = json.JSONDecoder().raw_decode(r.text)
    body = json.loads(r.text[end:])
    found = plan_update(r.catalog, r.table, "7", body, r.dialect, ignore_null=False)
    row = [stored.get(field.name) for field in found.locking_shape.read.fields]
    return found.settle([row], r.dialect)


def _bulk_update(r: Request) -> WritePlan:
    return _bulk(r, partial(plan_bulk_update, r.catalog, r.table, dialect=r.dialect))


def _mass(r: Request, lock: Lock) -> MassPlan:
    action: Action = "update" if lock is Lock.CHANGE else "delete"
    return plan_mass(r.catalog, r.table, query(r.parameters), lock, action)


def _mass_update(r: Request) -> WritePlan:
    found, change = _mass(r, Lock.CHANGE), plan_change(r.catalog, r.table, r.body, r.dialect)
    return MassUpdate(found, change, 5)


def _delete(r: Request) -> WritePlan:
    return plan_delete(r.catalog, r.table, r.text, r.dialect)


def _bulk_delete(r: Request) -> WritePlan:
    return _bulk(r, partial(plan_bulk_delete, r.table))


def _link(r: Request, *, removes: bool) -> WritePlan:
    relation = r.table.relations[r.relation]
    return plan_link(r.catalog, r.table, relation, r.text.split(" "), removes=removes)


def _upsert(r: Request, preference: str | None) -> WritePlan:
    key = r.options("include", "atomic", "on_conflict").key
    resolution = choose_resolution(preference)
    plan_rows = partial(plan_upsert, r.table, r.dialect, key, resolution, ANN)
    return _bulk(r, plan_rows)


KINDS: Mapping[str, Callable[[Request], WritePlan]] = {
    "create": _create,
    "create-many": _bulk_create,
    "create-below": _child,
    "patch": partial(_update, ignore_null=False),
    "put": partial(_update, ignore_null=True),
    "settle": _settle,
    "patch-many": _bulk_update,
    "patch-all": _mass_update,
    "delete": _delete,
    "delete-many": _bulk_delete,
    "delete-all": lambda r: MassDelete(_mass(r, Lock.REMOVE), 5),
    "link": partial(_link, removes=False),
    "unlink": partial(_link, removes=True),
    "merge": partial(_upsert, preference=None),
    "keep": partial(_upsert, preference="ignore-duplicates"),
    "overwrite": partial(_upsert, preference="overwrite"),
    "restore": lambda r: plan_restore(r.table, r.text),
}


def _refusal(error: RequestError) -> Iterator[str]:
    kind = "" if error.code == "invalid" else f" {error.code}"
    if error.code in OWN_ERRORS and error.code != "not_null":
        assert error.detail == error.violations[0].message
    faults = refused(error) or [error.detail or ""]
    yield from (f"refused{kind} {fault.strip()}" for fault in faults)
    if error.more:
        yield f"and {error.more} more"


def _told(found: WritePlan | RequestError) -> Iterator[str]:
    """Tell the rows of a plan."""
    match found:
        case RequestError():
            yield from _refusal(found)
        case ChildPlan():
            key = ", ".join(map(shown, found.parent.key))
            yield f"below {found.parent.table.name} {key} by {found.parent.relation.name}"
            yield from _told(found.plan)
        case CreatePlan():
            yield from _created(found)
        case LinkPlan():
            yield from _linked(found)
        case MassUpdate():
            yield from _changed_together(found)
        case MassDelete():
            yield from _found(found.found)
        case EachPlan():
            yield from _alone(found)
        case _:
            yield from _changed(found)


def _linked(found: LinkPlan) -> Iterator[str]:
    word = "unlink" if found.removes else "link"
    yield f"{word} {shown([*found.owner.keys])} {_links(found.links)}"
    yield from _locked(found.owner.locking_shape)


def _changed_together(found: MassUpdate) -> Iterator[str]:
    yield from _found(found.found)
    yield from _told(found.change)
    if found.change.sets_fields:
        each = repeat_change(found.change, [(8,), (9,)])
        yield from _told(each)
        assert each.many


def _alone(found: EachPlan) -> Iterator[str]:
    for planned, pointer in zip(found.planned, found.pointers, strict=True):
        yield f"alone {pointer}"
        yield from (f"  {line}" for line in _told(planned))
    joined = join_planned(found.table, found.planned)
    yield "together"
    if isinstance(joined, UpsertPlan):
        assert len(joined.merged) == len(joined.rows)
    yield from (f"  {line}" for line in _told(joined))


def _created(found: CreatePlan) -> Iterator[str]:
    for index, row in enumerate(found.rows):
        merged = found.merged[index] if isinstance(found, UpsertPlan) else None
        yield _row(row) + ("" if merged is None else f"; merges {_names(merged)}")
        if found.kin:
            for word, along in (
                ("before", found.kin[index].parents),
                (
                    "after",
                    found.kin[index].children,
                ),
            ):
                for relation, plans in along.items():
                    yield f"  {word} {relation.name}"
                    yield from (f"    {line}" for line in _created(plans))
            yield from (f"  {_links(links)}" for links in found.kin[index].links)
    if isinstance(found, UpsertPlan):
        for shape, group in found.group(range(len(found.rows))).items():
            yield f"{_inserted(shape)} {group}"
        yield f"by {_names(found.unique)} {found.unique_values}"
        yield from (f"merged {_row(assign_merged(found, row, ANN))}" for row in found.rows[:1])
    else:
        for shape, rows in group_rows(found.table, found.rows):
            yield f"{_inserted(shape)}, {len(rows)} rows"


def _inserted(shape: InsertShape) -> str:
    words = [f"insert {shape.table.name} {_names(shape.fields)}"]
    words += ["together"] * shape.many + ["checked"] * shape.checks
    if shape.conflict is not None:
        merged = shape.conflict.merged
        result = "ignored" if merged is None else f"merged in {_names(merged)}"
        words.append(f"on {_names(shape.conflict.key)} {result}")
        assert shape.ignores is (merged is None)
    return ", ".join(words)


def _changed(found: KeyedRows) -> Iterator[str]:
    for index, (key, row) in enumerate(zip(found.keys, found.rows, strict=True)):
        yield f"{shown([*key])} {_row(row)}"
        if not isinstance(found, UpdatePlan):
            continue
        one = found.nth(index)
        assert (one.keys, one.rows) == ((key,), (row,))
        assert max(map(len, (one.drafts, one.links, one.echoes))) <= 1
        if one.drafts and one.drafts[0] is not None:
            draft = one.drafts[0]
            yield f"  draft {json.dumps(draft.body)} patches {_names(draft.patches.values())}"
        yield from (f"  {_links(links)}" for links in (one.links[0] if one.links else ()))
        if one.echoes:
            yield f"  echo {json.dumps(one.echoes[0])}"
    yield from _locked(found.locking_shape)


def _locked(shape: ExistingShape) -> Iterator[str]:
    read = "" if shape.projection is None else _names(shape.projection.fields)
    allowed = f" if it may {','.join(shape.allows)}" if shape.allows else ""
    yield f"lock {shape.lock.name if shape.lock else None} {read}{allowed}"


def _found(found: MassPlan) -> Iterator[str]:
    shape = found.shape
    yield f"where {'; '.join(map(told, shape.conditions))}"
    yield f"sort {ordered(shape.order)} lock {shape.lock} for {shape.allows}"
    yield f"with {bound(found.values)}"
    assert (shape.limited, found.count.conditions) == (True, shape.conditions)


def _row(row: NewRow) -> str:
    values = ", ".join(f"{f.name}={shown(v)}" for f, v in row.items())
    text = f"{row.pointer or 'row'}: {values or 'nothing'}"
    if row.ties:
        text += f"; tied {' and '.join(_names(sorted(t, key=_name)) for t in row.ties)}"
    if row.claims:
        claims = ", ".join(f"{f.name}={shown(v)}" for f, v in row.claims.items())
        text += f"; claims {claims}"
    return text


def _links(links: LinkSet) -> str:
    pairs = ", ".join(
        f"{shown([*key])} at {place}" for key, place in zip(links.keys, links.pointers, strict=True)
    )
    new = " new" * links.are_new
    return f"{links.relation.name} of {links.target.name}{new}: {pairs or 'none'}"


def _name(field: Field) -> str:
    return field.name


def _names(fields: Iterable[Field]) -> str:
    return ",".join(map(_name, fields)) or "nothing"


def _facts(catalog: Catalog, found: WritePlan) -> str:
    """Tell how a plan is carried out."""
    words = ["one statement"] * found.is_one_statement + ["in parts"] * found.is_splittable
    words += ["with hooks"] * runs_hooks(catalog, found)
    if isinstance(found, UpdatePlan):
        words += ["may leave"] * found.may_leave_policy + ["many"] * found.many
        words += ["sets nothing"] * (not found.sets_fields)
        if found.echoes:
            words.append(f"reads {included(includes_of(catalog, found.table, found.echoes))}")
    if isinstance(found, UpsertPlan):
        words += ["restricted"] * found.is_restricted
        words += ["completes references"] * found.completes_references
    if isinstance(found, MarkPlan):
        assert found.changed_table is found.after
    if isinstance(found, CreatePlan):
        words.append(f"{len([*found.levels()])} levels")
        if not isinstance(found, UpsertPlan):
            parts = [*found.split()]
            assert [part.rows for part in parts] == [(row,) for row in found.rows]
            assert [kin for part in parts for kin in part.kin] == [*found.kin]
    if isinstance(found, DeletePlan):
        words += [found.action, *["many"] * found.many]
    named = rows_of(found)
    words.append(f"explains {type(named).__name__} of {len(named.rows)}")
    answered = sorted(table.name for table in tables_answered(found))
    return f"{', '.join(words)}, answers {','.join(answered) or 'nothing'}"


@pytest.mark.parametrize(
    ("parameters", "includes", "atomic", "key"),
    [
        ("", "", True, None),
        ("atomic=true&include=labels,depot", "labels,depot", True, None),
        ("atomic=false&on_conflict=code", "", False, ["code"]),
        ("on_conflict=depot_id,place", "", True, ["place", "depot_id"]),
    ],
)
def test_options(parameters: str, includes: str, atomic: bool, key: list[str] | None) -> None:
    """Rows are written all or none, and new ones only, unless the query says otherwise."""
    catalog, table = catalog_of("depot/crates")
    known = ("include", "atomic", "on_conflict")
    found = plan_options(catalog, catalog.tables[table], query(parameters), *known)
    names = None if found.key is None else [field.name for field in found.key]
    assert (included(found.includes), found.atomic, names) == (includes, atomic, key)


def test_options_of_other_requests() -> None:
    """A parameter that a request does not have is unknown there."""
    catalog, table = catalog_of("depot/crates")
    for parameter in ("include=labels", "on_conflict=code"):
        with pytest.raises(RequestError) as caught:
            plan_options(catalog, catalog.tables[table], query(parameter), "atomic")
        assert refused(caught.value) == [f"{parameter.partition('=')[0]} unknown_parameter"]


def test_plans_are_joined() -> None:
    """Rows that are stored together keep their own related rows."""
    catalog, name = catalog_of("depot/depots")
    dialect, table = DIALECTS["sqlite"], catalog.tables[name]
    bodies = ({"name": "a"}, {"name": "b", "shelves": [{"row": "r"}]})
    alone, deep = (plan_create(catalog, table, body, dialect) for body in bodies)
    assert (join_plans([alone]), join_plans([deep])) == (alone, deep)
    both = join_plans([alone, deep])
    assert both.rows == (*alone.rows, *deep.rows)
    assert [len(kin.children) for kin in both.kin] == [0, 1]
    assert [*deep.split()] == [deep]


def test_rows_are_stored_one_by_one() -> None:
    """Rows of one statement each, so that a refused one is found."""
    catalog, name = catalog_of("depot/depots")
    table = catalog.tables[name]
    batch = Batch([{"name": "a"}, {"name": "b"}], ["/0", "/1"])
    rows = plan_bulk_create(catalog, table, batch, DIALECTS["sqlite"]).rows
    for together in (True, False):
        ((shape, group),) = group_rows(table, rows, together=together)
        assert (shape.many, group) == (together, [*rows])


def test_rows_with_other_values() -> None:
    """A value of the server, or of a related row, takes the place of another one."""
    table = catalog_of("depot/depots")[0].tables["depots"]
    name, town = table.by_key["name"], table.by_key["town"]
    row = NewRow((name, town), ("a", "b"), "/0", (frozenset([name]), frozenset([town])))
    assert row.tied == {name, town}
    assert row.leave_out([name]) == NewRow((town,), ("b",), "/0", (frozenset(), frozenset([town])))
    assert row.keep([name]) == NewRow((name,), ("a",), "/0", (frozenset([name]), frozenset()))
    assert row.leave_out([table.by_key["id"]]) is row
    tied = row.leave_out([town]).tie([town], ["c"])
    assert (tied.values, tied.pointer, tied.ties[-1]) == (("a", "c"), "/0", frozenset([town]))


def test_some_of_many_links() -> None:
    catalog, name = catalog_of("depot/crates")
    body = {"code": "x", "labels": ["a", "b", "c"]}
    found = plan_create(catalog, catalog.tables[name], body, DIALECTS["sqlite"])
    (links,) = found.kin[0].links
    picked = links.pick([2, 0])
    assert (picked.keys, picked.pointers) == ((("c",), ("a",)), ("/labels/2", "/labels/0"))
    assert (picked.relation, picked.are_new) == (links.relation, False)


def test_rows_by_their_keys() -> None:
    """Rows that are named by keys alone are locked before they change."""
    table = catalog_of("depot/depots")[0].tables["depots"]
    rows = NewRow((), (), "/0"), NewRow((), (), "/1")
    found = KeyedRows(table, ((7,), (8,)), rows, many=True)
    assert (found.is_one_statement, found.is_splittable) == (False, True)
    assert found.nth(1) == KeyedRows(table, ((8,),), rows[1:], many=True)
    assert UpdatePlan(table, ((7,),), rows[:1]).changed_table is table


def test_a_parent_that_has_no_value() -> None:
    assert refuse_unnamed_parent("/a").pointer == "/a"
