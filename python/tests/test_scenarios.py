"""The scenarios of tests/vectors/operations/*.json, which are shared by all languages."""

import asyncio
import base64
import inspect
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import chatkeep
import chatkeep.asyncio
import pytest
from vectors import FOLDER, expanded

API = json.loads((Path(__file__).parents[2] / "api" / "chatkeep.json").read_text(encoding="utf-8"))
#: The attribute of a store with each interface; the store itself has none.
ATTRIBUTES = {interface["name"]: interface.get("attribute") for interface in API["interfaces"]}
#: The types of the parameters of each operation, and of the fields of each record.
PARAMETERS = {
    f"{interface['name']}.{operation['name']}": operation["parameters"]
    for interface in API["interfaces"]
    for operation in interface["operations"]
}
FIELDS = {record["name"]: record["fields"] for record in API["records"]}
ANY = {"$any": True}


def scenarios():
    for path in sorted((FOLDER / "operations").glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
            # The Rust suite runs them on every engine; each needs a database of its own.
            if "sqlite" in case.get("engines", ["sqlite"]):
                settings = case.get("settings", {})
                yield pytest.param(settings, case["steps"], id=f"{path.stem}-{case['name']}")


def with_bytes(ty, value):
    """Returns an argument with bytes in place of base64 text."""
    inner = ty.removesuffix("?")
    if inner == "bytes" and isinstance(value, str):
        return base64.b64decode(value, validate=True)
    if inner.startswith("list<") and isinstance(value, list):
        return [with_bytes(inner[len("list<") : -1], entry) for entry in value]
    if inner in FIELDS and isinstance(value, dict):
        return fields_with_bytes(FIELDS[inner], value)
    return value


def fields_with_bytes(fields, values):
    types = {field["name"]: field["type"] for field in fields}
    return {name: with_bytes(types.get(name, ""), value) for name, value in values.items()}


def with_base64(result):
    """Returns a result with base64 text in place of bytes."""
    if isinstance(result, bytes):
        return base64.b64encode(result).decode()
    if isinstance(result, list):
        return [with_base64(entry) for entry in result]
    if isinstance(result, dict):
        return {key: with_base64(entry) for key, entry in result.items()}
    return result


async def perform(chat, call, arguments):
    """Makes a call of either form. The items of an iterator are returned as a list."""
    interface, name = call.split(".")
    owner = getattr(chat, ATTRIBUTES[interface]) if ATTRIBUTES[interface] else chat
    result = getattr(owner, name)
    if callable(result):
        result = result(**arguments)
    if inspect.isawaitable(result):
        result = await result
    if isinstance(result, AsyncIterator):
        return [item async for item in result]
    return list(result) if isinstance(result, Iterator) else result


def compared(result, expected):
    """Returns the part of a result that is compared with an expectation."""
    if expected == ANY:
        return None if result is None else ANY
    if isinstance(result, dict) and isinstance(expected, dict):
        return {key: compared(result[key], expected[key]) for key in expected if key in result}
    if isinstance(result, list) and isinstance(expected, list) and len(result) == len(expected):
        return [compared(*pair) for pair in zip(result, expected, strict=True)]
    return result


def as_text(value):
    """Formats a value as JSON, because in Python 1 equals 1.0 and true."""
    return json.dumps(value, indent=1, sort_keys=True)


def part(value, path):
    """Returns the part of a value at a path such as `0.id`."""
    for key in filter(None, path.split(".")):
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


async def run(chat, steps):
    saved = {}
    for number, step in enumerate(steps, 1):
        where = f"step {number}, {step['call']}"
        arguments = expanded(step.get("arguments", {}), saved)
        arguments = fields_with_bytes(PARAMETERS[step["call"]], arguments)
        pending = perform(chat, step["call"], arguments)
        if expected := step.get("error"):
            with pytest.raises(chatkeep.Error) as raised:
                await pending
            error = raised.value
            assert (error.kind, error.field) == (expected["kind"], expected.get("field")), where
            continue
        try:
            result = with_base64(await pending)
        except chatkeep.Error as error:
            pytest.fail(f"{where}: {error!r}")
        if "expect" in step:
            expected = expanded(step["expect"], saved)
            assert as_text(compared(result, expected)) == as_text(expected), where
        saved |= {name: part(result, path) for name, path in step.get("save", {}).items()}


@pytest.mark.parametrize("face", [chatkeep, chatkeep.asyncio], ids=["blocking", "asyncio"])
@pytest.mark.parametrize(("settings", "steps"), list(scenarios()))
def test_scenario_passes(face, settings, steps, sqlite):
    async def main():
        chat = face.Chatkeep(sqlite.url, **settings)
        try:
            await run(chat, steps)
        finally:
            await perform(chat, "store.close", {})

    asyncio.run(main())
