"""What the pages of the record show, in the reader's words: reasons, evidence, hours, acts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import url_for
from flask_babel import gettext as _
from flask_babel import pgettext
from sqlalchemy import Connection
from werkzeug.routing import BuildError

from lti_tool.ecvet.entries import SUBMITTED
from lti_tool.ecvet.hours import HoursLine, in_hours
from lti_tool.ecvet.learners import Learner
from lti_tool.ecvet.offline import TOOL_ACCOUNT
from lti_tool.ecvet.reasons import Reason
from lti_tool.ecvet.record import Record, Statement
from lti_tool.ecvet.rules import BY_LINK, PAGE
from lti_tool.ecvet.terms import Mode, Programme
from lti_tool.ecvet.words import reason_text
from lti_tool.i18n import current_language, hours, number
from lti_tool.launch import platforms
from lti_tool.people.views import person_name
from xapi.scalars import read_duration, read_time
from xapi.vocabulary import VERBS

WAITING = frozenset(
    {"hours_wait", "entry_left", "waits_for_assessment", "waits_for_validation", "waits_for_recognition"}
)
"""Reasons about which the learner can do nothing but wait."""


def name_of(learner: Learner) -> str:
    """What to call a learner: the name, else "Learner 7F3A"."""
    return person_name(learner.account, learner.person)


def said(reason: Reason, programme: Programme, own: bool = True) -> str:
    """A reason as a sentence in the reader's language. `own`: the reader is the learner."""
    return reason_text(reason, programme, current_language(), _, {"": _("institution not named")}, own)


def link(endpoint: str, **values: Any) -> str | None:
    """The address of a page, None where this installation has no such page."""
    try:
        return url_for(endpoint, **values)
    except BuildError:
        return None


@dataclass(frozen=True, slots=True)
class Step:
    """The one next thing: what, where (None: nowhere to click), and whether it is for somebody else to do."""

    text: str
    url: str | None
    sign: str


def step(reason: Reason | None, programme: Programme, own: bool = True) -> Step | None:
    """The next thing of a unit. `own`: the reader is the learner, who can open the module."""
    if reason is None:
        return None
    module = str(reason.params.get("module", ""))
    url = link("play.module", code=module) if module and own else None
    return Step(said(reason, programme, own), url, "waiting" if reason.code in WAITING else "next")


