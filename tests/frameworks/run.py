"""Runs the tests of frameworks with chatkeep's integrations, and prints a table of the results.

`cargo xtask frameworks` starts the servers, and provides the packages and the sources of the
frameworks (`CHATKEEP_FRAMEWORKS_SOURCES`). Nothing of a framework is in this repository.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / "python/tests/support"))

import claude_conformance  # noqa: E402
import conformance  # noqa: E402
import javascript  # noqa: E402
import message_oracle  # noqa: E402
import processes  # noqa: E402
import uses_output  # noqa: E402
from databases import database, engines  # noqa: E402

#: Limit of a run of a framework's tests, in seconds.
TIMEOUT = 1800


class Results:
    """Numbers of tests of a suite, the reasons of skipped ones, and texts about failures."""

    def __init__(self, passed=0, failed=0, reasons=(), failures=()):
        self.passed, self.failed = passed, failed
        self.reasons, self.failures = Counter(reasons), list(failures)

    def expect(self, tests):
        """Fails unless this number of tests was run: a suite could skip missing tests."""
        if self.passed + self.failed != tests:
            self.failed += 1
            self.failures.append(f"{self.passed} tests passed, {tests} were expected")
        return self


def langgraph_conformance(form):
    """Runs the conformance suite for savers with the `form` async or sync."""

    def run(url):
        passed, failures = conformance.run_conformance(url, form)
        return Results(passed, len(failures), failures=failures).expect(conformance.TESTS)

    return run


def langgraph_validation(url):
    """Runs LangGraph's tests of savers in JavaScript."""
    passed, failures = javascript.run_validation(url)
    return Results(passed, len(failures), failures=failures).expect(javascript.TESTS)


def claude_agent_conformance(url):
    """Runs the conformance suite of the Claude Agent SDK for session stores."""
    passed, failures = claude_conformance.run_conformance(url)
    return Results(passed, len(failures), failures=failures).expect(claude_conformance.TESTS)


def pydantic_ai_histories(url):
    """Compares random operations on message histories with Pydantic AI's lists of messages."""
    passed, failures = message_oracle.run_operations(url)
    return Results(passed, len(failures), failures=failures).expect(message_oracle.OPERATIONS)


def langgraph_tests(selection, tests):
    """Runs LangGraph's own tests that `selection` selects, with its savers for SQLite replaced."""
    return upstream_tests("langgraph-*", "langgraph_plugin", ["tests", "-k", selection], tests)


def langgraph_store_tests(package, files, tests):
    """Runs the tests of a package with stores, in these files, with its stores replaced."""
    options = [f"tests/{file}.py" for file in files] + ["-o", "anyio_mode=auto"]
    return upstream_tests(f"{package}-[0-9]*", "langgraph_store_plugin", options, tests)


def openai_agents_tests(files, tests):
    """Runs the tests of the OpenAI Agents SDK in these files, with its SQLite sessions replaced."""
    options = [f"tests/{file}.py" for file in files] + ["-o", "anyio_mode=auto"]
    return upstream_tests("openai_agents-*", "openai_agents_plugin", options, tests)


def claude_agent_tests(files, tests):
    """Runs the tests of the Claude Agent SDK in these files, with its memory store replaced."""
    options = [f"tests/{file}.py" for file in files] + ["-o", "anyio_mode=auto"]
    return upstream_tests("claude_agent_sdk-*", "claude_agent_plugin", options, tests)


def upstream_tests(folder, plugin, arguments, tests):
    """Runs tests of a source `folder` with a `plugin`. `arguments` select them."""

    def run(url):
        (source,) = Path(os.environ["CHATKEEP_FRAMEWORKS_SOURCES"]).glob(f"{folder}/tests")
        path = os.pathsep.join([str(HERE), os.environ["PYTHONPATH"]])
        options = f"-p {plugin} -p no:cacheprovider --quiet --no-header -o addopts="
        with tempfile.TemporaryDirectory() as work:
            report = Path(work, "report.xml")
            command = [sys.executable, "-m", "pytest", *arguments, *options.split()]
            command += [f"--junitxml={report}"]
            variables = {"PYTHONPATH": path, "CHATKEEP_FRAMEWORKS_URL": url, "NO_DOCKER": "true"}
            code, output = processes.run(command, source.parent, variables, TIMEOUT)
            if code is None or not report.exists():
                return Results(failed=1, failures=[output])
            results = of_junit(ElementTree.parse(report))
        if results.failed or code:
            results.failures.append(output)
        if uses_output.uses(output) < tests // 2:
            results.failed += 1
            results.failures.append("the tests did not use chatkeep's class")
        return results.expect(tests)

    return run


