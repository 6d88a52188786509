from decimal import Decimal
from .conftest import World

async def test_it(world: World, lane: str) -> None:
    await world.fill({"customers": [{"id": 1, "first": "Ann", "last": "Lee"}, {"id": 2, "first": "Bo", "last": "Ek"}],
      "invoices": [dict(id=i, number=str(i), net=Decimal(i), tax=Decimal("0.19")*i, customer_id=c) for i, c in ((1,1),(2,1),(3,2),(4,None))],
      "lines": [dict(id=i, units=i, invoice_id=1 + i % 3) for i in range(1, 8)]})
    c = world.clients[lane]
    for path in ("/invoices/", "/invoices/1", "/invoices/?sort=-units&limit=2", "/invoices/?gross__gt=2.38", "/customers/?include=invoices", "/customers/?name=Ann%20Lee&fields=name,id",
        "/lines/?invoice.units__gte=9&include=invoice", "/invoices/aggregate?group=siblings&measures=sum.units,count,sum.gross", "/customers/1/invoices/?sort=label", "/invoices/?sort=-customer_name&limit=1&cursor=",
        "/invoices/?or=(units__gt=10,siblings=0)", "/invoices/stream/"):
        r = await c.get(path)
        print(r.status_code, path, r.text)
    for m, path, body in (("POST", "/invoices/", {"number": "9", "net": "1.5", "tax": "1", "lines": [{"units": 4}, {"units": 5}]}),
       ("PATCH", "/invoices/1", {"net": "100"}), ("PATCH", "/invoices/1", {"units": 7}), ("POST", "/invoices/", {"number": "9", "net": "1.5", "tax": "1", "units": 3}),
       ("POST", "/customers/?include=invoices", {"first": "X", "last": "Y", "invoices": [{"number": "9", "net": "1.5", "tax": "1"}]}),
       ):
        r = await c.request(m, path, json=body)
        print(r.status_code, m, path, r.text, r.headers.get("etag"))
        if r.status_code in (200, 201) and "customers" not in path:
            g = await c.get(f"/invoices/{r.json()['id']}"); assert g.headers["etag"] == r.headers["etag"]
    r = await c.get("/invoices/", headers={"accept": "text/csv"}); print(r.text)
    r = await c.get("/openapi.json"); print({k: v for k, v in r.json()["components"]["schemas"].items() if k in ("InvoiceRead", "InvoiceCreate", "CustomerRead")})
