from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel, ConfigDict

from .db import engine
from .services import TaskService


class TaskIn(BaseModel):
    title: str
    project_id: int


class TaskOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    title: str
    state: str


router = APIRouter(prefix="/tasks")
Service = Annotated[TaskService, Depends()]


@router.get("", response_model=list[TaskOut])
async def list_tasks(service: Service):
    return await service.list()


@router.get("/{task_id}")
async def read_task(task_id: int, service: Service):
    task = await service.get(task_id)
    if task is None:
        return {"error": "There is no such task"}  # fault: MW204
    return task


@router.post("", response_model=TaskOut)  # fault: MW201
async def create_task(data: TaskIn, service: Service):
    return await service.create(data.model_dump())


@router.delete("/{task_id}")  # fault: MW202
async def remove_task(task_id: int, service: Service):
    await service.remove(task_id)


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
app.include_router(router)
