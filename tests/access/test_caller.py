"""The caller that a policy names: its class, its attributes, its values."""

import datetime as dt
import math
import typing
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from enum import Enum
from functools import cached_property, partial
from typing import Annotated, Any, Literal, NamedTuple, NewType

import msgspec
import pytest
from pydantic import AwareDatetime, BaseModel, PositiveInt, computed_field
from sqlalchemy import BigInteger, column
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Caller, ConfigurationError
from modelwire.access.attributes import Attribute
from modelwire.access.caller import dependency_of, key_of
from modelwire.access.principal import Parameter, Principal, PrincipalReader
from modelwire.errors import CallerError

from .models import Member, Role, Tenant, me, read_member

Email = Annotated[str, "as in a@b.c"]
UserId = NewType("UserId", int)


class PydanticMember(BaseModel):
    id: PositiveInt
    email: Email
    plan: Literal["free", "paid"]
    moment: AwareDatetime
    parent: UserId | None = None
    tags: tuple[str, ...] = ()
    ranks: set[int | None] | None = None
    price: Decimal = Decimal(1)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def is_paid(self) -> bool:
        return self.plan == "paid"

    @cached_property
    def doubled(self) -> int:
        return self.id * 2


class TableMember(SQLModel, table=True):
    __tablename__ = "access_table_members"

    id: int | None = Field(default=None, primary_key=True)
    organisation_id: int | None = Field(default=None, foreign_key="access_organisations.id")
    organisation: Tenant | None = Relationship()


class TupleMember(NamedTuple):
    id: int
    name: str | None


class StructMember(msgspec.Struct):
    id: uuid.UUID
    roles: list[Role]


def attribute_of(caller: Caller, name: str) -> Attribute:
    found: Attribute = getattr(caller, name).attribute
    return found


def test_attributes_of_each_kind_of_class() -> None:
    """A Pydantic or SQLModel class, a NamedTuple, a struct and a dataclass have attributes."""

    def read() -> PydanticMember:
        raise NotImplementedError

    caller = Caller(read)
    assert attribute_of(caller, "id") == Attribute("id", int, int)
    assert attribute_of(caller, "email") == Attribute("email", str, str)
    assert attribute_of(caller, "plan") == Attribute("plan", str, str)
    assert attribute_of(caller, "moment") == Attribute("moment", dt.datetime, dt.datetime)
    assert attribute_of(caller, "parent") == Attribute("parent", int, int, takes_none=True)
    assert attribute_of(caller, "tags") == Attribute("tags", str, str, is_many=True)
    ranks = Attribute("ranks", int, int, is_many=True, takes_none=True, holds_none=True)
    assert attribute_of(caller, "ranks") == ranks
    assert attribute_of(caller, "is_paid") == Attribute("is_paid", bool, bool)
    assert attribute_of(caller, "doubled") == Attribute("doubled", int, int)

    def read_row() -> TableMember:
        raise NotImplementedError

    assert attribute_of(Caller(read_row), "organisation_id").takes_none

    def read_tuple() -> TupleMember:
        raise NotImplementedError

    assert attribute_of(Caller(read_tuple), "name") == Attribute("name", str, str, takes_none=True)

    def read_struct() -> StructMember:
        raise NotImplementedError

    assert attribute_of(Caller(read_struct), "roles") == Attribute(
        "roles", Role, Enum, is_many=True
    )
    assert attribute_of(me, "is_owner") == Attribute("is_owner", bool, bool)


def test_kinds_of_dependencies() -> None:
    """Functions, generators, callables and classes say by an annotation what they give."""

    async def coroutine() -> Member:
        raise NotImplementedError

    def generator() -> Iterator[Member]:
        yield Member(1)

    async def asynchronous() -> AsyncIterator[Annotated[Member, "who"]]:
        yield Member(1)

    class Reads:
        def __call__(self) -> Member:
            raise NotImplementedError

        def method(self) -> Member:
            raise NotImplementedError

    for given in (
        coroutine,
        generator,
        asynchronous,
        Reads(),
        Reads().method,
        partial(coroutine),
        Member,
    ):
        caller = Caller(given)
        assert attribute_of(caller, "id") == Attribute("id", int, int)
        assert dependency_of(caller) is given


