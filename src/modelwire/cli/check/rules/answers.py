"""Rules on responses: statuses, missing rows, and models of bodies."""

from __future__ import annotations

import ast
import re
import typing
from collections.abc import Iterator

from pydantic import BaseModel
from sqlalchemy.exc import NoResultFound

from ....compat.fastapi import dependant_of
from ....compat.pydantic import is_complete
from ..application import Application
from ..finding import Edit, Found, Rule
from ..objects import mapper_of, relations_of
from ..routes import Endpoint, Reached, parameters_of
from ..source import Def, Source
from ..values import Facts, Function, Row

_ABSENT = re.compile(r"not.?found|no such|does ?n[o']t exist|missing|unknown", re.IGNORECASE)


def find_creates(app: Application) -> Iterator[Found]:
    """Find creations without 201, by which clients know a new resource (RFC 9110, 15.3.2)."""
    for endpoint in app.endpoints:
        returned = app.tracer.facts(endpoint.function).returns
        is_new = isinstance(returned, Row) and returned.fresh
        added = [e for r in app.reached[endpoint] for e in r.facts.of("add")]
        is_create = "POST" in endpoint.methods and is_new and added
        if is_create and not _sets_status(endpoint, "201"):
            text = f"{endpoint.function.node.name} creates a row and answers 200"
            yield Found(endpoint.function.source, endpoint.place, text, _add_status(endpoint, 201))


def find_deletes(app: Application) -> Iterator[Found]:
    """Find deletions without 204, which has no content to read (RFC 9110, section 15.3.5).

    An endpoint that responds with the deleted row is left alone.
    """
    for endpoint in app.endpoints:
        returned = app.tracer.facts(endpoint.function).returns
        if (
            "DELETE" not in endpoint.methods
            or _sets_status(endpoint, "204")
            or isinstance(returned, Row)
        ):
            continue
        if any(e.kind in {"delete", "bulk"} for r in app.reached[endpoint] for e in r.facts.events):
            text = f"{endpoint.function.node.name} deletes and answers 200"
            edits = _add_status(endpoint, 204) if _returns_nothing(endpoint) else ()
            yield Found(endpoint.function.source, endpoint.place, text, edits)


def _sets_status(endpoint: Endpoint, status: str) -> bool:
    """Whether an endpoint sets a status, in its decorator or its text."""
    if endpoint.route.status_code is not None:
        return True
    text = ast.unparse(endpoint.function.node)
    return bool(re.search(rf"status_code\s*=\s*[\w.]*{status}|response\.status_code", text))


def _returns_nothing(endpoint: Endpoint) -> bool:
    node = endpoint.function.node
    returns = [n for n in ast.walk(node) if isinstance(n, ast.Return) and n.value is not None]
    annotation = node.returns
    is_none = annotation is None or (
        isinstance(annotation, ast.Constant) and annotation.value is None
    )
    return not returns and is_none and endpoint.route.response_model is None


def _add_status(endpoint: Endpoint, status: int) -> tuple[Edit, ...]:
    decorator, source = endpoint.decorator, endpoint.function.source
    if decorator is None or not decorator.args:
        return ()
    parts: list[ast.expr | ast.keyword] = [*decorator.args, *decorator.keywords]
    end = max(source.end_of(part) for part in parts)
    return (Edit(end, end, f", status_code={status}"),)


def find_unchecked(app: Application) -> Iterator[Found]:
    """Find rows that may be None: reading an attribute gives 500, and None itself 200."""
    answers = {e.function.node: e for e in app.endpoints}
    for r in app.running:
        endpoint = answers.get(r.function.node)
        yield from _unchecked_in(r, is_read=endpoint is not None and "{" in endpoint.path)
        if endpoint is not None and "{" in endpoint.path:
            yield from _strict_in(app, r)


