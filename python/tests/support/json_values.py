"""JSON values and ids that are hard to store, for the integrations on conversations."""

import json
import random

#: Ids that a database could confuse.
HOSTILE_IDS = [
    "",
    "a",
    "A",
    "a ",
    " a",
    "ab",
    "a%",
    "a_",
    "%",
    "_",
    "a\\",
    "a/b",
    "a/",
    "a\n",
    "a\0",
    "a\0b",
    "é",
    "e\u0301",
    "ß",
    "ss",
    "🎉",
    "\ud800",
    "'; DROP TABLE messages; --",
    "null",
    "a" * 10_000,
    "a" * 9_999 + "A",
    "a" * 10_001,
]

#: Values that databases store as JSON, and others that they do not.
VALUES = [
    {},
    {"role": "user", "content": "Grüße 🎉 \"\\\r\n\t\u2028 '; --"},
    {"role": "user", "content": "a\0b"},
    {"key\0": 1},
    {"lone": "\ud800"},
    {"small": -(2**63), "large": 2**64 - 1, "safe": 2**53 + 1},
    {"huge": 2**64, "negative": -(2**63) - 1, "digits": 10**400},
    {"floats": [0.1, 1e300, 5e-324, 1.0, 1e22, 123456789012345680.0, -1.5]},
    {"zeros": [0, 0.0, -0.0]},
    {"infinite": [float("inf"), float("-inf")]},
    {"type": "function_call_output", "output": [{"x": {"y": [{"z": None}]}}, True, False]},
    {"$json": "[1]"},
    {"$json": {"$json": "{}"}, "more": 1},
    {"$json": 5},
    {"role": "r" * 51, "type": ""},
    {"role": "", "type": "\0"},
    {"role": 5, "type": ["list"]},
    {"": {"": ""}},
    {"long": "x" * 100_000},
]


def nested(levels):
    """Returns an object of this number of levels."""
    value = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def same(one, other):
    """Returns whether JSON values are equal, also in the types and signs of their numbers."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def random_value(chance: random.Random):
    """Returns a small value."""
    kind = chance.randrange(7)
    if kind == 0:
        return {chance.choice("aAé\0$"): random_value(chance) for _ in range(chance.randrange(3))}
    if kind == 1:
        return [random_value(chance) for _ in range(chance.randrange(3))]
    values = [None, True, "", "a\0", "é", 2**70, -1, 0.1, -0.0, 1e300, chance.random()]
    return chance.choice(values)
