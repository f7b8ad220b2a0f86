"""Documentation that lies fails here: settings, commands, error codes, links, logins, lines that are meant to run."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest

import lti_tool.app
from lti_tool.cli import cli
from lti_tool.errors import ToolError
from lti_tool.practice import seed
from lti_tool.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
ERRORS = ROOT / "docs" / "errors.md"
EXAMPLE = ROOT / "config" / "example.env"
PAGES = sorted([README, ROOT / "keys" / "README.md", *(ROOT / "docs").rglob("*.md")])
NAMES = [path.relative_to(ROOT).as_posix() for path in PAGES]


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


# Settings


def example_settings() -> dict[str, str]:
    return dict(re.findall(rf"^#?{PREFIX}(\w+)=(.*)$", text(EXAMPLE), re.M))


def test_every_setting_stands_in_the_example_and_nothing_else_does() -> None:
    assert set(example_settings()) == {field.name.upper() for field in fields(Settings)} | {"SECRET_KEY_FILE"}


def test_every_setting_is_explained_above_its_line() -> None:
    lines = text(EXAMPLE).splitlines()
    for number, line in enumerate(lines):
        if line.startswith(f"#{PREFIX}"):
            above = lines[number - 1]
            assert above.startswith(("# ", f"#{PREFIX}SECRET_KEY=")), f"line {number + 1}: {line}"


def test_the_example_is_all_comments_and_its_values_are_good(tmp_path: Path) -> None:
    assert [line for line in text(EXAMPLE).splitlines() if line and not line.startswith("#")] == []
    (tmp_path / "secret").write_text("x" * 40, encoding="utf-8")
    given = {PREFIX + name: value for name, value in example_settings().items()}
    del given[f"{PREFIX}SECRET_KEY"]
    given |= {f"{PREFIX}SECRET_KEY_FILE": str(tmp_path / "secret"), f"{PREFIX}DATA_DIR": str(tmp_path)}
    assert Settings.read(given).secure


def test_settings_named_in_the_guides_exist_and_their_values_are_good(tmp_path: Path) -> None:
    of_tests = {"TEST_POSTGRES", "TEST_CHROMIUM", "TEST_SHOTS"}
    known = {field.name.upper() for field in fields(Settings)} | {"SECRET_KEY_FILE"} | of_tests
    named = {name for path in PAGES for name in re.findall(rf"{PREFIX}([A-Z_]+)", text(path))}
    assert named - known == set()
    shown = dict(re.findall(rf"^    ({PREFIX}\w+)=(.*)$", text(README), re.M))
    assert shown
    assert Settings.read({f"{PREFIX}DATA_DIR": str(tmp_path), **shown}).secure


# Commands


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name), command


def named_commands(page: str) -> Iterator[str]:
    """What follows `lti-tool` in code, up to the end of the code or line (a line may go on after a backslash)."""
    joined = re.sub(r"\\\n\s*", " ", page)
    for found in re.finditer(r"(?<![\w/.-])lti-tool ([a-z][^`\n]*)", joined):
        yield found[1]


def faults_of(said: str) -> list[str]:
    """What is wrong with a command line as documentation shows it."""
    command: click.Command = cli
    words = said.split()
    path: list[str] = []
    while isinstance(command, click.Group) and words and re.fullmatch(r"[a-z][a-z0-9-]*", words[0]):
        if words[0] not in command.commands:
            return [f"there is no lti-tool {' '.join([*path, words[0]])}"]
        command = command.commands[words[0]]
        path.append(words.pop(0))
    if command.context_settings.get("ignore_unknown_options"):
        return []
    known = {"--help"} | {option for parameter in command.params for option in parameter.opts}
    used = set(re.findall(r"(?<!\S)--[a-z][a-z-]*", " ".join(words)))
    return [f"lti-tool {' '.join(path)} has no {option}" for option in sorted(used - known)]


def test_every_command_is_documented() -> None:
    said = {" ".join(command.split()) for path in PAGES for command in named_commands(text(path))}
    wanted = {" ".join(path) for path, _command in leaves(cli)}
    assert {path for path in wanted if not any(one == path or one.startswith(f"{path} ") for one in said)} == set()


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_every_command_that_is_named_exists_with_its_options(path: Path) -> None:
    assert [fault for said in named_commands(text(path)) for fault in faults_of(said)] == []


@pytest.mark.parametrize("said", ["nonsense", "db nonsense", "db upgrade --fast", "platform list --json --all"])
def test_the_look_at_commands_finds_what_does_not_exist(said: str) -> None:
    assert faults_of(said)


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text(ROOT / "Makefile"), re.M))
    named = {t for path in PAGES for t in re.findall(r"(?:`|^    )make ([a-z-]+)", text(path), re.M)}
    assert {"demo", "test"} <= named <= targets


def shell_lines() -> list[str]:
    return [
        line for block in re.findall(r"^```sh\n(.*?)^```", text(README), re.M | re.S) for line in block.splitlines()
    ]


def test_the_lines_are_those_for_programmes() -> None:
    assert [line.split()[:3] for line in shell_lines()] == [
        ["lti-tool", "programme", word] for word in ("check", "list", "judge")
    ]


@pytest.mark.parametrize("line", shell_lines())
def test_the_lines_of_the_readme_run_without_settings_and_database(line: str, tmp_path: Path) -> None:
    # In a folder with what the lines name and nothing else: whatever is left behind would be seen.
    for name in ("config", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    code = "from lti_tool.cli import main; main()"
    command = [sys.executable, "-c", code, *shlex.split(line)[1:]]
    environ["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config", "docs"]
    if "--json" in line:
        assert json.loads(done.stdout)


# Error codes

SHAPE = re.compile(r"[A-Z]{2,}(?:-[A-Z0-9]+)+")
NOT_CODES = frozenset({"UTF-8", "SHA-256"})
# Made from another code: content.py gives the faults of fields a name of their own.
DERIVED = {"MODULE-FIELD"}


def _family(of: type[ToolError]) -> Iterator[str]:
    yield of.__name__
    for child in of.__subclasses__():
        yield from _family(child)


def codes_in(source: str, callers: frozenset[str]) -> set[str]:
    """Error codes in a source text: words with dashes, and single words where an error is made of them."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=str(value)):
                if SHAPE.fullmatch(value):
                    found.add(value)
                found.update(re.findall(r"lti-tool: ([A-Z][A-Z-]+):", value))
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(value)), *_]) if name in callers:
                if re.fullmatch("[A-Z]+", value):
                    found.add(value)
            case ast.FunctionDef(args=arguments):
                named = arguments.args[len(arguments.args) - len(arguments.defaults) :]
                for argument, default in zip(named, arguments.defaults, strict=True):
                    if argument.arg == "code" and isinstance(default, ast.Constant) and default.value:
                        found.add(str(default.value))
    return found - NOT_CODES


