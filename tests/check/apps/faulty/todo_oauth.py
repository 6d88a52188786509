"""A to-do list whose routers are classes of their own modules' style: security, tasks, enums."""

from enum import Enum
from typing import Annotated, Optional

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, status
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel, Field as PydanticField
from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, create_engine
from sqlalchemy.ext.declarative import declarative_base
from sqlalchemy.orm import Session, sessionmaker

SQLALCHEMY_DATABASE_URL = "sqlite:///./todosapp.db"
engine = create_engine(SQLALCHEMY_DATABASE_URL, connect_args={"check_same_thread": False})
SessionLocal = sessionmaker(autocommit=False, autoflush=False, bind=engine)
Base = declarative_base()


class Users(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True, index=True)
    email = Column(String, unique=True)
    username = Column(String, unique=True)
    hashed_password = Column(String)
    is_active = Column(Boolean, default=True)


class Todos(Base):
    __tablename__ = "todos"
    id = Column(Integer, primary_key=True, index=True)
    title = Column(String)
    complete = Column(Boolean, default=False)
    owner_id = Column(Integer, ForeignKey("users.id"))  # fault: MW501


class TodoRequest(BaseModel):
    title: str = PydanticField(min_length=3)
    complete: bool


class CreateUserRequest(BaseModel):
    username: str
    email: str
    password: str


Base.metadata.create_all(bind=engine)  # fault: MW601


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


db_dependency = Annotated[Session, Depends(get_db)]
bearer = OAuth2PasswordBearer(tokenUrl="auth/token")


async def get_current_user(token: Annotated[str, Depends(bearer)]):
    return {"username": token, "id": 1}


user_dependency = Annotated[dict, Depends(get_current_user)]
router = APIRouter()


@router.get("/", status_code=status.HTTP_200_OK)
async def read_all(
    user: user_dependency,
    db: db_dependency,  # fault: MW402
):
    return db.query(Todos).filter(Todos.owner_id == user.get("id")).all()  # fault: MW303


@router.get("/todo/{todo_id}", status_code=status.HTTP_200_OK)
def read_todo(user: user_dependency, db: db_dependency, todo_id: int = Path(gt=0)):
    todo_model = (
        db.query(Todos).filter(Todos.id == todo_id).filter(Todos.owner_id == user.get("id")).first()
    )
    if todo_model is not None:
        return todo_model
    raise HTTPException(status_code=404, detail="Todo not found.")


@router.post("/todo", status_code=status.HTTP_201_CREATED)
def create_todo(user: user_dependency, db: db_dependency, todo_request: TodoRequest):
    todo_model = Todos(**todo_request.model_dump(), owner_id=user.get("id"))
    db.add(todo_model)
    db.commit()  # fault: MW102


@router.put("/todo/{todo_id}", status_code=status.HTTP_204_NO_CONTENT)
def update_todo(db: db_dependency, todo_request: TodoRequest, todo_id: int = Path(gt=0)):
    todo_model = db.query(Todos).filter(Todos.id == todo_id).first()  # fault: MW203
    todo_model.title = todo_request.title
    todo_model.complete = todo_request.complete
    db.add(todo_model)
    db.commit()


@router.post("/auth/", status_code=status.HTTP_201_CREATED)
def create_user(db: db_dependency, request: CreateUserRequest):
    create_user_model = Users(
        email=request.email,
        username=request.username,
        hashed_password=request.password[::-1],
        is_active=True,
    )
    db.add(create_user_model)
    db.commit()  # fault: MW102


app = FastAPI()
app.include_router(router)
