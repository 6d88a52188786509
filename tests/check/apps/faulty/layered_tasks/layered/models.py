from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .db import Base


class Project(Base):
    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    tasks: Mapped[list["Task"]] = relationship(back_populates="project")


class Task(Base):
    __tablename__ = "tasks"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(20), default="open", server_default="new")  # fault: MW503
    created_at: Mapped[datetime] = mapped_column(default=datetime.now())  # fault: MW505
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))  # fault: MW501
    project: Mapped[Project] = relationship(back_populates="tasks")
