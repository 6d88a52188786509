"""Parameters of operations, each a shared component that operations refer to.

All filters by operators of a resource are one parameter, `filters`: an object whose properties are
query parameters of their own (OpenAPI 3.1, `style: form` with `explode: true`). Filters through a
relation are a template in the same form.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any

from ..catalog.documents import Part, described_parts, is_document, item_of, whole_of
from ..catalog.field import Field
from ..catalog.names import join_words
from ..catalog.relation import Relation
from ..plan.reading.operators import OPERATORS, PATTERNS, Takes, operators_of
from ..plan.reading.plans import Counting
from ..plan.reading.query import DELETED, PARAMETERS
from ..request.headers import FORMATS
from .choices import choose_fields, choose_include, choose_sort, sort_paths
from .components import Components
from .context import RouteContext, Subject
from .values import POSITION, TEXT, JSONSchema, example_of, value_schema

Parameters = list[JSONSchema]

_NOTHING: JSONSchema = {}
"""Empty example of an object of filters: the docs page would otherwise invent and send one."""

_CHOICES = {"sort": choose_sort, "include": choose_include, "fields": choose_fields}


def key_parameters(place: RouteContext, *, other: bool = False) -> Parameters:
    """Describe the components of a key in the path.

    Args:
        place: The context of the operation.
        other: Whether the key is that of the row at the other end of the relation.
    """
    table = place.target if other else place.table
    start = f"{place.relation.name}_" if other and place.relation else ""
    return [
        {"name": f"{start}{f.name}", "in": "path", "required": True, "schema": value_schema(f)}
        for f in table.key
    ]


def list_parameters(subject: Subject) -> Parameters:
    """Describe the parameters of a list, the most useful ones first."""
    return [
        _limit(subject),
        _cursor(subject.components),
        *_sort(subject),
        *search_parameters(subject),
        *read_parameters(subject),
        _skip(subject.components),
        _count(subject.components),
        *recall_parameters(subject),
        *condition_parameters(subject, taken=recalling(subject)),
    ]


def page_parameters(subject: Subject) -> Parameters:
    """Describe the parameters of a list that supports cursor pagination only."""
    return [_limit(subject), _cursor(subject.components)]


def stream_parameters(subject: Subject) -> Parameters:
    """Describe the parameters of a stream."""
    format_ = subject.components.refer("parameters", "format", _format)
    conditions = condition_parameters(subject, taken=("format", *recalling(subject)))
    rest = [*read_parameters(subject), *recall_parameters(subject), *conditions]
    return [format_, *_sort(subject), *search_parameters(subject), *rest]


def filter_parameters(subject: Subject) -> Parameters:
    """Describe the parameters that select rows."""
    return [*search_parameters(subject), *condition_parameters(subject)]


def read_parameters(subject: Subject) -> Parameters:
    """Describe the parameters that select the fields and relations to show."""
    return [*fields_parameter(subject), *include_parameters(subject)]


def include_parameters(subject: Subject) -> Parameters:
    """Describe `include`, where the resource has includes."""
    schema = choose_include(subject)
    if schema is None:
        return []
    text = "Related rows to include; a dot leads to their own relations."
    example = list(subject.table.includes)[:1]
    return [_refer(subject, "include", lambda: describe_list("include", schema, text, example))]


def recall_parameters(subject: Subject) -> Parameters:
    """Describe the parameter that recalls deleted rows, where the caller may see any."""
    text = "Deleted rows that you may see: `only` these, or `include` them with all others."
    return [
        subject.components.refer(
            "parameters", name, partial(describe_parameter, name, schema, text, "include")
        )
        for name, schema in recalling(subject).items()
    ]


def recalling(subject: Subject) -> dict[str, JSONSchema]:
    """Return the parameter that recalls deleted rows and its schema, where any may be seen."""
    words = list(subject.table.recalled)
    return {DELETED: {"type": "string", "enum": words}} if words else {}


def atomic_parameter(components: Components) -> Parameters:
    """Describe the parameter that makes a bulk write atomic or not."""
    text = "Whether all rows are written or none. If false, 207 with a status for each row."
    schema = {"type": "boolean", "default": True}
    return [
        components.refer(
            "parameters", "atomic", lambda: describe_parameter("atomic", schema, text, True)
        )
    ]


def conflict_parameter(subject: Subject) -> Parameters:
    """Describe the unique keys that an upsert may use, where the resource has any."""
    table = subject.table
    keys = [[field.name for field in key] for key in table.upsert_keys]
    if not table.upserts or not keys:
        return []
    names = list(dict.fromkeys(name for key in keys for name in key))
    text = f"The unique key by which an upsert finds its rows: {' or '.join(map(','.join, keys))}."
    make = partial(describe_list, "on_conflict", _choices(names), text, keys[0])
    return [_refer(subject, "on_conflict", make)]


def query_schema(subject: Subject) -> JSONSchema:
    """Return the schema of a list's parameters as a JSON body."""
    name = f"{subject.name}Query"
    return subject.components.refer("schemas", name, lambda: _describe_query(subject, name))