def _unchecked_in(r: Reached, *, is_read: bool) -> Iterator[Found]:
    source, facts = r.function.source, r.facts
    for node in ast.walk(r.function.node):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        target = node.targets[0].id
        if target in facts.checked or source.function_of(node) is not r.function.node:
            continue
        value = _assigned(facts, r.function, node)
        if (
            isinstance(value, Row)
            and value.missing
            and _is_used(r.function.node, target, is_read=is_read)
        ):
            yield Found(
                source, node, f"`{target}` may be None here, and nothing asks whether it is"
            )
    for event in facts.of("read", "return"):
        row = event.value
        if not isinstance(row, Row) or not row.missing or event.name in facts.checked:
            continue
        inner = event.node.value if isinstance(event.node, ast.Attribute | ast.Return) else None
        inner = inner.value if isinstance(inner, ast.Await) else inner
        if isinstance(inner, ast.Call) and (event.kind == "read" or is_read):
            yield Found(
                source, event.node, "What is read here may be None, and nothing asks whether it is"
            )


def _assigned(facts: Facts, function: Function, node: ast.Assign) -> object:
    """Return the row that an assignment reads, or the result of the call in it."""
    name = typing.cast(ast.Name, node.targets[0]).id
    value = facts.names.get(name)
    if isinstance(value, Row) and value.place.source is function.source:
        inside = {id(n) for n in ast.walk(node.value)}
        if id(value.place.node) in inside:
            return value
    return None


def _is_used(function: Def, name: str, *, is_read: bool) -> bool:
    for node in ast.walk(function):
        match node:
            case ast.Attribute(value=ast.Name(id=found)) if found == name:
                return True
            case ast.Call(args=args) if any(isinstance(a, ast.Name) and a.id == name for a in args):
                return True
            case ast.Return(value=ast.Name(id=found)) if found == name and is_read:
                return True
    return False


def _strict_in(app: Application, r: Reached) -> Iterator[Found]:
    """Find reads of a row that must exist, whose absence is not handled."""
    if app.service is None and NoResultFound not in app.app.exception_handlers:
        for event in r.facts.events:
            if event.kind == "query" and NoResultFound not in event.caught:
                above = [event.node, *r.function.source.above(event.node)][:6]
                calls = [n for n in above if isinstance(n, ast.Call)]
                names = {n.func.attr for n in calls if isinstance(n.func, ast.Attribute)}
                model = getattr(event.value, "model", None)
                if model is not None and names & {"one", "scalar_one"}:
                    yield Found(r.function.source, event.node, "No row is answered 500 here")


def find_wrong_absence(app: Application) -> Iterator[Found]:
    """Find absences without 404; a 200 with a text looks like a row."""
    for endpoint in app.endpoints:
        source = endpoint.function.source
        facts = app.tracer.facts(endpoint.function)
        if "{" not in endpoint.path:
            continue
        for node in ast.walk(endpoint.function.node):
            name = _absent(node.test) if isinstance(node, ast.If) else ""
            if isinstance(node, ast.If) and isinstance(facts.names.get(name), Row):
                yield from _wrongly_answered(source, node)


def _absent(test: ast.expr) -> str:
    """Return the name that a condition compares with None; empty for another condition."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)):
            return name
        case ast.UnaryOp(op=ast.Not(), operand=ast.NamedExpr(target=ast.Name(id=name))):
            return name
        case ast.Compare(
            left=ast.Name(id=name),
            ops=[ast.Is() | ast.Eq()],
            comparators=[ast.Constant(value=None)],
        ):
            return name
        case ast.Compare(
            left=ast.NamedExpr(target=ast.Name(id=name)),
            ops=[ast.Is()],
            comparators=[ast.Constant(value=None)],
        ):
            return name
    return ""


def _wrongly_answered(source: Source, node: ast.If) -> Iterator[Found]:
    for statement in node.body:
        match statement:
            case ast.Return(value=ast.Dict() | ast.Constant() | None):
                yield Found(source, statement, "A missing row is answered 200")
            case ast.Raise(exc=ast.Call() as call):
                status = _status_of(call)
                if status in {200, 400, 422, 500} and _ABSENT.search(ast.unparse(call)):
                    yield Found(source, statement, f"A missing row is answered {status}")


def _status_of(call: ast.Call) -> int | None:
    given = [k.value for k in call.keywords if k.arg == "status_code"] + call.args[:1]
    if not given:
        return None
    if isinstance(given[0], ast.Constant) and isinstance(given[0].value, int):
        return given[0].value
    found = re.search(r"HTTP_(\d{3})", ast.unparse(given[0]))
    return int(found[1]) if found else None


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """Yield the Pydantic models that an annotation names."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        if issubclass(annotation, BaseModel):
            if not is_complete(annotation):
                annotation.model_rebuild(raise_errors=False)
            yield annotation
        return
    for part in typing.get_args(annotation):
        yield from models_in(part)


