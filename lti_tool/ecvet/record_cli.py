"""`lti-tool record LEARNER`: a learner's ECVET record, for scripts and as a page for the file."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click
from flask import Flask, render_template
from sqlalchemy import Connection, or_, select

import lti_tool
from lti_tool import assets, i18n
from lti_tool.db import reading
from lti_tool.ecvet import learners
from lti_tool.ecvet.learners import Learner
from lti_tool.ecvet.record import Record, as_json, records
from lti_tool.ecvet.views_words import evidence, hours_rows, name_of, platform_names, said, standing_line
from lti_tool.errors import BadInput
from lti_tool.people.store import accounts
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring

_PACKAGE = Path(lti_tool.__file__).parent
_SHEETS = ("tokens", "app", "parts", "tables")


@click.command("record")
@click.argument("learner")
@click.option("--format", "form", type=click.Choice(["json", "html"]), default="json", show_default=True)
@click.option("--programme", help="Only this programme, such as CECO.")
@click.option("--lang", type=click.Choice(list(i18n.LANGUAGES)), default="en", show_default=True, help="For html.")
def record(learner: str, form: str, programme: str | None, lang: str) -> None:
    """Print the record of LEARNER: a person's id, an account ("account:https://lms.example|7"), an e-mail address or a
    name that only one learner has."""
    settings = Settings.read(os.environ)
    wiring = Wiring.open(settings)
    now = wiring.clock()
    with reading(wiring.engine) as conn:
        found = find(conn, learner)
        shown = [one for one in records(conn, found, now, settings.base_url) if programme in (None, one.programme.id)]
        places = platform_names(conn)
    wiring.engine.dispose()
    if form == "json":
        click.echo(json.dumps(as_json(shown), ensure_ascii=False, indent=2))
    else:
        click.echo(as_html(found, shown, places, now, settings.base_url, lang))


def find(conn: Connection, asked: str) -> Learner:
    """The one learner meant. Raises RECORD-LEARNER where there is none, or more than one."""
    asked = asked.strip()
    known = accounts.c
    keys = conn.scalars(
        select(known.actor_key).where(or_(known.actor_key == asked, known.email == asked, known.name == asked))
    ).all()
    persons = {one.person: one for one in learners.by_key(conn, keys).values()}
    if _is_uuid(asked):
        persons |= learners.by_person(conn, [asked])
    if len(persons) != 1:
        what = "There is no such learner." if not persons else "Several learners are called so."
        raise BadInput("RECORD-LEARNER", what, "Name the person's id, an account or an e-mail address.")
    return next(iter(persons.values()))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def as_html(
    learner: Learner, shown: list[Record], places: dict[str, str], now: datetime, base_url: str, lang: str
) -> str:
    """The record as one page that needs nothing else: no server, no style sheet beside it."""
    app = Flask("lti_tool", root_path=str(_PACKAGE), static_folder=None)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(_PACKAGE / "translations")
    static = _PACKAGE / "static"
    assets.static_url(app, static)
    i18n.set_up(app, lambda: lang)
    style = "\n".join((static / "css" / f"{name}.css").read_text(encoding="utf-8") for name in _SHEETS)
    with app.test_request_context("/"):
        return render_template(
            "ecvet/file.html",
            name=name_of(learner),
            at=now,
            style=style,
            records=[
                {
                    "record": one,
                    "line": standing_line(one),
                    "hours": hours_rows(one.programme, one.judgement.hours),
                    "units": [
                        (
                            part,
                            [said(reason, one.programme, False) for reason in part.judged.why],
                            [
                                (outcome, judged, evidence(one, judged.evidence, places, base_url))
                                for outcome, judged in part.outcomes
                            ],
                        )
                        for part in one.units
                    ],
                }
                for one in shown
            ],
        )
