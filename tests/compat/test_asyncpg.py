"""Private parts of asyncpg that modelwire uses."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from asyncpg.prepared_stmt import PreparedStatement

from modelwire.compat.asyncpg import LoopConnection, diagnostics_of, was_not_sent

from .canary import missing_from, unwritten_in


def test_connection_has_its_parts() -> None:
    names = ("_cancel_current_command", "_cleanup", "terminate", "is_closed", "get_settings")
    assert missing_from(asyncpg.Connection, names) == []
    assert unwritten_in(asyncpg.Connection, ("_loop", "_transport", "_aborted")) == []
    assert missing_from(PreparedStatement, ("fetch", "cursor")) == []


async def connect(url: str) -> LoopConnection:
    found: LoopConnection = await asyncpg.connect(url, connection_class=LoopConnection)
    return found


async def test_connection_tells_its_loop_and_cancels_what_runs(postgres_url: str) -> None:
    connection = await connect(postgres_url)
    try:
        assert connection.loop is asyncio.get_running_loop(), "Connection._loop"
        told = connection.loop.create_future()
        running = asyncio.create_task(connection.execute("SELECT pg_sleep(60)"))
        await asyncio.sleep(0.2)
        connection.cancel_statement(told)
        async with asyncio.timeout(5):
            await told
            with pytest.raises(asyncpg.QueryCanceledError):
                await running
    finally:
        await connection.close()


async def test_errors_of_the_server_have_the_fields_of_the_protocol(postgres_url: str) -> None:
    connection = await connect(postgres_url)
    try:
        await connection.execute("CREATE TEMP TABLE t (id int PRIMARY KEY, n int NOT NULL)")
        await connection.execute("INSERT INTO t VALUES (1, 1)")
        with pytest.raises(asyncpg.UniqueViolationError) as taken:
            await connection.execute("INSERT INTO t VALUES (1, 1)")
        with pytest.raises(asyncpg.NotNullViolationError) as empty:
            await connection.execute("INSERT INTO t VALUES (2, NULL)")
        with pytest.raises(asyncpg.RaiseError) as raised:
            await connection.execute("DO $$ BEGIN RAISE EXCEPTION 'no'; END $$")
    finally:
        await connection.close()
    told = diagnostics_of(taken.value)
    assert (told.table, told.constraint) == ("t", "t_pkey"), told
    assert told.schema is not None, "schema_name"
    assert told.detail == "Key (id)=(1) already exists.", "detail"
    assert diagnostics_of(empty.value).column == "n", "column_name"
    assert diagnostics_of(raised.value).function == "exec_stmt_raise", "server_source_function"


async def test_warnings_are_heard_before_the_answer(postgres_url: str) -> None:
    connection = await connect(postgres_url)
    heard: list[object] = []
    connection.add_log_listener(
        lambda _connection, message: heard.append(message.server_source_function)
    )
    try:
        await connection.execute("DO $$ BEGIN RAISE WARNING 'so'; END $$")
        assert heard == ["exec_stmt_raise"], "PostgresLogMessage.server_source_function"
    finally:
        await connection.close()


async def test_what_asyncpg_refuses_to_send_is_known_by_its_text(postgres_url: str) -> None:
    connection = await connect(postgres_url)
    running = asyncio.create_task(connection.execute("SELECT pg_sleep(0.3)"))
    await asyncio.sleep(0.1)
    with pytest.raises(asyncpg.InterfaceError) as busy:
        await connection.execute("SELECT 1")
    await running
    await connection.close()
    with pytest.raises(asyncpg.InterfaceError) as closed:
        await connection.execute("SELECT 1")
    assert was_not_sent(closed.value), f"the text of {closed.value!r}"
    assert "another operation is in progress" in str(busy.value), "the text of a busy connection"
    assert was_not_sent(asyncpg.InternalClientError("cannot switch to state 12; another operation"))


def test_connection_whose_loop_is_closed_can_be_hung_up(postgres_url: str) -> None:
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(connect(postgres_url))
    loop.close()
    connection.hang_up()
    assert connection.is_closed(), "Connection._aborted, _transport and _cleanup"
