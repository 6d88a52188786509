"""A clinic on modelwire, with what its declaration forgets."""

import time

from fastapi import FastAPI, HTTPException
from sqlmodel import Field, Relationship, SQLModel, select

from modelwire import Database, Resource, SessionDep, UnitOfWorkDep, mount


class Patient(SQLModel, table=True):
    __tablename__ = "patients"
    id: int | None = Field(default=None, primary_key=True)
    name: str
    ssn: str = Field(unique=True)
    visits: list["Appointment"] = Relationship(back_populates="patient")


class Appointment(SQLModel, table=True):
    __tablename__ = "appointments"
    id: int | None = Field(default=None, primary_key=True)
    room: str
    patient_id: int = Field(foreign_key="patients.id")  # fault: MW501
    patient: Patient = Relationship(back_populates="visits")


database = Database()
app = FastAPI(lifespan=database.lifespan)


@app.get("/rooms/{room}")
async def read_room(room: str, session: SessionDep) -> list[Appointment]:
    time.sleep(0.01)  # fault: MW401
    found = await session.exec(select(Appointment).where(Appointment.room == room))  # fault: MW303 MW502
    return list(found.all())


@app.get("/patients/{patient_id}/rooms")
async def read_rooms(patient_id: int, session: SessionDep) -> list[str]:
    patient = await session.get(Patient, patient_id)
    if patient is None:
        raise HTTPException(404)
    return [visit.room for visit in patient.visits]  # fault: MW302


@app.post("/patients/{patient_id}/visit")  # fault: MW201
async def visit(patient_id: int, room: str, session: UnitOfWorkDep) -> Appointment:
    made = Appointment(patient_id=patient_id, room=room)
    session.add(made)
    await session.flush()
    return made


mount(
    app,
    database,
    Resource(Patient, includes=["visits"]),  # fault: MW702
    Resource(Appointment, includes=["patient"]),
)
