"""Values that must not be displayed by accident."""


class Secret(str):
    """A token: a ``str`` whose ``repr`` shows only its first characters."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(f"{self[:8]}…")
