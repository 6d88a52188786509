"""A wiki with relationships both ways and models that mirror them."""

from typing import Optional

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import Field, Relationship, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession


class Topic(SQLModel, table=True):
    id: Optional[int] = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    articles: list["WikiArticle"] = Relationship(back_populates="topic")


class WikiArticle(SQLModel, table=True):
    id: Optional[int] = Field(default=None, primary_key=True)
    title: str
    topic_id: Optional[int] = Field(default=None, foreign_key="topic.id", index=True)
    topic: Optional[Topic] = Relationship(back_populates="articles")


class ArticleOut(SQLModel):
    id: int
    title: str
    topic: Optional["TopicOut"] = None


class TopicOut(SQLModel):  # fault: MW205
    id: int
    name: str
    articles: list[ArticleOut] = []


ArticleOut.model_rebuild()
engine = create_async_engine("sqlite+aiosqlite:///wiki.db")  # fault: MW602
Maker = async_sessionmaker(engine, class_=AsyncSession)


async def get_session():
    async with Maker() as session:
        yield session


app = FastAPI()


@app.get("/topics", response_model=list[TopicOut])
async def list_topics(session: AsyncSession = Depends(get_session)):
    topics = await session.exec(select(Topic).order_by(Topic.name).limit(20))  # fault: MW301
    return topics.all()


@app.get("/topics/{topic_id}/first")
async def read_first(topic_id: int, session: AsyncSession = Depends(get_session)) -> str:
    topic = await session.get(Topic, topic_id)
    if topic is None:
        raise HTTPException(404)
    for article in topic.articles:  # fault: MW302
        return article.title
    return ""


@app.patch("/articles/{article_id}")
async def retitle(article_id: int, title: str, session: AsyncSession = Depends(get_session)):
    article = await session.get(WikiArticle, article_id)
    if article is None:
        return None  # fault: MW204
    article.title = title
    session.add(article)
    await session.commit()
    return {"title": article.title}  # fault: MW106
