"""Sessions of browsers in FastAPI, which uses the integration for Starlette, and in Flask."""

import re

import chatkeep
import chatkeep.asyncio
import chatkeep.fastapi
import chatkeep.flask
import pytest
from databases import DOWN
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from session_sites import HOST, FastApiSite, FlaskSite, fastapi_application, flask_application
from starlette.testclient import WebSocketDenialResponse


@pytest.fixture(params=[FastApiSite, FlaskSite])
def site(request, memory):
    return lambda store=memory, **options: request.param(store, options)


@pytest.fixture
def user(memory):
    return memory.user_manager.create_user(email="ada@example.org", password="correct horse")


@pytest.fixture
def secret(memory, user):
    return memory.session_manager.create_session(user["public_id"])["secret"]


def cookie(secret, name="__Host-chat-session"):
    return {"Cookie": f"other=1; {name}={secret}"}


def test_sign_in_sets_the_cookie_and_sign_out_deletes_it(site, user):
    app = site()
    answer = app("POST", f"/sign-in/{user['public_id']}")
    secret = app.body(answer)
    (value,) = app.cookies(answer)
    found = re.fullmatch(
        r"__Host-chat-session=(cs_\w+); Max-Age=(\d+); Path=/; HttpOnly; SameSite=Lax; Secure",
        value,
    )
    assert found[1] == secret
    assert 3590 <= int(found[2]) <= 3600
    assert answer.headers["Vary"] == "Cookie"

    assert app.body(app("GET", "/me", **cookie(secret)))["user_id"] == user["public_id"]
    answer = app("POST", "/sign-out", **cookie(secret))
    assert app.body(answer) is True
    assert answer.headers["Vary"] == "Cookie"
    assert app.cookies(answer) == [
        "__Host-chat-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure"
    ]
    answer = app("GET", "/me", **cookie(secret))
    assert (answer.status_code, app.body(answer)["detail"]) == (401, "The session was ended")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_cookie_for_http_has_no_prefix(site, user, secret):
    app = site(secure=False, cookie="dev")
    (value,) = app.cookies(app("POST", f"/sign-in/{user['public_id']}"))
    assert value.startswith("dev=cs_")
    assert "Secure" not in value
    assert app("GET", "/me", **cookie(secret, "dev")).status_code == 200
    assert app("GET", "/me", **cookie(secret)).status_code == 401


def test_session_in_the_authorization_header_is_accepted(site, user, secret):
    app = site(rotate_after=0)
    answer = app("DELETE", "/me", Authorization=f"Bearer {secret}", Sec_Fetch_Site="cross-site")
    assert app.body(answer)["user_id"] == user["public_id"]
    # A client of this kind would not read the new cookie.
    assert app.cookies(answer) == []
    answer = app("GET", "/me", Authorization="Bearer ck_token", **cookie(secret))
    assert (answer.status_code, app.body(answer)["detail"]) == (401, "The session is malformed")


def test_missing_or_ended_session_results_in_401_with_the_reason(site, memory, user, secret):
    app = site()
    for headers in (
        {},
        cookie(""),
        {"Cookie": "chat-session=cs_x"},
        {"Authorization": "Basic eA=="},
    ):
        answer = app("GET", "/me", **headers)
        assert (answer.status_code, app.body(answer)["detail"]) == (401, "Sign in first")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert (
        app.body(app("GET", "/me", **cookie("no-secret")))["detail"] == "The session is malformed"
    )
    memory.user_manager.set_active(user["public_id"], False)
    answer = app("GET", "/me", **cookie(secret))
    assert (answer.status_code, app.body(answer)["detail"]) == (401, "The user is not active")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({"Sec_Fetch_Site": "none"}, 200),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "cross-site", "Origin": "https://app.example.org"}, 200),
        ({"Sec_Fetch_Site": "cross-site", "Origin": "https://app.example.org:444"}, 403),
        ({"Origin": f"https://{HOST}"}, 200),
        ({"Origin": "https://app.example.org"}, 200),
        ({"Origin": "https://evil.example.org"}, 403),
        ({"Origin": f"https://{HOST}.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
    ],
)
def test_requests_of_other_sites_may_not_change_data(site, user, secret, headers, status):
    app = site(trusted_origins=["https://app.example.org"])
    for method in ("POST", "DELETE"):
        answer = app(method, "/me", **headers, **cookie(secret))
        assert answer.status_code == status
        if status == 403:
            assert app.body(answer) == {"detail": "The request is from another site"}
    assert app("GET", "/me", **headers, **cookie(secret)).status_code == 200
    assert app("POST", f"/sign-in/{user['public_id']}", **headers).status_code == status


def test_session_is_rotated_also_if_the_response_was_lost(site, secret):
    app = site(rotate_after=0)
    answer = app("GET", "/me", **cookie(secret))
    (value,) = app.cookies(answer)
    assert answer.headers["Vary"] == "Cookie"
    replaced = re.match(r"__Host-chat-session=(cs_\w+);", value)[1]
    assert replaced != secret
    (again,) = app.cookies(app("GET", "/plain", **cookie(secret)))
    assert again.startswith(f"__Host-chat-session={replaced};")
    assert app.cookies(app("GET", "/me", **cookie(replaced))) == []
    # A sign-out in the same response takes precedence.
    (value,) = app.cookies(app("POST", "/sign-out", **cookie(secret)))
    assert "Max-Age=0" in value


