"""`lti-tool lrs credentials …`: who may use the record store from outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import click

from lti_tool.admin import credentials as store
from lti_tool.db import reading
from lti_tool.errors import BadInput, NotFound
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring
from xapi.access import SCOPES


@contextmanager
def _opened(settings: Settings) -> Iterator[Wiring]:
    wiring = Wiring.open(settings)
    try:
        yield wiring
    finally:
        wiring.engine.dispose()


@click.group()
def lrs() -> None:
    """The record store."""


@lrs.group("credentials")
def credentials() -> None:
    """Clients of the record store (Basic authentication)."""


@credentials.command("new")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(sorted(SCOPES)),
    help=f"What the client may do; may be given several times. Without it: {', '.join(store.USUAL)}.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def new(settings: Settings, name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Make key and secret for the client NAME. The secret is shown this once."""
    if not 0 < len(name.strip()) <= 255:
        raise BadInput("LRS-NAME", "A name of 1 to 255 characters is needed.", "Say what the client is.", whom="nobody")
    asked = scopes or store.USUAL
    with _opened(settings) as wiring:
        now = wiring.clock()
        issued = wiring.writer.run(lambda conn: store.issue(conn, name.strip(), asked, settings.secret_key, now))
    if as_json:
        click.echo(json.dumps({"key": issued.credential.key, "secret": issued.secret}))
        return
    click.echo(f"key:     {issued.credential.key}\nsecret:  {issued.secret}\nscopes:  {', '.join(sorted(set(asked)))}")
    click.echo(f"address: {settings.base_url}/xapi/", err=True)
    click.echo("Keep the secret now: it is not shown again.", err=True)


@credentials.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_(settings: Settings, as_json: bool) -> None:
    """All clients, revoked ones too."""
    with _opened(settings) as wiring, reading(wiring.engine) as conn:
        found = store.listed(conn)
    if as_json:
        rows = [
            {
                "key": one.key,
                "name": one.name,
                "scopes": sorted(one.scopes),
                "created": one.created_at.isoformat(),
                "last_used": one.used_at.isoformat() if one.used_at else None,
                "revoked": one.revoked_at.isoformat() if one.revoked_at else None,
            }
            for one in found
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for one in found:
        used = f"last used {one.used_at:%Y-%m-%d %H:%M}" if one.used_at else "never used"
        state = f"revoked {one.revoked_at:%Y-%m-%d}" if one.revoked_at else used
        click.echo(f"{one.key}  {one.name}  {', '.join(sorted(one.scopes))}  {state}")


@credentials.command("revoke")
@click.argument("key")
@click.pass_obj
def revoke(settings: Settings, key: str) -> None:
    """End a client's access at once. What it wrote stays."""
    with _opened(settings) as wiring:
        now = wiring.clock()
        done = wiring.writer.run(lambda conn: store.revoke(conn, key, now))
    if not done:
        raise NotFound(
            "LRS-CREDENTIAL", "There is no such client, or it was revoked before.", "See: lti-tool lrs credentials list"
        )
    click.echo(f"{key} is revoked.")
