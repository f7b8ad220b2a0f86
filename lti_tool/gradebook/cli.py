"""`lti-tool gradebook …`: how grades are on their way, and sending again what failed."""

from __future__ import annotations

import json
import os
import sys

import click
from sqlalchemy import Connection

from lti_tool.db import reading
from lti_tool.errors import BadInput
from lti_tool.gradebook import store
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring


@click.group()
def gradebook() -> None:
    """Grade delivery."""


@gradebook.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """How many grades wait, were sent, were not accepted; what is in trouble. Exit status 1 where something is."""
    wiring = Wiring.open(Settings.read(os.environ))
    with reading(wiring.engine) as conn:
        counts = store.counts(conn)
        troubled = store.troubled(conn)
    if as_json:
        rows = [
            {
                "id": row.id,
                "platform": row.item.platform_id,
                "course": row.item.course_id,
                "label": row.item.label,
                "user": row.user_id,
                "state": row.state,
                "attempts": row.attempts,
                "problem": row.problem,
                "detail": row.detail,
                "due": row.due_at.isoformat(),
            }
            for row in troubled
        ]
        click.echo(json.dumps({"counts": counts, "troubled": rows}, ensure_ascii=False))
    else:
        click.echo("  ".join(f"{state} {n}" for state, n in sorted(counts.items())) or "no grades yet")
        for row in troubled:
            click.echo(f"{row.id}  {row.item.label}  user {row.user_id}  {row.state}  {row.problem}: {row.detail}")
    if troubled:
        sys.exit(1)


@gradebook.command()
@click.argument("ids", nargs=-1, type=int)
@click.option("--all", "everything", is_flag=True, help="Whatever is in trouble.")
def resend(ids: tuple[int, ...], everything: bool) -> None:
    """Send again: the rows with these numbers (see `status`), or all that are in trouble."""
    if bool(ids) == everything:
        raise BadInput("GRADEBOOK-RESEND", "Name the rows, or say --all.", "See: lti-tool gradebook status")
    wiring = Wiring.open(Settings.read(os.environ))

    def work(conn: Connection) -> int:
        wanted = ids or tuple(row.id for row in store.troubled(conn))
        return store.resend(conn, wanted, wiring.clock())

    click.echo(f"{wiring.writer.run(work)} due now")