def _describe_query(subject: Subject, title: str) -> JSONSchema:
    resource = subject.table.resource
    properties: dict[str, JSONSchema] = {
        "limit": {"type": "integer", "minimum": 1, "maximum": resource.max_limit},
        "cursor": TEXT,
        "skip": POSITION,
        "count": {"type": "string", "enum": list(Counting)},
    }
    for name, choose in _CHOICES.items():
        schema = choose(subject)
        if schema is not None:
            properties[name] = schema
    for name in ("q", "or"):
        properties[name] = TEXT
    properties |= recalling(subject)
    properties |= filter_schemas(subject, taken=recalling(subject))
    return {
        "title": title,
        "type": "object",
        "properties": properties,
        # Filters by operators and through relations have the names that they have in a URL.
        "additionalProperties": True,
        "examples": [{"limit": 10}],
    }


def filter_schemas(subject: Subject, taken: Collection[str] = ()) -> dict[str, JSONSchema]:
    """Return the schemas of the filters by the default operator of each field.

    Args:
        subject: The resource.
        taken: The names of parameters that are not filters in this operation.
    """
    found = _default_filters(subject, taken)
    return {field.name: _operand(field, default) for field, default in found}


def _default_filters(subject: Subject, taken: Collection[str]) -> Iterator[tuple[Field, str]]:
    """Yield the fields that can be filtered by name, each with its default operator."""
    for field in subject.table.queryable.values():
        default = subject.table.resource.filters.get(field.name, "eq")
        is_free = field.name not in PARAMETERS and field.name not in taken
        if is_free and default in operators_of(field):
            yield field, default


def _limit(subject: Subject) -> JSONSchema:
    resource = subject.table.resource
    schema: JSONSchema = {"type": "integer", "minimum": 1, "maximum": resource.max_limit}
    schema["default"] = resource.default_limit
    name = f"limit-{resource.default_limit}-{resource.max_limit}"
    text = "Maximum rows on the page."
    make = partial(describe_parameter, "limit", schema, text, resource.default_limit)
    return subject.components.refer("parameters", name, make)


def _format() -> JSONSchema:
    schema = {"type": "string", "enum": list(FORMATS)}
    return describe_parameter("format", schema, "The format, in place of `Accept`.", "csv")


def _cursor(components: Components) -> JSONSchema:
    text = "Pages by cursor: empty for the first one, then `next` or `previous` of an answer."
    return components.refer(
        "parameters", "cursor", lambda: describe_parameter("cursor", TEXT, text, "")
    )


# A generated client sends every default, but neither of these may be combined with `cursor`.


def _skip(components: Components) -> JSONSchema:
    text = "Rows to skip; 0 by default. Not with `cursor`."
    return components.refer(
        "parameters", "skip", lambda: describe_parameter("skip", POSITION, text, 0)
    )


def _count(components: Components) -> JSONSchema:
    text = "How `total` is found: counted, left out, or estimated where the database does so; "
    text += "counted by default. Not with `cursor`."
    schema = {"type": "string", "enum": list(Counting)}
    make = partial(describe_parameter, "count", schema, text, Counting.EXACT)
    return components.refer("parameters", "count", make)


def _sort(subject: Subject) -> Parameters:
    schema = choose_sort(subject)
    if schema is None:
        return []
    text = "Fields to sort by, `-` before one for descending."
    example = sort_paths(subject)[1:2]
    return [_refer(subject, "sort", lambda: describe_list("sort", schema, text, example))]


def search_parameters(subject: Subject) -> Parameters:
    """Describe `q`, where the resource has searchable fields."""
    names = [field.name for field in subject.table.searched]
    if not names:
        return []
    text = f"Words, each of which must occur in {join_words(names, 'or')}, ignoring case."
    return [_refer(subject, "q", lambda: describe_parameter("q", TEXT, text, "ann smith"))]


def fields_parameter(subject: Subject) -> Parameters:
    """Describe `fields`, where the resource has a choice of fields."""
    schema = choose_fields(subject)
    if schema is None:
        return []
    text = "Fields to show; all by default. Others are then left out, even required ones."
    example = list(subject.table.readable)[:2]
    return [_refer(subject, "fields", lambda: describe_list("fields", schema, text, example))]


def condition_parameters(
    subject: Subject, taken: Collection[str] = (), *, own_only: bool = False
) -> Parameters:
    """Describe the filters: by each field, by operators, through relations, and joined by logic.

    Args:
        subject: The resource.
        taken: The names of parameters that are not filters in this operation.
        own_only: Whether to leave out filters through relations.
    """
    found = _filters(subject, taken)
    if subject.table.queryable:
        found.append(_logic(subject.components))
        found.append(_refer(subject, "filters", partial(_by_operators, subject)))
    for field in subject.table.queryable.values():
        if is_document(field):
            found.append(_refer(subject, f"{field.name}.path", partial(_into, field)))
    for name, relation in () if own_only else subject.table.paths.items():
        if subject.related(name).table.queryable:
            found.append(_refer(subject, name, partial(_through, subject, name, relation)))
    return found