def test_new_session_is_not_rotated(site, secret):
    for options in ({}, {"rotate_after": None}):
        app = site(**options)
        assert app.cookies(app("GET", "/me", **cookie(secret))) == []


def fail(monkeypatch, call, error):
    """Makes a call of both session managers raise an error."""

    def raise_error(*_):
        raise error

    async def raise_awaited(*_):
        raise error

    monkeypatch.setattr(chatkeep.SessionManager, call, raise_error)
    monkeypatch.setattr(chatkeep.asyncio.SessionManager, call, raise_awaited)


def test_failed_rotation_leaves_the_session_valid(site, secret, memory, monkeypatch, caplog):
    fail(monkeypatch, "rotate_session", chatkeep.ReadOnlyError("the server accepts no changes"))
    app = site(rotate_after=0)
    answer = app("GET", "/me", **cookie(secret))
    assert (answer.status_code, app.cookies(answer)) == (200, [])
    assert "Vary" not in answer.headers
    assert "a session was not rotated: the server accepts no changes" in caplog.text


def test_unavailable_database_results_in_503_not_401(site, secret, monkeypatch, caplog):
    monkeypatch.setenv("DB_MAX_RETRIES", "0")
    app = site(chatkeep.Chatkeep(DOWN, connect_timeout=2))
    answer = app("GET", "/me", **cookie(secret))
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "7")
    assert "WWW-Authenticate" not in answer.headers
    assert app.body(answer) == {"detail": "The database is not available"}
    assert "check_session" in caplog.text
    assert secret not in caplog.text
    # A missing session needs no database.
    assert app("GET", "/me").status_code == 401


def test_check_with_an_unknown_outcome_may_be_retried(site, secret, monkeypatch):
    # The check of a replaced secret ends the session.
    fail(monkeypatch, "check_session", chatkeep.OutcomeUnknownError("the connection broke"))
    app = site()
    answer = app("GET", "/me", **cookie(secret))
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "7")
    assert app.body(answer) == {"detail": "The database is not available"}


def test_taken_address_results_in_409_with_the_field(site, user):
    app = site()
    answer = app("POST", "/users/Ada@example.org")
    assert answer.status_code == 409
    (detail,) = app.body(answer)["detail"]
    assert (detail["type"], detail["loc"]) == ("conflict", ["email"])
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "example.org",
        "https://example.org/",
        "null",
        "https://Example.org",
        "https://example.org:443",
        "http://example.org:80",
        "https://ada@example.org",
        "http://[",
    ],
)
def test_trusted_origins_are_checked(origin, memory):
    for module, store in (
        (chatkeep.fastapi, chatkeep.asyncio.Chatkeep.of(memory)),
        (chatkeep.flask, memory),
    ):
        with pytest.raises(ValueError, match="is not an origin"):
            module.SessionRequired(store, trusted_origins=[origin])
        with pytest.raises(TypeError, match="list of origins"):
            module.SessionRequired(store, trusted_origins="https://example.org")
        origins = ["http://localhost:5173", "https://example.org:80", "http://[::1]:8080"]
        module.SessionRequired(store, trusted_origins=origins)


def test_default_store_is_the_one_of_the_environment():
    assert chatkeep.flask.session_required._manager is chatkeep.session_manager
    assert chatkeep.fastapi.session_required._manager is chatkeep.asyncio.session_manager


def test_openapi_documents_the_cookie(memory):
    page = TestClient(fastapi_application(memory, {})).get("/openapi.json").json()
    assert page["paths"]["/plain"]["get"]["security"] == [{"Session": []}]
    scheme = page["components"]["securitySchemes"]["Session"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == (
        "apiKey",
        "cookie",
        "__Host-chat-session",
    )


def test_websocket_requires_a_session_of_this_site(memory, user, secret):
    client = TestClient(
        fastapi_application(memory, {"rotate_after": 0}), base_url=f"https://{HOST}"
    )
    own = cookie(secret) | {"Origin": f"https://{HOST}"}
    with client.websocket_connect(f"wss://{HOST}/talk", headers=own) as socket:
        assert socket.receive_json()["user_id"] == user["public_id"]
    for headers, status in (
        ({}, 401),
        (cookie(secret) | {"Origin": "https://evil.example"}, 403),
    ):
        with (
            pytest.raises(WebSocketDenialResponse) as caught,
            client.websocket_connect(f"wss://{HOST}/talk", headers=headers),
        ):
            pass
        assert caught.value.status_code == status


def test_sessions_are_not_rotated_without_the_middleware(memory, secret):
    chat = chatkeep.asyncio.Chatkeep.of(memory)
    app = FastAPI()
    required = chatkeep.fastapi.SessionRequired(chat, rotate_after=0)

    @app.get("/me", dependencies=[Depends(required)])
    async def me():
        return None

    assert "Set-Cookie" not in TestClient(app).get("/me", headers=cookie(secret)).headers
    (session,) = memory.session_manager.list_sessions(
        memory.session_manager.check_session(secret)["session"]["user_id"]
    )["sessions"]
    assert session["rotated_at"] is None


def test_current_session_in_an_unprotected_view_raises(memory):
    app = flask_application(memory, {})
    app.testing = True
    with pytest.raises(RuntimeError, match="decorate the view with session_required"):
        app.test_client().get("/open")
