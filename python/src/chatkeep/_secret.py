"""What must not be shown by accident."""


class NewToken(dict[str, object]):
    """A token that was just made: a plain ``dict``, but for its ``repr``, which keeps the token to itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        token = str(self.get("token", ""))
        return repr({**self, "token": token[:8] + "…"})
