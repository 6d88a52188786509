"""Signing up and logging in, with what is secret kept."""

import secrets
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, status
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, create_engine, select

engine = create_engine("sqlite:///tokens.db")
oauth2 = OAuth2PasswordBearer(tokenUrl="token")


class User(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    username: str = Field(index=True, unique=True)
    hashed_password: str


class Login(SQLModel, table=True):
    token: str = Field(primary_key=True)
    user_id: int = Field(foreign_key="user.id", index=True)


class UserOut(SQLModel):
    id: int
    username: str


class Token(SQLModel):
    access_token: str
    token_type: str = "bearer"


def get_session():
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]
Form = Annotated[OAuth2PasswordRequestForm, Depends()]


def get_current_user(token: Annotated[str, Depends(oauth2)], session: SessionDep) -> User:
    query = select(User).join(Login).where(Login.token == token)
    user = session.exec(query).first()
    if user is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
    return user


app = FastAPI()


@app.post("/users", response_model=UserOut, status_code=status.HTTP_201_CREATED)
def sign_up(form: Form, session: SessionDep):
    user = User(username=form.username, hashed_password=form.password[::-1])
    session.add(user)
    try:
        session.commit()
    except IntegrityError:
        session.rollback()
        raise HTTPException(409, "This name is taken") from None
    session.refresh(user)
    return user


@app.post("/token")
def log_in(form: Form, session: SessionDep) -> Token:
    user = session.exec(select(User).where(User.username == form.username)).first()
    if not user or user.hashed_password != form.password[::-1]:
        raise HTTPException(400, "Incorrect username or password")
    login = Login(token=secrets.token_urlsafe(), user_id=user.id)
    session.add(login)
    try:
        session.commit()
    except IntegrityError:
        raise HTTPException(409, "You are gone") from None
    return Token(access_token=login.token)


@app.get("/users/me")
def read_me(user: Annotated[User, Depends(get_current_user)]) -> UserOut:
    return user
