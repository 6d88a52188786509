from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Response
from pydantic import BaseModel, ConfigDict

from .db import engine
from .repository import BookRepository, Taken


class AuthorOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str


class BookOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    title: str
    author: AuthorOut


class BookIn(BaseModel):
    title: str
    author_id: int


Books = Annotated[BookRepository, Depends()]
router = APIRouter(prefix="/books", tags=["books"])


@router.get("", response_model=list[BookOut])
async def list_books(
    books: Books, after: int = 0, limit: Annotated[int, Query(gt=0, le=50)] = 10
):
    return await books.list(after, limit)


@router.get("/{book_id}", response_model=BookOut)
async def read_book(book_id: int, books: Books):
    if (book := await books.get(book_id)) is None:
        raise HTTPException(404, "Book not found")
    return book


@router.post("", response_model=BookOut, status_code=201)
async def create_book(data: BookIn, books: Books):
    try:
        return await books.create(data.title, data.author_id)
    except Taken:
        raise HTTPException(409, "There is no such author") from None


@router.delete("/{book_id}")
async def delete_book(book_id: int, books: Books) -> Response:
    book = await books.get(book_id)
    if book is None:
        raise HTTPException(404, "Book not found")
    await books.delete(book)
    return Response(status_code=204)


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
app.include_router(router)
