"""Fields that are shown as something else than what is stored: nothing else tells what that is."""

import json
import re
from collections.abc import Callable
from typing import Annotated, Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import (
    AfterValidator,
    BaseModel,
    PlainSerializer,
    SecretStr,
    WrapSerializer,
    computed_field,
    field_serializer,
    field_validator,
    model_serializer,
    model_validator,
)
from sqlalchemy import JSON, Column, String
from sqlmodel import Field, Relationship, SQLModel

from modelwire import ConfigurationError, Database, Resource, mount
from tests.conftest import MakeClient
from tests.documents import operations_of, parameters_of, read_document
from tests.http.problems import read_problem
from tests.http.rows import read_ids, refused_parameters, store, store_many


def mask(value: Any) -> Any:
    """Show the last two characters alone."""
    return None if value is None else f"***{str(value)[-2:]}"


Masked = Annotated[str, PlainSerializer(mask)]


class Card(BaseModel):
    number: Masked
    kind: str = "debit"


class Branch(SQLModel, table=True):
    __tablename__ = "mask_banks"

    id: int | None = Field(default=None, primary_key=True)
    accounts: list["Vault"] = Relationship(back_populates="bank")


class Vault(SQLModel, table=True):
    """Fields that are masked in every way, and a plain one."""

    __tablename__ = "mask_accounts"

    id: int | None = Field(default=None, primary_key=True)
    name: str = "ann"
    iban: Masked = Field(default="DE1144", unique=True)
    phone: Masked | None = None
    note: Annotated[str | None, WrapSerializer(lambda value, _: mask(value))] = None
    number: int = 4711
    card: Card | None = Field(default=None, sa_column=Column(JSON))
    memo: str = Field(default="memo 99", exclude=True)
    code: SecretStr = Field(default=SecretStr("code 99"), sa_type=String)
    bank_id: int | None = Field(default=None, foreign_key="mask_banks.id")
    bank: Branch | None = Relationship(back_populates="accounts")

    @field_serializer("number")
    def mask_number(self, number: int) -> Any:
        return mask(number)


SHOWN = {
    "id": 1, "name": "ann", "iban": "***44", "phone": "***55", "note": "***66", "number": "***11",
    "card": {"number": "***77", "kind": "debit"}, "bank_id": 1,
}  # fmt: skip
MASKED = ("iban", "phone", "note", "number", "card")
HIDDEN = ("memo", "code")
RESOURCES = (
    Resource(Branch, includes=["accounts"]),
    Resource(Vault, includes=["bank"]),
)


async def store_account(database: Database, **values: Any) -> None:
    """Store a bank, and an account past all that its model says of values."""
    await store(database, Branch(id=1))
    row = {
        "name": "ann", "iban": "DE1144", "phone": "0155", "note": "n 66", "number": 4711,
        "card": {"number": "9977", "kind": "debit"}, "memo": "memo 99", "code": "code 99",
        "bank_id": 1,
    }  # fmt: skip
    await store_many(database, Vault, [{**row, **values}])


@pytest_asyncio.fixture
async def client(make_client: MakeClient, database: Database) -> httpx2.AsyncClient:
    """A client of a bank with one account."""
    await store_account(database)
    made: httpx2.AsyncClient = await make_client(*RESOURCES)
    return made


async def test_what_is_shown(client: httpx2.AsyncClient) -> None:
    """Values that serializers mask are masked wherever a row is shown."""
    assert (await client.get("/mask_accounts/1")).json() == SHOWN
    for url in ("/mask_accounts/", "/mask_banks/1/accounts/"):
        assert (await client.get(url)).json()["items"] == [SHOWN]
    answer = await client.get("/mask_banks/?include=accounts")
    assert answer.json()["items"][0]["accounts"] == [SHOWN]
    assert (await client.patch("/mask_accounts/1", json={})).json() == SHOWN
    answer = await client.get("/mask_accounts/?fields=iban,card")
    assert answer.json()["items"] == [{"iban": "***44", "card": SHOWN["card"]}]
    answer = await client.get("/mask_accounts/stream/", headers={"accept": "text/csv"})
    assert "9977" not in answer.text
    assert "DE11" not in answer.text