def of_junit(report):
    """Reads pytest's report. A test with an error in its set-up or its end has failed."""
    results = Results()
    for case in report.iter("testcase"):
        skipped = case.find("skipped")
        if skipped is not None:
            # The text has the reason, also if a whole file is skipped.
            results.reasons[(skipped.text or "").rpartition("Skipped: ")[2].strip("')\"")] += 1
        elif case.find("failure") is not None or case.find("error") is not None:
            results.failed += 1
        else:
            results.passed += 1
    return results


#: The suites by name. The numbers of tests are those of the versions in `sources.txt`.
SUITES = {
    "langgraph-conformance-async": langgraph_conformance("async"),
    "langgraph-conformance-sync": langgraph_conformance("sync"),
    "langgraph-validation-js": langgraph_validation,
    "langgraph-core": langgraph_tests("sqlite and not aes", 654),
    "langgraph-core-encrypted": langgraph_tests("sqlite and aes", 386),
    "langgraph-store-memory": langgraph_store_tests("langgraph_checkpoint", ["test_store"], 104),
    "langgraph-store-sqlite": langgraph_store_tests(
        "langgraph_checkpoint_sqlite", ["test_store", "test_async_store", "test_ttl"], 65
    ),
    "langgraph-store-postgres": langgraph_store_tests(
        "langgraph_checkpoint_postgres", ["test_store", "test_async_store"], 46
    ),
    "openai-agents-sessions": openai_agents_tests(
        [
            "memory/test_session",
            "memory/test_session_limit",
            "memory/test_compaction_model_visibility",
            "memory/test_openai_responses_compaction_session",
            "extensions/memory/test_encrypt_session",
            "extensions/memory/test_async_sqlite_session",
        ],
        279,
    ),
    "openai-agents-runner": openai_agents_tests(
        [
            "test_agent_runner",
            "test_agent_runner_streamed",
            "test_max_turns",
            "test_native_tool_failure_history",
            "test_programmatic_tool_calling",
            "test_run_impl_resume_paths",
            "test_soft_cancel",
            "test_tool_batch_failure_history",
            "test_tool_failure_boundaries",
        ],
        164,
    ),
    "claude-agent-conformance": claude_agent_conformance,
    "claude-agent-sessions": claude_agent_tests(
        [
            "test_session_helpers_store",
            "test_session_import",
            "test_session_resume",
            "test_session_store_conformance",
            "test_session_summary",
            "test_transcript_mirror",
        ],
        198,
    ),
    "pydantic-ai-histories": pydantic_ai_histories,
}


def main():
    parser = argparse.ArgumentParser(prog="cargo xtask frameworks")
    parser.add_argument("--only", metavar="ENGINE")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(SUITES)}")
    given = parser.parse_args()
    unknown = [name for name in given.names if not any(name in suite for suite in SUITES)]
    if unknown:
        parser.error(f"no suite has the name {unknown[0]}; there are {', '.join(SUITES)}")
    rows, failed = [], False
    for engine in [one for one in engines() if given.only in (None, one)]:
        for name, run in SUITES.items():
            if given.names and not any(part in name for part in given.names):
                continue
            with tempfile.TemporaryDirectory() as folder, database(engine, folder) as created:
                results = run(created.url)
            for failure in results.failures:
                print(f"{name}, {engine}: {failure}", file=sys.stderr, flush=True)
            failed = failed or results.failed > 0
            reasons = "; ".join(f"{number}: {why}" for why, number in results.reasons.items())
            skipped = f"{results.reasons.total()} {f'({reasons})' if reasons else ''}".strip()
            rows.append((name, engine, str(results.passed), str(results.failed), skipped))
    print_table([("suite", "engine", "passed", "failed", "skipped"), *rows])
    return 1 if failed or not rows else 0


def print_table(rows):
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


if __name__ == "__main__":
    sys.exit(main())
