"""The admin page in a browser: each thing that people do with it."""

import json

import pytest

from tests.admin.conftest import Watch
from tests.lanes import DIALECTS

once = pytest.mark.parametrize("urls", DIALECTS[:1], indirect=True)
"""For what is about the page alone, and as it is whatever the database."""


async def test_resources(watch: Watch) -> None:
    """All resources are listed."""
    assert await watch("resources") == [
        "Shelves",
        "Subjects",
        "Volumes",
        "Loans",
        "Visits",
        "Login",
        "Odd",
    ]


async def test_list(watch: Watch) -> None:
    """A list is sorted, paged and searched, and names what rows refer to."""
    assert await watch("list") == {
        "first": "Volume 00",
        "rows": 25,
        "secondPage": "Volume 34",
        "found": ["Volume 07"],
        "shelf": "Shelf 07",
    }


async def test_filters(watch: Watch) -> None:
    """Filters have the control of their field, and are told in words."""
    assert await watch("filters") == {
        "one": ["Volume 52"],
        "told": ["Condition is worn", "Pages is at least 150", "Shelf is Shelf 12"],
        "more": ["Volume 52", "Volume 55", "Volume 58"],
    }


async def test_columns(watch: Watch) -> None:
    """Columns can be hidden, also from the sheet of what the list shows."""
    seen = await watch("columns")
    assert seen["name"] == "shelves.csv"
    assert seen["lines"] == ["name", *(f"Shelf {n:02}" for n in (3, 13, 23, *range(30, 40)))]


async def test_form(watch: Watch) -> None:
    """Values of each kind are shown and sent without a digit less, and only those that changed."""
    seen = await watch("form")
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


async def test_errors(watch: Watch) -> None:
    """A refusal is shown beside its field."""
    seen = await watch("errors")
    assert seen["short"] == "String should have at least 2 characters"
    assert seen["taken"] == "Name already exists"
    assert seen["described"] == "true"
    number, document = seen["wrong"]
    assert number == "Must be a whole number"
    assert document.startswith("This is no JSON")


async def test_pickers(watch: Watch) -> None:
    """Rows are picked by their names, one or several."""
    assert await watch("pickers") == {
        "body": {
            "title": "Picked",
            "shelf_id": 40,
            "pages": 100,
            "lendable": True,
            "subjects": [2, 4, 1, 3],
        },
        "before": ["Birds", "Maps", "Songs", "Stars"],
        "after": ["Birds", "Songs", "Stars"],
        "shelf": 40,
    }


async def test_conflict(watch: Watch) -> None:
    """A save after another's change asks field by field; other fields keep their change."""
    seen = await watch("conflict")
    assert seen["told"] == ["Yours: Yours", "Theirs: Theirs", "Yours: your note", "Theirs: a note"]
    assert seen["row"] == {"title": "Theirs", "note": "your note", "pages": 7}
    assert seen["found"] == []


async def test_history(watch: Watch) -> None:
    """The history of a row is shown, and changes are reverted."""
    seen = await watch("history")
    changed, created = seen["told"]
    assert changed.startswith("Changed")
    assert "Title: Before → After" in changed
    assert created.startswith("Created")
    assert seen["row"] == {"title": "Before"}


async def test_bulk(watch: Watch) -> None:
    """Many rows are changed and deleted with their number told first, and no more than that."""
    assert await watch("bulk") == {
        "changed": ["changed", "changed", None, None],
        "refused": "5 rows match, and at most 4 may be affected",
        "left": 5,
        "after": 0,
    }


async def test_chart(watch: Watch) -> None:
    """A chart shows sums of the rows that the list shows, by what they refer to as well."""
    seen = await watch("chart")
    assert seen == {"bars": ["ann: 3", "bob: 3"], "found": []}


async def test_restored(watch: Watch) -> None:
    """Rows that are deleted softly are found, and brought back."""
    assert await watch("restored") == {"gone": 0, "after": 1}


async def test_composite_key(watch: Watch) -> None:
    """A key of several columns, with what paths and lists have a meaning for, leads to its row."""
    first, second = await watch("composite")
    assert (first["minutes"], second["minutes"]) == (77, 2)


@once
async def test_slow_row(watch: Watch) -> None:
    """Nothing can be typed that the row would replace once it has been read."""
    assert await watch("slow") == "Read slowly, typed at once"


async def test_names(watch: Watch) -> None:
    """Keys with any characters, names that the page has too, and pages larger than the API's."""
    seen = await watch("names")
    assert seen == {
        "pages": [["50%", "a%2Fb", "a/b", "bulk"], ["x, y", "zoe\u0308"]],
        "a%2Fb": "09:30:01.234",
        "a/b": "09:30:01.234",
        "stored": [f"of {name}\nin two lines of {name}" for name in ("a%2Fb", "a/b")],
    }


async def test_lost_answers(watch: Watch) -> None:
    """What is saved again because no answer came is stored once, and is no conflict with itself."""
    assert await watch("lost_answers") == {"total": 1, "keys": 2, "row": "Changed once"}


