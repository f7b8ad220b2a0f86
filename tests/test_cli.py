"""The command line: exit status 0, 1 ("no") or 2 (wrong), and errors as one line on standard error."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine

from lti_tool.cli import cli, main
from lti_tool.db import open_engine
from lti_tool.settings import PREFIX, Settings
from tests.test_docs import leaves
from xapi.errors import Busy

ROOT = Path(__file__).parent.parent
LINE = re.compile(r"lti-tool: [A-Z]+(-[A-Z]+)*: \S.*[^.\s]")
CECO = str(ROOT / "config" / "programmes" / "ceco.yaml")
PLATFORM = (
    "--issuer=https://lms.example",
    "--client-id=c1",
    "--auth-url=https://lms.example/auth",
    "--token-url=https://lms.example/token",
    "--jwks-url=https://lms.example/certs",
)


@dataclass
class Shell:
    """Runs commands as the console script does, in this process, in a folder of its own."""

    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    folder: Path
    out: str = ""
    error: str = ""
    engines: list[Engine] = field(default_factory=list)

    def open_engine(self, url: str) -> Engine:
        self.engines.append(open_engine(url))
        return self.engines[-1]

    def run(self, *arguments: str) -> int:
        """The exit status; what was printed is kept in `out` and `error`."""
        self.monkeypatch.setattr(sys, "argv", ["lti-tool", *arguments])
        self.capsys.readouterr()
        try:
            main()
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0 if end.code is None else 2
        self.out, self.error = self.capsys.readouterr()
        for engine in self.engines:  # a process would end here, and its connections with it
            engine.dispose()
        return status

    def refused(self, *arguments: str) -> str:
        """The code of the one line with which a command was refused, with status 2."""
        assert self.run(*arguments) == 2, self.out
        (line,) = self.error.splitlines()
        assert LINE.fullmatch(line), line
        return line.split(": ")[1]


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    """In an empty folder, with the settings of a new installation."""
    for name in list(os.environ):
        if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    made = Shell(capsys, monkeypatch, tmp_path)
    monkeypatch.setattr("lti_tool.wiring.open_engine", made.open_engine)
    return made


@pytest.fixture
def ready(shell: Shell, database_url: str) -> Shell:
    """The same on a migrated database; runs once on each kind."""
    shell.monkeypatch.setenv(f"{PREFIX}DATABASE_URL", database_url)
    return shell


@pytest.mark.parametrize("path", [path for path, _command in leaves(cli)], ids=" ".join)
def test_help_needs_no_settings_and_leaves_nothing(path: tuple[str, ...], shell: Shell) -> None:
    shell.monkeypatch.setenv(f"{PREFIX}BASE_URL", "nonsense")
    assert shell.run(*path, "--help") == 0
    assert shell.out.lower().startswith("usage: ")
    assert list(shell.folder.iterdir()) == []


def test_every_command_says_what_it_does() -> None:
    assert [path for path, command in leaves(cli) if not (command.help or "").strip()] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("db", "nonsense"),
        ("platform", "add"),
        ("programme", "check"),
        ("worker", "--nonsense"),
        ("serve", "--port", "x"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line(arguments: tuple[str, ...], shell: Shell) -> None:
    assert shell.refused(*arguments) == "USAGE"


@pytest.mark.parametrize(
    "arguments",
    [
        ("db", "check"),
        ("db", "upgrade"),
        ("keys", "new"),
        ("platform", "list"),
        ("people", "list"),
        ("gradebook", "status"),
        ("lrs", "credentials", "list"),
        ("serve",),
        ("worker", "--once"),
    ],
    ids=" ".join,
)
def test_wrong_settings_stop_every_command_that_needs_them(arguments: tuple[str, ...], shell: Shell) -> None:
    shell.monkeypatch.setenv(f"{PREFIX}REGISTRATION", "nonsense")
    assert shell.refused(*arguments) == "SETTINGS"
    assert f"{PREFIX}REGISTRATION" in shell.error


def test_a_group_without_a_command_shows_its_help(shell: Shell) -> None:
    assert shell.run("db") == 2
    assert shell.error.startswith("Usage: ")


def test_db_check_says_no_then_yes(shell: Shell) -> None:
    (shell.folder / "var").mkdir()
    assert shell.run("db", "check") == 1
    assert "lti-tool db upgrade" in shell.out
    assert shell.run("db", "upgrade") == 0
    assert shell.run("db", "check") == 0


@pytest.mark.parametrize("arguments", [("serve",), ("worker", "--once"), ("programme", "import", CECO)], ids=" ".join)
def test_nothing_starts_on_an_old_schema(arguments: tuple[str, ...], shell: Shell) -> None:
    (shell.folder / "var").mkdir()
    assert shell.refused(*arguments) == "DB-UPGRADE"


@pytest.mark.parametrize("arguments", [("people", "list"), ("platform", "list"), ("gradebook", "status")], ids=" ".join)
def test_a_database_without_tables_is_told_in_one_line(arguments: tuple[str, ...], shell: Shell) -> None:
    (shell.folder / "var").mkdir()
    assert shell.refused(*arguments) == "DATABASE"


def test_a_database_that_is_not_there_is_told_in_one_line(shell: Shell) -> None:
    shell.monkeypatch.setenv(f"{PREFIX}DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    assert shell.refused("db", "check") == "DATABASE"
    assert shell.refused("db", "upgrade") == "DATABASE"


def test_keys(shell: Shell) -> None:
    assert shell.refused("keys", "rotate") == "KEYS-NONE"
    assert shell.run("keys", "new") == 0
    assert shell.run("keys", "list", "--json") == 0
    before = json.loads(shell.out)
    assert [key["state"] for key in before] == ["current", "next"]
    assert shell.run("keys", "new") == 0
    assert "nothing was done" in shell.out
    assert shell.run("keys", "rotate") == 0
    assert shell.run("keys", "list", "--json") == 0
    after = {key["kid"]: key["state"] for key in json.loads(shell.out)}
    assert (after[before[0]["kid"]], after[before[1]["kid"]]) == ("retired", "current")


def test_platforms(ready: Shell) -> None:
    add = ("platform", "add", "--name=LMS", *PLATFORM, "--deployment-id=1")
    assert ready.run(*add) == 0
    number = ready.out.strip()
    assert ready.refused(*add) == "PLATFORM-KNOWN"
    assert ready.refused("platform", "add", "--name=LMS", *PLATFORM) == "USAGE"
    plain = [part.replace("https://lms.example/auth", "http://lms.example/auth") for part in add]
    assert ready.refused(*plain) == "PLATFORM-ADDRESS"
    assert ready.run("platform", "disable", number) == 0
    assert ready.run("platform", "list", "--json") == 0
    (shown,) = json.loads(ready.out)
    assert (str(shown["id"]), shown["status"], shown["issuer"]) == (number, "disabled", "https://lms.example")
    assert ready.run("platform", "approve", number) == 0
    assert ready.refused("platform", "approve", "999") == "PLATFORM-UNKNOWN"


def test_an_invitation_is_an_address_of_the_tool(ready: Shell) -> None:
    ready.monkeypatch.setenv(f"{PREFIX}BASE_URL", "https://ecvet.example.org")
    assert ready.run("platform", "invite", "--json") == 0
    parts = urlsplit(json.loads(ready.out)["url"])
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "ecvet.example.org", "/lti/register")
    assert len(parts.query) > 30


def test_people(ready: Shell) -> None:
    assert ready.refused("people", "invite", "X", "--role", "king") == "USAGE"
    assert ready.refused("people", "invite", " ", "--role", "mentor") == "PEOPLE-NAME"
    assert ready.run("people", "invite", "Māra Liepiņa", "--role", "mentor", "--programme", "CECO", "--json") == 0
    assert "/sign-in/" in json.loads(ready.out)["link"]
    assert ready.run("people", "list", "--json") == 0
    (row,) = json.loads(ready.out)
    assert (row["name"], row["role"], row["programme"], row["institution"]) == ("Māra Liepiņa", "mentor", "CECO", None)


def test_clients_of_the_record_store(ready: Shell) -> None:
    assert ready.run("lrs", "credentials", "new", "Log store", "--scope", "all", "--json") == 0
    issued = json.loads(ready.out)
    assert set(issued) == {"key", "secret"}
    assert ready.run("lrs", "credentials", "list") == 0
    assert issued["key"] in ready.out
    assert issued["secret"] not in ready.out
    assert ready.run("lrs", "credentials", "revoke", issued["key"]) == 0
    assert ready.refused("lrs", "credentials", "revoke", issued["key"]) == "LRS-CREDENTIAL"
    assert ready.refused("lrs", "credentials", "new", " ") == "LRS-NAME"


def test_programmes_are_imported_once_for_each_version(ready: Shell) -> None:
    assert ready.run("programme", "import", CECO) == 0
    assert re.fullmatch(r"CECO  [0-9a-f]{12}  imported\n", ready.out)
    assert ready.run("programme", "import", CECO) == 0
    assert ready.out.endswith("  there already\n")


def test_of_several_programmes_all_are_imported_or_none(ready: Shell) -> None:
    bad = ready.folder / "bad.yaml"
    bad.write_text("format: 1\nprogramme: []\n", encoding="utf-8")
    assert ready.run("programme", "import", CECO, str(bad)) == 2
    assert ready.error.splitlines()
    assert [line for line in ready.error.splitlines() if not LINE.match(line)] == []
    assert ready.run("programme", "import", CECO) == 0
    assert ready.out.endswith("  imported\n")


def test_programme_check_says_no_by_its_status(shell: Shell) -> None:
    assert shell.run("programme", "check", "--quiet", CECO) == 0
    bad = shell.folder / "bad.yaml"
    bad.write_text("format: 1\nprogramme: []\n", encoding="utf-8")
    assert shell.run("programme", "check", str(bad)) == 1
    assert f"{bad}:" in shell.error
    assert sorted(path.name for path in shell.folder.iterdir()) == ["bad.yaml"]


def test_gradebook_of_a_new_installation(ready: Shell) -> None:
    assert ready.run("gradebook", "status", "--json") == 0
    assert json.loads(ready.out) == {"counts": {}, "troubled": []}
    assert ready.refused("gradebook", "resend") == "GRADEBOOK-RESEND"
    assert ready.refused("gradebook", "resend", "1", "--all") == "GRADEBOOK-RESEND"
    assert ready.run("gradebook", "resend", "--all") == 0


def test_a_record_of_nobody(ready: Shell) -> None:
    assert ready.refused("record", "Nobody") == "RECORD-LEARNER"


def test_a_worker_deals_with_what_is_due_and_ends(ready: Shell) -> None:
    assert ready.run("keys", "new") == 0
    # In a process of its own: it sets signal handlers and the log.
    done = _process(ready, "worker", "--once")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_busy_database_is_one_line(shell: Shell) -> None:
    shell.monkeypatch.setattr("lti_tool.people.cli.Wiring.open", _busy)
    assert shell.refused("people", "invite", "X", "--role", "mentor") == "XAPI-BUSY"


def _busy(_settings: Settings) -> object:
    raise Busy()


def test_the_console_script(shell: Shell) -> None:
    """The real thing, once for each status: another process, its streams and its exit status."""
    (shell.folder / "var").mkdir()
    version = _process(shell, "--version")
    assert (version.returncode, version.stderr) == (0, "")
    assert re.fullmatch(r"lti-tool, version \d+\.\d+\.\d+\n", version.stdout)
    no = _process(shell, "db", "check")
    assert (no.returncode, no.stderr) == (1, "")
    wrong = _process(shell, "platform", "approve", "one")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert LINE.fullmatch(wrong.stderr.rstrip("\n"))


def _process(shell: Shell, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = Path(sys.executable).with_name("lti-tool")
    return subprocess.run(
        [str(script), *arguments], cwd=shell.folder, capture_output=True, text=True, timeout=120, check=False
    )
