"""Heroes, as a beginner writes them."""

import time

from fastapi import FastAPI, HTTPException
from sqlmodel import Field, Session, SQLModel, create_engine, select


class Hero(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True, unique=True)
    secret_name: str
    age: int | None = None


class HeroCreate(SQLModel):
    name: str
    secret_name: str
    age: int | None = None


engine = create_engine("sqlite:///heroes.db")
SQLModel.metadata.create_all(engine)  # fault: MW601

app = FastAPI()


@app.post("/heroes/")  # fault: MW201
def create_hero(hero: HeroCreate):
    with Session(engine) as session:  # fault: MW101
        db_hero = Hero.model_validate(hero)
        session.add(db_hero)
        session.commit()  # fault: MW102
        session.refresh(db_hero)
        return db_hero


@app.get("/heroes/")
def read_heroes():
    with Session(engine) as session:  # fault: MW101
        heroes = session.exec(select(Hero)).all()  # fault: MW303
        return heroes


@app.get("/heroes/{hero_id}")
async def read_hero(hero_id: int):
    time.sleep(0.1)  # fault: MW401
    with Session(engine) as session:  # fault: MW101 MW402
        hero = session.get(Hero, hero_id)
        if not hero:
            raise HTTPException(status_code=404, detail="Hero not found")
        return hero


@app.delete("/heroes/{hero_id}")  # fault: MW202
def delete_hero(hero_id: int):
    with Session(engine) as session:  # fault: MW101
        hero = session.get(Hero, hero_id)  # fault: MW203
        session.delete(hero)
        session.commit()
        return {"ok": True}
