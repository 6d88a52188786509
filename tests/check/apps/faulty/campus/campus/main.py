from contextlib import asynccontextmanager

from fastapi import FastAPI

from .api import courses
from .deps import engine


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
app.include_router(courses.router)
