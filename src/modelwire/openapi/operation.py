"""One operation of a document: what is said of it, and how that is composed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from ..catalog.names import to_words
from ..catalog.tables import Table
from ..respond.statuses import title_of
from .answers import describe_problems
from .components import Components
from .context import RouteContext, Subject
from .headers import answer_headers
from .parameters import Parameters, include_parameters, key_parameters
from .values import TEXT, JSONSchema

Describe = Callable[[Subject], Any]
"""Describes something of the resource whose rows an operation reads or writes."""


def describe_includes(target: Subject) -> Parameters:
    """Describe the parameters of an operation that answers with rows."""
    return include_parameters(target)


@dataclass(frozen=True)
class Success:
    """An answer of operations where all is well.

    Args:
        status: Its status.
        name: What it is called among the parts that operations share.
        schema: Describes its body; None where it has none.
        headers: The names of its headers.
        formats: Media types of its body besides JSON.
        more_headers: Tells the names of those that it has for some resources only.
    """

    status: int
    name: str
    schema: Describe | None = None
    headers: Collection[str] = ()
    formats: Collection[str] = ()
    more_headers: Callable[[Table], Collection[str]] | None = None

    def refer(self, target: Subject) -> JSONSchema:
        """Refer to it, as the answer about a resource."""
        start = "" if self.schema is None else f"{target.name}."
        return target.components.refer(
            "responses", f"{start}{self.name}", lambda: self._describe(target)
        )

    def _describe(self, target: Subject) -> JSONSchema:
        answer: JSONSchema = {"description": title_of(self.status)}
        more = () if self.more_headers is None else self.more_headers(target.table)
        if self.headers or more:
            answer["headers"] = answer_headers(target.components, *self.headers, *more)
        if self.schema is not None:
            content: JSONSchema = {"application/json": {"schema": self.schema(target)}}
            content |= {format_: {"schema": TEXT} for format_ in self.formats}
            answer["content"] = content
        return answer


@dataclass(frozen=True)
class Description:
    """What a document says of an operation.

    Args:
        name: Its id; `{row}` and `{rows}` stand for the resource, `{child}` and `{children}` for
            what its relation leads to.
        summary: Its line on the docs page, with the same.
        text: What the docs page says about it.
        errors: The statuses of its problems, besides those that every operation may have.
        answers: Its answers where all is well, the usual one first.
        parameters: Describes the parameters of its query, and its headers.
        body: Describes its body.
    """

    name: str
    summary: str
    text: str
    errors: Collection[int]
    answers: Sequence[Success]
    parameters: Describe = describe_includes
    body: Describe | None = None

    @property
    def status(self) -> int:
        """The status of its usual answer."""
        return self.answers[0].status


def name_operation(
    description: Description, place: RouteContext, name: str, target_name: str
) -> str:
    """The id of an operation at a place, as in `create_user`.

    Args:
        description: What is said of it.
        place: Where it stands.
        name: What the resource is called.
        target_name: What the resource is called whose rows it reads or writes.
    """
    relation = place.relation
    children = relation.name if relation else place.table.sql.name
    return description.name.format(
        row=_to_identifier(name),
        rows=_to_identifier(place.table.name),
        child=_to_identifier(target_name) if _is_only_one(place) else _to_identifier(children),
        children=_to_identifier(children),
    )


def compose_operation(
    description: Description, components: Components, place: RouteContext, path: str
) -> JSONSchema:
    """Compose the operation of a resource.

    Args:
        description: What is said of it.
        components: The parts that operations share.
        place: Where it stands.
        path: Its path, in which `{key}` and `{other}` stand for keys.

    Returns:
        The operation, without its id and its tags.
    """
    target = Subject(place.catalog, place.target, components, place.relation, place.table)
    keys = key_parameters(place) if "{key}" in path else []
    keys += key_parameters(place, other=True) if "{other}" in path else []
    parameters = [*keys, *description.parameters(target)]
    operation: JSONSchema = {
        "summary": _summarize(description, place),
        "description": description.text,
        **({"parameters": parameters} if parameters else {}),
    }
    if description.body is not None:
        content = {"application/json": {"schema": description.body(target)}}
        operation["requestBody"] = {"required": True, "content": content}
    answers = {str(answer.status): answer.refer(target) for answer in description.answers}
    errors = {*description.errors}
    if 412 in errors and place.table.resource.require_if_match:
        errors.add(428)
    operation["responses"] = {**answers, **describe_problems(components, errors)}
    return operation


def _summarize(description: Description, place: RouteContext) -> str:
    rows = place.relation.name if place.relation else place.table.sql.name
    row = place.table.title.lower()
    return description.summary.format(
        row=f"{'an' if row[:1] in 'aeio' else 'a'} {row}", rows=to_words(rows)
    )


def _is_only_one(place: RouteContext) -> bool:
    """Whether the relation is the only one that leads to its rows."""
    relations = [*place.table.children.values(), *place.table.linked.values()]
    return len({r.name for r in relations if r.target == place.target.name}) == 1


def _to_identifier(name: str) -> str:
    return to_words(name).replace(" ", "_")
