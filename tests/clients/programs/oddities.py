"""Attributes of a client's classes for names that are no names in Python."""

import inspect

from api import Client
from api.client import OddThing

ROW = {
    "id": 1,
    "register": "r",
    "text": "*/ stop(); /*",
    "choice": 'this | "that", which is the second of two long texts',
    "number": 0.5,
    "size": 2**40,
    "unit-price": 2,
    "unit_price": 3,
    '", default=stop(), title="': "quoted",
    "parts": [{"width": 4, 'a"b\\': "inner"}],
    "document": {"made": {"of": 1}, "above": {"of": 2}, "parts": [], "tree": {"a": {"b": {}}}},
}

thing = OddThing.model_validate(ROW)
assert thing.model_dump(mode="json", by_alias=True) == ROW
assert (thing.unit_price, thing.unit_price_, thing.register_) == (3, 2, "r")
assert thing.parts is not None and thing.parts[0].width == 4
client = Client("http://127.0.0.1")
assert client.resource_2fa_codes is not None
docstring = inspect.getdoc(client.resource_http)
assert docstring == 'The rows of /api"\\/_http.', docstring
print("done")
