"""PostgreSQL's partitioned tables, looked up by their partitions."""

from __future__ import annotations

from sqlalchemy import Text, bindparam, column, func, select, table
from sqlalchemy.sql.base import Executable


def build_whole() -> Executable:
    """Select the schema and name of the table that `part` is a partition of, and the name there of
    the partition's index `part_key` (PostgreSQL manual, 9.28.2); no row if it is not a
    partition."""
    relation = table("pg_class", *map(column, ("oid", "relname", "relnamespace")))
    schema = table("pg_namespace", *map(column, ("oid", "nspname")))
    key = table("pg_class", *map(column, ("oid", "relname"))).alias("key")
    root, root_key = (
        func.pg_partition_root(func.to_regclass(bindparam(name, type_=Text()))) for name in _NAMES
    )
    return (
        select(schema.c.nspname, relation.c.relname, key.c.relname)
        .select_from(relation)
        .join(schema, schema.c.oid == relation.c.relnamespace)
        .outerjoin(key, key.c.oid == root_key)
        .where(relation.c.oid == root)
    )


_NAMES = ("part", "part_key")


def values_of_whole(schema: str | None, part: str, key: str | None) -> dict[str, str]:
    """Return the parameters of that statement, for unquoted names."""
    start = "" if schema is None else f"{_quote(schema)}."
    return {"part": start + _quote(part), "part_key": start + _quote(key or part)}


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
