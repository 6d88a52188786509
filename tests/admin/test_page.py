"""The admin page in a browser: each thing that people do with it."""

import json
from typing import Any

import pytest

from tests.admin.conftest import Results


def saw(results: Results, scenario: str) -> Any:
    """What a scenario has seen, without an error, a refused style or a request to elsewhere."""
    if scenario not in results:
        pytest.skip("it is about the page alone, and was seen with the other database")
    result = results[scenario]
    assert "failed" not in result, result["failed"]
    assert result["errors"] == []
    return result["saw"]


def test_resources(results: Results) -> None:
    """All resources are listed."""
    assert saw(results, "resources") == ["Shelves", "Subjects", "Volumes", "Loans", "Visits"]


def test_list(results: Results) -> None:
    """A list is sorted, paged and searched, and names what rows refer to."""
    assert saw(results, "list") == {
        "first": "Volume 00",
        "rows": 25,
        "secondPage": "Volume 34",
        "found": ["Volume 07"],
        "shelf": "Shelf 07",
    }


def test_filters(results: Results) -> None:
    """Filters have the control of their field, and are told in words."""
    assert saw(results, "filters") == {
        "one": ["Volume 52"],
        "told": ["Condition is worn", "Pages is at least 150", "Shelf is Shelf 12"],
        "more": ["Volume 52", "Volume 55", "Volume 58"],
    }


def test_columns(results: Results) -> None:
    """Columns can be hidden, also from the sheet of what the list shows."""
    seen = saw(results, "columns")
    assert seen["name"] == "shelves.csv"
    assert seen["lines"] == ["name", *(f"Shelf {n:02}" for n in (3, 13, 23, *range(30, 40)))]


def test_form(results: Results) -> None:
    """Values of each kind are shown and sent without a digit less, and only those that changed."""
    seen = saw(results, "form")
    assert seen["shown"] == {
        "Pages": "101",
        "Price": "1234567890.1200",
        "Barcode": "9007199254740994",
        "Weight": "0.25",
        "Printed on": "2000-01-02",
        "Acquired at (Asia/Tokyo)": "2026-03-01T21:01:05.678",
        "Opens at": "09:30:00",
        "Extra": '{\n  "big": 9007199254740993,\n  "ratio": 1.0\n}',
    }
    assert '"ratio":2.0' in seen["sent"]
    assert json.loads(seen["sent"]) == {
        "condition": "lost",
        "price": "0.1000",
        "barcode": 9007199254749999,
        "lendable": True,
        "printed_on": "2001-02-03",
        "acquired_at": "2026-05-05T22:08:09.000Z",
        "opens_at": "08:15:00",
        "extra": {"big": 18014398509481985, "ratio": 2.0},
    }
    assert seen["tag"]


def test_errors(results: Results) -> None:
    """What is refused stands beside its field."""
    seen = saw(results, "errors")
    assert seen["short"] == "String should have at least 2 characters"
    assert seen["taken"] == "Name already exists"
    assert seen["described"] == "true"
    number, document = seen["wrong"]
    assert number == "Must be a whole number"
    assert document.startswith("This is no JSON")


def test_pickers(results: Results) -> None:
    """Rows are picked by their names, one or several."""
    assert saw(results, "pickers") == {
        "body": {
            "title": "Picked",
            "shelf_id": 40,
            "pages": 100,
            "lendable": True,
            "subjects": [2, 4],
        },
        "before": ["Maps", "Stars"],
        "after": ["Stars"],
        "shelf": 40,
    }


def test_conflict(results: Results) -> None:
    """Who saves what somebody else has changed chooses field by field; the rest is theirs."""
    seen = saw(results, "conflict")
    assert seen["told"] == ["Yours: Yours", "Theirs: Theirs", "Yours: your note", "Theirs: a note"]
    assert seen["row"] == {"title": "Theirs", "note": "your note", "pages": 7}
    assert seen["found"] == []


def test_history(results: Results) -> None:
    """What has become of a row is told, and undone."""
    seen = saw(results, "history")
    changed, created = seen["told"]
    assert changed.startswith("Changed")
    assert "Title: Before → After" in changed
    assert created.startswith("Created")
    assert seen["row"] == {"title": "Before"}


def test_bulk(results: Results) -> None:
    """Many rows are changed and deleted with their number told first, and no more than that."""
    assert saw(results, "bulk") == {
        "changed": ["changed", "changed", None, None],
        "refused": "5 rows match, and at most 4 may be affected",
        "left": 5,
        "after": 0,
    }


def test_chart(results: Results) -> None:
    """A chart shows sums over groups of the rows that the list shows."""
    seen = saw(results, "chart")
    assert seen == {"bars": ["ann: 3", "bob: 3"], "found": []}
    assert "Shelf 02: 102" in saw(results, "related_chart")


def test_restored(results: Results) -> None:
    """Rows that are deleted softly are found, and brought back."""
    assert saw(results, "restored") == {"gone": 0, "after": 1}


def test_composite_key(results: Results) -> None:
    """A key of several columns, with what paths and lists have a meaning for, leads to its row."""
    first, second = saw(results, "composite")
    assert (first["minutes"], second["minutes"]) == (77, 2)


def test_keyboard(results: Results) -> None:
    """All can be reached by the keyboard, which comes back to where it was."""
    assert saw(results, "keyboard") == {"filter": "Filter", "back": "Filter"}


def test_accessible(results: Results) -> None:
    """Axe finds nothing serious, by day and by night."""
    assert saw(results, "accessible") == {}


def test_phone(results: Results) -> None:
    """Nothing is wider than a phone, and what the system wants dark, is."""
    seen = saw(results, "phone")
    assert seen["wide"] == []
    assert max(int(part) for part in seen["dark"].strip("rgb()").split(",")) < 80


def test_callers(results: Results) -> None:
    """Readers sign in, see their own rows and fields, sign in again in the middle, and out."""
    seen = saw(results, "signed_in")
    assert seen["own"] == [f"ann's {n}" for n in range(3)]
    assert seen["menu"] == ["All resources", "Subjects", "Loans"]
    assert seen["creates"] == 0
    assert seen["kept"] == [1, False]
    assert seen["left"] == 0
    assert seen["told"] == []
    assert seen["found"] == []
