"""`lti-tool …`: the command line. Errors are one line on standard error; exit status 0, 1 ("no") or 2 (wrong)."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

import click
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from lti_tool import __version__
from lti_tool.admin.check_cli import platform_check
from lti_tool.admin.cli import lrs
from lti_tool.db import check, upgrade
from lti_tool.ecvet import load
from lti_tool.ecvet.cli import programme
from lti_tool.ecvet.move_cli import move_command
from lti_tool.ecvet.place_cli import place
from lti_tool.ecvet.problems import ProgrammeInvalid
from lti_tool.ecvet.store import Imported, import_programme
from lti_tool.ecvet.summary_cli import verify_command
from lti_tool.erase_cli import people_erase
from lti_tool.errors import BadInput, ToolError
from lti_tool.gradebook.cli import gradebook
from lti_tool.gradebook.marking import marker
from lti_tool.launch.cli import keys_group, platform_group
from lti_tool.launch.legacy_cli import legacy_keys
from lti_tool.papers.keys_cli import credentials
from lti_tool.papers.record_cli import record
from lti_tool.people.cli import people
from lti_tool.people.roles_cli import people_roles, people_withdraw
from lti_tool.platform_cli import (
    platform_anonymous,
    platform_delete,
    platform_institution,
    platform_merge,
    platform_merges,
)
from lti_tool.settings import Settings, SettingsError
from lti_tool.wiring import Wiring
from xapi.errors import XapiError

_HELP = "lti_tool.help"
_HANDED_SETTINGS = ("credentials", "keys", "lrs", "platform")


class _Commands(click.Group):
    """Remembers whether help was asked for, somewhere: that is to be had without settings."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_HELP] = "--help" in args
        return super().parse_args(ctx, args)


@click.group(cls=_Commands)
@click.version_option(__version__, prog_name="lti-tool")
@click.pass_context
def cli(context: click.Context) -> None:
    """An LTI 1.3 tool that turns what learners do into ECVET units, grades and papers."""
    if context.invoked_subcommand in _HANDED_SETTINGS and not context.meta[_HELP]:
        context.obj = Settings.read(os.environ)


for group in (programme, people, gradebook, lrs, keys_group, credentials, platform_group):
    cli.add_command(group)
cli.add_command(record)
for command in (
    platform_check,
    platform_merge,
    platform_merges,
    platform_delete,
    platform_anonymous,
    platform_institution,
    legacy_keys,
):
    platform_group.add_command(command)
for command in (people_roles, people_withdraw, people_erase):
    people.add_command(command)


def ready_settings() -> Settings:
    """The settings of the environment, on a database with the newest schema; raises DB-UPGRADE otherwise."""
    settings = Settings.read(os.environ)
    wiring = Wiring.open(settings)
    try:
        if not check(wiring.engine):
            raise BadInput("DB-UPGRADE", "The database has not the newest schema.", "Run: lti-tool db upgrade")
    finally:
        wiring.engine.dispose()
    return settings


@cli.group("db")
def database() -> None:
    """The database and its schema."""


@database.command("upgrade")
def db_upgrade() -> None:
    """Bring the database to the newest schema; make it where there is none."""
    upgrade(Settings.read(os.environ).database_url)


@database.command("check")
def db_check() -> None:
    """Exit with 0 where the schema is the newest, with 1 where `db upgrade` is needed."""
    wiring = Wiring.open(Settings.read(os.environ))
    newest = check(wiring.engine)
    click.echo("the schema is the newest" if newest else "run: lti-tool db upgrade")
    if not newest:
        sys.exit(1)


programme.add_command(verify_command(ready_settings))


@programme.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def programme_import(files: tuple[Path, ...]) -> None:
    """Make the programmes of these files the current ones. Earlier versions stay, for what was decided by them."""
    wiring = Wiring.open(ready_settings())
    now = wiring.clock()
    found = [(path, load.texts(path)) for path in files]

    def work(conn: Connection) -> list[Imported]:
        return [import_programme(conn, path.name, texts, now) for path, texts in found]

    for one in wiring.writer.run(work):
        state = "imported" if one.new else "there already"
        click.echo(f"{one.programme.id}  {one.programme.version}  {state}")


programme.add_command(move_command(marker))
programme.add_command(place)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=2, show_default=True, help="Processes.")
@click.option(
    "--threads", default=8, show_default=True, help="Threads of each process; 8 or more let writes share commits."
)
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Serve the tool."""
    from lti_tool.serving import run

    run(ready_settings(), host, port, workers, threads)


@cli.command()
@click.option("--once", is_flag=True, help="Deal with what is due now and stop.")
def worker(once: bool) -> None:
    """Deliver grades. Any number may run."""
    from lti_tool.serving import work
    from lti_tool.web import set_up_logs

    settings = ready_settings()
    set_up_logs(settings)
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    work(settings, stop, once=once)


@cli.command()
@click.option("--port", default=8000, show_default=True, help="Of the tool.")
@click.option("--practice-port", default=8100, show_default=True, help="Of the practice LMS.")
@click.option("--data", default="var", show_default=True, help="Folder for all data of the demo.")
def demo(port: int, practice_port: int, data: str) -> None:
    """Try it: the tool, a practice LMS and the worker, until Ctrl-C."""
    from lti_tool.demo import run

    sys.exit(run(port, practice_port, data))


@cli.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def practice(arguments: tuple[str, ...]) -> None:
    """Serve the practice LMS alone."""
    from lti_tool.practice.__main__ import main as serve_practice

    sys.exit(serve_practice(list(arguments)))


def main() -> None:
    """The entry of the console script."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as error:
        message = error.format_message()
        if "\n" in message:  # a group without a command: the message is its help
            click.echo(message, err=True)
            sys.exit(2)
        _say("USAGE", message)
    except SettingsError as error:
        _say("SETTINGS", str(error))
    except ToolError as error:
        what = error.what % error.params if error.params else error.what
        _say(error.code, what, error.do, error.detail)
    except XapiError as error:
        _say(error.code, str(error))
    except ProgrammeInvalid as error:
        for one in error.problems:
            click.echo(f"lti-tool: {one}", err=True)
        sys.exit(2)
    except DBAPIError as error:
        _say(
            "DATABASE",
            "The database can't be used",
            "See that it runs, then: lti-tool db check",
            str(error.orig).strip(),
        )


def _say(code: str, what: str, do: str = "", detail: str = "") -> None:
    said = f"lti-tool: {code}: {what.rstrip('.')}" + (f" ({detail})" if detail else "") + (f"; {do}" if do else "")
    click.echo(" ".join(said.split()).rstrip("."), err=True)
    sys.exit(2)
