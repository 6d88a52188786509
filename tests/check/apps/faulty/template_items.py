"""Items and users, in the manner of a full-stack template: routers, a crud layer, aliases of dependencies."""

import uuid
from collections.abc import Generator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel
from sqlmodel import Field, Relationship, Session, SQLModel, create_engine, func, select

engine = create_engine("sqlite:///items.db")


class UserBase(SQLModel):
    email: str = Field(unique=True, index=True, max_length=255)
    is_active: bool = True
    is_superuser: bool = False
    full_name: str | None = Field(default=None, max_length=255)


class UserCreate(UserBase):
    password: str = Field(min_length=8, max_length=128)


class User(UserBase, table=True):
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    hashed_password: str
    items: list["Item"] = Relationship(back_populates="owner", cascade_delete=True)


class UserPublic(UserBase):
    id: uuid.UUID
    hashed_password: str


class Item(SQLModel, table=True):
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    title: str = Field(max_length=255)
    owner_id: uuid.UUID = Field(foreign_key="user.id", nullable=False, ondelete="CASCADE")  # fault: MW501
    owner: User | None = Relationship(back_populates="items")


class ItemCreate(SQLModel):
    title: str


class ItemPublic(SQLModel):
    id: uuid.UUID
    title: str
    owner_id: uuid.UUID


class ItemsPublic(SQLModel):
    data: list[ItemPublic]
    count: int


class Message(BaseModel):
    message: str


def get_db() -> Generator[Session, None, None]:
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_db)]
TokenDep = Annotated[str, Depends(OAuth2PasswordBearer(tokenUrl="/login"))]


def get_current_user(session: SessionDep, token: TokenDep) -> User:
    user = session.get(User, uuid.UUID(token))
    if not user:
        raise HTTPException(status_code=404, detail="User not found")
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


def create_user(*, session: Session, user_create: UserCreate) -> User:
    db_obj = User.model_validate(user_create, update={"hashed_password": user_create.password[::-1]})
    session.add(db_obj)
    session.commit()  # fault: MW102
    session.refresh(db_obj)
    return db_obj


def get_user_by_email(*, session: Session, email: str) -> User | None:
    statement = select(User).where(User.email == email)
    return session.exec(statement).first()


router = APIRouter(prefix="/items", tags=["items"])
users = APIRouter(prefix="/users", tags=["users"])


@router.get("/", response_model=ItemsPublic)
def read_items(
    session: SessionDep,
    current_user: CurrentUser,
    skip: int = 0,
    limit: int = 100,  # fault: MW304
) -> Any:
    """Retrieve items."""
    count = session.exec(select(func.count()).select_from(Item)).one()
    statement = (
        select(Item)  # fault: MW305
        .where(Item.owner_id == current_user.id)
        .offset(skip)
        .limit(limit)
    )
    items = session.exec(statement).all()
    return ItemsPublic(data=items, count=count)


@router.post("/", response_model=ItemPublic)  # fault: MW201
def create_item(*, session: SessionDep, current_user: CurrentUser, item_in: ItemCreate) -> Any:
    item = Item.model_validate(item_in, update={"owner_id": current_user.id})
    session.add(item)
    session.commit()
    session.refresh(item)
    return item


@router.delete("/{id}")  # fault: MW202
def delete_item(session: SessionDep, current_user: CurrentUser, id: uuid.UUID) -> Message:
    item = session.get(Item, id)
    if not item:
        raise HTTPException(status_code=404, detail="Item not found")
    if not current_user.is_superuser and (item.owner_id != current_user.id):
        raise HTTPException(status_code=403, detail="Not enough permissions")
    session.delete(item)
    session.commit()
    return Message(message="Item deleted successfully")


@users.post("/", response_model=UserPublic)  # fault: MW201 MW702
def register(*, session: SessionDep, user_in: UserCreate) -> Any:
    if get_user_by_email(session=session, email=user_in.email):
        raise HTTPException(status_code=400, detail="The user with this email already exists")
    user = create_user(session=session, user_create=user_in)
    return user


app = FastAPI()
app.include_router(router, prefix="/api/v1")
app.include_router(users, prefix="/api/v1")