@pytest.mark.parametrize("field", [*MASKED, *HIDDEN])
@pytest.mark.parametrize(
    "query",
    ["{}=x", "{}__startswith=x", "{}__isnull=true", "sort={}", "sort=-{}", "or=({}__isnull:true)"],
)
async def test_masked_field_in_a_query(client: httpx2.AsyncClient, field: str, query: str) -> None:
    """A masked field is answered as one that there is not, here and through relations."""
    for url, name in (("/mask_accounts/", field), ("/mask_banks/", f"accounts.{field}")):
        real = await client.get(f"{url}?{query.format(name)}")
        made_up = await client.get(f"{url}?{query.format(name.replace(field, 'zzz'))}")
        assert real.status_code == 422
        if "to_many" not in real.text:
            assert real.json()["errors"][0]["code"] == made_up.json()["errors"][0]["code"]
            assert f"did you mean `{name}" not in real.text


async def test_search(client: httpx2.AsyncClient) -> None:
    """A search looks at fields that are shown as they are stored."""
    assert await read_ids(client, "/mask_accounts/?q=ann") == [1]
    for word in ("DE11", "0155", "66", "memo", "code"):
        assert await read_ids(client, f"/mask_accounts/?q={word}") == []


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_mass_change(client: httpx2.AsyncClient, method: str) -> None:
    """Masked fields don't say which rows are meant."""
    answer = await client.request(
        method, "/mask_accounts/?iban__startswith=DE", json={}, headers={"prefer": "max-affected=9"}
    )
    assert refused_parameters(answer) == ["iban__startswith"]


async def test_upsert(client: httpx2.AsyncClient) -> None:
    """A row is not found by the unique value of a masked field."""
    url = "/mask_accounts/bulk/?on_conflict=iban"
    answer = await client.post(url, json=[{"iban": "DE1144", "code": "x"}])
    assert refused_parameters(answer) == ["on_conflict"]


async def test_document(client: httpx2.AsyncClient) -> None:
    """The OpenAPI document names masked fields as what may be shown, and in no other parameter."""
    document = await read_document(client)
    found = [p for *_, o in operations_of(document) for p in parameters_of(document, o)]
    told = [json.dumps(p) for p in found if p["in"] == "query" and p["name"] != "fields"]
    assert any("name__startswith" in text for text in told)
    for field in (*MASKED, *HIDDEN):
        assert [text for text in told if re.search(rf"\b{field}(\b|__)", text)] == []


async def test_tag(client: httpx2.AsyncClient) -> None:
    """A tag depends on what is shown alone, so hidden values can't be guessed from it."""
    shown = (await client.get("/mask_accounts/1")).headers["etag"]
    tags = set()
    for iban, memo in (("DE2244", "a"), ("DE3344", "b"), ("DE3355", "b")):
        answer = await client.patch("/mask_accounts/1", json={"iban": iban, "memo": memo})
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] == (await client.get("/mask_accounts/1")).headers["etag"]
        tags.add(answer.headers["etag"])
    assert len(tags) == 2
    assert shown in tags
    (last,) = tags - {shown}
    stale = {"if-match": shown}
    answer = await client.patch("/mask_accounts/1", json={"name": "x"}, headers=stale)
    assert answer.status_code == 412
    fresh = {"if-match": last}
    answer = await client.patch("/mask_accounts/1", json={"name": "x"}, headers=fresh)
    assert answer.status_code == 200


async def test_tag_of_computed_fields(make_client: MakeClient, database: Database) -> None:
    """A field computed from a hidden one changes the response's tag, but not its row's."""
    await store_account(database)
    client = await make_client(Resource(Vault, read_schema=Excluded))
    first = await client.get("/mask_accounts/1")
    known, stored = {"if-none-match": first.headers["etag"]}, {"if-match": first.headers["etag"]}
    assert (await client.get("/mask_accounts/1", headers=known)).status_code == 304
    await client.patch("/mask_accounts/1", json={"iban": "DE1155"})
    second = await client.get("/mask_accounts/1", headers=known)
    assert (first.json()["end"], second.json()["end"]) == ("***44", "***55")
    answer = await client.patch("/mask_accounts/1", json={"name": "x"}, headers=stored)
    assert answer.status_code == 200


async def test_document_of_another_shape(make_client: MakeClient, database: Database) -> None:
    """A document that is not what its type says can't be masked, and is not shown."""
    await store_account(database, card={"nummer": "123477"})
    client = await make_client(*RESOURCES)
    answer = await client.get("/mask_accounts/1")
    assert answer.json()["card"] is None
    assert "1234" not in answer.text


