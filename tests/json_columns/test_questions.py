"""Random questions into documents, against a plain evaluator over the stored rows."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.query.conftest import describe

from .conftest import World
from .model import (
    OPERATORS,
    TEXT_OPERATORS,
    Question,
    document_in,
    find,
    place,
    quote,
    type_of,
    write,
)

NAMES = [
    *("a", "b", "a", "b", "0", "1", "01", "-1", "é", "😀", "a.b", "sp ace", ""),
    *('q"k', "back\\slash", "x__gt", "__", "'; DROP TABLE things; --", "$", "$.a", "[0]", "#>"),
    *("%(p0)s", "%s", ":p0", "?", "{0}", "__[POSTCOMPILE_p0]", "\\x27", "a,b", "(a:b)", "*"),
]
"""Names in documents, among them some that mean something to databases, drivers and paths."""

NUMBERS = [
    *(0, 1, -1, 5, 5.0, 1.5, -0.0, 0.1, 0.30000000000000004, 1e300, -1e-300, 1e15, 1e16),
    *(2**53 + 1, 2**53, float(2**53), 2**63 - 1, -(2**63), 10, 9, 123456.789),
]
TEXTS = [
    "",
    "x",
    "X",
    "xy",
    "5",
    "1.5",
    "true",
    "null",
    "é",
    "É",
    "😀",
    'a"b',
    "a,b",
    "%",
    "_",
    "\\",
]
COLUMNS = ["meta", "binary", "shadow", "boxed"]

SCALARS: list[Any] = [*NUMBERS, *TEXTS, True, False]


class Draw:
    """Draws documents, and questions about them."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def scalar(self) -> Any:
        kinds: list[list[Any]] = [NUMBERS, TEXTS, [True, False]]
        return self.random.choice(self.random.choice(kinds))

    def document(self, depth: int = 3) -> Any:
        kind = self.random.choice("osl" if depth == 3 else "ossln") if depth else "s"
        if kind == "o" or (depth == 3 and self.random.random() < 0.7):
            names = self.random.sample(NAMES[:6], 2) + self.random.sample(NAMES, 2)
            return {name: self.document(depth - 1) for name in names}
        if kind == "l":
            return [self.document(depth - 1) for _ in range(self.random.randint(0, 3))]
        return None if kind == "n" else self.scalar()

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        boxes = [{"id": i, "meta": self.document()} for i in range(1, 4)]
        things = []
        for i in range(1, 13):
            document = self.random.choice([self.document(), self.document(), None])
            box = self.random.choice([None, 1, 2, 3, 4])
            things.append(
                {"id": i, "meta": document, "binary": document, "tags": [], "by_name": {}}
                | {"box_id": box if box != 4 else None}
            )
        return {"boxes": boxes, "things": things}

    def steps(self, document: Any) -> tuple[str, ...]:
        """A path, most often of a document that is stored."""
        found: list[str] = []
        while len(found) < 3:
            if isinstance(document, dict) and document and self.random.random() < 0.85:
                step = self.random.choice(list(document))
            elif isinstance(document, list) and document and self.random.random() < 0.85:
                step = str(self.random.randrange(len(document)))
            else:
                step = self.random.choice(NAMES)
            found.append(step)
            document = find(document, [step])
            if not isinstance(document, (dict, list)) or self.random.random() < 0.2:
                break
        # An empty name can't stand last where an operator follows it, but in quotes.
        return tuple(found)

    def question(self, rows: dict[str, list[dict[str, Any]]]) -> Question:
        through = self.random.choice(["", "", "box"])
        column = "meta" if through else self.random.choice(COLUMNS)
        row = self.random.choice(rows["boxes" if through else "things"])
        document = document_in(row, column, {box["id"]: box for box in rows["boxes"]})
        steps = self.steps(document)
        operator = self.random.choice(OPERATORS)
        value = find(document, steps)
        return Question(column, steps, operator, self.operands(operator, value), through)

    def operands(self, operator: str, value: Any) -> tuple[Any, ...]:
        near = value if type_of(value) in ("number", "text", "boolean") else self.scalar()
        if operator == "has" and isinstance(value, list) and value:
            near = self.random.choice(value)
            near = self.scalar() if isinstance(near, (dict, list, type(None))) else near
        one = near if self.random.random() < 0.6 else self.scalar()
        if operator == "isnull":
            return (self.random.choice([True, False]),)
        if operator.removeprefix("i") in TEXT_OPERATORS:
            texts = TEXTS if not isinstance(one, str) else [one, one[:1], *TEXTS[:4], "%", "_"]
            return (self.random.choice(texts),)
        if operator in ("in", "not_in"):
            return (*(self.scalar() for _ in range(self.random.randint(0, 3))), one)
        if operator in ("gt", "gte", "lt", "lte", "between"):
            one = self.random.choice(NUMBERS) if isinstance(one, bool) else one
            like = TEXTS if isinstance(one, str) else NUMBERS
            return (one, self.random.choice(like)) if operator == "between" else (one,)
        return (one,)


