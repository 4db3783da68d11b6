"""The README files of the web examples: their commands work as documented."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from programs import environment
from web_servers import web_server

PROJECT = Path(__file__).parents[2]
CURL = Path(__file__).parent / "support/curl.py"
EXAMPLES = {
    # The start command, its port option, and the option that passes a socket instead.
    "fastapi": ("uvicorn main:app --port 8000", "--port 8000", "--fd {}"),
    "flask": (
        "gunicorn app:app --preload --workers 4 --bind 127.0.0.1:8000",
        "--bind 127.0.0.1:8000",
        "--no-control-socket --bind fd://{}",
    ),
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_commands_of_the_example_readme_work(example, tmp_path):
    command, port, option = EXAMPLES[example]
    folder = PROJECT / "examples" / example
    page = (folder / "README.md").read_text(encoding="utf-8")
    install, settings, start, talk = re.findall(r"^```sh\n(.*?)^```", page, re.M | re.S)
    assert "pip install -r requirements.txt" in install
    assert start == f"{command}\n"
    module, *arguments = command.removesuffix(port).split()
    url = f"sqlite:///{tmp_path}/chat.db"
    settings = settings.replace("sqlite:///chat.db", url)
    with web_server(
        module, *arguments, option=option, folder=folder, log=tmp_path / "log", DATABASE_URL=url
    ) as web:
        programs = (
            f'chatkeep() {{ "{sys.executable}" -m chatkeep "$@"; }}\n'
            f'curl() {{ "{sys.executable}" "{CURL}" {web.url} "$@"; }}\n'
        )
        done = subprocess.run(
            ["bash", "-euc", programs + settings + talk],
            capture_output=True,
            text=True,
            env=environment(),
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
    # A response of FastAPI has one line, a response of Flask may have several.
    decoder, output, answers = json.JSONDecoder(), done.stdout.lstrip(), []
    while output:
        answer, end = decoder.raw_decode(output)
        answers.append(answer)
        output = output[end:].lstrip()
    *chat, analytics, health = answers
    if example == "flask":
        asked, messages = chat
        assert asked == {"id": 1, "reply": "You said: What is WAL?"}
        assert messages["messages"][0]["metadata"] == {"session": "a1", "token_id": 1}
    else:
        assert chat == []
    assert analytics["total_messages"] == {"fastapi": 0, "flask": 1}[example]
    assert health["status"] == "healthy"


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_requirements_pin_the_tested_versions(example):
    tested = (PROJECT / "python/requirements-dev.txt").read_text().splitlines()
    pinned = (PROJECT / "examples" / example / "requirements.txt").read_text().splitlines()
    version = re.search(r'^version = "(.+)"', (PROJECT / "Cargo.toml").read_text(), re.M)[1]
    assert f"chatkeep=={version}" in pinned
    assert set(pinned) - {f"chatkeep=={version}"} <= set(tested)


def test_fastapi_and_express_have_the_same_page():
    fastapi, express = (
        (PROJECT / "examples" / example / "index.html").read_bytes()
        for example in ("fastapi", "express")
    )
    assert fastapi == express
