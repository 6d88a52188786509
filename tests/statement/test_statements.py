"""Statements of shapes: their values, what follows an error, and what is gathered."""

from typing import Any

import pytest
from sqlalchemy import (
    ARRAY,
    Float,
    Integer,
    String,
    Text,
    TypeDecorator,
    Uuid,
    bindparam,
    select,
)
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.types import TypeEngine, UserDefinedType

from modelwire.access.principal import ANYONE, Principal
from modelwire.errors import NotFound, UnreadableAnswer
from modelwire.shape.reads import SelectShape
from modelwire.statement.dialects.known import DIALECTS
from modelwire.statement.gathered import can_gather, parameters_of
from modelwire.statement.lists import ROWS
from modelwire.statement.statements import Statement

from .test_sql import KINDS, STATEMENTS

each_database = pytest.mark.parametrize("name", STATEMENTS)


def statement_of(case: str, name: str) -> Statement:
    kind, _, rest = case.partition(" ")
    shape, _ = KINDS[kind](rest, name)
    return STATEMENTS[name].of(shape)


@each_database
def test_values_of_the_caller(name: str) -> None:
    """They are bound for each execution, if the statement has any."""
    statement = statement_of("list own/own_invoices?", name)
    caller = Principal(None, {"me_orgs": (1, 2), "me_id": 7}, (7,))
    assert statement.asked == ["me_orgs"] * statement.compiled.names.count("me_orgs")
    assert statement.take_from(caller) == {"me_orgs": (1, 2)}
    assert statement.bind({"limit": 5}, caller) == {"limit": 5, "me_orgs": (1, 2)}
    with pytest.raises(KeyError):
        statement.bind({"limit": 5}, ANYONE)
    plain = statement_of("list users?", name)
    assert (plain.asked, plain.bind({"limit": 5})) == ([], {"limit": 5})


@each_database
def test_rows_that_are_given(name: str) -> None:
    statement = statement_of("row existing own/own_invoices id", name)
    as_columns = name == "postgresql"
    caller = Principal(None, {"me_orgs": (1,)}, (7,))
    bound = dict(statement.bind({ROWS: [(1,), (2,)]}, caller))
    assert bound.pop("me_orgs") == (1,)
    assert bound == ({f"{ROWS}0": [1, 2]} if as_columns else {ROWS: [(1,), (2,)]})
    given = dict.fromkeys(statement.compiled.names, (1,)) | bound
    values = statement.compiled.bind(given)
    assert ("{1,2}" if as_columns else "[[1],[2]]") in map(str, values)


@each_database
def test_what_follows_an_error(name: str) -> None:
    """Rows are read again if one may be unreadable: that is not what other errors of ours say."""
    statement = statement_of("list users?", name)
    for error in (UnreadableAnswer(), ValueError(), OverflowError()):
        again = statement.after(error)
        assert again is not None
        assert again.origin is not None
        assert again.after(error) is None
        assert statement.after(error) is again
    assert statement.after(NotFound("Not found")) is None
    assert statement_of("row insert users email", name).after(ValueError()) is None


@each_database
def test_writes_that_tell_their_caller(name: str) -> None:
    """Only a write of rows sets whom the log names; it is the same statement otherwise."""
    for case in ("row insert users email", "row update users email", "row delete teams id"):
        statement = statement_of(case, name)
        stamped = statement.stamped
        assert stamped is not None
        assert stamped.text.startswith(statement.compiled.text.rstrip())
        assert stamped.names[-3:] == ("stamp_by", "stamp_request", "stamp_tells")
    for case in ("list users?", "row existing users email"):
        assert statement_of(case, name).stamped is None


def test_executions_that_are_gathered() -> None:
    statements = STATEMENTS["postgresql"]
    shape, _ = KINDS["read"]("own/own_notes?", "postgresql")
    assert isinstance(shape, SelectShape)
    gathered = statements.gathered(shape)
    assert gathered is not None
    assert sorted(gathered.gathers) == ["me_id", "p0"]
    given = {"me_id": 1, "p0": 5, "other": 6}
    assert gathered.gather(given) == [given[name] for name in gathered.gathers]
    assert gathered is statements.gathered(shape)
    assert STATEMENTS["sqlite"].gathered(shape) is None


def test_partitions_are_looked_up() -> None:
    whole = STATEMENTS["postgresql"].whole
    assert "pg_partition_root" in whole.compiled.text
    assert whole is STATEMENTS["postgresql"].whole


class _Decorated(TypeDecorator[int]):
    impl = Integer
    cache_ok = True


class _Own(UserDefinedType[int]):
    cache_ok = True


@pytest.mark.parametrize(
    ("sql_type", "can"),
    [
        (Integer(), True),
        (Text(), True),
        (Uuid(), True),
        (ARRAY(Integer()), True),
        (ARRAY(String()), True),
        (ARRAY(Float()), False),
        (_Decorated(), False),
        (_Own(), False),
        (INET(), True),
    ],
)
def test_values_that_a_list_can_hold(sql_type: TypeEngine[Any], *, can: bool) -> None:
    parameters = [bindparam("a", type_=Integer()), bindparam("b", type_=sql_type)]
    assert can_gather(parameters, DIALECTS["postgresql"]) is can
    assert not can_gather(parameters, DIALECTS["sqlite"])
    assert can_gather([], DIALECTS["postgresql"])


def test_parameters_of_a_statement() -> None:
    """Each is listed once; those with a value are part of the statement."""
    a, b = bindparam("a", type_=Integer()), bindparam("b", type_=Integer())
    sql = select(a + b).where(a == 5)
    assert [parameter.key for parameter in parameters_of(sql)] == ["a", "b"]
