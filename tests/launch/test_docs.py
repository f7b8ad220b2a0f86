"""docs/launch-checks.md lists every bad launch of the tests, and every code there is; it is made by `python -m`."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from lti_tool.launch import rules
from lti_tool.launch.words import WORDS
from tests.launch import test_bad_launches as bad
from tests.launch import test_login as login

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "launch-checks.md"
# Decided by what the database or the other side says, not by a table of cases: told here in words.
OTHERS = {
    "state of two logins swapped": "LTI-NONCE-OTHER",
    "state unknown": "LTI-STATE-UNKNOWN",
    "state missing": "LTI-STATE-MISSING",
    "state twice in one request": "LTI-FORM",
    "login of more than ten minutes ago": "LTI-STATE-OLD",
    "another browser": "LTI-BROWSER-UNBOUND",
    "another browser with a cookie or binding of its own": "LTI-BROWSER-OTHER",
    "replay: same token again, same nonce signed again, after a restart, in another browser": "LTI-STATE-USED",
    "replay under the state of a new login": "LTI-NONCE-OTHER",
    "id_token by GET": "LTI-METHOD",
    "token of another registered LMS": "LTI-KEY-UNKNOWN",
    "the LMS's key set can't be fetched": "LTI-KEYS-UNREACHABLE",
    "platform waits for approval": "LTI-PLATFORM-PENDING",
    "platform switched off": "LTI-PLATFORM-DISABLED",
    "deployment waits for approval": "LTI-DEPLOYMENT-PENDING",
    "deployment switched off": "LTI-DEPLOYMENT-DISABLED",
    "the LMS answers with an error": "LTI-PLATFORM-ERROR",
    "session ended, or the key of another": "LTI-SESSION-OVER",
}


def places() -> dict[str, str]:
    """Where each code is decided: module and function."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "lti_tool" / "launch").glob("*.py")):
        if path.name == "words.py":
            continue
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in WORDS:
                        found.setdefault(node.value, set()).add(f"`{path.stem}.{function.name}`")
    return {code: ", ".join(sorted(names)) for code, names in found.items()}


def page() -> str:
    """The text that docs/launch-checks.md should have."""
    where = places()
    tables = {
        "Login": login.BAD,
        "Form of the token": bad.SHAPES | bad.PAYLOADS,
        "Signature and header": bad.SIGNATURES,
        "Claims": bad.CLAIMS,
    }
    lines = [
        "# What a launch is checked for",
        "",
        "Made by `python -m tests.launch.test_docs` from the tests; a test compares. Every case is refused with a 4xx,",
        "our error page, the code, and a reference that is in the log. Cases of the 1EdTech certification say cert.",
        "",
        "## Order of the checks of a token",
        "",
        "Before these: size and form, state, browser, registration, key, signature. After them: state and nonce",
        "are burnt in one statement, in the transaction of all that follows.",
        "",
    ]
    for number, check in enumerate(rules.CHECKS, 1):
        lines.append(f"{number}. `{check.__name__}`: {(check.__doc__ or '').splitlines()[0]}")
    for title, table in tables.items():
        lines += ["", f"## {title}", "", "| case | code | decided in |", "| --- | --- | --- |"]
        lines += [f"| {name} | {case[1]} | {where[case[1]]} |" for name, case in table.items()]
    lines += ["", "## State, browser, platform", "", "| case | code | decided in |", "| --- | --- | --- |"]
    lines += [f"| {name} | {code} | {where[code]} |" for name, code in OTHERS.items()]
    lines += ["", "## What must get in", "", *(f"* {name}" for name in bad.GOOD), ""]
    return "\n".join(lines)


def test_page_is_what_the_tests_do() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.launch.test_docs"


def test_every_code_is_decided_somewhere_and_every_decision_has_words() -> None:
    assert set(places()) == set(WORDS)


def test_there_are_ninety_named_cases_and_more() -> None:
    tables = (login.BAD, bad.SHAPES, bad.PAYLOADS, bad.SIGNATURES, bad.CLAIMS, OTHERS)
    assert len({name for table in tables for name in table}) >= 90


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
