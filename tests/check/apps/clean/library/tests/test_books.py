import pytest
from fastapi.testclient import TestClient
from library.db import get_session
from library.main import app


@pytest.fixture
def client(session):
    app.dependency_overrides[get_session] = lambda: session
    yield TestClient(app)
    app.dependency_overrides.clear()


def test_missing(client):
    assert client.get("/books/1").status_code == 404
