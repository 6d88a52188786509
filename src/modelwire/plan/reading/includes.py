"""The parameters `include` and `fields`, which select what is shown of a row."""

from __future__ import annotations

from collections.abc import Sequence

from ...catalog.documents import Part
from ...catalog.field import Field
from ...catalog.kinds import Kind
from ...catalog.relation import Relation
from ...catalog.relations import leads_back
from ...catalog.tables import Catalog, Table
from ...dialect import Dialect
from ...memory import kept, kept_if_short
from ...shape.parts import Include, Order, Projection
from ...suggestions import did_you_mean
from ..parameters import refuse_parameter
from .paths import NearPart, TooDeep, find_part, near_part, split_names


@kept_if_short
def find_includes(catalog: Catalog, table: Table, text: str) -> tuple[Include, ...]:
    """Find the includes that the value of `include` names, by `build_includes`."""
    return build_includes(catalog, table, tuple(dict.fromkeys(filter(None, text.split(",")))))


def build_includes(catalog: Catalog, table: Table, paths: Sequence[str]) -> tuple[Include, ...]:
    """Build the includes for some paths.

    Args:
        catalog: The catalog.
        table: The resource.
        paths: Paths of relations, joined by dots.

    Returns:
        The includes, nested as a tree.

    Raises:
        InvalidRequest: A path does not lead to an include, or there are too many.
    """
    return _build_includes(catalog, table, [path.split(".") for path in paths])


def _build_includes(
    catalog: Catalog,
    table: Table,
    paths: Sequence[Sequence[str]],
    before: Relation | None = None,
) -> tuple[Include, ...]:
    limit = catalog.limits.max_path_depth
    nested: dict[str, list[Sequence[str]]] = {}
    for path in paths:
        if len(path) > limit:
            message = f"should name at most {limit} relations in a path"
            raise refuse_parameter("include", message, "too_deep")
        nested.setdefault(path[0], []).extend([path[1:]] if path[1:] else [])
    includes = []
    for name, rest in nested.items():
        relation = _find_include(table, name, before)
        target = catalog.target_of(relation)
        below = _build_includes(catalog, target, rest, relation)
        includes.append(Include(relation, target, below))
    return tuple(includes)


def _find_include(table: Table, name: str, before: Relation | None) -> Relation:
    relation = table.includes.get(name)
    if relation is None:
        open_here = [
            known
            for known, other in table.includes.items()
            if before is None or may_follow(table, other, before)
        ]
        listed = ", ".join(open_here) or "nothing here"
        message = f"can't name `{name}`{did_you_mean(name, open_here)}; it can name {listed}"
        raise refuse_parameter("include", message, "unknown_include")
    if before is not None and not may_follow(table, relation, before):
        message = f"can't name `{before.name}.{name}`, which leads straight back to where it starts"
        raise refuse_parameter("include", message, "leads_back")
    return relation


def may_follow(table: Table, relation: Relation, before: Relation) -> bool:
    """Whether the path of an include may continue by a relation.

    Args:
        table: The resource that has the relation.
        relation: The relation.
        before: The relation that the path has come by.
    """
    return relation.name in table.resource.includes_back or not leads_back(relation, before)


def can_join(include: Include, dialect: Dialect) -> bool:
    """Whether the rows of an include can be read by the same statement as their parent.

    PostgreSQL returns them as arrays, one for each column, if the driver can decode arrays of
    their types.
    """
    if not dialect.joins_includes or include.relation.link is not None:
        return False
    return _IN_ARRAYS.issuperset(field.kind for field in include.target.selected)


_IN_ARRAYS = frozenset(
    {Kind.INTEGER, Kind.BOOLEAN, Kind.TEXT, Kind.UUID, Kind.DATETIME, Kind.DATE, Kind.TIME}
)


@kept_if_short
def find_shown(catalog: Catalog, table: Table, text: str) -> tuple[Field, ...]:
    """Find the fields that `fields` names.

    Args:
        catalog: The catalog.
        table: The resource.
        text: The value of the parameter.

    Returns:
        The fields, or parts of their documents, in the order in which they are named.

    Raises:
        InvalidRequest: It is empty, names a field twice, or names something that is not a field
            that clients may see.
    """
    names = split_names(text) if text else []
    found = [_find_shown(catalog, table, name, names) for name in names]
    if not found:
        raise refuse_parameter("fields", f"should name some of {', '.join(table.readable)}")
    if len(set(found)) < len(found):
        raise refuse_parameter("fields", "names a field twice")
    return tuple(found)


def _find_shown(catalog: Catalog, table: Table, name: str, names: Sequence[str]) -> Field:
    field = table.readable.get(name)
    if field is not None:
        return field
    start, dot, below = name.partition(".")
    whole = table.readable.get(start) if dot else None
    part = None if whole is None else find_part(catalog, whole, below)
    if isinstance(part, Part):
        return part
    if isinstance(part, TooDeep):
        raise refuse_parameter("fields", str(part), "too_deep")
    near = None if whole is None else near_part(whole, below)
    start, rest, known = near or NearPart("", name, table.readable)
    free = [other for other in known if start + other not in names]
    suggestion = did_you_mean(rest, free, start=start)
    message = f"can't name `{name}`{suggestion}; it can name {', '.join(table.readable)}"
    raise refuse_parameter("fields", message, "unknown_field")


@kept
def project_row(table: Table, shown: tuple[Field, ...]) -> Projection:
    """Return the projection that reads the whole row, and shows some of its fields."""
    return _project(shown, table.selected)


@kept
def project_list(
    table: Table, shown: tuple[Field, ...], includes: tuple[Include, ...], order: tuple[Order, ...]
) -> Projection:
    """Return the projection of the shown fields, and of those that includes and the order need."""
    if table.computes or table.resource.read_schema is not None:
        return project_row(table, shown)
    joined = [table.by_column[c.name] for include in includes for c in include.relation.local]
    ordered = [term.field for term in order if not term.traced]
    return _project(shown, (*joined, *ordered))


def _project(shown: tuple[Field, ...], needed: tuple[Field, ...]) -> Projection:
    parts = [f for f in shown if isinstance(f, Part) and f.whole not in shown]
    columns = dict.fromkeys(f.whole if isinstance(f, Part) else f for f in shown)
    return Projection(tuple(dict.fromkeys((*columns, *needed))), len(columns), tuple(parts))