def find_circles(app: Application) -> Iterator[Found]:
    """Find circular responses: a team shows its heroes, who show their team."""
    relations = {name for model in app.models for name in relations_of(model)}
    seen: set[type] = set()
    for endpoint in app.endpoints:
        for model in models_in(endpoint.route.response_model):
            if model in seen:
                continue
            circle = _circle_from(model, relations)
            seen |= set(circle)
            found = _place_of(app, model) if circle else None
            if found is not None:
                names = " → ".join(m.__name__ for m in [*circle, circle[0]])
                yield Found(*found, f"A circle of response models: {names}")


def _circle_from(model: type[BaseModel], relations: set[str]) -> list[type[BaseModel]]:
    """Return a cycle of relationships from a model to itself, through another one."""

    def follow(path: list[type[BaseModel]]) -> list[type[BaseModel]]:
        for name, info in path[-1].model_fields.items():
            if name not in relations:
                continue
            for inner in models_in(info.annotation):
                if inner is model and len(path) > 1:
                    return path
                if inner not in path and (found := follow([*path, inner])):
                    return found
        return []

    itself = [
        n
        for n, i in model.model_fields.items()
        if n in relations and model in models_in(i.annotation)
    ]
    return [model] if len(itself) > 1 else follow([model])


def _place_of(app: Application, model: type) -> tuple[Source, ast.AST] | None:
    for source in app.sources:
        if source.module is not None and source.module.__name__ == model.__module__:
            for node in ast.walk(source.tree):
                if isinstance(node, ast.ClassDef) and node.name == model.__name__:
                    return source, node
    return None


def find_table_bodies(app: Application) -> Iterator[Found]:
    """Find bodies of `table=True` classes, which don't validate, and let clients set any column."""
    for endpoint in app.endpoints:
        for field in dependant_of(endpoint.route).body_params:
            models = list(models_in(_annotation_of(field)))
            if any(mapper_of(model) is not None for model in models):
                node = parameters_of(endpoint.function.node).get(field.name, endpoint.place)
                text = f"The body is a row of {models[0].__name__}, as the client sends it"
                yield Found(endpoint.function.source, node, text)


def _annotation_of(field: object) -> object:
    info = getattr(field, "field_info", None)
    return getattr(info, "annotation", None)


RULES = (
    Rule(
        "MW201",
        "A create that responds with 200",
        "Clients can't tell that something was created",
        "`status_code=201` in the decorator",
        find_creates,
        fixable=True,
    ),
    Rule(
        "MW202",
        "A delete that responds with 200",
        "There is nothing to read in the response, and clients can't rely on its text",
        "`status_code=204` in the decorator, and return nothing",
        find_deletes,
        fixable=True,
    ),
    Rule(
        "MW203",
        "A row that may be missing, used as if it existed",
        "An attribute of None is a 500, and None itself is a 200 with `null`",
        "`if row is None: raise HTTPException(404)`",
        find_unchecked,
    ),
    Rule(
        "MW204",
        "A missing row that is not a 404",
        "Clients and caches take a 200 for a row, and a 400 for a mistake in the request",
        "`raise HTTPException(404)`",
        find_wrong_absence,
    ),
    Rule(
        "MW205",
        "Circular response models",
        "Rows that contain each other never end: the response is an error, or everything that"
        " is stored",
        "A model without the relation back, for rows that are nested in others",
        find_circles,
    ),
    Rule(
        "MW206",
        "A table class as a request body",
        "SQLModel doesn't validate it, and clients can set every column, including the key",
        "A class without `table=True` that has only the fields that clients set",
        find_table_bodies,
    ),
)
