"""`lti-tool platform check ID`."""

from __future__ import annotations

import json
import sys

import click

from lti_tool.admin import checks
from lti_tool.admin.check import check
from lti_tool.admin.check_words import said
from lti_tool.db import reading
from lti_tool.launch import platforms
from lti_tool.launch.keys import ToolKeys
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring

_SIGNS = {"good": "ok", "warn": "look", "bad": "NO", "waiting": "-"}


@click.command("check")
@click.argument("number", metavar="ID", type=int)
@click.option("--write", is_flag=True, help="Also make a gradebook column, and delete it again at once.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def platform_check(settings: Settings, number: int, write: bool, as_json: bool) -> None:
    """Ask an LMS for everything the tool needs of it: keys, clock, tokens, list of learners, gradebook.

    What was found is shown in the list of LMSs, too. Exit status 1 where something is not in order.
    """
    wiring = Wiring.open(settings)
    try:
        with reading(wiring.engine) as conn:
            registration = platforms.known(conn, number)
        found = check(wiring, registration, ToolKeys(settings.keys_dir, wiring.clock).sign, write=write)
        now = wiring.clock()
        wiring.writer.run(lambda conn: checks.keep(conn, number, found, now))
    finally:
        wiring.engine.dispose()
    words = [said(line, registration.product) for line in found]
    if as_json:
        rows = [
            {"topic": line.topic, "light": line.light, "code": line.code, "what": one.what, "do": one.do}
            for line, one in zip(found, words, strict=True)
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        for one in words:
            click.echo(f"{_SIGNS[one.light]:5} {one.title}: {one.what}" + (f" {one.do}" if one.do else ""))
    if any(line.light == "bad" for line in found):
        sys.exit(1)
