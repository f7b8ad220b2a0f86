"""`lti-tool programme …`: programmes from files, without settings and without a database."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click

from lti_tool.ecvet.check import check
from lti_tool.ecvet.exchange_cli import cmi5, framework
from lti_tool.ecvet.load import load, load_all
from lti_tool.ecvet.offline import judged, learners, read_actor, read_decisions, read_statements
from lti_tool.ecvet.problems import Problem, ProgrammeInvalid
from lti_tool.ecvet.schema import schema
from lti_tool.ecvet.terms import Programme
from lti_tool.ecvet.words import state_text
from lti_tool.errors import BadInput
from xapi.scalars import read_time

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

programme = click.Group("programme", help="ECVET programmes: check, list, judge; to other systems and back.")
programme.add_command(framework)
programme.add_command(cmi5)


@programme.command("check")
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON on standard output.")
@click.option("--quiet", is_flag=True, help="Show errors only, no warnings.")
def check_files(files: tuple[Path, ...], as_json: bool, quiet: bool) -> None:
    """Check programme files: fields, references, sums of hours and points, reachability, translations."""
    answers = []
    names: dict[str, Path] = {}
    failed = False
    for path in files:
        found, problems = _read_and_check(path)
        if found and found.id in names:
            do = "give one of them another id"
            what = f'the id "{found.id}" is also that of {names[found.id]}'
            problems = (*problems, Problem(found.where, "PROGRAMME-TWICE", what, do))
        if found:
            names[found.id] = path
        errors = [problem for problem in problems if problem.severity == "error"]
        failed = failed or bool(errors)
        answers.append(
            {
                "file": str(path),
                "id": found.id if found else None,
                "version": found.version if found else None,
                "ok": not errors,
                "problems": [_plain(problem, path.parent) for problem in problems],
            }
        )
        if not as_json:
            _tell((one for one in problems if not quiet or one.severity == "error"), path.parent)
            click.echo(_summary(path, found, len(errors), len(problems) - len(errors)))
    if as_json:
        click.echo(json.dumps(answers, ensure_ascii=False, indent=2))
    raise SystemExit(1 if failed else 0)


@programme.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of programme files, for editors and other programs."""
    click.echo(json.dumps(schema(), ensure_ascii=False, indent=2))


