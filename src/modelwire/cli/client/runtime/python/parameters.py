"""Parts of queries and paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeGuard
from urllib.parse import quote

from pydantic_core import to_jsonable_python

from .answers import Row

_WORDS = frozenset({"bulk", "stream", "query", "aggregate", "changes"})

Parameters = dict[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Info:
    """Information of a client on a resource.

    Args:
        path: Its path.
        key: The fields of its key, by their names on the wire.
        attributes: Their names in Python.
        limit: The maximum number of rows of a page.
        has_query: Whether a query may be sent in a body.
        documents: The fields into which any path leads.
        through: The resources that filters may go through, by relation.
    """

    path: str
    key: Sequence[str]
    attributes: Sequence[str]
    limit: int
    has_query: bool
    documents: Sequence[str]
    through: Mapping[str, str]


class Comparison(NamedTuple):
    """Comparison with an operand, or a list of them.

    Args:
        name: Its name on the wire.
        operand: The operand.
        is_inside: Whether it compares a part of a document of unknown type.
    """

    name: str
    operand: object
    is_inside: bool = False


def read_filters(
    resources: Mapping[str, Info],
    info: Info,
    where: Mapping[str, object],
    before: str = "",
) -> Iterator[Comparison]:
    """Read filters by their names on the wire.

    Args:
        resources: The resources of the service.
        info: The resource.
        where: The filters; those through a relation are nested below its name.
        before: The path of relations that leads here.

    Raises:
        ValueError: One has no operand.
    """
    for name, operand in where.items():
        path = before + name
        if not isinstance(operand, Mapping):
            yield _check(Comparison(path, operand))
        elif name in info.documents:
            inner = (Comparison(f"{path}.{part}", value, True) for part, value in operand.items())
            yield from map(_check, inner)
        else:
            yield from read_filters(resources, resources[info.through[name]], operand, f"{path}.")


def _check(comparison: Comparison) -> Comparison:
    name, operand, _ = comparison
    if operand is None:
        raise ValueError(f"{name}: None is no operand; use isnull")
    if _is_list(operand) and not operand:
        raise ValueError(f"{name}: an empty list matches nothing")
    return comparison


def spell(comparison: Comparison) -> str | list[str]:
    """Return the operand of a filter as text; a list becomes a repeated parameter."""
    operand, is_inside = comparison.operand, comparison.is_inside
    if _is_list(operand):
        return [_spell_one(each, is_inside) for each in operand]
    return _spell_one(operand, is_inside)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _spell_one(value: object, is_inside: bool) -> str:
    # In a document of unknown type, text is quoted.
    return _quote(value) if is_inside and isinstance(value, str) else _spell(value)


def _spell(value: object) -> str:
    plain = to_jsonable_python(value)
    return str(plain).lower() if isinstance(plain, bool) else str(plain)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def compare(comparison: Comparison) -> str:
    """Write a comparison as a term of logic, where any text may be quoted."""
    name, operand, _ = comparison
    if _is_list(operand):
        return f"{name}:({','.join(map(_spell_scalar, operand))})"
    return f"{name}:{_spell_scalar(operand)}"


def _spell_scalar(value: object) -> str:
    plain = to_jsonable_python(value)
    return _quote(plain) if isinstance(plain, str) else _spell(plain)


def join_all(terms: Sequence[str]) -> str:
    """Join terms of logic by `and`.

    Raises:
        ValueError: There are none.
    """
    if not terms:
        raise ValueError("or_, not_: an element without a filter")
    return terms[0] if len(terms) == 1 else f"and({','.join(terms)})"


def write_logic(some: Sequence[str], none: Sequence[str]) -> str | None:
    """Write the value of `or`: one of some terms must hold, and none of the others."""
    one, terms = ",".join(some), [f"not({term})" for term in none]
    if not terms:
        return f"({one})" if some else None
    return f"({join_all([f'or({one})', *terms] if some else terms)})"


def put(parameters: Parameters, **given: object) -> None:
    """Add the parameters that are set."""
    parameters.update({n: _spell(value) for n, value in given.items() if value is not None})


def join(parameters: Parameters, **given: Sequence[str] | None) -> None:
    """Add the parameters that are set, whose values are lists of names."""
    parameters.update({n: ",".join(names) for n, names in given.items() if names is not None})


def write_search(parameters: Parameters) -> str:
    """Write the query of a URL."""
    pairs = []
    for name, value in parameters.items():
        values = [value] if isinstance(value, str) else value
        # A single item would be split at its commas; repeated, it is not.
        values = values * 2 if len(values) == 1 and not isinstance(value, str) else values
        pairs += [f"{quote(name, safe='')}={quote(each, safe='')}" for each in values]
    return f"?{'&'.join(pairs)}" if pairs else ""


def key_of(info: Info, target: object) -> Sequence[object]:
    """Return the key of a row, given by the row itself, a value, or a tuple of several."""
    if isinstance(target, Row):
        return [getattr(target, attribute) for attribute in info.attributes]
    return target if isinstance(target, tuple) else (target,)


def write_key(info: Info, target: object) -> str:
    """Write a key as it stands in a path.

    Raises:
        ValueError: No URL can hold it.
    """
    text = ",".join(quote(_spell(value), safe="") for value in key_of(info, target))
    if text in (".", ".."):
        raise ValueError(f"No URL leads to the key {text}")
    return f"%{ord(text[0]):x}{text[1:]}" if text in _WORDS else text
