"""modelwire takes a SQLModel table to the wire: the async SQLModel layer for FastAPI."""

from .errors import ConfigurationError, LazyLoadError, ModelwireError, RequestError
from .execute.database import Database
from .resource import Resource
from .web.cors import Cors
from .web.mount import mount
from .web.session import SessionDep, UnitOfWorkDep, get_session, get_unit_of_work

__version__ = "0.1.0"

__all__ = [
    "ConfigurationError",
    "Cors",
    "Database",
    "LazyLoadError",
    "ModelwireError",
    "RequestError",
    "Resource",
    "SessionDep",
    "UnitOfWorkDep",
    "get_session",
    "get_unit_of_work",
    "mount",
]
