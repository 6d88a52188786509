"""`modelwire seed`: create or update rows from a file or a function, by one batch."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import msgspec
from fastapi import FastAPI

from ..errors import ConfigurationError, ModelwireError
from ..request.references import NAME
from ..suggestions import did_you_mean
from .ask import Failed
from .inside import Header, Inside, Reply, opening
from .places import Place, list_places
from .replies import Reason, read_reasons, refuse
from .target import naming_mistakes
from .transfer.bulk import BULK

_IN_BODY = re.compile(r"/requests/(\d+)/body/(\d+)((?:/.*)?)")


class Seed(NamedTuple):
    """Row that should exist.

    Args:
        resource: The resource.
        name: Its name in references; its index in its list, if it has none.
        values: Its fields.
    """

    resource: str
    name: str
    values: Mapping[str, object]

    def __str__(self) -> str:
        return f"{self.resource}.{self.name}"


class Group(NamedTuple):
    """Rows of one resource that are stored by one request.

    Args:
        place: The resource.
        key: The fields of the unique key that identifies existing rows.
        seeds: The rows.
    """

    place: Place
    key: str
    seeds: Sequence[Seed]


async def store_seeds(
    app: FastAPI, source: str, keys: Sequence[str], headers: Sequence[Header]
) -> Mapping[str, int]:
    """Create or update the rows that a file or a function describes: all of them or none.

    Args:
        app: The application.
        source: The file, or `module:function`.
        keys: The unique keys that identify rows, as in `users=email`, where that is not the first
            one that all rows have.
        headers: Headers that identify the caller.

    Returns:
        The number of rows of each resource.

    Raises:
        ConfigurationError: There are no such rows, or they are invalid.
        Failed: The application refuses some.
    """
    document = await load_document(source)
    async with opening(app, headers) as inside:
        places = list_places(inside)
        seeds = list(read_seeds(document, places))
        groups = group_seeds(seeds, places, _read_keys(keys, places))
        if groups:
            await _send(inside, groups)
    return Counter(each.resource for each in seeds)


async def load_document(source: str) -> object:
    """Load the rows from their source.

    Args:
        source: A file of YAML or JSON, or `module:function`.

    Raises:
        ConfigurationError: It doesn't exist, or can't be read.
    """
    path = Path(source)
    if path.suffix in (".yaml", ".yml", ".json"):
        return _load_file(path)
    module, colon, name = source.partition(":")
    if not colon:
        raise ConfigurationError(
            f"{source} names no rows; they are in seeds.yaml, seeds.json or package.seeds:make"
        )
    sys.path.insert(0, "")
    with naming_mistakes(source, "can't be run"):
        function = getattr(importlib.import_module(module), name, None)
        if not callable(function):
            raise ConfigurationError(f"{module} has no function {name}")
        made = function()
        return await made if inspect.isawaitable(made) else made


def _load_file(path: Path) -> object:
    from yaml import YAMLError, safe_load  # noqa: PLC0415 - no other command needs it

    try:
        content = path.read_bytes()
        if path.suffix == ".json":
            return msgspec.json.decode(content)
        return safe_load(content)
    except OSError as exc:
        raise ConfigurationError(f"{path} can't be read: {exc.strerror}") from None
    except (msgspec.DecodeError, YAMLError, UnicodeDecodeError) as exc:
        where = " ".join(str(exc).split())
        raise ConfigurationError(f"{path} can't be read: {where}") from None


def read_seeds(document: object, places: Mapping[str, Place]) -> Iterator[Seed]:
    """Read rows, which are grouped by resource, by name or in lists.

    Args:
        document: `{"teams": {"red": {"name": "Red"}}, "users": [{"username": "ann"}]}`.
        places: The resources.

    Raises:
        ConfigurationError: It has another form, or there is no such resource.
    """
    if not isinstance(document, Mapping):
        raise ConfigurationError(
            "Seeds should be an object of resources, as in {teams: {red: {…}}}"
        )
    for resource, rows in document.items():
        if resource not in places:
            hint = did_you_mean(str(resource), places)
            raise ConfigurationError(
                f"There is no resource {resource}{hint}; there are {', '.join(places)}"
            )
        named = enumerate(rows) if isinstance(rows, list) else None
        items = rows.items() if isinstance(rows, Mapping) else named
        if items is None:
            raise ConfigurationError(f"{resource} should be a list of rows, or rows by their names")
        for name, values in items:
            if not isinstance(values, Mapping):
                raise ConfigurationError(f"{resource}.{name} should be a row, as in {{name: Red}}")
            yield Seed(resource, str(name), values)


def _read_keys(given: Sequence[str], places: Mapping[str, Place]) -> Mapping[str, str]:
    keys = {}
    for words in given:
        resource, sign, key = words.partition("=")
        if not sign or resource not in places:
            raise ConfigurationError(f"--key {words} should be as in users=email")
        keys[resource] = key
    return keys


def group_seeds(
    seeds: Sequence[Seed], places: Mapping[str, Place], keys: Mapping[str, str]
) -> Sequence[Group]:
    """Group rows into requests, each row after those that it refers to.

    Args:
        seeds: The rows.
        places: The resources.
        keys: The unique keys that are already chosen.

    Raises:
        ConfigurationError: A reference names no row, or is part of a cycle; or a row has no unique
            key.
    """
    by_resource = {name: [s for s in seeds if s.resource == name] for name in places}
    chosen = {
        name: keys.get(name) or _choose_key(places[name], own)
        for name, own in by_resource.items()
        if own
    }
    levels = _find_levels(seeds)
    groups = []
    for level in sorted(set(levels.values())):
        for name, key in chosen.items():
            own = [each for each in by_resource[name] if levels[str(each)] == level]
            most = places[name].table.resource.max_bulk_rows
            starts = range(0, len(own), most)
            groups += [Group(places[name], key, own[start : start + most]) for start in starts]
    return groups


def _choose_key(place: Place, seeds: Sequence[Seed]) -> str:
    """Choose the unique key that identifies rows: the first one that all rows have."""
    known = [[field.name for field in key] for key in place.table.upsert_keys]
    for names in known:
        if all(name in each.values for name in names for each in seeds):
            return ",".join(names)
    if known:
        fitting = " or ".join(",".join(names) for names in known)
        raise ConfigurationError(f"Each row of {place.name} should have the unique key {fitting}")
    raise ConfigurationError(
        f"{place.name} has no unique key that clients can set, by which a row is found again"
    )


def _find_levels(seeds: Sequence[Seed]) -> Mapping[str, int]:
    """Find the depth of each row: the length of its longest chain of references."""
    known = {str(each): each for each in seeds}
    levels: dict[str, int] = {}

    def find(name: str, behind: tuple[str, ...]) -> int:
        if name in behind:
            line = " refers to ".join((*behind, name))
            raise ConfigurationError(f"{line}: one of them has to come first")
        if name not in levels:
            others = [_split(text, name, known)[0] for text in _references(known[name].values)]
            before = [find(other, (*behind, name)) for other in others]
            levels[name] = max(before, default=-1) + 1
        return levels[name]

    for name in known:
        find(name, ())
    return levels


def _references(value: object) -> Iterator[object]:
    """Yield the texts of the references in a value."""
    if isinstance(value, Mapping):
        if NAME in value:
            yield value[NAME]
            return
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _references(item)


def _split(text: object, place: str, known: Collection[str]) -> tuple[str, str | None]:
    """Split a reference into the name of a row and that of a field, if it has one.

    Raises:
        ConfigurationError: There is no such row.
    """
    name = str(text)
    if name in known:
        return name, None
    row, _, field = name.rpartition(".")
    if row in known:
        return row, field
    raise ConfigurationError(
        f"{place} refers to {name}, which is no row here{did_you_mean(name, known)}; a reference "
        f"is as in {{{NAME}: teams.red}}"
    )


async def _send(inside: Inside, groups: Sequence[Group]) -> None:
    """Send all rows as one batch.

    Raises:
        ConfigurationError: The application takes no batches, or a key is no unique key.
        Failed: The application refuses a row.
    """
    if not inside.service.batches:
        raise ConfigurationError("Seeds need batches, which mount(batch=None) has switched off")
    places = {
        str(each): (f"{index}.{position}", group.place)
        for index, group in enumerate(groups)
        for position, each in enumerate(group.seeds)
    }
    requests = [
        {
            "method": "POST",
            "path": f"{quote(group.place.path)}{BULK}/?on_conflict={quote(group.key)}",
            "body": [_fill(each.values, str(each), places) for each in group.seeds],
        }
        for group in groups
    ]
    body = msgspec.json.encode({"requests": requests})
    reply = await inside.ask("POST", inside.service.batches[0], body=body)
    if not reply.is_success:
        raise _explain(reply, groups)


def _fill(value: object, place: str, places: Mapping[str, tuple[str, Place]]) -> object:
    """Return a value with references to the places of other rows in the batch's responses."""
    if isinstance(value, Mapping):
        if NAME not in value:
            return {str(name): _fill(item, place, places) for name, item in value.items()}
        name, field = _split(value[NAME], place, places)
        where, target = places[name]
        return {NAME: f"{where}.{field or _key_of(target)}"}
    if isinstance(value, list):
        return [_fill(item, place, places) for item in value]
    return value


def _key_of(place: Place) -> str:
    names = [field.name for field in place.table.key]
    if len(names) == 1:
        return names[0]
    raise ConfigurationError(
        f"The key of {place.name} has several fields: name one, as in {place.name}.red.{names[0]}"
    )


def _explain(reply: Reply, groups: Sequence[Group]) -> ModelwireError:
    """Translate the refusal of a batch, naming the rows at fault."""
    lines = [_explain_reason(reason, groups) for reason in read_reasons(reply.document)]
    if None in lines:
        return refuse(reply, "The seeds")
    return Failed("\n".join(map(str, lines)))


def _explain_reason(reason: Reason, groups: Sequence[Group]) -> str | None:
    found = _IN_BODY.fullmatch(reason.pointer)
    if found is None:
        return None
    each = groups[int(found[1])].seeds[int(found[2])]
    field = found[3].strip("/")
    return f"{each}: {field}: {reason.message}" if field else f"{each}: {reason.message}"
