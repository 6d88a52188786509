"""Explanation of a violated constraint of a link table, by an error that names the relation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Table as SQLTable

from ...catalog.constraints import read_references
from ...catalog.names import to_title, to_words
from ...catalog.relation import Relation
from ...catalog.tables import Catalog
from ...errors import (
    AlreadyExists,
    CheckFailed,
    Constraint,
    ConstraintViolation,
    NotNull,
    OutOfRange,
    ParentNotFound,
    RefusedByTrigger,
    RequestError,
    TooLong,
    Violation,
)
from ...plan.writing.links import LinkSet
from ..finder import Finder

Indexes = Sequence[str | None]
"""JSON Pointers into the body; None for a key in the path."""


async def explain_links(
    violation: ConstraintViolation, links: LinkSet, finder: Finder, catalog: Catalog
) -> RequestError:
    """Explain why rows can't be linked.

    Args:
        violation: The driver's error.
        links: The links that were to be made.
        finder: Looks up rows.
        catalog: The catalog.

    Returns:
        The error to answer with. It names the missing row that a link should lead to, or else the
        relation.
    """
    title = to_title(links.relation.name)
    if violation.kind is Constraint.UNIQUE:
        detail = f"{title} already exist{_say_where(violation, links.relation, catalog)}"
        return _refuse(AlreadyExists, detail, links, _common_places(links))
    if violation.kind is not Constraint.FOREIGN_KEY:
        error, words = _ERRORS[violation.kind]
        return _refuse(error, f"{title} {words}", links, _common_places(links))
    missing = await _find_missing(links, finder)
    if missing:
        return _refuse(ParentNotFound, f"{links.target.title} not found", links, missing)
    parents = _find_parents(violation, links.relation)
    served = catalog.find(parents[0]) if len(parents) == 1 else None
    name = f"A row that {title} refer to was" if served is None else served.title
    return _refuse(ParentNotFound, f"{name} not found", links, _common_places(links))


def _say_where(violation: ConstraintViolation, relation: Relation, catalog: Catalog) -> str:
    """Say which owner the conflicting links belong to, by the columns of the unique constraint."""
    columns = set(violation.columns)
    served = catalog.find(relation.local[0].table)
    owner = "row" if served is None else to_words(served.title)
    if columns.isdisjoint(linked.name for _, linked in relation.link_target):
        return f" for this {owner}, which can have only one" if columns else ""
    if columns.isdisjoint(column.name for column in relation.remote):
        return f" for another {owner}"
    return ""


async def _find_missing(links: LinkSet, finder: Finder) -> Indexes:
    """Return the pointers to the links whose target rows are missing."""
    if links.are_new:
        return ()
    key = links.target.key_columns
    known = {tuple(row) for row in await finder.find(links.target.sql, key, key, links.keys)}
    pairs = zip(links.keys, links.pointers, strict=True)
    return [pointer for sought, pointer in pairs if sought not in known]


def _find_parents(violation: ConstraintViolation, relation: Relation) -> list[SQLTable]:
    """Return the other tables that a link table refers to; that of the constraint, if known."""
    if relation.link is None:
        return []
    ends = set(relation.link_columns)
    beside = [r for r in read_references([relation.link]) if not ends.issuperset(r.columns)]
    named = [reference for reference in beside if reference.name == violation.constraint]
    return [reference.parent for reference in named or beside]


def _common_places(links: LinkSet) -> Indexes:
    """Return the pointer to the only link, or else to all of them."""
    return links.pointers if len(links.pointers) == 1 else [_above(links.pointers[0])]


def _above(pointer: str | None) -> str | None:
    return None if pointer is None else pointer.rpartition("/")[0]


def _refuse(
    error: type[RequestError], detail: str, links: LinkSet, places: Indexes
) -> RequestError:
    """Return the error with an entry for each place; a key in the path is named by its field."""
    key = ",".join(field.name for field in links.target.key)
    return error(
        detail,
        [
            Violation(detail, error.code, place, None if place is not None else key)
            for place in places
            if place != ""
        ],
    )


_ERRORS: Mapping[Constraint, tuple[type[RequestError], str]] = {
    Constraint.EXCLUSION: (AlreadyExists, "conflict with others"),
    Constraint.NOT_NULL: (NotNull, "can't be null"),
    Constraint.CHECK: (CheckFailed, "have values that a check refuses"),
    Constraint.LENGTH: (TooLong, "are too long"),
    Constraint.RANGE: (OutOfRange, "are out of range"),
    Constraint.FORM: (OutOfRange, "are out of range"),
    Constraint.TRIGGER: (RefusedByTrigger, "were refused"),
}
