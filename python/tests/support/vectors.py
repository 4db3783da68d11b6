"""The files of tests/vectors, which are shared by all languages."""

from pathlib import Path

FOLDER = Path(__file__).parents[3] / "tests" / "vectors"


def expanded(value, saved=None):
    """Returns the value with `$repeat`, `$concat` and `$saved` expanded."""
    if isinstance(value, list):
        return [expanded(entry, saved) for entry in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"$repeat"}:
        text, times = value["$repeat"]
        return text * times
    if value.keys() == {"$concat"}:
        return "".join(expanded(value["$concat"], saved))
    if value.keys() == {"$saved"}:
        return saved[value["$saved"]]
    return {key: expanded(entry, saved) for key, entry in value.items()}
