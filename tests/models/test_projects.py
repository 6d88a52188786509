"""Every project's models are served: create, read, filter, sort, walk, change, delete, document."""

import json
from decimal import Decimal
from itertools import product
from typing import Any

from modelwire.catalog.kinds import Kind
from tests.conftest import empty_tables
from tests.documents import operations_of, read_document, responses_of

from .service import Service, fields_of, row_path

ORDERED = {Kind.INTEGER, Kind.FLOAT, Kind.DECIMAL, Kind.BOOLEAN, Kind.DATE, Kind.TIME}
ORDERED |= {Kind.DATETIME}
LISTED = set(Kind) - {Kind.JSON, Kind.OTHER}


def comparable(kind: Kind, value: Any) -> Any:
    """A value of JSON as one that Python orders as its kind is ordered."""
    return Decimal(value) if kind is Kind.DECIMAL else value


async def test_create_and_read(service: Service) -> None:
    """A row is read as it was answered, and stands in the list so; what was sent finds it."""
    for table in service.tables:
        rows, bodies = service.rows[table.path], service.bodies[table.path]
        listed = await service.read_all(table)
        assert len(listed) == len(rows)
        assert [row for row in rows if row not in listed] == []
        for row, body in zip(rows, bodies, strict=True):
            assert await service.ask(row_path(table, row)) == row
            for name, value in body.items():
                # A validator may have changed a text.
                field = table.queryable.get(name)
                if value is not None and field is not None and field.kind in LISTED - {Kind.TEXT}:
                    found = await service.read_all(table, **{name: one(value)})
                    assert row in found, (table.path, name, value)


def one(value: Any) -> str:
    """A value of JSON as it stands in a query."""
    return value if isinstance(value, str) else json.dumps(value)


async def test_filter_by_each_field(service: Service) -> None:
    """Each value that a list shows finds the rows that show it, and no others."""
    for table, field in fields_of(service):
        rows = await service.read_all(table)
        missing = [row for row in rows if row[field.name] is None]
        assert await service.read_all(table, **{f"{field.name}__isnull": "true"}) == missing
        for value in (row[field.name] for row in rows if field.kind in LISTED):
            if value is None or (value == "" and field.kind is Kind.TEXT):
                continue
            same = [row for row in rows if row[field.name] == value]
            found = await service.read_all(table, **{field.name: one(value)})
            assert found == same, (table.path, field.name, value)
            others = await service.read_all(table, **{f"{field.name}__ne": one(value)})
            assert [r for r in others if r[field.name] is not None] == [
                r for r in rows if r[field.name] is not None and r not in same
            ]


async def test_sort_and_walk_by_each_field(service: Service) -> None:
    """A list is in order either way, and a walk by cursors meets its rows in that order."""
    for table, field in fields_of(service):
        if field.kind not in LISTED:
            continue
        for sort in (field.name, f"-{field.name}"):
            rows = await service.read_all(table, sort=sort)
            assert await service.walk(table, sort) == rows, (table.path, sort)
            assert len(rows) == len(service.rows[table.path])
            values = [row[field.name] for row in rows if row[field.name] is not None]
            if field.kind in ORDERED:
                values = [comparable(field.kind, value) for value in values]
                assert values == sorted(values, reverse=sort[0] == "-"), (table.path, sort)


async def test_change_each_field(service: Service) -> None:
    """A row takes each value of its neighbour, except where that is taken; then it is as it was."""
    for table in service.tables:
        first, second, *_ = service.rows[table.path]
        path = row_path(table, first)
        before = await service.ask(path)
        for field in table.fields:
            body = {field.name: second.get(field.name)}
            if not field.writable or field.primary_key or field.name not in second:
                continue
            answer = await service.client.patch(path, json=body)
            assert answer.status_code in (200, 400, 422), (path, body, answer.text)
            after = await service.ask(path)
            if answer.status_code == 200:
                assert after == answer.json()
                before = after
            else:
                assert after == before
                assert {e["pointer"] for e in answer.json()["errors"]}, answer.text


async def test_send_back(service: Service) -> None:
    """A row that was read can be sent back, and changes nothing but values of the server."""
    for table in service.tables:
        for row in service.rows[table.path]:
            path = row_path(table, row)
            answer = await service.client.patch(path, json=row)
            assert answer.status_code == 200, (path, row, answer.text)
            kept = {name: v for name, v in row.items() if name not in set_by_server(table)}
            assert {name: answer.json()[name] for name in kept} == kept


def set_by_server(table: Any) -> set[str]:
    """The names of the fields that a change may change beside those that it names."""
    changing = {f.name for f in table.fields if f.column.onupdate is not None}
    return changing | ({table.version.name} if table.version else set())


async def test_delete(service: Service) -> None:
    """Rows are gone when they were deleted, those that others stand on last."""
    for table in reversed(service.tables):
        for row in reversed(service.rows[table.path]):
            path = row_path(table, row)
            gone = await service.client.delete(path)
            assert gone.status_code == 204, (path, gone.text)
            assert (await service.client.get(path)).status_code == 404
        assert await service.read_all(table) == []


async def test_create_in_bulk_and_include(service: Service) -> None:
    """Rows of one table are created at once, and shown with all that they include."""
    await empty_tables(service.database)
    for table in service.tables:
        bodies = service.bodies[table.path]
        made = await service.client.post(f"{table.path}/bulk/", json=bodies)
        assert made.status_code == 201, (table.path, made.text)
        assert len(made.json()) == len(bodies)
    for table in service.tables:
        names = {"include": ",".join(table.includes)} if table.includes else {}
        rows = await service.read_all(table, **names)
        assert all(set(table.includes) <= set(row) for row in rows)


async def test_document(service: Service) -> None:
    """The document describes every operation, and each answer that it shows has a schema."""
    document = await read_document(service.client)
    described = {path.split("/")[1] for path, _, _ in operations_of(document)}
    assert {table.path.strip("/") for table in service.tables} <= described
    for path, method, operation in operations_of(document):
        assert responses_of(document, operation), (path, method)


async def test_no_body_is_an_error_of_the_server(service: Service) -> None:
    """Bodies that may not fit are created or refused."""
    for table, body in product(service.tables, ({}, {"nobody": 1}, [], [{}], 5, "x")):
        for path in (f"{table.path}/", f"{table.path}/bulk/"):
            answer = await service.client.post(path, json=body)
            assert answer.status_code in (201, 400, 422), (path, body, answer.text)
