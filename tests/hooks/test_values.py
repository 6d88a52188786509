"""Arguments of hooks, and the effect of the values that they set."""

import logging
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from modelwire import Change
from tests.hooks.tables import Act, Script, Status
from tests.hooks.ways import store_rows


def setting(**values: Any) -> Act:
    """A hook that sets values of every row."""

    def hook(change: Change) -> None:
        for row in change.rows:
            assert row.new is not None
            for name, value in values.items():
                setattr(row.new, name, value)

    return hook


async def test_values_of_the_model(client: httpx2.AsyncClient, script: Script) -> None:
    """Rows have values as their model has them, hidden ones too, whether stored or to be."""
    body = {"code": "x", "status": "issued", "tags": ["a"], "made_at": "2026-02-03T04:05:06+01:00"}
    answer = await client.post("/invoices/", json=body)
    assert answer.status_code == 201, answer.text
    before, after, _ = script.calls
    new = before.rows[0][1]
    assert new is not None
    moment = datetime(2026, 2, 3, 3, 5, 6, tzinfo=UTC)
    assert (new["status"], new["tags"], new["made_at"]) == (Status.ISSUED, ["a"], moment)
    assert new["total"] == Decimal("0.00")
    stored = after.rows[0][1]
    assert stored is not None
    assert stored == {**new, "id": 1, "customer_id": None, "note": None, "margin": 7}
    assert isinstance(stored["status"], Status)
    assert isinstance(stored["total"], Decimal)


async def test_set_when_created(client: httpx2.AsyncClient, script: Script) -> None:
    """A hook changes what was sent, and adds what clients can't set."""
    values = {"code": "FROM-HOOK", "total": 5, "status": "issued", "margin": 9}
    script.on("Invoice.before_create", setting(**values))
    answer = await client.post("/invoices/bulk/", json=[{"code": "x"}])
    assert answer.status_code == 201, answer.text
    (row,) = answer.json()
    assert (row["code"], row["total"], row["status"]) == ("FROM-HOOK", "5.00", "issued")
    stored = script.calls[1].rows[0][1]
    assert stored is not None
    assert (stored["margin"], stored["status"]) == (9, Status.ISSUED)


async def test_set_in_place(client: httpx2.AsyncClient, script: Script) -> None:
    """A list that a hook adds to is stored as it has become."""

    def add(change: Change) -> None:
        for row in change.rows:
            assert row.new is not None
            row.new.tags.append("added")

    script.on("Invoice.before_create", add)
    answer = await client.post("/invoices/", json={"tags": ["sent"]})
    assert answer.json()["tags"] == ["sent", "added"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/invoices/1", {"note": "x"}),
        ("PATCH", "/invoices/bulk/", [{"id": 1, "note": "x"}]),
        ("PATCH", "/invoices/?id=1", {"note": "x"}),
        ("POST", "/invoices/bulk/?on_conflict=code", [{"code": "a", "note": "x"}]),
    ],
)
async def test_set_when_changed(
    client: httpx2.AsyncClient, script: Script, method: str, path: str, body: Any
) -> None:
    """A change has what is written of a row, which may be added to and taken away."""
    await store_rows(client)

    def change_all(change: Change) -> None:
        for row in change.rows:
            assert row.old is not None
            assert row.new is not None
            assert dict(row.new) == {"note": "x"}
            del row.new.note
            row.new.total = row.old.total + 3

    script.on("Invoice.before_update", change_all)
    answer = await client.request(method, path, json=body, headers={"Prefer": "max-affected=1"})
    assert answer.is_success, answer.text
    row = (await client.get("/invoices/1")).json()
    assert (row["note"], row["total"]) == (None, "3.00")


