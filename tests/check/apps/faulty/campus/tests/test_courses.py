from httpx import ASGITransport, AsyncClient

from campus.main import app


async def test_missing():
    transport = ASGITransport(app=app)  # fault: MW604
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/courses/1")).status_code == 404
