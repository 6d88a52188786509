"""The FastAPI adapter: routes, session dependencies, errors, health, docs."""

from .cors import Cors
from .mount import mount
from .session import SessionDep, UnitOfWorkDep, get_session, get_unit_of_work

__all__ = ["Cors", "SessionDep", "UnitOfWorkDep", "get_session", "get_unit_of_work", "mount"]
