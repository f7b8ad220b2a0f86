"""`lti-tool programme place`: the institution at which learners are, which decides whose roles reach them."""

from __future__ import annotations

import os

import click
from sqlalchemy import Connection

from lti_tool.ecvet import learners, places, store
from lti_tool.ecvet.learners import Learner
from lti_tool.ecvet.record_cli import find
from lti_tool.ecvet.terms import Programme
from lti_tool.errors import BadInput
from lti_tool.launch import platforms
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring


@click.command("place")
@click.argument("programme")
@click.option("--at", "institution", required=True, help="The institution's id in the programme file.")
@click.option("--learner", "asked", multiple=True, help="A person's id, an account, an e-mail address or a name.")
@click.option("--lms", type=int, help="Everybody who comes from this LMS (its number) and is at no institution yet.")
@click.option("--reason", default="", help="Why, for the record.")
@click.option("--by", default="command line", show_default=True, help="Who does it, for the record.")
def place(programme: str, institution: str, asked: tuple[str, ...], lms: int | None, reason: str, by: str) -> None:
    """Say at which institution learners of PROGRAMME are. What was decided before stays as it was decided."""
    if bool(asked) == (lms is not None):
        raise click.UsageError("Name learners with --learner, or an LMS with --lms.")
    wiring = Wiring.open(Settings.read(os.environ))
    now = wiring.clock()

    def work(conn: Connection) -> int:
        known = _known(conn, programme, institution)
        chosen = _named(conn, known, asked) if asked else _from_lms(conn, known, lms or 0)
        places.place(conn, known.id, chosen, institution, by, reason, now)
        return len(chosen)

    try:
        number = wiring.writer.run(work)
    finally:
        wiring.engine.dispose()
    click.echo(f"{number} learners are at {institution}")


def _known(conn: Connection, programme: str, institution: str) -> Programme:
    found = store.get(conn, programme)
    if found is None:
        raise BadInput("ECVET-PROGRAMME", "There is no such programme.", "See: lti-tool programme list", whom="nobody")
    if not places.names(found, institution):
        ids = ", ".join(one.id for one in found.institutions)
        raise click.UsageError(f"{programme} names no institution {institution}, but {ids}.")
    return found


def _named(conn: Connection, programme: Programme, asked: tuple[str, ...]) -> list[Learner]:
    enrolled = {learner.person for learner, _enrolment in learners.enrolled(conn, programme.id)}
    found = {name: find(conn, name) for name in asked}
    for name, one in found.items():
        if one.person not in enrolled:
            what = f"{name} is not in {programme.id}".replace("%", "%%")
            raise BadInput("RECORD-LEARNER", what, "Name somebody who is.")
    return list({one.person: one for one in found.values()}.values())


def _from_lms(conn: Connection, programme: Programme, lms: int) -> list[Learner]:
    return places.nowhere(conn, programme.id, platforms.known(conn, lms))
