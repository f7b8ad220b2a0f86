"""`lti-tool record LEARNER`: the record as JSON and HTML (lti_tool/ecvet/record_cli.py), and on paper."""

from __future__ import annotations

import os

import click

from lti_tool import i18n
from lti_tool.db import reading
from lti_tool.ecvet import record_cli
from lti_tool.ecvet.record import records
from lti_tool.errors import BadInput
from lti_tool.papers.snapshot import extract_of
from lti_tool.papers.transcript import extract
from lti_tool.papers.typeset import pdf
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring


@click.command("record")
@click.argument("learner")
@click.option("--format", "form", type=click.Choice(["json", "pdf", "html"]), default="json", show_default=True)
@click.option("--programme", help="Only this programme, such as CECO.")
@click.option(
    "--lang", type=click.Choice(list(i18n.LANGUAGES)), default="en", show_default=True, help="For pdf and html."
)
@click.pass_context
def record(context: click.Context, learner: str, form: str, programme: str | None, lang: str) -> None:
    """Print the record of LEARNER: a person's id, an account ("account:https://lms.example|7"), an e-mail address or a
    name that only one learner has. As pdf it is an extract that nobody has certified."""
    if form != "pdf":
        context.invoke(record_cli.record, learner=learner, form=form, programme=programme, lang=lang)
        return
    click.echo(_on_paper(Settings.read(os.environ), learner, programme, lang), nl=False)


def _on_paper(settings: Settings, learner: str, programme: str | None, lang: str) -> bytes:
    wiring = Wiring.open(settings)
    try:
        with reading(wiring.engine) as conn:
            found = record_cli.find(conn, learner)
            shown = [
                one
                for one in records(conn, found, wiring.clock(), settings.base_url)
                if programme in (None, one.programme.id)
            ]
    finally:
        wiring.engine.dispose()
    if len(shown) != 1:
        what = "The learner is in several programmes." if shown else "The learner is in no such programme."
        raise BadInput("RECORD-PROGRAMME", what, "Name one with --programme.")
    (one,) = shown
    return pdf(extract(extract_of(one, found.name or found.person), one.at, lang, settings.funding_note))
