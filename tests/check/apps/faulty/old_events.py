"""Plain SQLAlchemy with Query, and start-up by events."""

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Column, ForeignKey, Integer, String, create_engine, event
from sqlalchemy.orm import Session, declarative_base, relationship, sessionmaker

engine = create_engine("sqlite:///old.db", connect_args={"check_same_thread": False})
SessionLocal = sessionmaker(autocommit=False, autoflush=False, bind=engine)
Base = declarative_base()


class Shop(Base):
    __tablename__ = "shops"
    id = Column(Integer, primary_key=True)
    name = Column(String(80), unique=True, nullable=False)
    articles = relationship("Article", back_populates="shop")


class Article(Base):
    __tablename__ = "articles"
    id = Column(Integer, primary_key=True)
    name = Column(String(80), nullable=False)
    sku = Column(String(20))
    price = Column(Integer, default=0)
    version = Column(Integer, default=1)
    shop_id = Column(Integer, ForeignKey("shops.id"))  # fault: MW501
    shop = relationship("Shop", back_populates="articles")


@event.listens_for(Article, "before_update")
def count_version(mapper, connection, target):
    target.version += 1


class ArticleOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str
    shop: "ShopOut | None" = None


class ShopOut(BaseModel):  # fault: MW205
    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str
    articles: list[ArticleOut] = []


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


app = FastAPI()


@app.on_event("startup")  # fault: MW603
def create_tables():
    Base.metadata.create_all(bind=engine)


@app.get("/shops/{shop_id}", response_model=ShopOut)
def read_shop(shop_id: int, db: Session = Depends(get_db)):
    shop = db.query(Shop).filter(Shop.id == shop_id).first()
    if shop is None:
        raise HTTPException(status_code=404, detail="Shop not found")
    return shop


@app.get("/articles/", response_model=list[ArticleOut])
def read_articles(db: Session = Depends(get_db)):
    return db.query(Article).all()  # fault: MW303 MW301


@app.get("/articles/{sku}")
def read_by_sku(sku: str, db: Session = Depends(get_db)):
    article = db.query(Article).filter(Article.sku == sku).first()  # fault: MW502 MW203
    return {"id": article.id, "name": article.name}


@app.post("/articles/raise")
def raise_prices(percent: int, db: Session = Depends(get_db)):
    changed = db.query(Article).update({"price": Article.price * (100 + percent) / 100})  # fault: MW504
    db.commit()
    return {"changed": changed}