async def test_no_keys(watch: Watch) -> None:
    """A service that can't keep idempotency keys is sent none in the end."""
    assert await watch("keyless") == "Changed without"


@once
async def test_unread(watch: Watch) -> None:
    """A list that can't be read says why, not that nothing was found, and can be read again."""
    told, found = await watch("unread")
    assert "Bad Gateway" in told
    assert found == 0


@once
async def test_typing(watch: Watch) -> None:
    """A search keeps what is typed while rows come, and a filter that is set meanwhile."""
    assert await watch("typing") == {"typed": "volume 0", "found": ["Volume 05"]}


@once
async def test_refused_changes(watch: Watch) -> None:
    """What could not be saved is unsaved: it is asked for too."""
    assert await watch("refused") == ["confirm", "Not stored"]


@once
async def test_given_filters(watch: Watch) -> None:
    """Filters that come from elsewhere are told, and can be taken away."""
    assert await watch("given") == {
        "told": ["Salary is at least 5", "Name is Shelf 07"],
        "found": ["Shelf 07"],
    }


@once
async def test_many(watch: Watch) -> None:
    """A change of many rows has a value, and is sent once however often the button is pressed."""
    assert await watch("many") == [
        'PATCH [{"name":"m 1","text":""}]',
        'DELETE ["m 1","m 2"]',
    ]


@once
async def test_years(watch: Watch) -> None:
    """A year has four digits: no moment is lost to a fifth."""
    assert await watch("years") is True


@once
async def test_unsaved_changes(watch: Watch) -> None:
    """Who leaves a form that has changed is asked first, and may stay."""
    assert await watch("unsaved") == {"asked": 2, "kept": "Half", "name": "Half typed"}


@once
async def test_typed(watch: Watch) -> None:
    """Neither reading a row again nor undoing a change of it takes what is typed, unasked."""
    assert await watch("typed") == {"asked": 1, "times": 3, "kept": ["typed", "After"]}


async def test_odd_keys(watch: Watch) -> None:
    """Keys that mean something in addresses lead to their rows, if an address can have them."""
    assert await watch("odd_keys") == {"wrong": [], "shown": [".", "..", ""], "changed": 10}


async def test_odd_names(watch: Watch) -> None:
    """Fields may have names that mean something else in a form, a list or a filter."""
    seen = await watch("odd_names")
    texts = ("source", "resource", "key", "ref", "children", "record", "constructor", "deleted")
    assert seen["told"] == ["String should have at most 9 characters", "true"]
    assert seen["made"] == {
        "code": "odd",
        "id": 77,
        "length": 3,
        "limit": 3,
        **{name: f"a {name}" for name in ("root", *texts)},
    }
    assert seen["changed"] == {
        "code": "odd",
        "id": 78,
        "length": 4,
        "limit": 3,
        **{name: f"b {name}" for name in ("root", *texts)},
    }
    assert seen["conditions"] == [
        "Deleted contains b del",
        "Limit is at least 3",
        "Limit is at most 3",
        "Root is b root",
    ]
    assert seen["search"] == ["found", True]


@once
async def test_double_click(watch: Watch) -> None:
    """A double click saves once."""
    assert await watch("twice") == 1


@once
async def test_keyboard(watch: Watch) -> None:
    """All can be reached by the keyboard, which comes back to where it was."""
    assert await watch("keyboard") == {"filter": "Filter", "back": "Filter"}


@once
async def test_accessible(watch: Watch) -> None:
    """Axe finds nothing serious, by day and by night."""
    assert await watch("accessible") == {}


@once
async def test_phone(watch: Watch) -> None:
    """Nothing is wider than a phone, and what the system wants dark, is."""
    seen = await watch("phone")
    assert seen["wide"] == []
    assert max(int(part) for part in seen["dark"].strip("rgb()").split(",")) < 80


async def test_others(watch: Watch) -> None:
    """Who signs in where somebody else's session has ended sees and sends nothing of theirs."""
    assert await watch("others") == {
        "covered": True,
        "writes": ["Bearer nna"],
        "left": 0,
        "rows": [f"bob's {n}" for n in range(3)],
        "selected": 0,
    }


async def test_cookies(watch: Watch) -> None:
    """The same where a cookie says who asks, which another tab replaces."""
    first, second = "ann's 0", "bob's 0"
    assert await watch("cookies") == {
        "seen": [first, 0, second, 0, first, 0, second, 0, first, 0, second],
        "writes": [],
    }


async def test_callers(watch: Watch) -> None:
    """Readers sign in, see their own rows and fields, sign in again in the middle, and out."""
    seen = await watch("signed_in")
    assert seen["own"] == [f"ann's {n}" for n in range(3)]
    assert seen["menu"] == ["All resources", "Subjects", "Loans"]
    assert seen["creates"] == 0
    assert seen["kept"] == [2, False]
    assert seen["left"] == 0
    assert seen["told"] == []
    assert seen["found"] == []
