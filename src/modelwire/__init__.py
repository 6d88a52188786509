"""modelwire takes a SQLModel table to the wire: the async SQLModel layer for FastAPI."""

from .access.caller import Caller
from .access.policy import FieldPolicy, Policy, everyone, nobody
from .changes import Changes, LoggedChange
from .errors import ConfigurationError, LazyLoadError, ModelwireError, Refused, RequestError
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
