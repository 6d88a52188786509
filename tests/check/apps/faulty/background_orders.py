"""Orders whose mail is sent, and noted, after the answer."""

import asyncio
import smtplib
from collections.abc import AsyncGenerator

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlmodel import Field, SQLModel, col, func, select

engine = create_async_engine("sqlite+aiosqlite:///orders.db")
session_factory = async_sessionmaker(engine, expire_on_commit=False)


class Order(SQLModel, table=True):
    __tablename__ = "orders"
    id: int | None = Field(default=None, primary_key=True)
    customer: str = Field(index=True)
    total: int = 0
    mailed: bool = False


class OrderIn(SQLModel):
    customer: str
    total: int


async def lifespan(app):
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def get_db() -> AsyncGenerator[AsyncSession, None]:
    async with session_factory() as db:
        yield db
        await db.commit()  # fault: MW105


async def send_mail(order: Order, db: AsyncSession) -> None:
    with smtplib.SMTP("localhost") as smtp:
        smtp.sendmail("shop@example.com", order.customer, "Thank you")
    order.mailed = True
    await db.commit()


@app.post("/orders", status_code=201)
async def place_order(
    data: OrderIn, background: BackgroundTasks, db: AsyncSession = Depends(get_db)
):
    order = Order.model_validate(data)
    db.add(order)
    await db.flush()
    background.add_task(send_mail, order, db)  # fault: MW104
    return order


@app.get("/orders/{order_id}/context")
async def read_context(order_id: int, db: AsyncSession = Depends(get_db)):
    order = await db.get(Order, order_id)
    if order is None:
        raise HTTPException(status_code=404)
    count, total = await asyncio.gather(  # fault: MW103
        db.scalar(select(func.count()).select_from(Order)),
        db.scalar(select(func.sum(col(Order.total)))),
    )
    return {"order": order.id, "count": count, "total": total}