def platform_names(conn: Connection) -> dict[str, str]:
    """The names of the LMSs, by issuer."""
    return {one.issuer: one.name for one in platforms.get_all(conn)}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One statement as people read it."""

    id: str
    did: str
    what: str
    at: datetime
    where: str
    by: str
    scaled: float | None
    hours: float
    note: str


def evidence(record: Record, ids: Iterable[str], places: Mapping[str, str], base_url: str) -> list[Evidence]:
    """These statements, newest first. `places`: names of the LMSs by issuer."""
    by_id = {one["id"].lower(): one for one in record.statements}  # the judge names them so
    return newest((by_id[id] for id in ids if id in by_id), record.programme, places, base_url)


def newest(
    statements: Iterable[Statement], programme: Programme, places: Mapping[str, str], base_url: str
) -> list[Evidence]:
    """Statements as people read them, newest first; those of one moment by what they are about, whatever their ids."""
    found = [_evidence(one, programme, places, base_url) for one in statements]
    found.sort(key=lambda one: (one.what, one.did, one.where, one.id))
    return sorted(found, key=lambda one: one.at, reverse=True)


def _evidence(statement: Statement, programme: Programme, places: Mapping[str, str], base_url: str) -> Evidence:
    result = statement.get("result", {})
    duration = result.get("duration")
    months, seconds = read_duration(duration) if duration else (0, 0)
    moment = read_time(str(statement["timestamp"]))
    assert moment is not None  # noqa: S101  # the store took no statement without a valid time
    return Evidence(
        id=str(statement["id"]),
        did=rated(statement) or _of_project(statement) or verb_word(statement["verb"]),
        what=_what(statement, programme),
        at=moment,
        where=_where(statement, places, base_url),
        by=str(statement.get("context", {}).get("instructor", {}).get("name", "")),
        scaled=None if rated(statement) else result.get("score", {}).get("scaled"),
        hours=0 if months else in_hours(float(seconds)),
        note=str(result.get("response", "")) if statement["verb"]["id"] != VERBS["answered"] else "",
    )


def _what(statement: Statement, programme: Programme) -> str:
    thing = statement["object"]
    id = str(thing.get("id", ""))
    language = current_language()
    if module := programme.module_by_iri(id):
        return f"{module.id} {module.title.in_(language)}"
    for unit in programme.units:
        if id == f"{unit.iri}/project":
            return str(_("Project: %(unit)s", unit=unit.title.in_(language)))
        if id.startswith(f"{unit.iri}/") and (mode := programme.mode(id[len(unit.iri) + 1 :].split("/")[0])):
            return mode.title.in_(language)
        outcome = next((one for one in unit.outcomes if one.iri == id), None)
        if outcome:
            return outcome.text.in_(language)
    names: Mapping[str, str] = thing.get("definition", {}).get("name", {})
    return names.get(language) or names.get("en") or next(iter(names.values()), "") or id


def _where(statement: Statement, places: Mapping[str, str], base_url: str) -> str:
    home = str(statement.get("actor", {}).get("account", {}).get("homePage", ""))
    place = _("this tool") if home == base_url else places.get(home) or urlsplit(home).hostname or ""
    account = statement.get("authority", {}).get("account", {})
    if account.get("homePage") == base_url and account.get("name") in (TOOL_ACCOUNT, PAGE):
        return place
    if account.get("homePage") == base_url and account.get("name") == BY_LINK:
        return str(_("by link, without an account"))
    return str(_("%(place)s, sent by another system", place=place) if place else _("another system"))


def rated(statement: Statement) -> str:
    """What somebody without an account said of a task that they saw; "" where the statement is none of these."""
    if "/observation/" not in str(statement["object"].get("id", "")):
        return ""
    scaled = statement.get("result", {}).get("score", {}).get("scaled")
    words = {1: _("Does it alone"), 0.5: _("Does it with some help"), 0: _("Does not do it yet")}
    return str(words.get(scaled, ""))


def _of_project(statement: Statement) -> str:
    """What somebody did with project work; "" where the statement is about something else."""
    if "/project/" not in str(statement["object"].get("id", "")):
        return ""
    words = {
        SUBMITTED: pgettext("verb", "handed in"),
        VERBS["scored"]: pgettext("verb", "rated"),
        VERBS["commented"]: pgettext("verb", "returned"),
    }
    return str(words.get(str(statement["verb"]["id"]), ""))


def verb_word(verb: Mapping[str, Any]) -> str:
    """What somebody did, in a word."""
    words = {
        VERBS["completed"]: pgettext("verb", "completed"),
        VERBS["passed"]: pgettext("verb", "passed"),
        VERBS["failed"]: pgettext("verb", "not passed"),
        VERBS["attended"]: pgettext("verb", "attended"),
        VERBS["initialized"]: pgettext("verb", "opened"),
        VERBS["terminated"]: pgettext("verb", "left"),
        VERBS["experienced"]: pgettext("verb", "read"),
        VERBS["progressed"]: pgettext("verb", "progressed"),
        VERBS["interacted"]: pgettext("verb", "used"),
        VERBS["answered"]: pgettext("verb", "answered"),
        VERBS["scored"]: pgettext("verb", "assessed"),
        VERBS["satisfied"]: pgettext("verb", "validated"),
        VERBS["mastered"]: pgettext("verb", "recognised"),
        VERBS["waived"]: pgettext("verb", "accepted as learnt before"),
        "http://id.tincanapi.com/verb/performed-offline": pgettext("verb", "entered by the learner"),
    }
    display: Mapping[str, str] = verb.get("display", {})
    id = str(verb["id"])
    return words.get(id) or display.get(current_language()) or display.get("en") or id.rstrip("/").split("/")[-1]


@dataclass(frozen=True, slots=True)
class HoursRow:
    """Hours of a mode, for the bars."""

    mode: str
    label: str
    recorded: float
    planned: float
    note: str


def hours_rows(programme: Programme, lines: Mapping[str, HoursLine]) -> list[HoursRow]:
    """Recorded of planned by mode, with the source of what is recorded. Modes without planned hours are left out."""
    return [
        HoursRow(mode.id, mode.title.in_(current_language()), line.recorded, line.planned, _hours_note(mode, line))
        for mode in programme.modes
        if (line := lines[mode.id]).planned or line.recorded or line.waiting
    ]


def _hours_note(mode: Mode, line: HoursLine) -> str:

    sources = {
        "face_to_face": _("entered by the trainer"),
        "online_and_self_study": _("time in the modules"),
        "project_based": _("confirmed by mentor or trainer"),
        "assessment": _("entered by the assessor"),
        "work_based": _("confirmed by the mentor"),
    }
    parts = [sources.get(mode.id, "")]
    if line.declared:
        parts.append(_("%(hours)s of it declared by the learner", hours=hours(line.declared)))
    if line.excused:
        parts.append(_("%(hours)s of it learnt before", hours=hours(line.excused)))
    if line.waiting:
        parts.append(_("%(hours)s more wait to be confirmed", hours=hours(line.waiting)))
    return " · ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody decided, for the history of a unit."""

    id: str
    title: str
    outcomes: tuple[str, ...]
    at: datetime
    by: str
    institution: str
    reason: str
    stands: bool
    kind: str


