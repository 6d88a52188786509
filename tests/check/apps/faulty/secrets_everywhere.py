"""Keys of an API, shown to every client."""

from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException, Security
from fastapi.security import APIKeyHeader
from sqlmodel import Field, Session, SQLModel, create_engine, select

engine = create_engine("sqlite:///keys.db")


class Tenant(SQLModel, table=True):
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str
    api_key: str = Field(unique=True)


class TenantSummary(SQLModel):
    name: str
    api_key: str


class TenantPage(SQLModel):
    items: list[TenantSummary]


@asynccontextmanager
async def lifespan(app: FastAPI):
    SQLModel.metadata.create_all(engine)
    yield


def get_session():
    with Session(engine) as session:
        yield session


def get_tenant(
    key: str = Security(APIKeyHeader(name="X-API-Key")), session: Session = Depends(get_session)
) -> Tenant:
    tenant = session.exec(select(Tenant).where(Tenant.api_key == key)).first()
    if tenant is None:
        raise HTTPException(status_code=403, detail="Invalid API key")
    return tenant


app = FastAPI(lifespan=lifespan)


@app.get("/me", response_model=Tenant)  # fault: MW702
def read_me(tenant: Tenant = Depends(get_tenant)):
    return tenant


@app.get("/tenants", response_model=TenantPage)  # fault: MW702
def list_tenants(session: Session = Depends(get_session)):
    tenants = session.exec(select(Tenant).order_by(Tenant.name).limit(50)).all()
    return TenantPage(items=tenants)


@app.get("/tenants/{tenant_id}/name")
def read_name(tenant_id: UUID, session: Session = Depends(get_session)) -> str:
    return session.get(Tenant, tenant_id).name  # fault: MW203


@app.get("/search")
def search(name: str, session: Session = Depends(get_session)) -> list[str]:
    found = session.exec(select(Tenant.name).where(Tenant.name == name))  # fault: MW303 MW502
    return list(found)
