"""A tree of categories, whose model has itself within, and no way back."""

from typing import Annotated, Optional

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.orm import selectinload
from sqlmodel import Field, Relationship, Session, SQLModel, create_engine, select

engine = create_engine("sqlite:///tree.db")


class Category(SQLModel, table=True):
    id: Optional[int] = Field(default=None, primary_key=True)
    name: str
    parent_id: Optional[int] = Field(default=None, foreign_key="category.id", index=True)
    parent: Optional["Category"] = Relationship(
        back_populates="children", sa_relationship_kwargs={"remote_side": "Category.id"}
    )
    children: list["Category"] = Relationship(back_populates="parent")


class CategoryTree(SQLModel):
    id: int
    name: str
    children: list["CategoryTree"] = []


def get_session():
    with Session(engine) as session:
        yield session


app = FastAPI()
SessionDep = Annotated[Session, Depends(get_session)]


@app.get("/categories/{category_id}", response_model=CategoryTree)
def read_tree(category_id: int, session: SessionDep):
    category = session.get(Category, category_id)
    if category is None:
        raise HTTPException(404, "There is no such category")
    return category


@app.get("/roots", response_model=list[CategoryTree])
def list_roots(session: SessionDep):
    query = (
        select(Category)
        .where(Category.parent_id == None)  # noqa: E711
        .options(selectinload(Category.children, recursion_depth=3))
        .order_by(Category.name)
        .limit(50)
    )
    return session.exec(query).all()
