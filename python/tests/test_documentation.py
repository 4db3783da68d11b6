"""Docstring examples, README examples, and types."""

import doctest
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import chatkeep
import chatkeep.asyncio
import chatkeep.claude_agent
import chatkeep.errors
import chatkeep.fastapi
import chatkeep.flask
import chatkeep.langgraph
import chatkeep.openai_agents
import chatkeep.pydantic_ai
import chatkeep.starlette
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

MODULES = (
    chatkeep,
    chatkeep.asyncio,
    chatkeep.claude_agent,
    chatkeep.errors,
    chatkeep.fastapi,
    chatkeep.flask,
    chatkeep.langgraph,
    chatkeep.openai_agents,
    chatkeep.pydantic_ai,
    chatkeep.starlette,
)
PACKAGE = Path(chatkeep.__file__).parent
HERE = Path(__file__).parent
SETTINGS = HERE.parent / "pyproject.toml"


def members(owner):
    """Returns the members of a class, including those of its bases in the package."""
    bases = [base for base in owner.__mro__ if base.__module__.startswith("chatkeep")]
    return {name: value for base in reversed(bases) for name, value in vars(base).items()}


def documented():
    """Yields the name and value of every public object."""
    for module in MODULES:
        yield module.__name__, module
        for name, value in sorted(vars(module).items()):
            if inspect.isfunction(value) and name in module.__all__:
                yield f"{module.__name__}.{name}", value
            elif inspect.isclass(value) and value.__module__.startswith("chatkeep"):
                yield f"{module.__name__}.{name}", value
                for member, function in sorted(members(value).items()):
                    # The class docstring documents the attributes.
                    if not member.startswith("_") and not inspect.ismemberdescriptor(function):
                        yield f"{module.__name__}.{name}.{member}", function


EXAMPLES = {
    name: examples
    for name, value in documented()
    if (examples := doctest.DocTestParser().get_examples(inspect.getdoc(value) or ""))
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_docstring_examples_run(name):
    test = doctest.DocTest(EXAMPLES[name], {}, name, None, None, None)
    output = []
    outcome = doctest.DocTestRunner(optionflags=doctest.FAIL_FAST).run(test, out=output.append)
    assert outcome.failed == 0, "".join(output)
    assert outcome.attempted > 0


def test_important_methods_have_an_example():
    assert {
        "chatkeep",
        "chatkeep.asyncio",
        "chatkeep.Chatkeep",
        "chatkeep.MessageLogger.log_message",
        "chatkeep.MessageLogger.get_messages",
        "chatkeep.TokenManager",
        "chatkeep.TokenManager.revoke_token",
        "chatkeep.asyncio.MessageLogger.iter_messages",
        "chatkeep.fastapi",
        "chatkeep.flask",
        "chatkeep.langgraph",
        "chatkeep.langgraph.ChatkeepSaver",
        "chatkeep.langgraph.ChatkeepStore",
        "chatkeep.claude_agent",
        "chatkeep.openai_agents",
        "chatkeep.pydantic_ai",
        "chatkeep.starlette",
    } <= EXAMPLES.keys()


def test_public_objects_have_a_docstring():
    undocumented = [name for name, value in documented() if not inspect.getdoc(value)]
    assert undocumented == []


ROOT = HERE.parents[1]
GUIDE = sorted((ROOT / "docs/src").rglob("*.md"))
PAGES = [
    (str(path.relative_to(ROOT)), page)
    for path in (ROOT / "README.md", HERE.parent / "README.md", *GUIDE)
    for page in re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)
]


@pytest.mark.parametrize(("path", "page"), PAGES)
def test_pages_of_the_documentation_run(path, page, capsys):
    names = {"__name__": "page"}
    exec(compile(page, path, "exec"), names)
    if app := names.get("app"):
        assert_serves(app, names["chat"])
    assert (Path("chat.db")).exists()
    assert len(PAGES) >= 10


def assert_serves(app, chat):
    """Sends requests to the application of a web framework example."""
    chat = getattr(chat, "blocking", chat)
    url = "https://chat.example.org"
    with TestClient(app, url) if isinstance(app, FastAPI) else app.test_client() as client:
        if client.get("/health/db-pool").status_code == 200:
            bearer = {"Authorization": f"Bearer {chat.token_manager.create_token()['token']}"}
            assert client.get("/messages").status_code == 401
            assert client.get("/messages", headers=bearer).status_code == 200
        else:
            account = {"email": "ada@example.org", "password": "correct horse"}
            chat.user_manager.create_user(**account)
            assert client.get("/me").status_code == 401
            assert client.post("/sign-in", json=account).status_code == 200
            assert client.get("/me").json()["email"] == account["email"]
            assert client.post("/sign-out").status_code == 200
            assert client.get("/me").status_code == 401


def tool(*arguments, folder):
    """Runs a tool on the installed package."""
    variables = os.environ | {
        "MYPYPATH": str(PACKAGE.parent),
        "MYPY_CACHE_DIR": str(folder / "mypy"),
    }
    variables.pop("PYTHONSAFEPATH", None)
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True,
        text=True,
        env=variables,
        cwd=folder,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_user_code_passes_the_type_checker(tmp_path):
    examples = [str(path) for path in sorted((HERE.parents[1] / "examples").glob("*/*.py"))]
    assert examples
    users = (str(HERE / "typing"), *examples)
    arguments = ("mypy", "--config-file", str(SETTINGS), *users, str(PACKAGE))
    assert tool(*arguments, folder=tmp_path)[0] == 0, tool(*arguments, folder=tmp_path)[1]


def test_stubs_match_the_compiled_module(tmp_path):
    arguments = ("mypy.stubtest", "chatkeep._native", "--mypy-config-file", str(SETTINGS))
    code, output = tool(*arguments, folder=tmp_path)
    assert code == 0, output
