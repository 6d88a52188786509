"""Logs: a sync session in async endpoints, and a limit of any size in a class of parameters."""

from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query
from sqlmodel import Field, Session, SQLModel, create_engine, select

engine = create_engine("sqlite:///logs.db")


class LogLine(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    host: str
    text: str


class Paging:
    def __init__(
        self,
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: int = 100,  # fault: MW304
    ):
        self.offset = offset
        self.limit = limit


def get_session():
    with Session(engine) as session:
        yield session


app = FastAPI()


@app.get("/lines")
async def list_lines(
    page: Annotated[Paging, Depends()],
    session: Session = Depends(get_session),  # fault: MW402
) -> list[LogLine]:
    query = select(LogLine).offset(page.offset).limit(page.limit)  # fault: MW305
    return list(session.exec(query))


@app.get("/lines/{line_id}")
async def read_line(line_id: int, session: Annotated[Session, Depends(get_session)]) -> LogLine:  # fault: MW402
    line = session.exec(select(LogLine).where(LogLine.id == line_id)).one()  # fault: MW203
    return line


@app.get("/hosts/{host}")
def read_host(host: str, session: Session = Depends(get_session)) -> LogLine:
    line = session.exec(select(LogLine).where(LogLine.host == host)).first()  # fault: MW502
    if line is None:
        raise HTTPException(status_code=404)
    return line