def acts(record: Record, unit: str, stands: Iterable[str]) -> list[Act]:
    """The history of a unit, newest first; `stands`: the ids of the acts that count."""
    counting = set(stands)
    return [
        Act(
            id=row.id,
            title=act_word(row.kind, row.result or ""),
            outcomes=tuple(row.outcomes or ()),
            at=row.at,
            by=row.by_name,
            institution=institution_name(record.programme, row.institution),
            reason=row.reason,
            stands=row.id in counting,
            kind=row.kind,
        )
        for row in record.acts_on(unit)
    ]


def institution_name(programme: Programme, id: str | None) -> str:
    """The name of an institution in the reader's language, its id where the programme doesn't know it."""
    found = next((one for one in programme.institutions if one.id == id), None)
    return found.title.in_(current_language()) if found else id or ""


def act_word(kind: str, result: str) -> str:
    """What was done, in words."""
    words = {
        ("assess", "achieved"): _("Assessed: achieved"),
        ("assess", "not_yet"): _("Assessed: not yet achieved"),
        ("validate", "granted"): _("Validated"),
        ("validate", "refused"): _("Not validated"),
        ("recognise", "granted"): _("Recognised"),
        ("recognise", "refused"): _("Not recognised"),
        ("withdraw", ""): _("Withdrawn"),
    }
    return str(words[(kind, result)])


def standing_line(record: Record) -> str:
    """ "3 of 8 units validated, 5 of 16 points"."""

    return str(
        _(
            "%(done)s of %(all)s units validated, %(points)s of %(planned)s points",
            done=record.awarded,
            all=len(record.programme.units),
            points=number(record.judgement.points),
            planned=number(record.programme.points),
        )
    )


def record_page(record: Record, own: bool, unit_url: Callable[[str], str] | None = None) -> dict[str, object]:
    """What the page of a record shows. `unit_url`: where a unit opens; by default the learner's own page."""

    def own_url(unit: str) -> str:
        return url_for("ecvet.unit", unit=unit, programme=record.programme.id)

    address = unit_url or own_url
    return {
        "record": record,
        "programme": record.programme,
        "name": name_of(record.learner),
        "line": standing_line(record),
        "own": own,
        "units": [(one, address(one.unit.id), step(one.judged.next, record.programme, own)) for one in record.units],
        "hours": hours_rows(record.programme, record.judgement.hours),
        "papers_url": link("papers.mine") if own else None,
    }
