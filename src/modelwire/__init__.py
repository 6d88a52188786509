"""modelwire takes a SQLModel table to the wire: the async SQLModel layer for FastAPI."""

from importlib import import_module
from typing import TYPE_CHECKING

from .errors import ConfigurationError, LazyLoadError, ModelwireError, Refused, RequestError

if TYPE_CHECKING:
    from .access.caller import Caller
    from .access.policy import FieldPolicy, Policy, everyone, nobody
    from .changes import Changes, LoggedChange
    from .execute.database import Database
    from .hooks import Change, Hooks, LinkChange, RowChange
    from .resource import Operation, Resource
    from .web.agents.options import Mcp
    from .web.caller_session import CallerSessionDep, get_caller_session
    from .web.cors import Cors
    from .web.mount import mount
    from .web.row_of import row_of
    from .web.session import SessionDep, UnitOfWorkDep, get_session, get_unit_of_work
    from .web.shown import shown

__version__ = "0.1.0"

__all__ = [
    "Caller",
    "CallerSessionDep",
    "Change",
    "Changes",
    "ConfigurationError",
    "Cors",
    "Database",
    "FieldPolicy",
    "Hooks",
    "LazyLoadError",
    "LinkChange",
    "LoggedChange",
    "Mcp",
    "ModelwireError",
    "Operation",
    "Policy",
    "Refused",
    "RequestError",
    "Resource",
    "RowChange",
    "SessionDep",
    "UnitOfWorkDep",
    "everyone",
    "get_caller_session",
    "get_session",
    "get_unit_of_work",
    "mount",
    "nobody",
    "row_of",
    "shown",
]

if not TYPE_CHECKING:
    # Importing the package, for a command or for one of its modules, loads no more than is used:
    # names are imported on first access (PEP 562).
    _PLACES = {
        "Caller": "access.caller",
        "CallerSessionDep": "web.caller_session",
        "Change": "hooks",
        "Changes": "changes",
        "Cors": "web.cors",
        "Database": "execute.database",
        "FieldPolicy": "access.policy",
        "Hooks": "hooks",
        "LinkChange": "hooks",
        "LoggedChange": "changes",
        "Mcp": "web.agents.options",
        "Operation": "resource",
        "Policy": "access.policy",
        "Resource": "resource",
        "RowChange": "hooks",
        "SessionDep": "web.session",
        "UnitOfWorkDep": "web.session",
        "everyone": "access.policy",
        "get_caller_session": "web.caller_session",
        "get_session": "web.session",
        "get_unit_of_work": "web.session",
        "mount": "web.mount",
        "nobody": "access.policy",
        "row_of": "web.row_of",
        "shown": "web.shown",
    }

    def __getattr__(name: str) -> object:
        place = _PLACES.get(name)
        if place is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found: object = getattr(import_module(f"{__name__}.{place}"), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
