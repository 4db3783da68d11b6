"""LangGraph's tests of savers in JavaScript, with the Node package.

`CHATKEEP_FRAMEWORKS_NODE` names the folder with the packages of `js/package-lock.json`.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

import processes

TESTS = 726
#: Limit of the run, in seconds. It takes three seconds on SQLite.
TIMEOUT = 600

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parents[1] / "node"


def run_validation(url):
    """Runs the tests on a database.

    Returns the number of tests that passed, and the failures.
    """
    packages = Path(os.environ["CHATKEEP_FRAMEWORKS_NODE"])
    # Below the packages, so that chatkeep and the tests load the same copy of LangGraph.
    with tempfile.TemporaryDirectory(dir=packages) as folder:
        work = Path(folder)
        install(work / "node_modules/chatkeep")
        shutil.copy(HERE / "js/saver.test.mjs", work)
        report = work / "report.json"
        command = ["node", packages / "node_modules/vitest/vitest.mjs", "run", "--globals"]
        command += ["--root", work, "--reporter=json", f"--outputFile={report}"]
        code, output = processes.run(command, work, {"CHATKEEP_FRAMEWORKS_URL": url}, TIMEOUT)
        if code is None or not report.exists():
            return 0, [output]
        passed, failures = of_report(json.loads(report.read_text()))
    if code and not failures:
        failures.append(output)
    return passed, failures


def install(folder):
    """Installs the built package. The addon, which is large, is a link."""
    folder.mkdir(parents=True)
    shutil.copy(PACKAGE / "package.json", folder)
    shutil.copytree(PACKAGE / "dist", folder / "dist", ignore=shutil.ignore_patterns("*.node"))
    for addon in (PACKAGE / "dist").glob("*.node"):
        (folder / "dist" / addon.name).symlink_to(addon)


def of_report(report):
    """Reads Vitest's report. A test that was skipped has failed, too."""
    tests = [test for file in report["testResults"] for test in file["assertionResults"]]
    passed = sum(test["status"] == "passed" for test in tests)
    failures = [
        "\n".join([test["fullName"], *test["failureMessages"]])
        for test in tests
        if test["status"] != "passed"
    ]
    return passed, failures
