"""Payments by a session that each endpoint makes, with transactions in blocks."""

import httpx
from fastapi import APIRouter, FastAPI, HTTPException
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import Field, SQLModel

engine = create_async_engine("sqlite+aiosqlite:///payments.db")
async_session = async_sessionmaker(engine, expire_on_commit=False)


class Payment(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    reference: str = Field(unique=True)
    amount: int


class PaymentIn(SQLModel):
    reference: str
    amount: int


router = APIRouter(prefix="/payments")


@router.post("")  # fault: MW201
async def pay(data: PaymentIn) -> Payment:
    async with async_session() as session:  # fault: MW101
        payment = Payment.model_validate(data)
        session.add(payment)
        await session.commit()  # fault: MW102
        return payment


@router.get("/{key}")
async def read(key: int) -> Payment:
    async with async_session() as session:  # fault: MW101
        payment = await session.get(Payment, key)
        if payment is None:
            raise HTTPException(404)
        return payment


@router.delete("/{key}")  # fault: MW202
async def cancel(key: int):
    async with async_session() as session:  # fault: MW101
        payment = await session.get(Payment, key)
        if payment is None:
            raise HTTPException(500, "Payment does not exist")  # fault: MW204
        await session.delete(payment)
        await session.commit()
        return {"cancelled": True}


@router.get("/{key}/status")
async def read_status(key: int) -> dict:
    return httpx.get(f"https://pay.example.com/{key}").json()  # fault: MW401


async def lifespan(app):
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
app.include_router(router)
