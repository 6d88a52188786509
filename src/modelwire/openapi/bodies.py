"""Schemas of rows, in requests and in responses."""

from __future__ import annotations

from ..catalog.kinds import Kind
from ..catalog.relation import Relation
from ..catalog.tables import Table
from ..plan.writing.create import tie_fields
from .components import Components
from .context import Subject
from .values import TEXT, JSONSchema, value_schema


def row_schema(subject: Subject) -> JSONSchema:
    """Return the schema of a row in a response, with the includes that a request may ask for."""

    return subject.components.describe(
        subject.table.schemas.read,
        "serialization",
        more=lambda: _includes(subject),
        optional=[n for n, given in subject.table.policy.fields.items() if given.read is not True],
    )


def _includes(subject: Subject) -> JSONSchema:
    """Return the schemas of includes: the read schema's own, or else that of their resource."""
    own = subject.table.schemas.related
    return {
        name: _related(
            subject.components.describe(own[name], "serialization")
            if name in own
            else row_schema(subject.related(name)),
            relation,
        )
        for name, relation in subject.table.includes.items()
    }


def rows_schema(subject: Subject) -> JSONSchema:
    """Return the schema of several rows."""
    return _many(row_schema(subject))


def create_schema(subject: Subject, relation: Relation | None = None) -> JSONSchema:
    """Return the schema of a row to create, with the related rows that may be created or linked.

    Args:
        subject: The resource.
        relation: The relation by which the row is created together with another row, or below
            one; its foreign key may then be left out.
    """
    given = [f.name for f in tie_fields(relation, subject.table, {})] if relation else []
    rules = subject.table.policy.fields
    end = "And".join("".join(map(str.capitalize, name.split("_"))) for name in given)
    return subject.components.describe(
        subject.table.schemas.create,
        "validation",
        more=lambda: _new_relations(subject),
        optional=[
            *given,
            *_told_by_nested(subject.table),
            *(n for n, rule in rules.items() if rule.write is not True),
        ],
        suffix=f"Without{end}" if given else "",
    )


def _told_by_nested(table: Table) -> list[str]:
    """Return the foreign keys that may be left out because a nested parent supplies them."""
    held = [relation for relation in table.nested.values() if relation.holds]
    return [table.by_column[column.name].name for relation in held for column in relation.local]


def _new_relations(subject: Subject) -> JSONSchema:
    table = subject.table
    properties = {}
    for name, relation in {**table.linked, **table.nested}.items():
        target = subject.related(name)
        kinds = [key_schema(target)] if name in table.linked else []
        kinds += [create_schema(target, relation)] if name in table.nested else []
        schema = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
        properties[name] = _related(schema, relation)
    return properties


def update_schema(subject: Subject, *, with_links: bool = True) -> JSONSchema:
    """Return the schema of an update.

    Args:
        subject: The resource.
        with_links: Whether the update may set links, which a mass update may not.
    """
    has_links = with_links and bool(subject.table.linked)
    return subject.components.describe(
        subject.table.schemas.update,
        "validation",
        more=lambda: {**_read_only(subject), **(_new_links(subject) if has_links else {})},
        suffix="WithLinks" if has_links else "",
    )


def patch_schema(subject: Subject, *, with_links: bool = True) -> JSONSchema:
    """Return the schema of a merge patch: an update in which JSON documents are merged as well.

    Args:
        subject: The resource.
        with_links: Whether the update may set links, which a mass update may not.
    """
    merged = merged_properties(subject)
    if not merged:
        return update_schema(subject, with_links=with_links)
    has_links = with_links and bool(subject.table.linked)
    links = _new_links(subject) if has_links else {}
    return subject.components.describe(
        subject.table.schemas.update,
        "validation",
        more=lambda: {**_read_only(subject), **links, **merged},
        suffix="WithLinksMerged" if has_links else "Merged",
    )


