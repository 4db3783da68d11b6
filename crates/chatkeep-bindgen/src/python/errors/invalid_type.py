class InvalidTypeError(InvalidInputError, TypeError):
    """The type of an argument is invalid; ``field`` names it. Nothing was stored."""