def test_what_is_no_caller() -> None:
    """A caller that is no class with attributes is refused where it is declared."""

    def nothing():  # type: ignore[no-untyped-def]
        raise NotImplementedError

    def optional() -> Member | None:
        raise NotImplementedError

    def unknown() -> "Nowhere":  # type: ignore[name-defined]  # noqa: F821
        raise NotImplementedError

    def plain() -> dict[str, Any]:
        raise NotImplementedError

    def empty() -> Exception:
        raise NotImplementedError

    for given in (nothing, optional, unknown, plain, empty, lambda: None):
        with pytest.raises(ConfigurationError, match=r"-> Member|has no attribute of a type"):
            Caller(given)
    for key, fault in (
        ((), "name the attributes that identify"),
        ("nr", "no attribute `nr`"),
        ("settings", "can be int"),
        ("organisation_ids", "is a collection"),
    ):
        with pytest.raises(ConfigurationError, match=fault):
            Caller(read_member, key=key)
    assert [a.name for a in key_of(Caller(read_member, key=("home_id", "id")))] == ["home_id", "id"]


def test_attributes_that_are_not_there() -> None:
    """A name that is wrong is told with the closest that is right, a type with those that are."""
    with pytest.raises(ConfigurationError, match="did you mean `organisation_ids`"):
        me.organisation_idz  # noqa: B018
    with pytest.raises(ConfigurationError, match=r"me.settings is annotated as dict"):
        me.settings  # noqa: B018
    with pytest.raises(ConfigurationError, match="Join conditions by &"):
        bool(me.is_admin)
    assert not hasattr(me, "__wrapped__")


def test_caller_in_place_of_an_attribute() -> None:
    """The caller itself is no operand, on either side and in a list."""
    for compare in (
        lambda: column("owner_id") == me,
        lambda: me == column("owner_id"),
        lambda: column("owner_id").in_([me]),
        lambda: column("owner_id").in_(me),  # type: ignore[arg-type]
    ):
        with pytest.raises(ConfigurationError, match=r"one of its attributes, as in me\.id\. It h"):
            compare()


@pytest.mark.parametrize("base", [BaseModel, SQLModel])
def test_base_classes_add_no_attributes(base: type[BaseModel]) -> None:
    """An error lists the attributes of a caller, and not those of Pydantic and SQLModel."""

    class Member(base):  # type: ignore[valid-type, misc]
        id: int

    def read() -> Member:
        raise NotImplementedError

    read.__annotations__["return"] = Member
    with pytest.raises(ConfigurationError, match=r"has no attribute `name`; it has id\.$"):
        Caller(read).name  # noqa: B018


def test_a_class_with_names_that_are_not_there() -> None:
    """Only what is used has to be known at run time."""

    class Partly:
        id: int
        team: "Nowhere"  # type: ignore[name-defined]  # noqa: F821

    def read() -> typing.Any:
        raise NotImplementedError

    read.__annotations__["return"] = Partly
    caller = Caller(read)
    assert attribute_of(caller, "id").type_ is int
    with pytest.raises(ConfigurationError, match=r"me.team is annotated as Nowhere"):
        caller.team  # noqa: B018


class Vet:
    id: int
    clinic_ids: list[int]

    def is_senior(self) -> bool:
        raise NotImplementedError

    @property
    def is_busy(self):  # type: ignore[no-untyped-def]
        raise NotImplementedError


def read_vet() -> Vet:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda vet: 1 in vet.clinic_ids, r"Write Model\.column\.in_\(me\.clinic_ids\)"),
        (lambda vet: vet.is_senior, r"`is_senior` is a method .* make it a @property"),
        (lambda vet: vet.is_busy, r"me\.is_busy has no annotation of what it returns"),
    ],
)
def test_mistakes_with_attributes(use: Callable[[Any], object], said: str) -> None:
    """Python's `in`, methods and properties without an annotation are refused, with the remedy."""
    with pytest.raises(ConfigurationError, match=said):
        use(Caller(read_vet))


def reader_of(*names: str, key: str = "id", is_aware: bool = True) -> PrincipalReader:
    used = [attribute_of(me, name) for name in names]
    parameters = [Parameter(f"me_{a.name}", a, BigInteger(), is_aware) for a in used]
    return PrincipalReader(key_of(Caller(read_member, key=key)), parameters)


def value_of(name: str, value: object, *, is_aware: bool = True) -> object:
    member = Member(1)
    setattr(member, name, value)
    return reader_of(name, is_aware=is_aware).read(member).values[f"me_{name}"]