def merged_properties(subject: Subject) -> dict[str, JSONSchema]:
    """Return the JSON fields of known types, of which a merge patch may give any part."""
    table = subject.table
    given = subject.components.properties_of(table.schemas.update, "validation")
    documents = [f.name for f in table.fields if f.kind is Kind.JSON and f.name in given]
    merged = {name: _merge(subject.components, given[name]) for name in documents}
    return {name: schema for name, schema in merged.items() if schema != given[name]}


def _merge(components: Components, schema: JSONSchema) -> JSONSchema:
    """Return the schema of a merge patch (RFC 7396) for a value.

    A patch may have any members of an object, and null for the optional ones. Every other value is
    replaced as a whole.
    """
    if "anyOf" in schema:
        return {**schema, "anyOf": [_merge(components, each) for each in schema["anyOf"]]}
    found = components.find_model(schema)
    if found is None or "properties" not in found[1]:
        return schema
    name, whole = found

    def make() -> JSONSchema:
        required = whole.get("required", ())
        members = {
            key: merged if key in required else _or_null(merged)
            for key, given in whole["properties"].items()
            for merged in [_merge(components, given)]
        }
        kept = {key: value for key, value in whole.items() if key != "required"}
        return {**kept, "title": f"{name}Merged", "properties": members}

    return components.refer("schemas", f"{name}Merged", make)


def _or_null(schema: JSONSchema) -> JSONSchema:
    null = {"type": "null"}
    choices = schema.get("anyOf", [{k: v for k, v in schema.items() if k != "default"}])
    return {"anyOf": choices if null in choices else [*choices, null]}


def _new_links(subject: Subject) -> JSONSchema:
    """Return the relations whose links an update may set by keys."""
    return {name: _many(key_schema(subject.related(name))) for name in subject.table.linked}


def _read_only(subject: Subject) -> JSONSchema:
    """Return the read-only properties of a row, which a client may send back unchanged."""
    table = subject.table
    if not table.takes_echoes:
        return {}
    settable = table.settable
    shown = subject.components.properties_of(table.schemas.read, "serialization")
    shown = {**shown, **_includes(subject)}
    return {n: {**schema, "readOnly": True} for n, schema in shown.items() if n not in settable}


def bulk_create_schema(subject: Subject) -> JSONSchema:
    """Return the schema of the body of a bulk create."""
    return _many(create_schema(subject))


def bulk_update_schema(subject: Subject) -> JSONSchema:
    """Return the schema of the body of a bulk update: updates that hold the keys of their rows."""
    row = subject.components.describe(
        subject.table.schemas.update,
        "validation",
        more=lambda: {
            **_read_only(subject),
            **_new_links(subject),
            **merged_properties(subject),
            **_key_properties(subject),
        },
        required=[f.name for f in subject.table.key],
        suffix="WithKey",
    )
    return _many(row)


def bulk_delete_schema(subject: Subject) -> JSONSchema:
    """Return the schema of the body of a bulk delete: keys."""
    return _many(key_schema(subject))


def key_schema(subject: Subject) -> JSONSchema:
    """Return the schema of a key in a body; a composite key is a string."""
    table = subject.table
    if len(table.key) > 1:
        return TEXT
    (schema,) = _key_properties(subject).values()
    return schema


def _key_properties(subject: Subject) -> dict[str, JSONSchema]:
    shown = subject.components.properties_of(subject.table.schemas.read, "serialization")
    return {f.name: shown.get(f.name) or value_schema(f) for f in subject.table.key}


# Bodies with many rows may also be an object. No schema says so: code generators for Java turn the
# choice between an array and an object into code that does not compile.


def _many(item: JSONSchema) -> JSONSchema:
    return {"type": "array", "items": item}


def _related(schema: JSONSchema, relation: Relation) -> JSONSchema:
    """Return the schema of related rows: an array, or one row or null."""
    if relation.many:
        return _many(schema)
    return {"anyOf": [schema, {"type": "null"}]}
