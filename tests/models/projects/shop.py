"""A shop: prices with simple defaults, a many-to-many relation, lines with a composite key."""

import enum
from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Column, DateTime, Text, func
from sqlalchemy import Enum as SQLEnum
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource


class Base(SQLModel, registry=registry()):
    pass


class OrderStatus(str, enum.Enum):  # noqa: UP042 - as older projects write them
    PENDING = "pending"
    PAID = "paid"


class ProductCategory(Base, table=True):
    __tablename__ = "product_category"

    product_id: int | None = Field(default=None, foreign_key="products.id", primary_key=True)
    category_id: int | None = Field(default=None, foreign_key="categories.id", primary_key=True)


class Category(Base, table=True):
    __tablename__ = "categories"
    __table_args__ = {"extend_existing": True}

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(default=None, unique=True)
    products: list["Product"] = Relationship(
        back_populates="categories", link_model=ProductCategory
    )


class Product(Base, table=True):
    __tablename__ = "products"
    __table_args__ = (CheckConstraint("price >= 0", name="price_not_negative"),)

    id: int | None = Field(default=None, primary_key=True, unique=True)
    sku: str = Field(index=True, unique=True, max_length=50)
    price: Decimal = Field(default=0, max_digits=10, decimal_places=2)
    discount: Decimal = Field(default="0.5")
    stock: int = Field(default=0, ge=0)
    text: str = Field(default="", sa_column=Column(Text, nullable=False))
    is_deleted: int = Field(default=0)
    active: bool = Field(default=1)
    created_at: datetime | None = Field(
        default=None,
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now()),
    )
    updated_at: datetime | None = Field(
        default=None,
        sa_column=Column(DateTime(timezone=True), server_default=func.now(), onupdate=func.now()),
    )
    categories: list[Category] = Relationship(back_populates="products", link_model=ProductCategory)


class Order(Base, table=True):
    __tablename__ = "orders"

    id: int | None = Field(default=None, primary_key=True)
    status: OrderStatus = Field(
        default=OrderStatus.PENDING, sa_column=Column(SQLEnum(OrderStatus), nullable=False)
    )
    lines: list["OrderLine"] = Relationship(back_populates="order", cascade_delete=True)


class OrderLine(Base, table=True):
    __tablename__ = "order_lines"

    order_id: int = Field(default=None, foreign_key="orders.id", primary_key=True)
    product_id: int = Field(default=None, foreign_key="products.id", primary_key=True)
    quantity: int = 1
    order: Order | None = Relationship(back_populates="lines")


RESOURCES = (
    Resource(Category, includes=["products"]),
    Resource(Product, includes=["categories"]),
    Resource(Order, includes=["lines"]),
    Resource(OrderLine),
)
ROWS = {
    "/categories": [{"name": "Lamps"}, {"name": "chairs"}, {"name": "Ölbilder"}],
    "/products": [
        {"sku": "a-1"},
        {"sku": "a-2", "price": "19.90", "stock": 3, "active": False},
        {"sku": "B-1", "price": "19.90", "discount": "0.25", "is_deleted": 1},
    ],
    "/orders": [{}, {"status": "paid"}, {"status": "pending"}],
    "/order_lines": [
        {"order_id": 1, "product_id": 2, "quantity": 5},
        {"order_id": 1, "product_id": 1},
        {"order_id": 2, "product_id": 3, "quantity": 2},
    ],
}
