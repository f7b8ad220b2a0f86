"""`lti-tool platform legacy-key …`: consumer keys of LTI 1.1."""

from __future__ import annotations

import json
from pathlib import Path

import click

from lti_tool.db import reading
from lti_tool.errors import BadInput, NotFound
from lti_tool.launch import legacy
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring, utc_now


@click.group("legacy-key")
def legacy_keys() -> None:
    """Consumer keys of LTI 1.1, for LMSs that move from there to LTI 1.3."""


@legacy_keys.command("add")
@click.argument("key")
@click.option("--home", required=True, metavar="URL", help="Under which old records name the users of this LMS.")
@click.option(
    "--secret-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Asked for without it."
)
@click.pass_obj
def add(settings: Settings, key: str, home: str, secret_file: Path | None) -> None:
    """Know the consumer KEY with its shared secret. It is kept sealed with a key made from SECRET_KEY."""
    secret = (
        secret_file.read_text(encoding="utf-8").strip()
        if secret_file
        else click.prompt("Shared secret", hide_input=True)
    )
    if not (0 < len(key) <= 255 and key.isprintable() and secret and "://" in home and "|" not in home):
        raise BadInput(
            "LEGACY-KEY",
            "Key, secret or home can't be used.",
            "Write a key of 1 to 255 characters, a secret, and the home as an address.",
            whom="nobody",
        )
    wiring = Wiring.open(settings)
    try:
        wiring.writer.run(lambda conn: legacy.keep(conn, key, str(secret), home, settings.secret_key, utc_now()))
    finally:
        wiring.engine.dispose()
    click.echo(f"{key} is known.")


@legacy_keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_(settings: Settings, as_json: bool) -> None:
    """All keys, without their secrets."""
    wiring = Wiring.open(settings)
    try:
        with reading(wiring.engine) as conn:
            found = legacy.listed(conn)
    finally:
        wiring.engine.dispose()
    rows = [
        {
            "key": one.consumer_key,
            "home": one.home_page,
            "added": one.created_at.isoformat(),
            "last_used": one.used_at.isoformat() if one.used_at else None,
        }
        for one in found
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        click.echo(
            f"{row['key']}  {row['home']}  {'last used ' + row['last_used'] if row['last_used'] else 'not used'}"
        )


@legacy_keys.command("remove")
@click.argument("key")
@click.pass_obj
def remove(settings: Settings, key: str) -> None:
    """Forget a key. Who was joined by it stays joined."""
    wiring = Wiring.open(settings)
    try:
        done = wiring.writer.run(lambda conn: legacy.remove(conn, key))
    finally:
        wiring.engine.dispose()
    if not done:
        raise NotFound("LEGACY-KEY", "There is no such key.", "See: lti-tool platform legacy-key list", whom="nobody")
    click.echo(f"{key} is forgotten.")
