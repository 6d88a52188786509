"""Fields computed by expressions: `column_property`, hybrid attributes, and `computed=`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic.fields import FieldInfo
from sqlalchemy import (
    ClauseElement,
    Column,
    Float,
    FromClause,
    Numeric,
    Select,
    TableClause,
    TextClause,
)
from sqlalchemy import Table as SQLTable
from sqlalchemy.ext.hybrid import HybridExtensionType, hybrid_property
from sqlalchemy.orm import Mapper
from sqlalchemy.sql.expression import ColumnClause
from sqlalchemy.sql.selectable import Alias, AliasedReturnsRows
from sqlalchemy.types import TypeEngine

from ...dialect import Dialect
from ...errors import ConfigurationError
from ...resource import Resource
from ..codecs import decoder_of_column, encoder_of_column
from ..conditions import Condition
from ..field import Computed, Field
from ..kinds import (
    Kind,
    bare_class,
    is_decorated,
    kind_of,
    kind_of_class,
    scale_of,
    storage_type,
    stored_kind,
    strip_optional,
    type_on,
)
from ..policies import TablePolicy
from ..tables import Table
from .aggregates import find_of_many
from .annotations import class_told_by
from .condition_reader import ConditionReader
from .digits import Digits, digits_of
from .nulls import may_be_null
from .secrecy import names_secret
from .shown import name_relations


@dataclass(frozen=True, slots=True)
class _Found:
    """Expression found in a model or a resource.

    Args:
        expression: The expression, as the user wrote it.
        place: Its place, for messages.
        hint: The type of the values in Python, if it is declared.
    """

    expression: object
    place: str
    hint: object = None


def read_computed(
    mapper: Mapper[Any],
    resource: Resource,
    reader: ConditionReader,
    policies: Mapping[SQLTable, TablePolicy],
    dialect: Dialect | None,
) -> Iterable[Field]:
    """Read the computed fields of a resource, except for hidden ones.

    Args:
        mapper: The mapper of its model.
        resource: The resource.
        reader: A reader of expressions over its rows.
        policies: The policies of all resources except open ones, by their tables.
        dialect: The dialect of the database; None for no particular one.

    Raises:
        ConfigurationError: An expression can't be computed for each row.
    """
    model = resource.model
    known = {*model.model_fields, *model.model_computed_fields, *mapper.relationships.keys()}
    known |= {*mapper.local_table.columns.keys()}
    computed = _find(mapper, resource)
    ruled = () if resource.policy is None else resource.policy.fields
    names = name_relations(resource, computed)
    for key, found in computed.items():
        name = names[key]
        if name in resource.hidden and name not in ruled:
            continue
        if key in known:
            raise ConfigurationError(
                f"Resource({found.place}): {model.__name__} has a field or a relationship of that "
                "name already; compute it under another one."
            )
        for schema in (resource.create_schema, resource.update_schema):
            if schema is not None and key in schema.model_fields:
                raise ConfigurationError(
                    f"Resource({found.place}): {schema.__name__} has it, but computed fields "
                    "can't be set; leave it out there."
                )
        written = reader.read_value(found.expression, found.place)
        of_many = find_of_many(written.written)
        if of_many is not None:
            raise ConfigurationError(
                f"Resource({found.place}): {of_many} aggregates many rows, including rows that "
                f"a caller may not see. Write a select(…) from aliased({model.__name__}) with a "
                f"condition for the rows, or leave it out by hidden=['{name}']."
            )
        yield _make_field(name, key, found, written, policies, resource, dialect)


def computed_names(mapper: Mapper[Any], resource: Resource) -> Iterable[str]:
    """Return the names of all computed fields, including hidden ones."""
    computed = _find(mapper, resource)
    return (*computed, *name_relations(resource, computed).values())


def _find(mapper: Mapper[Any], resource: Resource) -> Mapping[str, _Found]:
    model = mapper.class_.__name__
    found: dict[str, _Found] = {}
    for attribute in mapper.column_attrs:
        expression = attribute.columns[0]
        if not isinstance(expression, Column):
            found[attribute.key] = _Found(expression, f"{model}, `{attribute.key}`")
    for key, descriptor in mapper.all_orm_descriptors.items():
        if descriptor.extension_type is HybridExtensionType.HYBRID_PROPERTY:
            hybrid: Any = descriptor
            written = _write_hybrid(mapper.class_, key, hybrid)
            if written is not None:
                hint = _hint_of(hybrid)
                found[key] = _Found(written, f"{model}, `{key}`", hint)
    named = {
        key: _Found(expression, f"{model}, computed=…, `{key}`")
        for key, expression in resource.computed.items()
    }
    return {key: f for key, f in {**found, **named}.items() if not key.startswith("_")}


def _write_hybrid(model: type, key: str, hybrid: hybrid_property[Any]) -> object:
    """Return a hybrid attribute as SQL; None if it exists only in Python."""
    try:
        found: Any = getattr(model, key)
        written = found.__clause_element__() if hasattr(found, "__clause_element__") else None
        return written if isinstance(written, ClauseElement) else None
    except Exception as exc:  # anything that a user's function raises for a class
        if hybrid.expr is None:
            return None
        raise ConfigurationError(
            f"{model.__name__}.{key} can't be written as SQL: {exc}. Correct its expression."
        ) from exc


def _hint_of(hybrid: hybrid_property[Any]) -> object:
    try:
        return get_type_hints(hybrid.fget).get("return")
    except NameError:
        return None


def _make_field(
    name: str,
    key: str,
    found: _Found,
    condition: Condition,
    policies: Mapping[SQLTable, TablePolicy],
    resource: Resource,
    dialect: Dialect | None,
) -> Field:
    expression = condition.written
    sql_type = type_on(expression, None if dialect is None else dialect.name)
    digits = digits_of(expression) if _is_decimal(sql_type) else None
    if digits is not None:
        sql_type = Numeric(_MOST_DIGITS, digits.most)
    annotation = _annotation_of(found, sql_type)
    nullable = may_be_null(expression)
    declared = annotation | None if nullable else annotation
    column: Column[Any] = Column(key, sql_type, nullable=nullable)
    kind = kind_of(annotation, sql_type)
    is_shown = name in resource.shown or resource.read_schema is not None
    by_name = not is_shown and names_secret(column, kind, name, key)
    schema = resource.read_schema
    return Field(
        name=name,
        key=key,
        column=column,
        sql_type=sql_type,
        info=_describe(name, key, declared),
        declared=declared,
        annotation=annotation,
        kind=kind,
        to_column=encoder_of_column(annotation, sql_type),
        from_column=decoder_of_column(annotation, sql_type),
        text_form=None,
        nullable=nullable,
        primary_key=False,
        readable=name not in resource.hidden
        and not by_name
        and (schema is None or _shows(schema.model_fields.get(key))),
        hidden_by_name=by_name,
        writable=False,
        filled=True,
        default=None,
        computed=Computed(condition, policies, scale_of(sql_type), _are_alike(digits)),
    )


_MOST_DIGITS = 1000
"""Digits that a decimal may have (PostgreSQL manual, Numeric Types)."""


def _is_decimal(sql_type: TypeEngine[Any]) -> bool:
    """Whether SQLAlchemy returns the values as decimals."""
    is_number = isinstance(sql_type, Numeric) and not isinstance(sql_type, Float)
    return is_number and bool(getattr(sql_type, "asdecimal", False))


def _are_alike(digits: Digits | None) -> bool:
    return digits is not None and digits.least == digits.most


def _describe(name: str, key: str, declared: Any) -> FieldInfo:
    alias = None if name == key else name
    return FieldInfo(annotation=declared, alias=alias, json_schema_extra={"readOnly": True})


def _shows(info: FieldInfo | None) -> bool:
    return info is not None and not info.exclude


def _annotation_of(found: _Found, sql_type: TypeEngine[Any]) -> Any:
    """Return the class of the values: the Python type, if the expression's type stores that."""
    hint = strip_optional(found.hint)
    if stored_kind(sql_type) is Kind.JSON and not is_decorated(sql_type):
        return Any if hint is None else hint
    meant = kind_of_class(bare_class(hint)) if hint is not None else None
    if meant is not None and kind_of(hint, sql_type) is meant:
        return hint
    told = class_told_by(sql_type if is_decorated(sql_type) else storage_type(sql_type))
    if told is None:
        raise ConfigurationError(
            f"Resource({found.place}): the type of its values is unknown. Give the "
            "expression a type, as in type_coerce(…, Integer()) or func.name(…, type_=Integer())."
        )
    return told


