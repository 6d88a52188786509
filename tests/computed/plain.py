"""Computed fields in plain Python, of the rows that a reader may see."""

import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

Row = dict[str, Any]


class Reader(NamedTuple):
    """Caller; it sees everything, if `most` is None."""

    most: int | None = None
    customers: Sequence[int] = ()

    def sees_line(self, line: Row) -> bool:
        return self.most is None or line["units"] <= self.most

    def sees_customer(self, number: int | None) -> bool:
        return self.most is None or number in self.customers


def draw_rows(draw: random.Random) -> Mapping[str, list[Row]]:
    customers = [
        {"id": i, "first": draw.choice("ABC"), "last": draw.choice("xyzä")} for i in range(1, 4)
    ]
    invoices = [
        {
            "id": i,
            "number": str(draw.randint(1, 4)),
            "net": Decimal(draw.randint(0, 400)) / 100,
            "tax": Decimal(draw.randint(0, 30)) / 100,
            "customer_id": draw.choice((1, 2, 3, None)),
        }
        for i in range(1, draw.randint(2, 9))
    ]
    numbers = [invoice["id"] for invoice in invoices]
    lines = [
        {"id": i, "units": draw.randint(1, 9), "invoice_id": draw.choice((*numbers, None))}
        for i in range(1, draw.randint(1, 12))
    ]
    return {"customers": customers, "invoices": invoices, "lines": lines}


def compute(rows: Mapping[str, list[Row]], reader: Reader) -> list[Row]:
    """The invoices that a reader sees, as answers show them, in the order of their keys."""
    seen = [i for i in rows["invoices"] if reader.sees_customer(i["customer_id"])]
    names = {c["id"]: c["last"] for c in rows["customers"] if reader.sees_customer(c["id"])}
    return [_compute_one(invoice, seen, names, rows["lines"], reader) for invoice in seen]


def _compute_one(
    invoice: Row,
    seen: Sequence[Row],
    names: Mapping[int, str],
    lines: Sequence[Row],
    reader: Reader,
) -> Row:
    number = invoice["customer_id"]
    alike = [i for i in seen if i["number"] == invoice["number"]]
    return {
        **invoice,
        "net": f"{invoice['net']:.2f}",
        "tax": f"{invoice['tax']:.2f}",
        "gross": f"{invoice['net'] + invoice['tax']:.2f}",
        "units": sum(
            line["units"]
            for line in lines
            if line["invoice_id"] == invoice["id"] and reader.sees_line(line)
        ),
        "siblings": len(alike) - 1,
        "customer_name": names.get(number),
        "numbered": len(seen),
        "label": f"#{invoice['number']}",
    }
