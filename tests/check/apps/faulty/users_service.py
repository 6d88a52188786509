"""Users by a service class which has the session as a field."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, status
from sqlmodel import Field, Session, SQLModel, create_engine, select

engine = create_engine("sqlite:///users.db")


class Account(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    nickname: str
    password: str


class AccountIn(SQLModel):
    email: str
    nickname: str
    password: str


class AccountOut(SQLModel):
    id: int
    email: str
    nickname: str


def open_session():
    with Session(engine) as session:
        yield session


@dataclass
class Accounts:
    session: Annotated[Session, Depends(open_session)]

    def find(self, key: int) -> Account | None:
        return self.session.exec(select(Account).where(Account.id == key)).one_or_none()

    def all(self):
        return self.session.exec(select(Account).order_by(Account.id)).all()  # fault: MW303

    def named(self, nickname: str):
        query = select(Account).filter_by(nickname=nickname).limit(20)  # fault: MW502
        return self.session.exec(query).all()

    def create(self, data: AccountIn) -> Account:
        account = Account(**data.model_dump())
        self.session.add(account)
        self.session.commit()  # fault: MW102
        self.session.refresh(account)
        return account


app = FastAPI()
AccountsDep = Annotated[Accounts, Depends(Accounts)]


@app.get("/accounts")
def list_accounts(accounts: AccountsDep) -> list[AccountOut]:
    return accounts.all()


@app.get("/accounts/named/{nickname}")
def list_named(nickname: str, accounts: AccountsDep) -> list[AccountOut]:
    return accounts.named(nickname)


@app.get("/accounts/{key}")
def read_account(key: int, accounts: AccountsDep) -> Account:  # fault: MW702
    if (account := accounts.find(key)) is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    return account


@app.patch("/accounts/{key}")
def rename(key: int, nickname: str, accounts: AccountsDep) -> AccountOut:
    account = accounts.find(key)  # fault: MW203
    account.nickname = nickname
    accounts.session.commit()
    return account


@app.post("/accounts")  # fault: MW201
def create_account(data: AccountIn, accounts: AccountsDep) -> AccountOut:
    return accounts.create(data)
