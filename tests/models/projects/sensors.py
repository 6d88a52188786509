"""Measurements: keys of two columns, one of them a moment; floats, local times, arrays."""

from datetime import UTC, date, datetime, time
from ipaddress import IPv4Address

from pydantic import NaiveDatetime
from sqlalchemy import ARRAY, JSON, REAL, Column, DateTime, String
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource


class Base(SQLModel, registry=registry()):
    pass


class Device(Base, table=True):
    __tablename__ = "devices"

    serial: str = Field(primary_key=True, regex=r"^[A-Z0-9-]+$")
    address: IPv4Address | None = Field(default=None, sa_type=String)
    labels: list[str] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(String).with_variant(JSON(), "sqlite"), nullable=False),
    )
    latitude: float
    longitude: float = 0
    installed_on: date = Field(default_factory=date.today)
    wakes_at: time | None = None
    last_local: NaiveDatetime | None = Field(
        default_factory=lambda: datetime.now(UTC).replace(tzinfo=None)
    )
    readings: list["Reading"] = Relationship(back_populates="device", cascade_delete=True)


class Reading(Base, table=True):
    __tablename__ = "readings"

    device_serial: str = Field(foreign_key="devices.serial", primary_key=True)
    taken_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    celsius: float | None = None
    humidity: float | None = Field(default=None, sa_type=REAL, ge=0, le=1)
    device: Device | None = Relationship(back_populates="readings")


RESOURCES = (Resource(Device, includes=["readings"]), Resource(Reading, includes=["device"]))
ROWS = {
    "/devices": [
        {"serial": "A-1", "address": "10.0.0.7", "latitude": 52.5, "labels": ["roof"]},
        {"serial": "A-2", "latitude": -0.125, "longitude": 13, "wakes_at": "06:30:00"},
        {"serial": "B", "latitude": 1e-9, "installed_on": "2020-02-29", "last_local": None},
    ],
    "/readings": [
        {"device_serial": "A-1", "taken_at": "2026-01-01T00:00:00+01:00", "celsius": -0.1},
        {"device_serial": "A-1", "taken_at": "2026-01-01T00:00:00.000001Z", "humidity": 0.1},
        {"device_serial": "A-2", "taken_at": "1999-12-31T23:59:59Z", "celsius": 1e300},
    ],
}
