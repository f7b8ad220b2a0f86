"""Commands: `lti-tool credentials keys …`. The command line hands them the settings."""

from __future__ import annotations

import json
from pathlib import Path

import click

from lti_tool.errors import N_, BadInput, NotFound
from lti_tool.papers import key_files
from lti_tool.papers.key_files import KeyFile
from lti_tool.settings import Settings
from lti_tool.wiring import utc_now


def _folder(settings: Settings) -> tuple[Path, list[KeyFile]]:
    """The folder of keys and what is in it. Raises BadInput where it can't be used."""
    folder = settings.keys_dir / key_files.FOLDER
    try:
        return folder, key_files.list_keys(folder)
    except (OSError, ValueError) as error:
        raise BadInput(
            "PAPERS-KEYS",
            N_("The folder of keys can't be used."),
            N_("Leave nothing there but the files that this tool made."),
            whom="nobody",
            detail=str(error),
        ) from error


@click.group("credentials", help="What signs badges and other credentials.")
def credentials() -> None:
    """Holds keys."""


@credentials.group("keys", help="The keys that sign credentials.")
def keys() -> None:
    """Holds new, rotate, withdraw and list."""


@keys.command("new")
@click.pass_obj
def new(settings: Settings) -> None:
    """Make the first keys and their successors; does nothing where usable keys exist."""
    folder, _there = _folder(settings)
    made = key_files.make_first(folder)
    click.echo(f"Keys were made in {folder}." if made else f"{folder} holds usable keys; nothing was done.")


@keys.command("rotate")
@click.pass_obj
def rotate(settings: Settings) -> None:
    """Sign with the next keys, retire the current ones, publish new next ones."""
    folder, there = _folder(settings)
    if not there:
        raise BadInput(
            "KEYS-NONE", N_("There is no key to rotate."), N_("Run: lti-tool credentials keys new"), whom="nobody"
        )
    age = key_files.rotate(folder, utc_now())
    click.echo("The next keys sign now. The old ones stay published; their private halves are deleted.")
    if age is None or age < key_files.SETTLED:
        click.echo("Note: these keys were published less than a day ago; leave a day between rotations.", err=True)


@keys.command("withdraw", context_settings={"ignore_unknown_options": True})  # a kid may begin with "-"
@click.argument("kid")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def withdraw(settings: Settings, kid: str, yes: bool) -> None:
    """Publish the retired key KID no more: for a key whose private half others may have. JWTs that it signed do not
    verify any more, and have to be fetched anew. (Proofs name their key in themselves: withdraw those papers.)"""
    folder, _there = _folder(settings)
    if not yes:
        click.confirm("Nothing that this key signed will verify any more. Go on?", abort=True)
    if key_files.withdraw(folder, kid, utc_now()) is None:
        raise NotFound(
            "KEYS-RETIRED",
            N_("There is no retired key of this name."),
            N_("Rotate first; see: lti-tool credentials keys list"),
            whom="nobody",
        )
    click.echo("The key is published no more.")


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_(settings: Settings, as_json: bool) -> None:
    """List the keys with their state: current, next, retired, withdrawn."""
    _keys, there = _folder(settings)
    found = key_files.describe(there)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for one in found:
        click.echo(f"{one['state']:9} {one['kind']:7} {one['kid']}  since {one['since']}")
    if not found:
        click.echo("No keys. Run: lti-tool credentials keys new", err=True)
