"""A blog on an async engine, all in one file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import Field, Relationship, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession


class Author(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    posts: list["Post"] = Relationship(back_populates="author")


class Post(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    slug: str
    author_id: int = Field(foreign_key="author.id")  # fault: MW501
    author: Author = Relationship(back_populates="posts")


class PostRead(SQLModel):
    id: int
    title: str


class AuthorRead(SQLModel):
    id: int
    name: str


class AuthorWithPosts(AuthorRead):
    posts: list[PostRead] = []


class PostCreate(SQLModel):
    title: str
    slug: str
    author_id: int


engine = create_async_engine("sqlite+aiosqlite:///blog.db")  # fault: MW602
SessionMaker = async_sessionmaker(engine, class_=AsyncSession)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    yield


async def get_session() -> AsyncIterator[AsyncSession]:
    async with SessionMaker() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]
app = FastAPI(lifespan=lifespan)


@app.get("/authors/{author_id}", response_model=AuthorWithPosts)
async def read_author(author_id: int, session: SessionDep):
    author = await session.get(Author, author_id)  # fault: MW301
    if author is None:
        raise HTTPException(404, "Author not found")
    return author


@app.get("/authors/{author_id}/titles")
async def read_titles(author_id: int, session: SessionDep) -> list[str]:
    author = await session.get(Author, author_id)
    if author is None:
        raise HTTPException(404, "Author not found")
    return [post.title for post in author.posts]  # fault: MW302


@app.get("/posts/by-slug/{slug}", response_model=PostRead)
async def read_by_slug(slug: str, session: SessionDep):
    found = await session.exec(select(Post).where(Post.slug == slug))  # fault: MW502
    post = found.first()
    if post is None:
        raise HTTPException(404, "Post not found")
    return post


@app.post("/posts", response_model=PostRead, status_code=201)
async def create_post(data: PostCreate, session: SessionDep):
    post = Post(**data.model_dump())
    session.add(post)
    await session.commit()  # fault: MW102
    return post  # fault: MW106