LISTS = ("in", "not_in", "between")
"""Operators that take several values."""


def parameters(question: Question) -> list[tuple[str, str]]:
    """A question as parameters of a URL."""
    texts = question.texts
    if question.operator in LISTS and not any("," in text for text in texts):
        return [(question.name, ",".join(texts))]
    if question.operator in LISTS and len(texts) == 1:
        texts = texts * 2  # a value is taken whole where there are several
    return [(question.name, text) for text in texts]


def term(question: Question) -> str:
    """A question as a term of `or`, where quotes are those of the text."""
    scalars = [quote(o) if isinstance(o, str) else write(o) for o in question.operands]
    is_list = question.operator in LISTS
    return f"{question.name}:{'(' + ','.join(scalars) + ')' if is_list else scalars[0]}"


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in rows]


@pytest.mark.parametrize("way", ["filter", "or", "not", "body", "stream"])
@examples(25, quick=2)
@given(seed=st.integers(0, 2**32))
async def test_filters(world: World, way: str, seed: int) -> None:
    """Every operator on every type finds the rows that plain Python finds."""
    draw = Draw(Random(seed))
    rows = draw.rows()
    await world.fill(rows)
    boxes = {box["id"]: box for box in rows["boxes"]}
    for _ in range(40):
        question = draw.question(rows)
        wanted = [r for r in rows["things"] if question.holds_for(r, boxes) is not (way == "not")]
        for lane, client in world.clients_for(__file__).items():
            with describe(lane=lane, question=question, name=question.name, rows=rows):
                match way:
                    case "filter":
                        asked: Any = [*parameters(question), ("limit", "100"), ("fields", "id")]
                        answer = await client.get("/things/", params=asked)
                    case "or" | "not":
                        text = term(question)
                        asked = {"or": f"(not({text}))" if way == "not" else f"({text})"}
                        answer = await client.get("/things/", params={**asked, "limit": 100})
                    case "body":
                        texts, is_list = question.texts, question.operator in LISTS
                        asked = {question.name: texts if is_list else texts[0]}
                        answer = await client.post("/things/query", json={**asked, "limit": 100})
                    case _:
                        asked = parameters(question)
                        answer = await client.get("/things/stream/", params=asked)
                assert answer.status_code == 200, answer.text
                found = answer.json()
                found = found if way == "stream" else found["items"]
                assert ids(found) == ids(wanted)


@examples(25, quick=2)
@given(seed=st.integers(0, 2**32))
async def test_orders(world: World, seed: int) -> None:
    """Rows stand in one order of values of all types, on pages, in walks by cursor both ways, and
    in streams."""
    draw = Draw(Random(seed))
    rows = draw.rows()
    await world.fill(rows)
    boxes = {box["id"]: box for box in rows["boxes"]}
    for _ in range(6):
        through = draw.random.choice(["", "", "box"])
        column = "meta" if through else draw.random.choice(COLUMNS)
        row = draw.random.choice(rows["boxes" if through else "things"])
        example = document_in(row, column, boxes)
        question = Question(column, draw.steps(example), "eq", (), through)
        descending = draw.random.random() < 0.5

        def part(row: dict[str, Any], question: Question = question) -> Any:
            if question.through:
                return find(boxes.get(row["box_id"], {}).get(question.column), question.steps)
            return find(document_in(row, question.column, boxes), question.steps)

        wanted = sorted(rows["things"], key=lambda r: place(part(r)), reverse=descending)
        # The key goes up in both directions.
        if descending:
            wanted = sorted(rows["things"], key=lambda r: r["id"])
            wanted.sort(key=lambda r: place(part(r)), reverse=True)
        sort = "-" * descending + question.path
        for lane, client in world.clients_for(__file__).items():
            with describe(lane=lane, sort=sort, rows=rows):
                page = (await client.get("/things/", params={"sort": sort, "limit": 100})).json()
                assert ids(page["items"]) == ids(wanted)
                stream = await client.get("/things/stream/", params={"sort": sort, "fields": "id"})
                assert ids(stream.json()) == ids(wanted)
                limit = draw.random.randint(1, 5)
                asked = {"sort": sort, "limit": limit, "fields": "id"}
                assert ids(await walk(client, asked, "next")) == ids(wanted)


async def walk(client: Any, asked: dict[str, Any], way: str) -> list[dict[str, Any]]:
    """All items of a list, page by page by cursor; each page back must be the one before."""
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    before: list[dict[str, Any]] | None = None
    while cursor is not None:
        page = (await client.get("/things/", params={**asked, "cursor": cursor})).json()
        if before is not None:
            back = {**asked, "cursor": page["previous"]}
            answer = await client.get("/things/", params=back)
            assert answer.status_code == 200, answer.text
            assert answer.json()["items"] == before
        found += page["items"]
        cursor, before = page[way], page["items"]
    return found


def test_the_model_knows_json() -> None:
    """An operand written as JSON is read back by JSON as the same value."""
    for operand in SCALARS:
        text = write(operand)
        if not isinstance(operand, str):
            assert json.loads(text) == operand
