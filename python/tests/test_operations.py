"""The classes have the operations and types of api/chatkeep.json, which describes them once."""

import inspect
import json
import re
from pathlib import Path
from typing import get_args, get_type_hints

import chatkeep
import chatkeep.asyncio
import chatkeep.types
import pytest
from chatkeep import _native

FILE = Path(__file__).parents[2] / "api" / "chatkeep.json"
API = json.loads(FILE.read_text(encoding="utf-8"))
FACES = [chatkeep, chatkeep.asyncio]
OPERATIONS = [
    (interface["class"], operation)
    for interface in API["interfaces"]
    for operation in interface["operations"]
]
PARAMETER_TYPES = {
    parameter["type"] for _, operation in OPERATIONS for parameter in operation["parameters"]
}
RECORDS = {record["name"]: record for record in API["records"]}


def argument_records(types):
    """Returns the names of the records of these types, also inside of others."""
    names = {re.sub(r"list<(.*)>", r"\1", ty.replace("?", "")) for ty in types} & RECORDS.keys()
    inner = {field["type"] for name in names for field in RECORDS[name]["fields"]}
    return names | argument_records(inner) if inner else names


#: The records that are passed to operations.
ARGUMENTS = argument_records(PARAMETER_TYPES)
#: Members that are not operations of their class, with the reason.
OTHERS = {
    ("MessageLogger", "cursor_after"): "converts a message, without a store",
    ("MessageLogger", "flush"): "the operation of the store",
    ("DatabaseManager", "close"): "the operation of the store",
    ("TaskManager", "work"): "the loop of a worker",
    ("Chatkeep", "blocking"): "the same store with blocking calls",
    ("Chatkeep", "of"): "wraps a store with blocking calls",
}
#: The objects of a store, with the names of their classes.
MANAGERS = {
    interface["attribute"]: interface["class"]
    for interface in API["interfaces"]
    if interface["name"] != "store"
}


def expected_parameters(operation):
    """Returns name, default and kind of each parameter."""
    for parameter in operation["parameters"]:
        is_named = parameter.get("placement") == "named"
        yield (
            parameter["name"],
            parameter.get("default", inspect.Parameter.empty),
            inspect.Parameter.KEYWORD_ONLY if is_named else inspect.Parameter.POSITIONAL_OR_KEYWORD,
        )


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    ("owner", "operation"),
    OPERATIONS,
    ids=lambda value: value if isinstance(value, str) else value["name"],
)
def test_every_operation_exists_in_both_forms(face, owner, operation):
    member = inspect.getattr_static(getattr(face, owner), operation["name"])
    if operation["form"] == "property":
        assert isinstance(member, property)
        return
    parameters = list(inspect.signature(member).parameters.values())[1:]
    actual = [(parameter.name, parameter.default, parameter.kind) for parameter in parameters]
    assert actual == list(expected_parameters(operation))
    is_awaited = inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member)
    assert is_awaited == (face is chatkeep.asyncio and operation["form"] == "call")
    documentation = inspect.getdoc(member)
    assert all(f"\n    {name} (" in documentation for name, _, _ in actual)


@pytest.mark.parametrize("face", FACES)
def test_other_members_have_a_reason(face):
    described = {(owner, operation["name"]) for owner, operation in OPERATIONS}
    described |= {("Chatkeep", manager) for manager in MANAGERS}
    for owner in {interface["class"] for interface in API["interfaces"]}:
        members = {name for name in dir(getattr(face, owner)) if not name.startswith("_")}
        assert {(owner, name) for name in members} <= described | OTHERS.keys()


@pytest.mark.parametrize("face", FACES)
def test_every_interface_is_an_object_of_each_store(face):
    environment = chatkeep.from_environment()
    for name, manager in MANAGERS.items():
        assert type(getattr(face, name)) is getattr(face, manager)
        if face is chatkeep:
            assert getattr(environment, name)._store is environment._store


def test_types_have_the_described_fields_and_values():
    for record in API["records"]:
        described = getattr(chatkeep.types, record["name"])
        names = [field["name"] for field in record["fields"]]
        if record["name"] in ARGUMENTS:
            # The required keys are those of the base class.
            optional = {field["name"] for field in record["fields"] if "default" in field}
            names.sort(key=lambda name: name in optional)
        assert list(get_type_hints(described)) == names
    for enum in API["enums"]:
        assert list(get_args(getattr(chatkeep.types, enum["name"]))) == enum["values"]


def test_unknown_operations_are_rejected_at_import():
    with pytest.raises(LookupError, match=r"no operation tokens\.forget"):
        _native.operation("tokens", "forget")
    assert repr(_native.operation("tokens", "revoke_token")) == (
        "<chatkeep operation tokens.revoke_token>"
    )


@pytest.mark.parametrize("arguments", [(), (1, 2), "1"])
def test_wrong_numbers_of_arguments_do_not_reach_the_database(memory, arguments):
    operation = _native.operation("tokens", "revoke_token")
    with pytest.raises(TypeError):
        _native.call(memory._store, operation, arguments)


def test_results_can_be_logged_again(memory):
    log = memory.message_logger
    log.log_message("a", "b", metadata={"k": [1, None]}, timestamp="2024-02-29")
    first = log.get_messages()
    log.log_messages(first)
    assert [{**message, "id": 1} for message in log.get_messages()] == first * 2
