"""What is said of a route, and of the place where it stands."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import Request

from ..catalog import Catalog, Relation, Table
from ..openapi import include_parameters, query_body
from ..resource import Operation

Parameters = list[dict[str, Any]]
Outcomes = Mapping[int, Any]
"""The schemas of further answers where all is well, by their status; None for no body."""


@dataclass(frozen=True, eq=False)
class Place:
    """Where a route stands.

    Args:
        catalog: The catalog.
        table: The resource that it stands under.
        relation: The relation of that resource that it goes by, if any.
    """

    catalog: Catalog
    table: Table
    relation: Relation | None = None

    @property
    def target(self) -> Table:
        """The resource whose rows it reads or writes."""
        return self.catalog.target_of(self.relation) if self.relation else self.table


def no_parameters(_place: Place) -> Parameters:
    return []


def describe_includes(place: Place) -> Parameters:
    return include_parameters(place.target, place.catalog)


def no_outcomes(_place: Place) -> Outcomes:
    return {}


def no_details(_place: Place) -> dict[str, Any]:
    return {}


def describe_query_body(place: Place) -> dict[str, Any]:
    return {"requestBody": query_body(place.target, place.catalog)}


@dataclass(frozen=True)
class Route:
    """One route of a resource, or of one of its relations.

    Args:
        operation: The operation of the resource that it belongs to.
        method: Its method.
        name: The pipeline's method that serves it, and the start of its operation id.
        path: Its path below the resource's; `{key}` stands for the key, `{relation}` for the
            relation's name, `{other}` for the key of a row at its other end.
        summary: What the docs page calls it.
        description: What the docs page says about it.
        errors: The statuses of its problems.
        status: The status where all is well.
        body: The schema of its body.
        response: The schema of its answer.
        parameters: The parameters of its query and its headers.
        outcomes: What else it may answer where all is well.
        details: What else its description says, beside what follows from the above.
        guards: Further operations of the resource whose dependencies run first.
        target_operation: The operation of the relation's target that it belongs to as well.
    """

    operation: Operation
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    name: str
    path: str
    summary: str
    description: str
    errors: tuple[int, ...]
    status: int = 200
    body: Callable[[Place], Any] | None = None
    response: Callable[[Place], Any] | None = None
    parameters: Callable[[Place], Parameters] = describe_includes
    outcomes: Callable[[Place], Outcomes] = no_outcomes
    details: Callable[[Place], dict[str, Any]] = no_details
    guards: tuple[Operation, ...] = ()
    target_operation: Operation | None = None

    @property
    def takes_body(self) -> bool:
        """Whether a request has a body."""
        return self.body is not None or self.details is describe_query_body


def with_article(words: str) -> str:
    """Put `a` or `an` before some words."""
    return f"{'an' if words[:1] in 'aeio' else 'a'} {words}"


def document_signature(place: Place, route: Route) -> inspect.Signature:
    """The parameters that FastAPI documents for a route: its body."""
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("request", kind, annotation=Request)]
    if route.body is not None:
        parameters.append(inspect.Parameter("body", kind, annotation=route.body(place)))
    return inspect.Signature(parameters)