def source_codes() -> set[str]:
    assert lti_tool.app  # with the application, every class of errors is there
    callers = frozenset({*_family(ToolError), "_say"})
    sources = [path for package in ("lti_tool", "xapi") for path in (ROOT / package).rglob("*.py")]
    return DERIVED.union(*(codes_in(text(path), callers) for path in sources))


def documented_codes() -> list[str]:
    found = re.findall(r"^\| `([A-Z][A-Z0-9-]+)`", text(ERRORS), re.M)
    return [code for code in found if not re.fullmatch(r"HTTP-\d+", code)]


def test_every_error_code_is_documented_once_and_no_other() -> None:
    documented = documented_codes()
    assert len(documented) == len(set(documented))
    assert set(documented) == source_codes()


def test_the_look_for_codes_finds_each_kind() -> None:
    source = (
        'raise BadInput("ONE-TWO", "…")\nraise NotFound("THREE", "")\nf"lti-tool: FOUR: {x}"\ndef f(code="FIVE"): ...'
    )
    assert codes_in(source, frozenset({"NotFound"})) == {"ONE-TWO", "THREE", "FOUR", "FIVE"}


def test_codes_named_in_the_guides_exist() -> None:
    named = {
        code for path in PAGES for code in re.findall(r"`((?:LTI|GRADE|PEOPLE|ECVET|MODULE|XAPI)-[A-Z-]+)`", text(path))
    }
    assert named - source_codes() == set()


def test_every_row_of_the_codes_says_what_and_what_to_do() -> None:
    rows = re.findall(r"^\| `.*$", text(ERRORS), re.M)
    assert [row for row in rows if len([cell for cell in row.strip("|").split("|") if cell.strip()]) != 3] == []


# Links


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    plain = re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(path: Path) -> None:
    without_code = re.sub(r"^```.*?^```|^    .*?$|`[^`\n]*`", "", text(path), flags=re.M | re.S)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        name, _hash, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        there = file.exists() and file.is_relative_to(ROOT)
        if there and anchor:
            there = anchor in {slug(heading) for heading in re.findall(r"^#+ (.+)$", text(file), re.M)}
        if not there:
            broken.append(target)
    assert broken == []


def test_every_guide_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [README]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md" or not page.is_file():
            continue
        seen.add(page)
        waiting += [(page.parent / target).resolve() for target in re.findall(r"\]\(([^)#\s:]+)", text(page))]
    assert [path.name for path in PAGES if path not in seen and path.parent.name != "decisions"] == []


# The demo and the image


def test_the_logins_of_the_practice_lms_stand_in_the_readme() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^,|]+),", text(README), re.M))
    assert {login: rows.get(login) for login, *_rest in seed.LEARNERS} == {
        login: f"{given} {family}" for login, given, family, *_rest in seed.LEARNERS
    }
    assert {"admin", "teacher"} == set(rows) - {login for login, *_rest in seed.LEARNERS}


def test_the_image_is_made_of_what_there_is() -> None:
    lines = re.sub(r"\\\n", " ", text(ROOT / "Dockerfile")).splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    assert all((ROOT / name).exists() for names in copied for name in names)
    allowed = set(re.findall(r"^!(\S+)$", text(ROOT / ".dockerignore"), re.M))
    assert {name for names in copied for name in names} <= allowed
    assert next(line for line in lines if line.startswith(("USER", "CMD"))) == "USER lti-tool"
    (command,) = [json.loads(line.removeprefix("CMD ")) for line in lines if line.startswith("CMD ")]
    assert command[0] == "lti-tool"
    assert faults_of(" ".join(command[1:])) == []
    known = {field.name.upper() for field in fields(Settings)}
    assert set(re.findall(rf"{PREFIX}(\w+)=", text(ROOT / "Dockerfile"))) <= known
    assert "/healthz" in text(ROOT / "Dockerfile")