def check_computed(tables: Sequence[Table]) -> None:
    """Check that no expression reads rows that policies hide from callers.

    Args:
        tables: All resources of an application.

    Raises:
        ConfigurationError: An expression reads a table with a policy in a way that can't be
            replaced by the rows that the policy allows.
    """
    closed = {t.name: t.sql for t in tables if not t.policy.read.constant}
    for table in tables if closed else ():
        for field in table.fields:
            fault = None if field.computed is None else _find_way_round(field.computed, closed)
            if fault is not None:
                raise ConfigurationError(
                    f"Resource({table.model.__name__}, `{field.name}`): {fault} Or leave it out by "
                    f"hidden=['{field.name}']."
                )


def check_rules(tables: Collection[Table], others: Collection[Table] = ()) -> None:
    """Check that no expression shows fields with restricted access, unless its own field is
    restricted.

    Args:
        tables: The resources of a mount.
        others: The resources of another mount, whose rules hold for tables that are not resources
            of this one.

    Raises:
        ConfigurationError: An expression does.
    """
    resources = {table.name: table for table in (*others, *tables)}
    for table in tables:
        for field in table.computed:
            computed = field.computed
            if computed is None or not field.readable or field.name in table.policy.fields:
                continue
            for read, ruled in _fields_read(computed, resources):
                if read.policy.rules_of(ruled.name).read is not True:
                    whole = f"{read.model.__name__}.{ruled.name}"
                    raise ConfigurationError(
                        f"Resource({table.model.__name__}, `{field.name}`): it is computed from "
                        f"{whole}, which a policy restricts. Restrict this field too, as in "
                        f"policy=Policy(…, fields={{'{field.name}': FieldPolicy(read=…)}}), or "
                        f"leave it out by hidden=['{field.name}']."
                    )


