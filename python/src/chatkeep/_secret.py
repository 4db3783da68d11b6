"""Values that must not be displayed by accident."""


class Secret(str):
    """A token or another secret: a ``str`` whose ``repr`` does not show it.

    Of chatkeep's own tokens it shows the first characters, which identify them.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        is_token = len(self) == 52 and self.startswith(("ck_", "cs_"))
        return repr(f"{self[:8]}…" if is_token else "…")
