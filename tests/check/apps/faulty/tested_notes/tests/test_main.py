from fastapi.testclient import TestClient
from main import app

client = TestClient(app)  # fault: MW604


def test_create():
    assert client.post("/memos", json={"text": "Hello"}).status_code == 200
