"""The full-stack style, with its faults mended."""

import uuid
from collections.abc import Generator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Relationship, Session, SQLModel, col, create_engine, func, select

engine = create_engine("sqlite:///backend.db")


class UserBase(SQLModel):
    email: str = Field(unique=True, index=True, max_length=255)
    is_superuser: bool = False


class User(UserBase, table=True):
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    hashed_password: str
    items: list["Item"] = Relationship(back_populates="owner", cascade_delete=True)


class UserPublic(UserBase):
    id: uuid.UUID


class UserRegister(SQLModel):
    email: str
    password: str


class Item(SQLModel, table=True):
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    title: str
    owner_id: uuid.UUID = Field(foreign_key="user.id", ondelete="CASCADE", index=True)
    owner: User | None = Relationship(back_populates="items")


class ItemCreate(SQLModel):
    title: str


class ItemUpdate(SQLModel):
    title: str | None = None


class ItemPublic(SQLModel):
    id: uuid.UUID
    title: str


class ItemsPublic(SQLModel):
    data: list[ItemPublic]
    count: int


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
router = APIRouter(prefix="/items", tags=["items"])


@router.get("/", response_model=ItemsPublic)
def read_items(
    session: SessionDep,
    current_user: CurrentUser,
    skip: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=0, le=100)] = 100,
) -> Any:
    if current_user.is_superuser:
        count = session.exec(select(func.count()).select_from(Item)).one()
        statement = select(Item).order_by(col(Item.title)).offset(skip).limit(limit)
        items = session.exec(statement).all()
    else:
        counted = select(func.count()).select_from(Item).where(Item.owner_id == current_user.id)
        count = session.exec(counted).one()
        statement = (
            select(Item)
            .where(Item.owner_id == current_user.id)
            .order_by(col(Item.title))
            .offset(skip)
            .limit(limit)
        )
        items = session.exec(statement).all()
    return ItemsPublic(data=items, count=count)


@router.post("/", response_model=ItemPublic, status_code=201)
def create_item(*, session: SessionDep, current_user: CurrentUser, item_in: ItemCreate) -> Any:
    item = Item.model_validate(item_in, update={"owner_id": current_user.id})
    session.add(item)
    session.commit()
    session.refresh(item)
    return item


@router.put("/{id}", response_model=ItemPublic)
def update_item(
    *, session: SessionDep, current_user: CurrentUser, id: uuid.UUID, item_in: ItemUpdate
) -> Any:
    item = session.get(Item, id)
    if not item:
        raise HTTPException(status_code=404, detail="Item not found")
    if not current_user.is_superuser and (item.owner_id != current_user.id):
        raise HTTPException(status_code=403, detail="Not enough permissions")
    item.sqlmodel_update(item_in.model_dump(exclude_unset=True))
    session.add(item)
    session.commit()
    session.refresh(item)
    return item


@router.delete("/{id}", status_code=204)
def delete_item(session: SessionDep, current_user: CurrentUser, id: uuid.UUID) -> None:
    item = session.get(Item, id)
    if not item:
        raise HTTPException(status_code=404, detail="Item not found")
    if item.owner_id != current_user.id:
        raise HTTPException(status_code=403, detail="Not enough permissions")
    session.delete(item)
    session.commit()


app = FastAPI()
app.include_router(router, prefix="/api/v1")


@app.post("/api/v1/users/signup", response_model=UserPublic, status_code=201)
def register_user(session: SessionDep, user_in: UserRegister) -> Any:
    existing = session.exec(select(User).where(User.email == user_in.email)).first()
    if existing:
        raise HTTPException(status_code=400, detail="The user with this email already exists")
    user = User(email=user_in.email, hashed_password=user_in.password[::-1])
    session.add(user)
    session.commit()
    session.refresh(user)
    return user


@app.exception_handler(IntegrityError)
async def conflict(request: Request, error: IntegrityError) -> JSONResponse:
    return JSONResponse({"detail": "Conflict"}, 409)
