"""`lti-tool people roles|withdraw`: who may what, since when and by whom; and no longer."""

from __future__ import annotations

import json
import os
from typing import get_args

import click
from sqlalchemy import Connection

from lti_tool import audit
from lti_tool.db import reading
from lti_tool.errors import NotFound
from lti_tool.people import grants
from lti_tool.people.accounts import keys_of
from lti_tool.people.find import find
from lti_tool.people.grants import Held
from lti_tool.people.roles import Role
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring


@click.command("roles")
@click.argument("who")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def people_roles(who: str, as_json: bool) -> None:
    """The roles that WHO holds or held: an id, an account, an e-mail address, or a name that only one person has."""
    wiring = Wiring.open(Settings.read(os.environ))
    try:
        with reading(wiring.engine) as conn:
            held = grants.history(conn, keys_of(conn, find(conn, who)))
    finally:
        wiring.engine.dispose()
    if as_json:
        click.echo(json.dumps([_as_json(one) for one in held], ensure_ascii=False))
        return
    for one in held:
        where = " · ".join(part for part in (one.grant.programme, one.grant.institution) if part) or "everywhere"
        until = f", withdrawn {one.until:%Y-%m-%d}" if one.until else ""
        click.echo(f"{one.grant.role}  {where}  since {one.since:%Y-%m-%d} by {one.by}{until}")
    if not held:
        click.echo("no roles", err=True)


@click.command("withdraw")
@click.argument("who")
@click.option("--role", type=click.Choice(get_args(Role)), required=True)
@click.option("--institution", help="Only the role for this institution; otherwise wherever it is held.")
@click.option("--programme", help="Only the role for this programme; otherwise wherever it is held.")
@click.option("--why", default="", help="The reason, for the record.")
def people_withdraw(who: str, role: Role, institution: str | None, programme: str | None, why: str) -> None:
    """Take a role from WHO, at once. What they did in it stays."""
    wiring = Wiring.open(Settings.read(os.environ))
    now = wiring.clock()

    def work(conn: Connection) -> int:
        person = find(conn, who)
        keys = keys_of(conn, person)
        number = grants.withdraw(conn, keys, role, now, institution=institution, programme=programme)
        if number:
            detail = {"role": role, "institution": institution, "programme": programme, "grants": number}
            audit.record(conn, "role_withdrawn", f"{role} of {person}", "command line", why, now, detail)
        return number

    try:
        number = wiring.writer.run(work)
    finally:
        wiring.engine.dispose()
    if not number:
        raise NotFound(
            "PEOPLE-NO-ROLE", "They do not hold this role there.", "See: lti-tool people roles", whom="nobody"
        )
    click.echo(f"{role} is withdrawn.")


def _as_json(one: Held) -> dict[str, object]:
    return {
        "role": one.grant.role,
        "institution": one.grant.institution,
        "programme": one.grant.programme,
        "since": one.since.isoformat(),
        "by": one.by,
        "withdrawn": one.until.isoformat() if one.until else None,
    }
