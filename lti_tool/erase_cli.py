"""`lti-tool people erase`: a person asks to be forgotten."""

from __future__ import annotations

import json
import os

import click

from lti_tool import erasing
from lti_tool.db import reading
from lti_tool.erasing import Erasure
from lti_tool.evidence import files
from lti_tool.people.find import find
from lti_tool.platform_cli import caller, opened
from lti_tool.settings import Settings


@click.command("erase")
@click.argument("who")
@click.option("--why", default="", help="The reason, for the record; not the person's name.")
@click.option("--dry-run", is_flag=True, help="Only say what would be erased.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def people_erase(who: str, why: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Forget WHO (GDPR): an id, an account, an e-mail address, or a name that only one person has.

    It can't be taken back. Remove them from the LMS first, or its list of learners brings them back.
    """
    settings = Settings.read(os.environ)
    with opened(settings) as wiring:
        with reading(wiring.engine) as conn:
            person = find(conn, who)
            told = erasing.plan(conn, person)
        if dry_run or not as_json:
            click.echo(json.dumps(_as_json(told)) if as_json else _said(told))
        if dry_run:
            return
        if not yes:
            click.confirm("Erase this person for good?", abort=True)
        now = wiring.clock()
        done = wiring.writer.run(lambda conn: erasing.erase(conn, person, caller(), why, now, settings.base_url))
        # Asked again: somebody may have handed in the same content meanwhile.
        with reading(wiring.engine) as conn:
            files.sweep(conn, settings.data_dir / "files", done.files, now)
    click.echo(json.dumps(_as_json(done)) if as_json else f"Erased. What stays is under {done.stand_in}.")


def _said(told: Erasure) -> str:
    gone = ", ".join(f"{n} of {name}" for name, n in sorted(told.gone.items())) or "nothing"
    lines = [
        f"accounts:   {told.accounts}",
        f"statements: {told.statements.removed} removed, {told.statements.rewritten} rewritten without the person",
        f"documents:  {told.statements.documents}; files: {len(told.files)}",
        f"rows gone:  {gone}",
    ]
    if told.decided:
        kept = ", ".join(f"{n} of {name}" for name, n in sorted(told.kept.items()))
        lines.append(f"rows kept:  {kept}: decisions or papers rest on them; under an account that nobody knows")
    return "\n".join(lines)


def _as_json(told: Erasure) -> dict[str, object]:
    return {
        "accounts": told.accounts,
        "statements_removed": told.statements.removed,
        "statements_rewritten": told.statements.rewritten,
        "documents": told.statements.documents,
        "files": len(told.files),
        "gone": dict(told.gone),
        "kept": dict(told.kept),
        "stand_in": told.stand_in,
    }
