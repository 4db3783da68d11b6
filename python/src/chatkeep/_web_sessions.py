"""Sessions of browsers, independent of a framework: cookies, rotation, and requests of other sites.

The cookie is set as OWASP recommends: ``HttpOnly``, ``Secure``, ``SameSite=Lax``, and with the
prefix ``__Host-``, so that no other host of the domain can set it.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Generic, NamedTuple, Protocol, TypeVar

from chatkeep import _web
from chatkeep.errors import Error
from chatkeep.types import (
    CreatedSession,
    RotatedSession,
    SessionCheck,
    SessionInfo,
    SessionReason,
)

_log = logging.getLogger("chatkeep.web")

_Manager_co = TypeVar("_Manager_co", covariant=True)

#: Default name of the cookie. ``session`` is the cookie of Flask and of Starlette's middleware.
COOKIE = "chat-session"

#: Default age at which a session gets a new secret, in seconds.
ROTATE_AFTER = 86_400

#: Seconds after a rotation in which ``rotate_session`` returns the same secret again: ``GRACE`` in
#: crates/chatkeep-core/src/session/rotate.rs.
_GRACE = 60

#: Methods that change nothing, and therefore may come from other sites.
_SAFE_METHODS = frozenset(["GET", "HEAD", "OPTIONS"])

#: An origin as browsers send it: in lower case, without user, default port and path.
_ORIGIN = re.compile(r"(https?)://(?:[a-z0-9._-]+|\[[0-9a-f:]+\])(?::([1-9]\d{0,4}))?")

_DEFAULT_PORTS = (("http", "80"), ("https", "443"))

_REASONS: dict[SessionReason, str] = {
    "malformed": "The session is malformed",
    "unknown": "The session is unknown",
    "revoked": "The session was ended",
    "expired": "The session has expired",
    "idle": "The session was not used for too long",
    "rotated": "The session was ended, because a replaced secret was used",
    "user_inactive": "The user is not active",
    "ended": "The session was ended by a change of the account",
}


class Headers(Protocol):
    """The headers of a request, by names in any case."""

    def get(self, name: str, /) -> str | None:
        """Returns a value, or ``None``."""


class Presented(NamedTuple):
    """The secret of a request, and whether a cookie contains it."""

    secret: str
    is_cookie: bool


class Sessions:
    """The session cookie of an application, and the rules that requests with it must meet."""

    def __init__(
        self,
        *,
        cookie: str,
        secure: bool,
        trusted_origins: Iterable[str],
        rotate_after: float | None,
    ) -> None:
        if isinstance(trusted_origins, str):
            raise TypeError("trusted_origins must be a list of origins, not a string")
        self.cookie = f"__Host-{cookie}" if secure else cookie
        self._attributes = f"; Path=/; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"
        self._trusted = frozenset(map(_origin, trusted_origins))
        self._rotate_after = rotate_after

    def presented(self, headers: Headers, cookies: Mapping[str, str]) -> Presented | None:
        """Returns the secret in the ``Authorization`` header or in the cookie."""
        token = _web.bearer_token(headers.get("Authorization"))
        if token is not None:
            return Presented(token, is_cookie=False)
        secret = cookies.get(self.cookie)
        return Presented(secret, is_cookie=True) if secret else None

    def begin(
        self, method: str, headers: Headers, cookies: Mapping[str, str]
    ) -> Presented | _web.ErrorResponse:
        """Returns the secret to check, or the response to a request that is not permitted."""
        presented = self.presented(headers, cookies)
        if presented is None:
            return missing_session()
        rejected = self.cross_site(method, headers) if presented.is_cookie else None
        return presented if rejected is None else rejected

    def cross_site(self, method: str, headers: Headers) -> _web.ErrorResponse | None:
        """Returns the response to a request that another site caused and that may change data.

        Browsers report the site in ``Sec-Fetch-Site``. Older browsers send ``Origin``, whose host
        is compared with ``Host``. The scheme is not compared, because a proxy may have terminated
        TLS. Other clients send neither header; they have no cookies that another site could use.
        """
        origin, site = headers.get("Origin"), headers.get("Sec-Fetch-Site")
        if method in _SAFE_METHODS or origin in self._trusted:
            return None
        if site is not None:
            is_own = site in ("same-origin", "none")
        else:
            host = headers.get("Host")
            is_own = origin is None or (
                host is not None and origin in (f"https://{host}", f"http://{host}")
            )
        return None if is_own else _web.ErrorResponse(403, "The request is from another site", {})

    def result(self, check: SessionCheck) -> SessionInfo | _web.ErrorResponse:
        """Returns the valid session, or the response to an invalid one."""
        if check["valid"] and check["session"] is not None:
            return check["session"]
        return _web.invalid_token(_REASONS.get(check["reason"], "The session is not valid"))

    def is_due(self, session: SessionInfo) -> bool:
        """Returns whether the caller should call ``rotate_session``, and send the cookie.

        That includes the minute after a rotation, because the browser may not have received the
        response with the new cookie.
        """
        if self._rotate_after is None:
            return False
        rotated = session["rotated_at"]
        age = -_seconds_until(rotated or session["created_at"])
        return age >= self._rotate_after or (rotated is not None and age < _GRACE)

    def new_cookie(self, secret: str, rotated: RotatedSession | None) -> str | None:
        """Returns the value of ``Set-Cookie`` if ``rotate_session`` returned another secret."""
        if rotated is None or rotated["secret"] == secret:
            return None
        return self.value(rotated)

    def value(self, created: CreatedSession | RotatedSession) -> str:
        """Returns the value of ``Set-Cookie`` for a session."""
        age = max(0, int(_seconds_until(created["session"]["expires_at"])))
        return f"{self.cookie}={created['secret']}; Max-Age={age}{self._attributes}"

    def deleted(self) -> str:
        """Returns the value of ``Set-Cookie`` that deletes the cookie."""
        return f"{self.cookie}=; Max-Age=0{self._attributes}"


class SessionStore(Protocol[_Manager_co]):
    """The part of a store that a session check uses."""

    @property
    def session_manager(self) -> _Manager_co:
        """The sessions."""


class SessionGuard(Generic[_Manager_co]):
    """The part of ``SessionRequired`` that does not depend on a framework."""

    #: Sessions of the database that the environment variables name.
    _default_manager: _Manager_co

    def __init__(
        self,
        chat: SessionStore[_Manager_co] | None = None,
        *,
        cookie: str = COOKIE,
        secure: bool = True,
        trusted_origins: Iterable[str] = (),
        rotate_after: float | None = ROTATE_AFTER,
        retry_after: int = _web.RETRY_AFTER,
    ) -> None:
        self._manager = self._default_manager if chat is None else chat.session_manager
        self._retry_after = retry_after
        self._sessions = Sessions(
            cookie=cookie,
            secure=secure,
            trusted_origins=trusted_origins,
            rotate_after=rotate_after,
        )


def is_set(cookie: str, values: Iterable[str]) -> bool:
    """Returns whether one of the values of ``Set-Cookie`` sets a cookie of the same name."""
    name, _, _ = cookie.partition("=")
    return any(value.startswith(f"{name}=") for value in values)


def missing_session() -> _web.ErrorResponse:
    """Returns the response to a request without a session."""
    return _web.ErrorResponse(401, "Sign in first", {"WWW-Authenticate": "Bearer"})


def not_rotated(error: Error) -> None:
    """Logs that a session was not rotated. It stays valid, and the next request tries again."""
    _log.warning("a session was not rotated: %s", error)


def _seconds_until(timestamp: str) -> float:
    return (datetime.fromisoformat(timestamp) - datetime.now(timezone.utc)).total_seconds()


def _origin(text: str) -> str:
    found = _ORIGIN.fullmatch(text)
    if found is None or found.groups() in _DEFAULT_PORTS:
        raise ValueError(f"trusted_origins: {text!r} is not an origin such as https://example.org")
    return text
