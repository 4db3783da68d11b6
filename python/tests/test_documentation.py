"""The examples in the docstrings, and the types."""

import doctest
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import chatkeep
import chatkeep.asyncio
import chatkeep.errors
import chatkeep.fastapi
import chatkeep.flask
import chatkeep.starlette
import pytest
from chatkeep import _native
from fastapi import FastAPI
from fastapi.testclient import TestClient

MODULES = (
    chatkeep,
    chatkeep.asyncio,
    chatkeep.errors,
    chatkeep.fastapi,
    chatkeep.flask,
    chatkeep.starlette,
    _native,
)
PACKAGE = Path(chatkeep.__file__).parent
HERE = Path(__file__).parent
SETTINGS = HERE.parent / "pyproject.toml"


def documented():
    """Everything that has a docstring, with its name."""
    for module in MODULES:
        yield module.__name__, module
        for name, value in sorted(vars(module).items()):
            if inspect.isfunction(value) and name in module.__all__:
                yield f"{module.__name__}.{name}", value
            elif inspect.isclass(value) and value.__module__.startswith("chatkeep"):
                yield f"{module.__name__}.{name}", value
                for member, function in sorted(vars(value).items()):
                    # What a class keeps is told in its own docstring.
                    is_slot = inspect.ismemberdescriptor(function) and module is chatkeep.asyncio
                    if not member.startswith("_") and not is_slot:
                        yield f"{module.__name__}.{name}.{member}", function


EXAMPLES = {
    name: examples
    for name, value in documented()
    if (examples := doctest.DocTestParser().get_examples(inspect.getdoc(value) or ""))
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_run_as_they_stand(name):
    test = doctest.DocTest(EXAMPLES[name], {}, name, None, None, None)
    told = []
    outcome = doctest.DocTestRunner(optionflags=doctest.FAIL_FAST).run(test, out=told.append)
    assert outcome.failed == 0, "".join(told)
    assert outcome.attempted > 0


def test_the_important_calls_have_an_example():
    assert {
        "chatkeep",
        "chatkeep.asyncio",
        "chatkeep.Chatkeep",
        "chatkeep.MessageLogger.log_message",
        "chatkeep.MessageLogger.get_messages",
        "chatkeep.TokenManager",
        "chatkeep.fastapi",
        "chatkeep.flask",
        "chatkeep.starlette",
    } <= EXAMPLES.keys()


def test_everything_public_is_documented():
    silent = [name for name, value in documented() if not inspect.getdoc(value)]
    assert silent == []


READMES = (HERE.parents[1] / "README.md", HERE.parent / "README.md")
PAGES = [
    (readme.parent.name, page)
    for readme in READMES
    for page in re.findall(
        r"^```python\n(.*?)^```", readme.read_text(encoding="utf-8"), re.M | re.S
    )
]


@pytest.mark.parametrize("page", [page for _, page in PAGES])
def test_the_pages_of_the_readme_run_as_they_stand(page, capsys):
    names = {"__name__": "page"}
    exec(compile(page, "README.md", "exec"), names)
    if app := names.get("app"):
        assert_serves(app, names["chat"])
    assert (Path("chat.db")).exists()
    assert len(PAGES) == 6


def assert_serves(app, chat):
    """What the page of a web framework makes."""
    tokens = getattr(chat, "blocking", chat).token_manager
    bearer = {"Authorization": f"Bearer {tokens.create_token()['token']}"}
    with TestClient(app) if isinstance(app, FastAPI) else app.test_client() as client:
        assert client.get("/health/db-pool").status_code == 200
        assert client.get("/messages").status_code == 401
        assert client.get("/messages", headers=bearer).status_code == 200


def tool(*arguments, folder):
    """Runs a tool on the package as it is installed."""
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


def test_users_code_is_typed(tmp_path):
    examples = [str(path) for path in sorted((HERE.parents[1] / "examples").glob("*/*.py"))]
    assert examples
    users = (str(HERE / "typing"), *examples)
    arguments = ("mypy", "--config-file", str(SETTINGS), *users, str(PACKAGE))
    assert tool(*arguments, folder=tmp_path)[0] == 0, tool(*arguments, folder=tmp_path)[1]


def test_the_types_are_those_of_the_compiled_module(tmp_path):
    arguments = ("mypy.stubtest", "chatkeep._native", "--mypy-config-file", str(SETTINGS))
    code, told = tool(*arguments, folder=tmp_path)
    assert code == 0, told
