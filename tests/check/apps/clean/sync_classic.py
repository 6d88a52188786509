"""The older way, done well: sync endpoints, Query, a handler of IntegrityError."""

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Column, ForeignKey, Index, Integer, String, create_engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, declarative_base, joinedload, relationship, sessionmaker

engine = create_engine("sqlite:///classic.db")
SessionLocal = sessionmaker(bind=engine)
Base = declarative_base()


class Band(Base):
    __tablename__ = "bands"
    id = Column(Integer, primary_key=True)
    name = Column(String(80), unique=True, nullable=False)
    records = relationship("Record", back_populates="band")


class Record(Base):
    __tablename__ = "records"
    __table_args__ = (Index("ix_records_band_year", "band_id", "year"),)
    id = Column(Integer, primary_key=True)
    title = Column(String(120), nullable=False)
    year = Column(Integer)
    band_id = Column(Integer, ForeignKey("bands.id"), nullable=False)
    band = relationship("Band", back_populates="records")


class BandOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str


class RecordOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    title: str
    band: BandOut


class RecordIn(BaseModel):
    title: str
    year: int
    band_id: int


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


router = APIRouter(prefix="/records")


@router.get("/", response_model=list[RecordOut])
def list_records(
    skip: int = Query(0, ge=0), limit: int = Query(10, le=100), db: Session = Depends(get_db)
):
    query = db.query(Record).options(joinedload(Record.band)).order_by(Record.id)
    return query.offset(skip).limit(limit).all()


@router.get("/of/{band_id}/in/{year}", response_model=list[RecordOut])
def list_of_year(band_id: int, year: int, db: Session = Depends(get_db)):
    query = db.query(Record).filter(Record.band_id == band_id, Record.year == year)
    return query.options(joinedload(Record.band)).order_by(Record.id).limit(50).all()


@router.get("/{record_id}", response_model=RecordOut)
def read_record(record_id: int, db: Session = Depends(get_db)):
    record = db.query(Record).filter(Record.id == record_id).first()
    if not record:
        raise HTTPException(status_code=404, detail="Record not found")
    return record


@router.post("/", response_model=RecordOut, status_code=201)
def create_record(data: RecordIn, db: Session = Depends(get_db)):
    record = Record(**data.model_dump())
    db.add(record)
    db.commit()
    db.refresh(record)
    return record


@router.put("/{record_id}", response_model=RecordOut)
def replace_record(record_id: int, data: RecordIn, db: Session = Depends(get_db)):
    record = db.get(Record, record_id)
    if not record:
        raise HTTPException(status_code=404, detail="Record not found")
    for name, value in data.model_dump().items():
        setattr(record, name, value)
    db.commit()
    return record


app = FastAPI()
app.include_router(router)


@app.exception_handler(IntegrityError)
def answer_conflict(request: Request, error: IntegrityError) -> JSONResponse:
    return JSONResponse({"detail": "It conflicts with what is there"}, status_code=409)
