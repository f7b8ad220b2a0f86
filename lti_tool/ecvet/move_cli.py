"""`lti-tool programme move`: learners to another version of their programme, with a look at what it changes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click
from sqlalchemy import Connection

from lti_tool.db import reading
from lti_tool.ecvet import learners, moves, store
from lti_tool.ecvet.decisions import take_turn
from lti_tool.ecvet.entries import Author
from lti_tool.ecvet.learners import Learner
from lti_tool.ecvet.moves import Effect
from lti_tool.ecvet.programme import Programme
from lti_tool.ecvet.record import many
from lti_tool.ecvet.record_cli import find
from lti_tool.ecvet.versions import Change, changes
from lti_tool.errors import BadInput
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring
from xapi.recording import OnStored


def move_command(listener: Callable[[Callable[[], datetime]], OnStored]) -> click.Command:
    """The command. `listener` makes, with the clock, what is told of new statements: grades of units may be others in
    another version, and the gradebook is no business of this part."""

    @click.command("move")
    @click.argument("programme")
    @click.option("--to", "version", required=True, help='The version to move to; "current" for the one imported last.')
    @click.option("--learner", "asked", multiple=True, help="A person's id, an account, an e-mail address or a name.")
    @click.option("--all", "everybody", is_flag=True, help="Everybody who is on another version.")
    @click.option("--reason", default="", help="Why; it stays on record. Needed unless --dry-run.")
    @click.option("--by", default="command line", show_default=True, help="Who does it, for the record.")
    @click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
    @click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
    def move(**given: Any) -> None:
        """Move learners of PROGRAMME to another version of it. What was awarded stays as it was awarded."""
        _move(listener, **given)

    return move


def _move(
    listener: Callable[[Callable[[], datetime]], OnStored],
    programme: str,
    version: str,
    asked: tuple[str, ...],
    everybody: bool,
    reason: str,
    by: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    if bool(asked) == everybody:
        raise click.UsageError("Name learners with --learner, or say --all.")
    if not dry_run:
        moves.must_say_why(reason)
    wiring = Wiring.open(Settings.read(os.environ))
    now, base_url = wiring.clock(), wiring.settings.base_url
    on_stored = listener(wiring.clock)

    def effects(conn: Connection, to: Programme) -> list[Effect]:
        chosen = _chosen(conn, to, asked)
        found = many(conn, chosen, now, base_url, to.id)
        records = [some[0] for some in found.values() if some]
        return [
            moves.effect(conn, record, to, base_url)
            for record in records
            if record.enrolment and record.enrolment.version != to.version
        ]

    def work(conn: Connection) -> tuple[Programme, list[Effect]]:
        take_turn(conn)
        to = moves.target(conn, programme, "" if version == "current" else version)
        found = effects(conn, to)
        who = Author((), {}, by, ())
        for one in found:
            moves.move(conn, one.before, to, reason, who, now, base_url, on_stored)
        return to, found

    if dry_run:
        with reading(wiring.engine) as conn:
            to = moves.target(conn, programme, "" if version == "current" else version)
            found = effects(conn, to)
    else:
        to, found = wiring.writer.run(work)
    with reading(wiring.engine) as conn:
        olds = {one.before.enrolment.version for one in found if one.before.enrolment}
        told = {old: changes(was, to) for old in sorted(olds) if (was := store.get(conn, to.id, old))}
    wiring.engine.dispose()
    if as_json:
        answer: dict[str, Any] = {
            "programme": to.id,
            "to": to.version,
            "moved": not dry_run,
            "changes": {old: [_plain(one) for one in some] for old, some in told.items()},
            "learners": [moves.as_json(one, _named(one.before.learner)) for one in found],
        }
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    for old, some in told.items():
        click.echo(f"{to.id} {old} → {to.version}: {len(some)} changes")
        for change in some:
            what = change.field or change.kind
            click.echo(f"  {change.about} {change.id}: {what} {change.before!r} → {change.after!r}")
    for one in found:
        points = f"{one.before.judgement.points} → {one.after.judgement.points} points"
        units = ", ".join(f"{unit.unit} {unit.before or '–'} → {unit.after or '–'}" for unit in one.changed)
        click.echo(f"{one.before.learner.name or one.before.learner.person}: {units or 'no unit changes'}; {points}")
    click.echo(f"{len(found)} learners " + ("would be moved" if dry_run else "moved"))


def _chosen(conn: Connection, to: Programme, asked: tuple[str, ...]) -> list[Learner]:
    if not asked:
        return [learner for learner, _enrolment in learners.enrolled(conn, to.id)]
    enrolled = {learner.person for learner, _enrolment in learners.enrolled(conn, to.id)}
    found = [find(conn, one) for one in asked]
    for name, one in zip(asked, found, strict=True):
        if one.person not in enrolled:
            raise BadInput("RECORD-LEARNER", f"{name} is not in {to.id}".replace("%", "%%"), "Name somebody who is.")
    return list({one.person: one for one in found}.values())


def _named(learner: Learner) -> dict[str, str]:
    return {"person": learner.person, "name": learner.name or ""}


def _plain(change: Change) -> dict[str, str]:
    return asdict(change)