async def test_queryable(make_client: MakeClient, database: Database) -> None:
    """A resource can say that a masked field may be asked for after all, through relations too."""
    await store_account(database)
    account = Resource(Vault, includes=["bank"], queryable=["iban"], filters={"iban": "endswith"})
    client = await make_client(RESOURCES[0], account)
    for query in ("iban=44", "iban__startswith=DE", "sort=iban", "q=DE1144", "or=(iban:44)"):
        assert await read_ids(client, f"/mask_accounts/?{query}") == [1]
    assert await read_ids(client, "/mask_banks/?accounts.iban=44") == [1]
    assert (await client.get("/mask_accounts/1")).json() == SHOWN
    answer = await client.get("/mask_accounts/?phone=0155")
    assert refused_parameters(answer) == ["phone"]


class Shown(BaseModel):
    """Masked fields read along by a user's own schemas."""

    id: int
    name: str


class ByField(Shown):
    iban: str

    @field_serializer("iban")
    def mask_iban(self, iban: str) -> Any:
        return mask(iban)


class ByEveryField(Shown):
    iban: str

    @field_serializer("*")
    def mask_all(self, value: Any) -> Any:
        return mask(value)


class ByAnnotation(Shown):
    iban: Masked


class AfterReading(Shown):
    iban: Annotated[str, AfterValidator(mask)]


class ByValidator(Shown):
    iban: str

    @field_validator("iban", mode="before")
    @classmethod
    def mask_iban(cls, iban: str) -> Any:
        return mask(iban)


class WholeAfter(Shown):
    iban: str

    @model_validator(mode="after")
    def mask_iban(self) -> Any:
        self.iban = mask(self.iban)
        return self


class WholeBefore(Shown):
    iban: str

    @model_validator(mode="before")
    @classmethod
    def mask_iban(cls, row: dict[str, Any]) -> Any:
        return {**row, "iban": mask(row["iban"])}


class WholeSerializer(Shown):
    iban: str

    @model_serializer(mode="wrap")
    def mask_iban(self, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        return {**handler(self), "iban": mask(self.iban)}


class BySecret(Shown):
    iban: SecretStr


class Excluded(Shown):
    iban: str = Field(exclude=True)

    @computed_field
    def end(self) -> str:
        return str(mask(self.iban))


class InJSON(Shown):
    iban: str = ""

    @field_serializer("iban", when_used="json-unless-none")
    def mask_iban(self, iban: str) -> Any:
        return mask(iban)


SCHEMAS = (
    ByField, ByEveryField, ByAnnotation, AfterReading, ByValidator, WholeAfter, WholeBefore,
    WholeSerializer, BySecret, Excluded, InJSON,
)  # fmt: skip


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_own_schemas(
    make_client: MakeClient, database: Database, schema: type[BaseModel]
) -> None:
    """A field masked by a user's own schema, in whichever way, can't be queried."""
    await store_account(database)
    client = await make_client(Resource(Branch), Resource(Vault, read_schema=schema))
    answer = await client.get("/mask_accounts/1")
    assert answer.status_code == 200, answer.text
    assert "DE11" not in answer.text
    for query in ("iban__startswith=D", "sort=iban", "or=(iban__startswith:D)"):
        answer = await client.get(f"/mask_accounts/?{query}")
        read_problem(answer, 422, "invalid")
    answer = await client.get("/mask_banks/?accounts.iban__startswith=D")
    assert refused_parameters(answer) == ["accounts.iban__startswith"]


class Plain(Shown):
    iban: str

    @computed_field
    def initial(self) -> str:
        return self.name[0]


async def test_own_schema_that_masks_nothing(make_client: MakeClient, database: Database) -> None:
    """A schema that shows what is stored leaves its fields open, whatever it computes beside."""
    await store_account(database)
    client = await make_client(Resource(Vault, read_schema=Plain))
    assert await read_ids(client, "/mask_accounts/?iban__startswith=DE&sort=iban&q=DE11") == [1]


class Sealed(SQLModel, table=True):
    __tablename__ = "mask_wholes"

    id: int | None = Field(default=None, primary_key=True)
    iban: str

    @model_serializer
    def mask_iban(self) -> dict[str, Any]:
        return {"id": self.id, "iban": mask(self.iban)}


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        (Resource(Vault, filters={"iban": "eq"}), "write queryable=['iban']"),
        (Resource(Vault, queryable=["memo"]), "queryable=…): there is no `memo`"),
        (Resource(Sealed), "its model_serializer `mask_iban` is for whole rows"),
    ],
)
def test_what_mount_refuses(resource: Resource, words: str) -> None:
    """A declaration that would reveal a masked value is refused at start-up, with what to write."""
    with pytest.raises(ConfigurationError) as caught:
        mount(FastAPI(), Database("sqlite://"), resource)
    assert words in str(caught.value)
