"""Description of an operation, and its composition into OpenAPI."""

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
"""Function that describes an aspect of the resource whose rows an operation reads or writes."""


def describe_includes(target: Subject) -> Parameters:
    """Describe the parameters of an operation that responds with rows."""
    return include_parameters(target)


@dataclass(frozen=True)
class Success:
    """Successful response of an operation.

    Args:
        status: Its status.
        name: Its name among the shared components.
        schema: Describes its body; None where it has none.
        headers: The names of its headers.
        formats: Media types of its body besides JSON.
        more_headers: Returns the names of headers that only some resources have.
    """

    status: int
    name: str
    schema: Describe | None = None
    headers: Collection[str] = ()
    formats: Collection[str] = ()
    more_headers: Callable[[Table], Collection[str]] | None = None

    def refer(self, target: Subject) -> JSONSchema:
        """Refer to the response for a resource."""
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
    """Description of an operation.

    Args:
        name: Its id; `{row}` and `{rows}` stand for the resource, `{child}` and `{children}` for
            the target of its relation.
        summary: Its line on the docs page, with the same placeholders, except for `{children}`,
            which are `{rows}` here.
        text: Its description on the docs page.
        errors: The statuses of its problems, besides those that every operation may have.
        answers: Its successful responses, the usual one first.
        parameters: Describes its query parameters and headers.
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
        """Status of its usual response."""
        return self.answers[0].status


def name_operation(
    description: Description, place: RouteContext, name: str, target_name: str
) -> str:
    """Return the id of an operation, as in `create_user`.

    Args:
        description: The description of the operation.
        place: Its context.
        name: The name of the resource.
        target_name: The name of the resource whose rows it reads or writes.
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
        description: The description of the operation.
        components: The components that operations share.
        place: Its context.
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
    rows = to_words(place.relation.name if place.relation else place.table.sql.name)
    row, child = to_words(place.table.model.__name__), to_words(place.target.model.__name__)
    return description.summary.format(
        row=_with_article(row),
        rows=f"{rows} rows" if rows == row else rows,  # SQLModel names tables in the singular
        child=_with_article(child) if _is_only_one(place) else f"one of the {rows}",
    )


def _with_article(words: str) -> str:
    return f"{'an' if words[:1] in 'aeio' else 'a'} {words}"


def _is_only_one(place: RouteContext) -> bool:
    """Whether no other relation of the resource leads to the same target."""
    relations = [*place.table.children.values(), *place.table.linked.values()]
    return len({r.name for r in relations if r.target == place.target.name}) == 1


def _to_identifier(name: str) -> str:
    return to_words(name).replace(" ", "_")
