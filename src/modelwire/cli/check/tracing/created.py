"""Objects that calls of classes and makers create: sessions, rows, instances."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from ....execute.database import Database
from ..objects import keys_of, mapper_of, session_class, session_maker
from ..values import UNKNOWN, Instance, Key, Place, Row, SessionOf, Value, as_rows, first_shown
from .queries import Arguments
from .text import sets_of


def made_instance(node: ast.Call, cls: type, place: Place, arguments: Arguments) -> Value:
    """Return the object that a call of a class creates: a row, a collection, an instance."""
    if cls in (list, tuple, set):
        return as_rows(arguments.get(0, UNKNOWN))
    if mapper_of(cls) is not None:
        return Row(cls, place, fresh=True, sets=sets_of(node, arguments))
    if issubclass(cls, BaseModel):
        shown = first_shown(v for k, v in arguments.items() if not _hides_key(k, v))
        return shown if shown is not UNKNOWN else Instance(cls)
    return Instance(cls)


def _hides_key(name: int | str, value: Value) -> bool:
    """Whether an argument is the key of a row under another name, such as that of a child."""
    return isinstance(value, Key) and name not in keys_of(value.row.model)


def made_session(node: ast.Call, found: Any) -> SessionOf | None:
    """Return the session that a call creates; None where it creates none."""
    if (session := session_class(found)) is not None:
        return replace(session, made=True, expires=_expires(node))
    if (session := session_maker(found)) is not None:
        return session
    owner = getattr(found, "__self__", None)
    if isinstance(owner, Database) and found.__name__ == "session":
        return SessionOf(is_async=True, expires=False, made=True)
    if (session := session_maker(owner)) is not None and found.__name__ == "begin":
        return replace(session, begun=True)
    return None


def _expires(node: ast.Call) -> bool | None:
    """Return the `expire_on_commit` of a call; None where it is no literal."""
    given = (k.value for k in node.keywords if k.arg == "expire_on_commit")
    value = next(given, ast.Constant(value=True))
    return bool(value.value) if isinstance(value, ast.Constant) else None
