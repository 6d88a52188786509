from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from .db import SessionDep
from .models import Book


class Taken(Exception):
    pass


class BookRepository:
    def __init__(self, session: SessionDep) -> None:
        self._session = session

    async def get(self, book_id: int) -> Book | None:
        return await self._session.get(Book, book_id)

    async def list(self, after: int, limit: int) -> list[Book]:
        query = select(Book).where(Book.id > after).order_by(Book.id).limit(limit)
        return list((await self._session.scalars(query)).all())

    async def create(self, title: str, author_id: int) -> Book:
        book = Book(title=title, author_id=author_id)
        self._session.add(book)
        try:
            await self._session.commit()
        except IntegrityError as error:
            raise Taken from error
        await self._session.refresh(book)
        return book

    async def delete(self, book: Book) -> None:
        await self._session.delete(book)
        await self._session.commit()
