"""Applications with sessions in FastAPI and Flask, and requests to them."""

from typing import Annotated

import chatkeep.asyncio
import chatkeep.fastapi
import chatkeep.flask
from chatkeep.types import SessionInfo
from fastapi import Depends, FastAPI, Request, Response, WebSocket
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient
from flask import Flask, jsonify

HOST = "chat.example.org"


def fastapi_application(store, options):
    chat = chatkeep.asyncio.Chatkeep.of(store)
    session_required = chatkeep.fastapi.SessionRequired(chat, retry_after=7, **options)
    guard = Depends(session_required)
    app = FastAPI()
    app.add_middleware(chatkeep.fastapi.RotatedCookies)
    chatkeep.fastapi.handle_errors(app)

    @app.get("/me")
    @app.post("/me")
    @app.delete("/me")
    async def me(session: Annotated[SessionInfo, guard]):
        return session

    # A response that a route returns itself.
    @app.get("/plain", dependencies=[guard])
    async def plain():
        return PlainTextResponse("text")

    @app.post("/sign-in/{user_id}", dependencies=[Depends(session_required.same_site_required)])
    async def sign_in(user_id: str, response: Response):
        created = await chat.session_manager.create_session(user_id, lifetime_seconds=3600)
        session_required.set_cookie(response, created)
        return created["secret"]

    @app.post("/sign-out", dependencies=[guard])
    async def sign_out(request: Request, response: Response):
        session_required.delete_cookie(response)
        return await chat.session_manager.logout(session_required.secret(request))

    @app.post("/users/{email}")
    async def sign_up(email: str):
        return await chat.user_manager.create_user(email=email, password="correct horse")

    @app.websocket("/talk")
    async def talk(socket: WebSocket, session: Annotated[SessionInfo, guard]):
        await socket.accept()
        await socket.send_json(session)
        await socket.close()

    return app


def flask_application(store, options):
    session_required = chatkeep.flask.SessionRequired(store, retry_after=7, **options)
    app = Flask("test")
    chatkeep.flask.handle_errors(app)

    @app.route("/me", methods=["GET", "POST", "DELETE"])
    @session_required
    def me():
        return jsonify(chatkeep.flask.current_session())

    @app.get("/plain")
    @session_required
    def plain():
        return "text"

    @app.post("/sign-in/<user_id>")
    def sign_in(user_id):
        session_required.require_same_site()
        created = store.session_manager.create_session(user_id, lifetime_seconds=3600)
        response = jsonify(created["secret"])
        session_required.set_cookie(response, created)
        return response

    @app.post("/sign-out")
    @session_required
    def sign_out():
        response = jsonify(store.session_manager.logout(session_required.secret()))
        session_required.delete_cookie(response)
        return response

    @app.post("/users/<email>")
    def sign_up(email):
        return jsonify(store.user_manager.create_user(email=email, password="correct horse"))

    @app.get("/open")
    def unprotected():
        return jsonify(chatkeep.flask.current_session())

    return app


class FastApiSite:
    """Requests without a cookie jar."""

    def __init__(self, store, options):
        self._client = TestClient(fastapi_application(store, options), base_url=f"https://{HOST}")

    def __call__(self, method, path, **headers):
        self._client.cookies.clear()
        return self._client.request(method, path, headers=spelled(headers))

    @staticmethod
    def cookies(answer):
        return answer.headers.get_list("Set-Cookie")

    @staticmethod
    def body(answer):
        return answer.json()


class FlaskSite:
    """Requests without a cookie jar."""

    def __init__(self, store, options):
        self._client = flask_application(store, options).test_client(use_cookies=False)

    def __call__(self, method, path, **headers):
        url = f"https://{HOST}"
        return self._client.open(path, method=method, headers=spelled(headers), base_url=url)

    @staticmethod
    def cookies(answer):
        return answer.headers.getlist("Set-Cookie")

    @staticmethod
    def body(answer):
        return answer.json


def spelled(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}
