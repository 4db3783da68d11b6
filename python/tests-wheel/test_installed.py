"""The wheel in an environment without Rust, a compiler, or other packages."""

import json
import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = sorted((ROOT / "docs" / "src").rglob("*.md"))
FRAMEWORKS = "claude_agent|fastapi|flask|langgraph|openai_agents|pydantic_ai|starlette"
PAGES = [
    page
    for readme in (ROOT / "README.md", ROOT / "python" / "README.md", *GUIDE)
    for page in re.findall(
        r"^```python\n(.*?)^```", readme.read_text(encoding="utf-8"), re.M | re.S
    )
    # Frameworks are not installed here; the tests of the package run those examples.
    if not re.search(rf"^from chatkeep\.({FRAMEWORKS}) import", page, re.M)
]


def test_environment_has_only_chatkeep(installed):
    listed = installed.run("python", "-m", "pip", "list", "--format=json", "--not-required")
    others = {"pip", "setuptools", "wheel"}
    assert {entry["name"] for entry in json.loads(listed.stdout)} - others == {"chatkeep"}
    for program in ("cargo", "rustc", "cc"):
        assert shutil.which(program, path=str(installed.folder / "bin")) is None


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_the_documentation_run(installed, page, tmp_path):
    (tmp_path / "page.py").write_text(page, encoding="utf-8")
    done = installed.run("python", "page.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "chat.db").exists()
    assert len(PAGES) >= 4


def test_command_is_installed(installed, tmp_path):
    url = f"sqlite:///{tmp_path}/chat.db"

    def chatkeep(*arguments, **variables):
        return installed.run("chatkeep", *arguments, cwd=tmp_path, DATABASE_URL=url, **variables)

    assert re.fullmatch(r"chatkeep \d+\.\d+\.\d+\n", chatkeep("--version").stdout)
    stored = chatkeep("messages", "log", "What is WAL?")
    assert (stored.returncode, stored.stderr) == (0, "")
    found = chatkeep("--json", "messages", "list")
    assert json.loads(found.stdout)[0]["user_message"] == "What is WAL?"
    again = installed.run("python", "-m", "chatkeep", "messages", "list", DATABASE_URL=url)
    assert "What is WAL?" in again.stdout


@pytest.mark.parametrize(
    ("code", "url", "arguments"),
    [
        (0, "sqlite:///chat.db", ("tokens", "list")),
        (1, "sqlite:///chat.db", ("tokens", "verify", "nonsense")),
        (1, "sqlite:///chat.db", ("messages", "get", "999")),
        (2, "sqlite:///chat.db", ("no-such-command",)),
        (2, "oracle://somewhere/chat", ("db", "health")),
        (3, "sqlite:///chat.db", ("db", "health")),
        (5, "postgresql://a:b@127.0.0.1:1/chat", ("db", "health")),
    ],
)
def test_command_returns_documented_exit_codes(installed, tmp_path, code, url, arguments):
    done = installed.run(
        "chatkeep",
        *arguments,
        cwd=tmp_path,
        DATABASE_URL=url,
        DB_MAX_RETRIES="1",
        DB_CONNECT_TIMEOUT="1",
    )
    assert done.returncode == code, done.stdout + done.stderr
