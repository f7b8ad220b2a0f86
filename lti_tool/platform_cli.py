"""`lti-tool platform merge|merges|delete|anonymous|institution`: what concerns every part of the tool at once."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import click

from lti_tool import anonymity, beginnings, deleting, merging
from lti_tool.db import reading
from lti_tool.launch import merges
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring


@contextmanager
def opened(settings: Settings) -> Iterator[Wiring]:
    """The wiring of a command, closed at its end."""
    wiring = Wiring.open(settings)
    try:
        yield wiring
    finally:
        wiring.engine.dispose()


def caller() -> str:
    """Who types, for the record: the name on this machine."""
    with suppress(KeyError, OSError):
        return f"{getpass.getuser()} (command line)"
    return "command line"


@click.command("merge")
@click.argument("old", type=int, required=False)
@click.argument("new", type=int, required=False)
@click.option("--undo", "merge", type=int, metavar="ID", help="Take this merge back.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--why", default="", help="The reason, for the record.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def platform_merge(
    settings: Settings,
    old: int | None,
    new: int | None,
    merge: int | None,
    dry_run: bool,
    why: str,
    yes: bool,
    as_json: bool,
) -> None:
    """The LMS number OLD goes on as NEW: it has moved, was restored elsewhere or was registered again.

    People with the same user id are one person from then on. OLD is switched off. Everything can be taken back.
    """
    if (merge is None) == (old is None or new is None) or (merge is not None and old is not None):
        raise click.UsageError("name OLD and NEW, or --undo ID")
    with opened(settings) as wiring:
        now = wiring.clock()
        if merge is not None:
            undone = merge
            done = wiring.writer.run(lambda conn: merging.undo(conn, undone, caller(), why, now))
            told = {"merge": merge, "back": done.back, "stayed": done.stayed}
            click.echo(
                json.dumps(told) if as_json else f"Taken back: {done.back} rows; {done.stayed} stay as they are."
            )
            return
        before, after = int(old or 0), int(new or 0)
        with reading(wiring.engine) as conn:
            plan = merging.plan(conn, before, after)
        if not as_json:
            _say_plan(plan)
        if dry_run:
            if as_json:
                click.echo(json.dumps(_as_json(plan)))
            return
        if not yes:
            click.confirm(f"Shall LMS {before} go on as LMS {after}?", abort=True)
        made = wiring.writer.run(lambda conn: merging.merge(conn, before, after, caller(), why, now))
    told = {"merge": made.id, **made.counts}
    click.echo(json.dumps(told) if as_json else f"Done. To take it back: lti-tool platform merge --undo {made.id}")


def _say_plan(plan: merging.Plan) -> None:
    click.echo(f"people:  {plan.people}, of whom {plan.joined} are joined and {plan.already} are one person already")
    click.echo(f"courses: {plan.courses}, of which the new LMS knows {plan.shared_courses} already")
    click.echo(f"grades:  {plan.waiting} are on their way and go to the new LMS")
    for some in plan.clashes:
        click.echo(f"not joined, for they would become one person: users {', '.join(some)}", err=True)


def _as_json(plan: merging.Plan) -> dict[str, object]:
    return {
        "people": plan.people,
        "joined": plan.joined,
        "already": plan.already,
        "clashes": [list(some) for some in plan.clashes],
        "courses": plan.courses,
        "shared_courses": plan.shared_courses,
        "waiting": plan.waiting,
    }


@click.command("merges")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def platform_merges(settings: Settings, as_json: bool) -> None:
    """List the merges, those that were taken back too."""
    with opened(settings) as wiring, reading(wiring.engine) as conn:
        found = merges.listed(conn)
    if as_json:
        rows = [
            {
                "id": one.id,
                "old": one.old,
                "new": one.new,
                "at": one.made_at.isoformat(),
                "by": one.made_by,
                "why": one.why,
                "counts": dict(one.counts),
                "undone": one.undone_at.isoformat() if one.undone_at else None,
            }
            for one in found
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for one in found:
        state = f"taken back {one.undone_at:%Y-%m-%d}" if one.undone_at else "holds"
        click.echo(f"{one.id:4}  LMS {one.old} → LMS {one.new}  {one.made_at:%Y-%m-%d %H:%M}  {one.made_by}  {state}")


@click.command("delete")
@click.argument("number", metavar="ID", type=int)
@click.option("--name", help="The name of the LMS; asked for where it is not given.")
@click.option("--why", default="", help="The reason, for the record.")
@click.option("--despite-waiting", is_flag=True, help="Also where grades are still on their way: they are lost.")
@click.pass_obj
def platform_delete(settings: Settings, number: int, name: str | None, why: str, despite_waiting: bool) -> None:
    """Take an LMS out for good. What its learners have done and achieved stays."""
    with opened(settings) as wiring:
        with reading(wiring.engine) as conn:
            plan = deleting.plan(conn, number)
        if name is None:
            click.echo(
                f"With {plan.platform.name} go {plan.courses} courses, {plan.columns} gradebook columns and "
                f"{plan.accounts} accounts of people who did nothing. {plan.kept} accounts stay, with their records."
            )
            name = click.prompt("Type the name of the LMS to delete it")
        typed, now = str(name), wiring.clock()
        wiring.writer.run(
            lambda conn: deleting.delete(conn, number, typed, caller(), why, now, despite_waiting=despite_waiting)
        )
    click.echo(f"LMS {number} is deleted.")


@click.command("anonymous")
@click.argument("number", metavar="ID", type=int)
@click.option("--off", is_flag=True, help="Learn names again.")
@click.option("--why", default="", help="The reason, for the record.")
@click.pass_obj
def platform_anonymous(settings: Settings, number: int, off: bool, why: str) -> None:
    """Learn no names and e-mail addresses from an LMS; those that are known of its people are blanked."""
    with opened(settings) as wiring:
        now = wiring.clock()
        blanked = wiring.writer.run(lambda conn: anonymity.switch(conn, number, not off, caller(), why, now))
    click.echo("Names are learned again." if off else f"No names are learned; {blanked} were blanked.")


@click.command("institution")
@click.argument("number", metavar="ID", type=int)
@click.argument("institution", metavar="INSTITUTION|none")
@click.option("--why", default="", help="The reason, for the record.")
@click.pass_obj
def platform_institution(settings: Settings, number: int, institution: str, why: str) -> None:
    """Say at which institution learners are who come new from an LMS: its id in the programme file, or none.

    Whoever is enrolled already stays where they are; how many of them are at no institution is printed.
    """
    chosen = None if institution.casefold() == "none" else institution
    with opened(settings) as wiring:
        now = wiring.clock()
        known = wiring.writer.run(lambda conn: beginnings.name_institution(conn, number, chosen, caller(), why, now))
        with reading(wiring.engine) as conn:
            left = beginnings.nowhere(conn, known)
    if chosen is None:
        click.echo(f"Learners who come new from LMS {number} are at no institution.")
        return
    click.echo(f"Learners who come new from LMS {number} are at {chosen}.")
    for programme, some in left.items():
        click.echo(
            f"{len(some)} {'learner' if len(some) == 1 else 'learners'} of {programme} without institution: place them "
            f"with lti-tool programme place {programme} --at {chosen} --lms {number}"
        )
