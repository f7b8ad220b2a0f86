"""`lti-tool people …`: people who do not come through an LMS, and their roles."""

from __future__ import annotations

import json
import os
from typing import get_args

import click
from sqlalchemy import Connection

from lti_tool.db import reading
from lti_tool.errors import BadInput
from lti_tool.people import mail, store
from lti_tool.people.roles import Grant, Role
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring


@click.group()
def people() -> None:
    """People who do not come through an LMS; roles."""


@people.command()
@click.argument("name")
@click.option("--role", type=click.Choice(get_args(Role)), required=True)
@click.option("--institution", help="Only for this institution (its id in the programme file).")
@click.option("--programme", help="Only for this programme, such as CECO.")
@click.option("--email", help="Where the sign-in link is sent, if a mail server is set.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def invite(
    name: str,
    role: Role,
    institution: str | None,
    programme: str | None,
    email: str | None,
    as_json: bool,
) -> None:
    """Give NAME a role and print the link with which they sign in once."""
    if role == "institution_admin" and not institution:
        raise BadInput(
            "PEOPLE-INSTITUTION",
            "This role is for one institution.",
            "Name it: --institution LV-KISC",
            whom="nobody",
        )
    if not name.strip():
        raise BadInput("PEOPLE-NAME", "A name is needed.", "Write the name as the person does.")
    settings = Settings.read(os.environ)
    wiring = Wiring.open(settings)
    now = wiring.clock()

    def work(conn: Connection) -> str:
        key = store.person_here(conn, settings.base_url, name.strip(), now, email)
        store.grant(conn, key, Grant(role, institution, programme), "command line", now)
        return store.invite(conn, key, now)

    link = f"{settings.base_url}/sign-in/{wiring.writer.run(work)}"
    mailed = bool(email and settings.smtp_url)
    if email and settings.smtp_url:
        mail.send(
            settings.smtp_url,
            sender=f"no-reply@{settings.base_url.partition('://')[2].partition(':')[0]}",
            to=email,
            subject="Your sign-in link",
            text=f"{name},\n\nopen this link to sign in. It works once, within 7 days:\n\n{link}\n",
        )
    if as_json:
        click.echo(json.dumps({"name": name, "role": role, "link": link, "mailed": mailed}))
    else:
        click.echo(link)


@people.command("list")
@click.option("--role", type=click.Choice(get_args(Role)))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(role: Role | None, as_json: bool) -> None:
    """Everyone who holds a role."""
    wiring = Wiring.open(Settings.read(os.environ))
    with reading(wiring.engine) as conn:
        found = store.holders(conn, role)
    if as_json:
        rows = [
            {
                "name": account.name,
                "email": account.email,
                "role": given.role,
                "institution": given.institution,
                "programme": given.programme,
                "last_seen": account.seen_at.isoformat(),
            }
            for account, given in found
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for account, given in found:
        where = " · ".join(part for part in (given.programme, given.institution) if part) or "everywhere"
        click.echo(f"{account.name or account.key}  {given.role}  {where}  {account.email or ''}".rstrip())
