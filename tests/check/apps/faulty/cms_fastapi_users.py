"""Pages behind users, in the manner of fastapi-users: a manager, a database adapter, classes as dependencies."""

import uuid
from collections.abc import AsyncGenerator

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, String, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    email: Mapped[str] = mapped_column(String(320), unique=True, index=True)
    hashed_password: Mapped[str] = mapped_column(String(1024))
    is_active: Mapped[bool] = mapped_column(default=True)
    pages: Mapped[list["CmsPage"]] = relationship(back_populates="author")


class CmsPage(Base):
    __tablename__ = "page"
    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(String(200))
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))  # fault: MW501
    author: Mapped[User] = relationship(back_populates="pages")


class UserRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: uuid.UUID
    email: str
    hashed_password: str


class UserCreate(BaseModel):
    email: str
    password: str


engine = create_async_engine("sqlite+aiosqlite:///./cms.db")
async_session_maker = async_sessionmaker(engine, expire_on_commit=False)


async def get_async_session() -> AsyncGenerator[AsyncSession, None]:
    async with async_session_maker() as session:
        yield session


class UserDatabase:
    def __init__(self, session: AsyncSession, table: type[User]):
        self.session = session
        self.user_table = table

    async def get_by_email(self, email: str) -> User | None:
        statement = select(User).where(User.email == email)
        return (await self.session.execute(statement)).unique().scalar_one_or_none()

    async def create(self, values: dict) -> User:
        user = self.user_table(**values)
        self.session.add(user)
        await self.session.commit()
        return user


async def get_user_db(session: AsyncSession = Depends(get_async_session)):
    yield UserDatabase(session, User)


class UserManager:
    def __init__(self, user_db: UserDatabase):
        self.user_db = user_db

    async def register(self, data: UserCreate, request: Request | None = None) -> User:
        if await self.user_db.get_by_email(data.email) is not None:
            raise HTTPException(400, "REGISTER_USER_ALREADY_EXISTS")
        session = self.user_db.session
        user = User(email=data.email, hashed_password=data.password[::-1])
        session.add(user)
        await session.commit()  # fault: MW102
        return user


async def get_user_manager(user_db: UserDatabase = Depends(get_user_db)):
    yield UserManager(user_db)


auth = APIRouter(prefix="/auth")


@auth.post("/register", response_model=UserRead)  # fault: MW201 MW702
async def register(
    request: Request, data: UserCreate, manager: UserManager = Depends(get_user_manager)
):
    return await manager.register(data, request)


@auth.get("/pages")
async def list_pages(session: AsyncSession = Depends(get_async_session)):
    pages = (await session.scalars(select(CmsPage).order_by(CmsPage.path).limit(20))).all()
    return [{"path": page.path, "by": page.author.email} for page in pages]  # fault: MW302


@auth.get("/page")
async def read_page(path: str, session: AsyncSession = Depends(get_async_session)):
    page = await session.scalar(select(CmsPage).where(CmsPage.path == path))  # fault: MW502
    if not page:
        raise HTTPException(404)
    return {"id": page.id}


async def lifespan(app):
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
app.include_router(auth)