@pytest.mark.parametrize(
    ("values", "status", "code", "pointer"),
    [
        ({"code": "x" * 21}, 422, "too_long", "/code"),
        ({"margin": 2**40}, 422, "out_of_range", "/margin"),
        ({"code": "a\x00b"}, 422, None, "/code"),
        ({"total": None}, 422, "not_null", "/total"),
        ({"total": Decimal("0.001")}, 422, "out_of_range", "/total"),
        ({"made_at": datetime(2026, 1, 1)}, 422, None, "/made_at"),
        ({"nothing": 1}, 500, "unexpected_error", None),
        ({"status": "paid"}, 500, "unexpected_error", None),
        ({"margin": "many"}, 500, "unexpected_error", None),
    ],
)
@pytest.mark.parametrize("operation", ["create", "update"])
async def test_refused_values(
    client: httpx2.AsyncClient,
    script: Script,
    values: dict[str, Any],
    status: int,
    code: str | None,
    pointer: str | None,
    operation: str,
) -> None:
    """A value that doesn't fit is reported as any other; a non-value is the hook's fault."""
    await store_rows(client)
    script.on(f"Invoice.before_{operation}", setting(**values))
    if operation == "create":
        answer = await client.post("/invoices/", json={"code": "n"})
    else:
        answer = await client.patch("/invoices/1", json={"note": "n"})
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert code in (None, problem["code"])
    assert [e["pointer"] for e in problem.get("errors", [])] == ([pointer] if pointer else [])
    rows = (await client.get("/invoices/?sort=id")).json()["items"]
    assert [row["note"] for row in rows] == [None, "old"]


async def test_unknown_name_is_logged(
    client: httpx2.AsyncClient, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says which field a hook might have meant."""
    script.on("Invoice.before_create", setting(statsu=1))
    with caplog.at_level(logging.ERROR, logger="modelwire"):
        assert (await client.post("/invoices/", json={})).status_code == 500
    assert "Invoice has no field `statsu` (did you mean `status`?)" in caplog.text


async def test_value_of_another_type_is_logged_without_itself(
    client: httpx2.AsyncClient, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says which field a hook has set wrongly, but not to what."""
    script.on("Invoice.before_create", setting(total="unlikely"))
    with caplog.at_level(logging.ERROR, logger="modelwire"):
        assert (await client.post("/invoices/", json={})).status_code == 500
    assert (
        "A hook has set Invoice.total to a value of the type str, which the field can't have"
        in caplog.text
    )
    assert "unlikely" not in caplog.text


async def test_stored_rows_are_read_only(client: httpx2.AsyncClient, script: Script) -> None:
    """Nothing can be set in a row that is stored."""
    script.on("Invoice.after_create", setting(note="late"))
    assert (await client.post("/invoices/", json={})).status_code == 500


async def test_nested_rows_know_their_parent(client: httpx2.AsyncClient, script: Script) -> None:
    """Rows below a new one have its key before they are stored, and a place in the body."""
    body = {"lines": [{"place": 1}, {"place": 2}]}
    assert (await client.post("/invoices/", json=body)).status_code == 201
    (before,) = [c for c in script.calls if (c.model, c.hook) == ("Line", "before_create")]
    assert [(new or {})["invoice_id"] for _, new, _ in before.rows] == [1, 1]
    assert [pointer for _, _, pointer in before.rows] == ["/lines/0", "/lines/1"]


async def test_answer_after_hooks(client: httpx2.AsyncClient, script: Script) -> None:
    """Changes by hooks after a write are in its response, and in its tag."""

    async def add_up(change: Change) -> None:
        from sqlmodel import func, select, update  # noqa: PLC0415

        from tests.hooks.tables import Invoice, Line  # noqa: PLC0415

        total = select(func.sum(Line.price)).where(Line.invoice_id == Invoice.id).scalar_subquery()
        await change.session.exec(update(Invoice).values(total=total))

    script.on("Line.after_create", add_up)
    body = {"lines": [{"place": 1, "price": "2.50"}, {"place": 2, "price": "4.00"}]}
    created = await client.post("/invoices/", json=body)
    assert created.json()["total"] == "6.50"
    read = await client.get("/invoices/1")
    assert (read.content, read.headers["etag"]) == (created.content, created.headers["etag"])
