from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from .db import get_session
from .repositories import ProjectRepository, TaskRepository


class TaskService:
    def __init__(self, session: Annotated[AsyncSession, Depends(get_session)]) -> None:
        self.tasks = TaskRepository(session)
        self.projects = ProjectRepository(session)

    async def list(self):
        return await self.tasks.list()

    async def get(self, task_id: int):
        return await self.tasks.get(task_id)

    async def create(self, values: dict):
        return await self.tasks.add(values)

    async def remove(self, task_id: int) -> None:
        task = await self.tasks.get(task_id)  # fault: MW203
        await self.tasks.remove(task)
