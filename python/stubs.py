"""Prints `_native.pyi`: the signatures of the compiled module, with the types that its docstrings give.

A docstring in Google's style says `name (type): …` under `Args:` and `type: …` under `Returns:`; a getter's begins with
its type. One that says "``Class.call`` as a future." takes the types of that call. `scripts/check-generated.sh` keeps the
file in step, and `stubtest` compares it with the compiled module.
"""

import inspect
import re
import textwrap

from chatkeep import _native

HEADER = '''"""The compiled module; made from it by python/stubs.py."""

import os
from asyncio import Future
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from os import PathLike
from typing import Any, final

from chatkeep.types import (
    Analytics,
    CreatedToken,
    Health,
    ImportReport,
    Message,
    MigrationStatus,
    NewMessage,
    PoolStatus,
    TokenCheck,
    TokenInfo,
    TotalsCheck,
)
'''
FUTURE = re.compile(r"``(\w+)\.(\w+)`` as a future\.")
RETURNS = {"__enter__": None, "__iter__": None, "__next__": "Message"}


def section(doc, name):
    """The lines of a section, without their common indentation."""
    found = re.search(rf"^{name}:\n((?:[ ]+.*\n|\n)*)", doc + "\n", re.MULTILINE)
    return textwrap.dedent(found[1]) if found else ""


def types_of(doc):
    """The types of the arguments, and of the result."""
    arguments = dict(re.findall(r"^(\w+) \((.*?)\): ", section(doc, "Args"), re.MULTILINE))
    returns = re.match(r"(.*?): ", section(doc, "Returns"))
    return arguments, returns[1] if returns else "None"


class Verbatim:
    """A type as it is written."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


def definition(name, function, arguments, returns):
    """A call's line in the stub."""
    parameters = list(inspect.signature(function).parameters.values())
    if name == "__new__":
        parameters.insert(0, inspect.Parameter("cls", inspect.Parameter.POSITIONAL_ONLY))
        parameters[0] = parameters[0].replace(kind=inspect.Parameter.POSITIONAL_OR_KEYWORD)
    typed = [
        parameter.replace(annotation=Verbatim(arguments[parameter.name]))
        if parameter.name in arguments
        else parameter
        for parameter in parameters
    ]
    return f"def {name}{inspect.Signature(typed)} -> {returns}: ..."


def member(owner, name):
    """A member of a class in the stub; nothing when it is not to be shown."""
    value = inspect.getattr_static(owner, name)
    doc = inspect.getdoc(value) or ""
    if inspect.isdatadescriptor(value) and not name.startswith("_"):
        return f"@property\ndef {name}(self) -> {doc.split(':')[0]}: ..."
    arguments, returns = types_of(doc)
    if name == "__new__":
        if owner.__text_signature__ is None:
            return None
        arguments, _ = types_of(inspect.getdoc(owner))
        return definition(name, owner, arguments, owner.__name__)
    if name in RETURNS:
        # Python's own words stand in the place of ours.
        return f"def {name}(self) -> {RETURNS[name] or owner.__name__}: ..."
    if name.startswith("_") and name != "__exit__":
        return None
    if future := FUTURE.match(doc):
        arguments, returns = types_of(
            inspect.getdoc(getattr(getattr(_native, future[1]), future[2]))
        )
        returns = f"Future[{returns}]"
    return definition(name, value, arguments, returns)


def main():
    """Prints the stub."""
    lines = [HEADER]
    names = sorted(name for name in vars(_native) if not name.startswith("__"))
    lines.append(f"__all__ = {names!r}\n")
    for name in names:
        value = getattr(_native, name)
        if not inspect.isclass(value):
            lines.append(definition(name, value, *types_of(inspect.getdoc(value))))
            continue
        members = [
            text for member_name in sorted(vars(value)) if (text := member(value, member_name))
        ]
        lines.append(f"@final\nclass {name}:\n" + textwrap.indent("\n".join(members), "    "))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
