from typing import Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from .models import Project, Task

T = TypeVar("T")


class Repository(Generic[T]):
    model: type[T]

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def get(self, id: int) -> T | None:
        return await self.session.get(self.model, id)

    async def list(self) -> list[T]:
        result = await self.session.execute(select(self.model))  # fault: MW303
        return list(result.scalars().all())

    async def add(self, values: dict) -> T:
        row = self.model(**values)
        self.session.add(row)
        await self.session.commit()  # fault: MW102
        return row

    async def remove(self, row: T) -> None:
        await self.session.delete(row)
        await self.session.commit()


class ProjectRepository(Repository[Project]):
    model = Project


class TaskRepository(Repository[Task]):
    model = Task