UTC = dt.UTC


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("id", 5, 5),
        ("id", 2**63 - 1, 2**63 - 1),
        ("name", "ann", "ann"),
        ("name", Role.OWNER, "owner"),
        ("role", Role.OWNER, Role.OWNER),
        ("home_id", None, None),
        ("score", 3, 3.0),
        ("score", math.inf, math.inf),
        ("organisation_ids", [1, 2], (1, 2)),
        ("organisation_ids", (1,), (1,)),
        ("organisation_ids", [], ()),
        ("roles", frozenset({Role.OWNER}), (Role.OWNER,)),
        ("since", dt.datetime(2020, 1, 1, tzinfo=UTC), dt.datetime(2020, 1, 1, tzinfo=UTC)),
        # What no column can hold matches nothing, and is no failure of the database.
        ("id", 2**63, None),
        ("id", -(2**63) - 1, None),
        ("name", "a\x00b", None),
        ("name", "\ud800", None),
        ("score", math.nan, None),
        ("score", 10**400, None),
        ("limit", Decimal("NaN"), None),
        ("limit", Decimal("sNaN"), None),
        ("limit", Decimal("1e200000"), None),
        ("limit", Decimal("1e-20000"), None),
        ("since", dt.datetime.min.replace(tzinfo=dt.timezone(dt.timedelta(hours=5))), None),
        ("organisation_ids", [1, 2**70], (1,)),
    ],
)
def test_values(name: str, value: object, read: object) -> None:
    """A value is read as its annotation says; what no column can hold is NULL."""
    found = value_of(name, value)
    assert found == read
    assert type(found) is type(read)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", None),
        ("id", "1"),
        ("id", True),
        ("id", 1.0),
        ("is_admin", 1),
        ("is_admin", None),
        ("name", b"ann"),
        ("role", "owner"),
        ("score", "1"),
        ("limit", 1),
        ("organisation_ids", None),
        ("organisation_ids", "12"),
        ("organisation_ids", 1),
        ("organisation_ids", ["1"]),
        ("organisation_ids", [None]),
        ("organisation_ids", {1: 2}),
        ("since", dt.date(2020, 1, 1)),
        ("since", dt.datetime(2020, 1, 1)),
    ],
)
def test_values_of_other_classes(name: str, value: object) -> None:
    """A value of another class than its annotation says is an error, never no policy."""
    with pytest.raises(CallerError, match=f"`{name}`"):
        value_of(name, value)


def test_moments_without_offset() -> None:
    """A moment has an offset where its column has, and nowhere else."""
    naive = dt.datetime(2020, 1, 1)
    assert value_of("since", naive, is_aware=False) == naive
    with pytest.raises(CallerError, match="no offset"):
        value_of("since", naive.replace(tzinfo=UTC), is_aware=False)


def test_collections_that_are_none() -> None:
    """A collection that is None is unknown: neither IN nor NOT IN is true of anything."""
    attribute = Attribute("tags", str, str, is_many=True, takes_none=True, holds_none=True)
    reader = PrincipalReader((), [Parameter("me_tags", attribute, BigInteger())])

    class Tagged:
        tags: object = None

    who = Tagged()
    assert reader.read(who).values == {"me_tags": (None,)}
    who.tags = {"a"}
    assert reader.read(who).values == {"me_tags": ("a",)}


def test_attributes_that_raise() -> None:
    """An attribute that raises an error, or is missing, is an error."""

    class Broken:
        id = 1

        @property
        def name(self) -> str:
            raise ZeroDivisionError

    for who in (Broken(), object(), None):
        with pytest.raises(CallerError):
            reader_of("name").read(who)


def test_keys() -> None:
    """Callers have keys of their own, whatever of them a column could hold; nobody has none."""

    def key_for(key: str, **values: Any) -> bytes | None:
        return reader_of(key=key).read(Member(**({"id": 1} | values))).key

    keys = [key_for("id", id=value) for value in (1, 2, 2**70, 2**70 + 1)]
    keys += [key_for("name", name=value) for value in ("1", "\ud800", "\ud801", "a', 'b")]
    assert None not in keys
    assert len(set(keys)) == len(keys)
    assert key_for("id") == key_for("id")
    assert key_for("home_id") is None
    with pytest.raises(CallerError):
        key_for("id", id="1")


def test_what_is_assigned() -> None:
    """An assigned value that no column can hold is not stored as NULL."""
    (parameter,) = reader_of("home_id")._parameters
    reader = reader_of("home_id")
    assert reader.read(Member(1, home_id=4)).assign(parameter) == 4
    assert reader.read(Member(1)).assign(parameter) is None
    with pytest.raises(CallerError, match="no column can hold"):
        reader.read(Member(1, home_id=2**80)).assign(parameter)


def test_rules() -> None:
    """A rule is a constant, or a bool of the caller that is true."""
    principal = Principal(None, {"me_yes": True, "me_no": False, "me_null": None}, ())
    assert [principal.allows(rule) for rule in (True, "me_yes")] == [True, True]
    assert [principal.allows(rule) for rule in (False, "me_no", "me_null")] == [False] * 3