def _logic(components: Components) -> JSONSchema:
    text = (
        "Comparisons, one of which must hold, joined by `and(…)`, `or(…)` and `not(…)`; each is "
        "`path:value` or `path__op:value`, where a path may go through relations, as in "
        "`(age__gte:18,not(name__isnull:true))`."
    )
    described = {"name": "or", "in": "query", "description": text, "schema": TEXT}
    return components.refer("parameters", "or", lambda: described)


def _filters(subject: Subject, taken: Collection[str]) -> Parameters:
    """Describe the filters by the default operator of each field."""
    return [
        _refer(subject, field.name, partial(_filter, field, default))
        for field, default in _default_filters(subject, taken)
    ]


def _filter(field: Field, operator: str) -> JSONSchema:
    text = f"Compared by `{operator}`."
    if OPERATORS[operator].takes in (Takes.LIST, Takes.PAIR):
        items = _operand(field, operator)["items"]
        return describe_list(
            field.name, {"type": "array", "items": items}, text, [example_of(field)]
        )
    schema = _operand(field, operator)
    example = False if OPERATORS[operator].takes is Takes.FLAG else example_of(field)
    return describe_parameter(field.name, schema, text, example)


def _by_operators(subject: Subject) -> JSONSchema:
    name = "filters"
    while name in subject.table.queryable:
        name += "_"
    return {
        "name": name,
        "in": "query",
        "style": "form",
        "explode": True,
        "description": "Filters by operators; each is a parameter of its own: `field__op=value`.",
        "schema": {
            "title": f"{subject.name}Filters",
            "type": "object",
            "properties": operator_schemas(subject),
            "examples": [_NOTHING],
        },
    }


def operator_schemas(subject: Subject) -> dict[str, JSONSchema]:
    """Return the schemas of filters by operators, and by parts of JSON fields, by name."""
    fields = list(subject.table.queryable.values())
    parts = [part for field in fields for part in described_parts(field) if '"' not in part.name]
    by_default = {part.name: _operand(part, "eq") for part in parts if "eq" in operators_of(part)}
    return by_default | {
        f"{field.name}__{operator}": _operand(field, operator)
        for field in (*fields, *parts)
        for operator in operators_of(field)
    }


def _operand(field: Field, operator: str) -> JSONSchema:
    """Return the schema of an operator's operand for a field."""
    takes = OPERATORS[operator].takes
    if takes is Takes.FLAG:
        return {"type": "boolean"}
    if operator == "has":
        item = item_of(field if isinstance(field, Part) else whole_of(field))
        return TEXT if item is None else value_schema(item)
    schema = TEXT if operator in PATTERNS else value_schema(field)
    if takes is Takes.VALUE:
        return schema
    bounds = {"minItems": 2, "maxItems": 2} if takes is Takes.PAIR else {}
    return {"type": "array", "items": schema, **bounds}


def _through(subject: Subject, name: str, relation: Relation) -> JSONSchema:
    target = subject.related(name)
    fields = list(target.table.queryable)
    field = next((f for f in fields if not target.table.queryable[f].primary_key), fields[0])
    text = f"Filters through `{name}`: `{name}.{field}`, `{name}.{field}__op`, or a longer path."
    if relation.many:
        text += " One row that matches is enough."
    return {
        "name": f"{name}.*",
        "in": "query",
        "style": "form",
        "explode": True,
        "description": text,
        "schema": {"type": "object", "additionalProperties": TEXT, "examples": [_NOTHING]},
        "x-template": f"{name}.{{field}}",
        "x-filters-of": target.name,
    }


def _into(field: Field) -> JSONSchema:
    text = (
        f"Filters by a part of `{field.name}`, as in `{field.name}.name`, `{field.name}.list.0` or "
        f'`{field.name}."a.b"__op`: a name with a dot, a double quote or two underscores stands '
        "in double quotes. A value for a part of any type is read as a number, true, false, or "
        "else a text; in double quotes it is always a text."
    )
    return {
        "name": f"{field.name}.path.*",
        "in": "query",
        "style": "form",
        "explode": True,
        "description": text,
        "schema": {"type": "object", "additionalProperties": TEXT, "examples": [_NOTHING]},
        "x-template": f"{field.name}.{{path}}",
    }


def _refer(subject: Subject, name: str, make: Callable[[], JSONSchema]) -> JSONSchema:
    return subject.components.refer("parameters", f"{subject.name}.{name}", make)


def _choices(names: list[str]) -> JSONSchema:
    return {"type": "array", "items": {"type": "string", "enum": names}}


def describe_parameter(name: str, schema: JSONSchema, description: str, example: Any) -> JSONSchema:
    """Describe a query parameter."""
    # The docs page would send an `example` of the parameter itself unless its reader clears it.
    schema = {**schema, "examples": [example]}
    return {"name": name, "in": "query", "description": description, "schema": schema}


def describe_list(name: str, schema: JSONSchema, description: str, example: Any) -> JSONSchema:
    """Describe a parameter whose values are separated by commas."""
    parameter = describe_parameter(name, schema, description, example)
    return {**parameter, "style": "form", "explode": False}
