"""The content of the wheel and the source distribution, and the libraries of the wheel."""

import io
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "python" / "src"
MEGABYTE = 1_000_000
#: Libraries that every system has.
SYSTEM = r"(libc|libm|libgcc_s|libpthread|libdl|librt)\.so\.\d|ld-linux.*"


def modules():
    return {
        str(path.relative_to(SOURCES))
        for path in SOURCES.rglob("*")
        if path.suffix in (".py", ".pyi", ".typed") or path.name == "py.typed"
    }


def test_wheel_contains_only_the_package(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    version = wheel.name.split("-")[1]
    info = f"chatkeep-{version}.dist-info"
    library = {name for name in names if re.fullmatch(r"chatkeep/_native\.abi3\.so|.*\.pyd", name)}
    about = {
        f"{info}/{name}"
        for name in (
            "METADATA",
            "RECORD",
            "WHEEL",
            "entry_points.txt",
            "licenses/LICENSE-APACHE",
            "licenses/LICENSE-MIT",
        )
    }
    # maturin adds a list of the crates.
    names = {name for name in names if not name.startswith(f"{info}/sboms/")}
    assert len(library) == 1
    assert names == modules() | library | about
    assert {"chatkeep/py.typed", "chatkeep/_native.pyi"} <= names


def test_wheel_metadata_is_complete(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        metadata = message_from_bytes(archive.read(name))
        commands = archive.read(name.replace("METADATA", "entry_points.txt")).decode()
    readme = (ROOT / "python" / "README.md").read_text(encoding="utf-8")
    assert metadata.get_payload(decode=True).decode().strip() == readme.strip()
    assert metadata["Description-Content-Type"].startswith("text/markdown")
    assert metadata["License-Expression"] == "MIT OR Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.10"
    required = metadata.get_all("Requires-Dist")
    assert all("extra ==" in one for one in required), "only extras may have dependencies"
    assert metadata.get_all("Provides-Extra") == [
        "claude-agent",
        "langgraph",
        "openai-agents",
        "pydantic-ai",
    ]
    assert "chatkeep=chatkeep.__main__:main" in commands.replace(" ", "")


def test_wheel_is_within_its_size_limit(wheel):
    # `make test` builds without optimisation, which is larger than the published wheel.
    assert wheel.stat().st_size < 25 * MEGABYTE


def test_wheel_supports_all_python_versions(wheel):
    assert wheel.name.split("-")[2:4] == ["cp310", "abi3"]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_wheel_links_only_system_libraries(wheel):
    from elftools.elf.elffile import ELFFile

    with zipfile.ZipFile(wheel) as archive:
        library = ELFFile(io.BytesIO(archive.read("chatkeep/_native.abi3.so")))
    tags = library.get_section_by_name(".dynamic").iter_tags("DT_NEEDED")
    assert [name for name in (tag.needed for tag in tags) if not re.fullmatch(SYSTEM, name)] == []


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_platform_tag_matches_the_linked_libraries(wheel):
    command = [sys.executable, "-m", "auditwheel", "show", "--json", wheel]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    platform = wheel.stem.split("-")[-1]
    assert re.match(r"(manylinux|musllinux)_\d", platform)
    assert platform.split(".")[0] in json.dumps(report), report


@pytest.fixture(scope="session")
def unpacked(sdist, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(sdist) as archive:
        assert not any(member.issym() or member.islnk() for member in archive), (
            "the archive contains links"
        )
        # The archive was built by this test run, so it is trusted.
        archive.extractall(folder)
    (found,) = folder.iterdir()
    return found


def test_sdist_contains_all_build_inputs(unpacked):
    names = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert {f"src/{name}" for name in modules()} <= names
    assert {"Cargo.lock", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "PKG-INFO"} <= names
    crates = [ROOT / "bindings" / "python", *(ROOT / "crates").iterdir()]
    included = [crate for crate in crates if (unpacked / crate.relative_to(ROOT)).exists()]
    assert len(included) >= 5
    for crate in included:
        sources = {str(path.relative_to(ROOT)) for path in (crate / "src").rglob("*.*")}
        assert sources <= names, crate.name
    migrations = {
        f"crates/chatkeep-core/{path.relative_to(ROOT)}"
        for path in (ROOT / "migrations").rglob("*.sql")
    }
    assert len(migrations) > 30
    assert migrations <= names


def test_sdist_is_a_complete_workspace(unpacked):
    """Cargo reads all manifests offline, and needs only versions from the lock file."""
    command = ["cargo", "tree", "--quiet", "--offline", "--prefix", "none"]
    crate = unpacked / "bindings" / "python"
    done = subprocess.run(command, capture_output=True, text=True, cwd=crate, check=False)
    assert done.returncode == 0, done.stderr
    ours = {line for line in done.stdout.splitlines() if line.startswith("chatkeep")}
    assert len(ours) >= 5
    assert all(str(unpacked) in line for line in ours), "a crate is resolved outside the sdist"
