"""Values that must not be displayed by accident."""


class NewToken(dict[str, object]):
    """A created token: a ``dict`` whose ``repr`` hides the token."""

    __slots__ = ()

    def __repr__(self) -> str:
        token = str(self.get("token", ""))
        return repr({**self, "token": token[:8] + "…"})
