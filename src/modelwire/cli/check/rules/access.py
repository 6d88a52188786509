"""Rules on access to rows and fields."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from pydantic import SecretBytes, SecretStr

from ....compat.fastapi import dependant_of, is_security
from ..application import Application
from ..finding import Found, Rule
from ..objects import mapper_of
from ..routes import Endpoint
from ..source import Source
from .answers import models_in

_SECRET = re.compile(
    r"passw|passphrase|pwd|(^|_)hash(ed)?(_|$)|(^|_)salt$|api_?key|private_key|secret_key"
    r"|(^|_)secret$|otp_",
    re.IGNORECASE,
)
_OF_ROWS = re.compile(r"(access|refresh|reset|auth|api|session|verification)_?token", re.IGNORECASE)
_UNHIDDEN = re.compile(
    r"^(pwd|salt|ssn|cvv|cvc|pin|pin_code|private_key|otp|otp_code|credentials)$|_(pwd|salt|cvv)$",
    re.IGNORECASE,
)


def find_open_resources(app: Application) -> Iterator[Found]:
    """Find resources open to anybody, beside endpoints that authenticate.

    A resource with dependencies is left alone: they may refuse. With `caller=`, `mount` itself
    refuses resources without a policy.
    """
    service = app.service
    if service is None or not any(_asks_who(dependant_of(e.route)) for e in app.endpoints):
        return
    for mounted in service.mounted:
        tables = mounted.variants.widest.catalog.tables.values()
        open_to_all = [
            t.model.__name__ for t in tables if mounted.callers is None and not _is_guarded(t)
        ]
        if open_to_all:
            for source, node in _calls_of(app, "mount"):
                if not any(k.arg in {"caller", "dependencies"} for k in node.keywords):
                    names = ", ".join(open_to_all)
                    yield Found(
                        source,
                        node,
                        f"Anybody may read and change {names}, and endpoints ask who asks",
                    )


def _asks_who(dependant: Any) -> bool:
    return any(is_security(d.call) or _asks_who(d) for d in dependant.dependencies)


def _is_guarded(table: Any) -> bool:
    resource = table.resource
    return bool(resource.dependencies or resource.operation_dependencies or resource.policy)


def _calls_of(app: Application, name: str) -> Iterator[tuple[Source, ast.Call]]:
    for source, node in app.calls():
        if isinstance(node.func, ast.Name) and node.func.id == name:
            yield source, node


def find_shown_secrets(app: Application) -> Iterator[Found]:
    """Find passwords and other secrets in responses; a hash of one is a secret too."""
    for endpoint in app.endpoints:
        shown = sorted(set(_secrets_of(endpoint)))
        if shown:
            text = f"The answer shows {', '.join(shown)}"
            node = endpoint.place if _says_model(endpoint) else endpoint.function.node
            yield Found(endpoint.function.source, node, text)
    if app.service is not None:
        yield from _shown_by_resources(app)


def _says_model(endpoint: Endpoint) -> bool:
    decorator = endpoint.decorator
    return decorator is not None and any(k.arg == "response_model" for k in decorator.keywords)


def _secrets_of(endpoint: Endpoint) -> Iterator[str]:
    route = endpoint.route
    included = route.response_model_include
    excluded = set(route.response_model_exclude or ())
    for model in _nested(route.response_model, set()):
        is_row = mapper_of(model) is not None
        for name, info in model.model_fields.items():
            if info.exclude or name in excluded or (included and name not in included):
                continue
            if info.annotation in (SecretStr, SecretBytes, SecretStr | None, bool, int, int | None):
                continue
            if _SECRET.search(name) or (is_row and _OF_ROWS.search(name)):
                yield f"{model.__name__}.{name}"


def _nested(annotation: object, seen: set[type]) -> Iterator[type[Any]]:
    for model in models_in(annotation):
        if model not in seen:
            seen.add(model)
            yield model
            for info in model.model_fields.values():
                yield from _nested(info.annotation, seen)


def _shown_by_resources(app: Application) -> Iterator[Found]:
    for source, node in _calls_of(app, "Resource"):
        given = [k.value for k in node.keywords if k.arg == "shown"]
        names = [n.value for g in given for n in ast.walk(g) if isinstance(n, ast.Constant)]
        for name in map(str, names):
            if _SECRET.search(name) or _OF_ROWS.search(name):
                yield Found(source, node, f"shown= shows {name}")
        looking = _unhidden(app, _model_at(source, node))
        if looking:
            yield Found(source, node, f"{', '.join(looking)} is shown, and is named like a secret")


def _model_at(source: Source, node: ast.Call) -> object:
    """Return the class that a resource is made of."""
    first = node.args[0] if node.args else None
    return getattr(source.module, first.id, None) if isinstance(first, ast.Name) else None


def _unhidden(app: Application, model: object) -> list[str]:
    """Return the readable fields of a resource that are named like secrets."""
    service = app.service
    return [
        field.name
        for mounted in (service.mounted if service is not None else ())
        for table in mounted.variants.widest.catalog.tables.values()
        if table.model is model and table.resource.read_schema is None
        for field in table.fields
        if field.readable and field.name not in table.resource.shown
        if _UNHIDDEN.search(field.name)
    ]


RULES = (
    Rule(
        "MW701",
        "Resources without a policy, although endpoints identify the caller",
        "Anyone can read and change their rows",
        "`mount(…, caller=me)` and `Resource(…, policy=Policy(…))`, or `dependencies=[…]`",
        find_open_resources,
    ),
    Rule(
        "MW702",
        "A secret in a response",
        "Anyone who sees the response, a log or a cache has it",
        "A response model without it, `response_model_exclude`, or `Resource(hidden=[…])`",
        find_shown_secrets,
    ),
)