@programme.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option(
    "--config-dir",
    envvar="LTI_TOOL_CONFIG_DIR",
    default="config",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder whose programmes/*.yaml are listed.",
)
def list_programmes(as_json: bool, config_dir: Path) -> None:
    """List the programmes of the configuration."""
    folder = config_dir / "programmes"
    if not folder.is_dir():
        _fail(BadInput("PROGRAMME-FOLDER", f"there is no folder {folder}", "set LTI_TOOL_CONFIG_DIR or --config-dir"))
    try:
        found = load_all(folder)
    except ProgrammeInvalid as invalid:
        _refuse(invalid, folder)
    if as_json:
        click.echo(json.dumps([_listed(one) for one in found], ensure_ascii=False, indent=2))
        return
    for one in found:
        click.echo(f"{one.id}  {one.version}  {one.title}  ({_size(one)})")


@programme.command("judge")
@click.argument("file", type=_FILE)
@click.argument("statements", type=_FILE)
@click.option("--decisions", type=_FILE, help="JSON list of the acts of people: assess, validate, recognise, withdraw.")
@click.option("--actor", help="Judge this actor only (JSON).")
@click.option("--at", help="Judge as it was at this time (RFC 3339); default: now.")
@click.option("--authority", help="Trust the tool's account at this home page only; default: at any.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def judge_files(
    file: Path,
    statements: Path,
    decisions: Path | None,
    actor: str | None,
    at: str | None,
    authority: str | None,
    as_json: bool,
) -> None:
    """Judge the statements of a file against a programme, learner by learner.

    A statement counts where its authority is the account "lti-tool" (or "page", for time spent in a module, or a
    credential that the programme names).
    """
    try:
        found = load(file)
        now = _time(at)
        acts = read_decisions(_text(decisions)) if decisions else ()
        only = read_actor(_json(actor), "--actor") if actor else None
        people = learners(read_statements(_text(statements)), acts, only)
        answers = [judged(found, one, now, authority) for one in people]
    except ProgrammeInvalid as invalid:
        _refuse(invalid, file.parent)
    except BadInput as error:
        _fail(error)
    if as_json:
        answer = {"programme": found.id, "version": found.version, "learners": answers}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    for one in answers:
        click.echo(json.dumps(one["actor"], ensure_ascii=False))
        for unit in one["units"]:
            then = f" – {unit['next']['text']}" if unit["next"] else ""
            click.echo(f"  {unit['id']}: {state_text(unit['state'], str)}, {unit['points']} points{then}")
        hours = ", ".join(f"{mode} {line['recorded']} of {line['planned']} h" for mode, line in one["hours"].items())
        click.echo(f"  {one['points']} of {found.points} points; {hours}")


def _read_and_check(path: Path) -> tuple[Programme | None, tuple[Problem, ...]]:
    try:
        found = load(path)
    except ProgrammeInvalid as invalid:
        return None, invalid.problems
    return found, check(found)


def _size(one: Programme) -> str:
    return f"{len(one.units)} units, {len(one.modules)} modules, {one.hours.total} h, {one.points} points"


def _summary(path: Path, found: Programme | None, errors: int, warnings: int) -> str:
    name = f"{path}: {found.id} {found.version}, {_size(found)}" if found else f"{path}"
    return f"{name}: " + (f"{errors} errors" if errors else "ok") + (f", {warnings} warnings" if warnings else "")


def _place(problem: Problem, folder: Path) -> str:
    return f"{folder / problem.where.file}:{problem.where.line}" if problem.where.file else str(folder)


def _plain(problem: Problem, folder: Path) -> dict[str, object]:
    return {
        "code": problem.code,
        "severity": problem.severity,
        "file": str(folder / problem.where.file),
        "line": problem.where.line,
        "what": problem.what,
        "do": problem.do,
    }


def _tell(problems: Iterable[Problem], folder: Path) -> None:
    for one in problems:
        mark = "warning: " if one.severity == "warning" else ""
        click.echo(f"lti-tool: {one.code}: {mark}{_place(one, folder)}: {one.what}; {one.do}", err=True)


def _listed(one: Programme) -> dict[str, object]:
    return {
        "id": one.id,
        "version": one.version,
        "title": str(one.title),
        "titles": dict(one.title),
        "eqf_level": one.eqf_level,
        "points": one.points,
        "hours": dict(one.hours),
        "units": [
            {
                "id": unit.id,
                "title": str(unit.title),
                "titles": dict(unit.title),
                "points": unit.points,
                "compulsory": unit.compulsory,
                "hours": dict(unit.hours),
                "modules": list(unit.modules),
                "outcomes": [outcome.id for outcome in unit.outcomes],
            }
            for unit in one.units
        ],
        "modules": [
            {
                "id": module.id,
                "title": str(module.title),
                "titles": dict(module.title),
                "hours": module.hours,
                "graded": module.graded,
                "languages": list(module.languages),
                "delivery": module.delivery,
            }
            for module in one.modules
        ],
    }


def _time(at: str | None) -> datetime:
    if at is None:
        return datetime.now(UTC)
    if (moment := read_time(at)) is None:
        raise BadInput("TIME", f'"{at}" is no time', "write it as 2026-11-22T10:00:00Z")
    return moment


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadInput("ACTOR", f"--actor is no JSON: {error}", "quote it whole for your shell") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("FILE", f"{path} cannot be read: {error}", "check that it is UTF-8 text") from error


def _refuse(invalid: ProgrammeInvalid, folder: Path) -> NoReturn:
    _tell(invalid.problems, folder)
    raise SystemExit(2)


def _fail(error: BadInput) -> NoReturn:
    click.echo(f"lti-tool: {error.code}: {error.what}; {error.do}", err=True)
    raise SystemExit(2)


if __name__ == "__main__":
    programme(prog_name="lti-tool programme")