def _fields_read(
    computed: Computed, resources: Mapping[str, Table]
) -> Iterator[tuple[Table, Field]]:
    """Yield the fields of resources that an expression reads, including those read by
    subqueries."""
    for part in _parts_of(computed.condition.written, frozenset()):
        for column in part.base_columns if isinstance(part, ColumnClause) else ():
            source = getattr(column, "table", None)  # computed columns have none
            read = resources.get(source.fullname) if isinstance(source, SQLTable) else None
            found = None if read is None else read.by_column.get(column.name)
            if read is not None and found is not None:
                yield read, found


def _find_way_round(computed: Computed, closed: Mapping[str, SQLTable]) -> str | None:
    """Find a part of an expression that would bypass a policy; return a message with the remedy."""
    known = {computed.condition.row, *closed.values()}
    for part in _parts_of(computed.condition.written, known):
        if isinstance(part, TextClause) or _is_text_of_query(part):
            return (
                "it has SQL as text, which may read rows that policies hide. "
                "Write it in SQLAlchemy's expression language."
            )
        is_within = isinstance(part, AliasedReturnsRows) and stands_for(part) is None
        for read in _parts_of(part, frozenset()) if is_within else (part,):
            if isinstance(read, TableClause) and read.fullname in closed:
                return (
                    f"it reads {read.fullname}, which has a policy, but not as a model or as "
                    "aliased(…) of one. Join and compare models in its select(…)."
                )
    return None


def _parts_of(part: Any, known: Collection[FromClause]) -> Iterator[Any]:
    """Yield the parts of an expression, except for those inside known aliases of tables."""
    yield part
    if part in known or stands_for(part) in known:
        return
    for inner in (*part.get_children(), *_sources_of(part)):
        yield from _parts_of(inner, known)


def _sources_of(part: Any) -> Sequence[FromClause]:
    """Return the sources that a part reads without containing them."""
    if isinstance(part, ColumnClause):
        return () if part.table is None else (part.table,)
    return part.get_final_froms() if isinstance(part, Select) else ()


def stands_for(source: object) -> SQLTable | None:
    """Return the table that something is a plain alias of, possibly through other aliases."""
    element: object = source
    while type(element) is Alias:
        element = element.element
    return element if element is not source and isinstance(element, SQLTable) else None


def _is_text_of_query(part: Any) -> bool:
    is_text = isinstance(part, ColumnClause) and part.is_literal
    return is_text and _QUERY.search(str(part.name)) is not None


_QUERY = re.compile(r"\b(select|table|values)\b", re.IGNORECASE)
