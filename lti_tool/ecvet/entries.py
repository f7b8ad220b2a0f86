"""What people enter about a learner: hours of seminars, project, assessment and work, and things seen to be done.

An entry is a statement about the learner, with the one who entered it as `instructor`. What a learner enters about
themselves is written in the name of the page and waits until somebody confirms it by a statement on the same activity.
The roles are checked here; the judge hears only by whose authority a statement came.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from lti_tool.ecvet.hours import Record as HoursRecord
from lti_tool.ecvet.hours import in_hours
from lti_tool.ecvet.hours import record as hours_record
from lti_tool.ecvet.live import Heard, listen
from lti_tool.ecvet.offline import TOOL_ACCOUNT, trusted
from lti_tool.ecvet.record import Record, Statement, authority
from lti_tool.ecvet.rules import PAGE
from lti_tool.errors import N_, BadInput, Conflict, Forbidden, NotFound
from lti_tool.people.roles import Action, Grant, may
from xapi.access import Principal
from xapi.store import Added, Stored, add
from xapi.vocabulary import ACTIVITY_TYPES, VERBS

MAY_ENTER: Final[Mapping[str, tuple[Action, ...]]] = {
    "face_to_face": ("enter_attendance",),
    "project_based": ("confirm_hours", "enter_attendance"),
    "assessment": ("assess", "enter_attendance"),
    "work_based": ("confirm_hours",),
}
"""By mode of hours: any of these actions allows to enter and to confirm them."""
MAY_SEE_DONE: Final[tuple[Action, ...]] = ("confirm_hours", "enter_attendance")
"""Who may enter that a module, a project or an outcome was seen to be done."""
LEARNERS_OWN: Final = ("project_based", "work_based")
"""Modes that a learner keeps a log of."""
MOST_HOURS: Final = 24.0
PERFORMED: Final = "http://id.tincanapi.com/verb/performed-offline"
"""The verb of what learners enter about themselves."""
SUBMITTED: Final = "http://activitystrea.ms/schema/1.0/submit"
"""The verb of handing in project work."""
_TYPES: Final = {"face_to_face": "meeting", "project_based": "performance", "work_based": "performance"}
_BY_OTHER_MEANS: Final = (VERBS["scored"], VERBS["waived"])
"""Verbs of ratings and of accepted prior learning: acts, each withdrawn with a reason by a new one."""
_WORK: Final = "work-"
_NOON: Final = time(12)
_EUROPE: Final = ZoneInfo("Europe/Riga")


@dataclass(frozen=True, slots=True)
class Author:
    """Who enters or decides: their accounts, the one they are here by, name and roles."""

    keys: tuple[str, ...]
    actor: Mapping[str, Any]
    name: str
    grants: tuple[Grant, ...]

    @property
    def agent(self) -> dict[str, Any]:
        return {**self.actor, "objectType": "Agent", **({"name": self.name} if self.name else {})}

    def may_any(self, actions: Collection[Action], record: Record) -> bool:
        """Whether a role allows one of these for this learner. Nobody enters or decides about themselves."""
        return not set(self.keys) & set(record.learner.keys) and any(
            may(self.grants, action, institution=record.institution, programme=record.programme.id)
            for action in actions
        )

    def must_any(self, actions: Collection[Action], record: Record) -> None:
        """Raises ECVET-SELF or PEOPLE-ROLE (403) where it does not."""
        if set(self.keys) & set(record.learner.keys):
            raise Forbidden(
                "ECVET-SELF",
                N_("Nobody decides about themselves."),
                N_("Ask somebody else of your institution."),
                whom="administrator",
            )
        if not self.may_any(actions, record):
            raise Forbidden(
                "PEOPLE-ROLE",
                N_("Your role does not include this."),
                N_("Ask the coordinator of the programme who may do it."),
                whom="administrator",
            )


@dataclass(frozen=True, slots=True)
class Entry:
    """Hours that somebody entered in a unit: `waiting` as long as only the learner has said so."""

    statement: Statement
    unit: str
    mode: str
    activity: str
    hours: float
    at: datetime
    waiting: bool
    returned: str = ""
    """What somebody wrote who sent it back to the learner instead of confirming it."""

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The activity ids of what the learner says was trained."""
        activities = self.statement.get("context", {}).get("contextActivities", {})
        return tuple(str(one["id"]) for one in activities.get("other", ()))

    @property
    def id(self) -> str:
        return str(self.statement["id"])

    @property
    def tasks(self) -> str:
        return str(self.statement.get("result", {}).get("response", ""))

    @property
    def by(self) -> str:
        return str(self.statement.get("context", {}).get("instructor", {}).get("name", ""))


def entries(record: Record, base_url: str, units: Collection[str] | None = None) -> tuple[Entry, ...]:
    """All entries of hours in these units (None: in all), newest first; one that counts in two units stands twice."""
    heard = listen(record.statements, trusted(record.programme, base_url), record.at)
    by_id = {one["id"].lower(): one for one in record.statements}
    found: list[Entry] = []
    own = authority(base_url, TOOL_ACCOUNT)["account"]
    returned = {
        str(one["object"].get("id")): str(one.get("result", {}).get("response", ""))
        for one in record.statements
        if one["verb"]["id"] == VERBS["commented"] and one.get("authority", {}).get("account") == own
    }
    for unit in record.programme.units:
        if units is None or unit.id in units:
            for mode in record.programme.modes:
                if not mode.sessions:
                    found += _entries(hours_record(mode, unit, heard), unit.id, mode.id, by_id, returned)
    return tuple(sorted(found, key=lambda one: (one.at, one.id), reverse=True))


def _entries(
    entered: HoursRecord, unit: str, mode: str, by_id: Mapping[str, Statement], returned: Mapping[str, str]
) -> list[Entry]:
    def entry(one: Heard, waiting: bool) -> Entry:
        comment = returned.get(one.activity, "") if waiting else ""
        return Entry(by_id[one.id], unit, mode, one.activity, in_hours(one.seconds), one.at, waiting, comment)

    return [entry(one, False) for one in entered.confirmed] + [entry(one, True) for one in entered.waiting]


@dataclass(frozen=True, slots=True)
class Spent:
    """Hours of one day, as somebody wrote them into a form."""

    mode: str
    day: date
    hours: float
    tasks: str
    outcomes: tuple[str, ...] = ()
    """Activity ids of the outcomes that were trained, as the learner says."""


def read_spent(mode: str, day: str, hours: str, tasks: str, today: date, most: float = MOST_HOURS) -> Spent:
    """What a form says, checked; `most`: so many hours at most. Raises BadInput (ECVET-DAY, ECVET-HOURS,
    ECVET-TASKS)."""
    try:
        on = date.fromisoformat(day.strip())
    except ValueError:
        on = None
    if on is None or on > today or on.year < 2000:
        raise BadInput(
            "ECVET-DAY", N_("This is no day up to today."), N_("Go back and choose the day in the calendar.")
        )
    number = read_hours(hours, most)
    words = " ".join(tasks.split())
    if not words or len(words) > 2000:
        raise BadInput("ECVET-TASKS", N_("Say in a few words what was done."), N_("Go back and fill in the tasks."))
    return Spent(mode, on, number, words)


def read_hours(hours: str, most: float) -> float:
    """Hours from a form, to the hundredth. Raises BadInput (ECVET-HOURS)."""
    try:
        number = float(hours.strip().replace(",", "."))
    except ValueError:
        number = -1.0
    if not 0 < number <= most:  # also where it is no number at all: "nan" is not above 0
        raise BadInput(
            "ECVET-HOURS",
            N_("Hours are a number up to %(most)s."),
            N_("Go back and write, for example, 2.5."),
            params={"most": f"{most:g}"},
        )
    return round(number, 2)


def enter_hours(
    conn: Connection, record: Record, unit: str, spent: Spent, by: Author, now: datetime, base_url: str
) -> Added:
    """A trainer, mentor or assessor has entered hours of the learner. Raises Forbidden."""
    by.must_any(_allowed(spent.mode), record)
    activity = _activity(record, unit, spent.mode, str(uuid4()))
    verb = VERBS["attended"] if spent.mode == "face_to_face" else VERBS["completed"]
    return _add(conn, record, _hours(record, unit, activity, verb, spent, now, base_url), by, now, base_url)


def enter_attendance(
    conn: Connection,
    record: Record,
    unit: str,
    seminar: str,
    spent: Spent,
    trainer: Mapping[str, Any],
    now: datetime,
    base_url: str,
) -> Added:
    """The learner was at this seminar, as `trainer` (an agent) vouches for. Who may say so, the caller has checked."""
    activity = _activity(record, unit, spent.mode, seminar)
    statement = _hours(record, unit, activity, VERBS["attended"], spent, now, base_url)
    statement["context"]["instructor"] = dict(trainer)
    return write(conn, statement, authority(base_url, TOOL_ACCOUNT), now)


def log_hours(
    conn: Connection, record: Record, unit: str, spent: Spent, now: datetime, base_url: str, name: str = ""
) -> Added:
    """The learner has entered hours of their own: they wait for somebody who confirms them. `name`: of the entry, where
    something else is to find it again."""
    if spent.mode not in LEARNERS_OWN:
        raise BadInput("ECVET-MODE", N_("These hours are entered by your trainer."), "")
    activity = _activity(record, unit, spent.mode, name or str(uuid4()))
    statement = _hours(record, unit, activity, PERFORMED, spent, now, base_url)
    # The learner's own word is the page's word, and not that of the tool (DESIGN, "Whose word counts").
    return write(conn, statement, authority(base_url, PAGE), now)


def most_hours(record: Record, entry: str, base_url: str) -> float:
    """How many hours an entry may be corrected to: those of a day; what is of many days, to what the learner wrote."""
    found = next((one for one in entries(record, base_url) if one.id == entry), None)
    return max(MOST_HOURS, found.hours) if found and of_work(found.activity) else MOST_HOURS


def hours_of_work(work: str, version: int) -> str:
    """The name of the entry of the hours that a version of project work took."""
    return f"{_WORK}{work}-{version}"


def of_work(activity: str, work: str = "") -> bool:
    """Whether these hours were entered with project work, or with that of this id. They are of many days."""
    return activity.rpartition("/")[2].startswith(f"{_WORK}{work}-" if work else _WORK)


def confirm_hours(
    conn: Connection,
    record: Record,
    entry: str,
    by: Author,
    now: datetime,
    base_url: str,
    corrected: Spent | None = None,
) -> Added:
    """Hours that the learner entered are confirmed, as they are or `corrected`, by a statement on the same activity.

    Raises NotFound where there is no such entry, Conflict where it is confirmed already, Forbidden.
    """
    found = _waiting(record, entry, base_url)
    by.must_any(_allowed(found.mode), record)
    return _confirm(conn, record, found, by, now, base_url, corrected)


def confirm_with(
    conn: Connection, record: Record, found: Collection[Entry], by: Author, now: datetime, base_url: str
) -> tuple[Stored, ...]:
    """These entries that wait are confirmed as they are, with something that `by` decides on what was done in them. Who
    may do so, the caller has checked."""
    return tuple(one for entry in found for one in _confirm(conn, record, entry, by, now, base_url, None).stored)


def _confirm(
    conn: Connection, record: Record, found: Entry, by: Author, now: datetime, base_url: str, corrected: Spent | None
) -> Added:
    spent = Spent(found.mode, found.at.date(), found.hours, found.tasks)
    if corrected is not None:
        spent = replace(corrected, mode=found.mode)
    spent = replace(spent, outcomes=found.outcomes)
    statement = _hours(record, found.unit, found.activity, VERBS["completed"], spent, now, base_url)
    if corrected is None:
        statement["timestamp"] = found.statement["timestamp"]
    return _add(conn, record, statement, by, now, base_url)


def return_hours(
    conn: Connection, record: Record, entry: str, comment: str, by: Author, now: datetime, base_url: str
) -> Added:
    """Hours that the learner entered go back with a comment; they wait for nobody but the learner.

    Raises what `confirm_hours` does, and BadInput without a comment.
    """
    found = _waiting(record, entry, base_url)
    by.must_any(_allowed(found.mode), record)
    said = " ".join(comment.split())
    if not said or len(said) > 2000:
        raise BadInput("ECVET-COMMENT", N_("Say what is to be changed."), N_("Write a sentence for the learner."))
    kind = _TYPES.get(found.mode, "assessment")
    statement = _statement(record, found.unit, VERBS["commented"], found.activity, {}, kind, now, base_url)
    statement["result"] = {"response": said}
    return _add(conn, record, statement, by, now, base_url)


def _waiting(record: Record, entry: str, base_url: str) -> Entry:
    found = next((one for one in entries(record, base_url) if one.id == entry and one.waiting), None)
    if found is None:
        if record.statement(entry):
            raise Conflict("ECVET-CONFIRMED", N_("These hours are confirmed already."), N_("There is nothing to do."))
        raise NotFound("ECVET-ENTRY", N_("There is no such entry."), N_("It may have been taken back by the learner."))
    return found


def enter_done(
    conn: Connection, record: Record, unit: str, what: str, note: str, by: Author, now: datetime, base_url: str
) -> Added:
    """A trainer or mentor has seen `what` of a unit ("module/M01", "outcome/BIB-U1-K1", "project") to be done."""
    by.must_any(MAY_SEE_DONE, record)
    activity, name, kind = _done(record, unit, what)
    statement = _statement(record, unit, VERBS["completed"], activity, name, kind, now, base_url)
    statement["result"] = {"completion": True, **({"response": note} if note else {})}
    return _add(conn, record, statement, by, now, base_url)


def take_back(conn: Connection, record: Record, entry: str, by: Author, now: datetime, base_url: str) -> Added:
    """The entry is void, by whoever made it. Raises NotFound, or Forbidden for anybody else's entry."""
    statement = record.statement(entry)
    if statement is None:
        raise NotFound("ECVET-ENTRY", N_("There is no such entry."), N_("It may have been taken back already."))
    own = statement.get("context", {}).get("instructor", {}).get("account")
    # What tells of a decision names them too, and is not an entry: decisions are withdrawn.
    entered = statement.get("authority", {}).get("account") == authority(base_url, TOOL_ACCOUNT)["account"]
    if statement["verb"]["id"] in _BY_OTHER_MEANS:
        raise Forbidden(
            "ECVET-NOT-AN-ENTRY", N_("This is a decision, and no entry."), N_("Withdraw it where it was made.")
        )
    if not entered or own is None or own != by.actor.get("account"):
        raise Forbidden("ECVET-NOT-YOURS", N_("Somebody else has entered this."), N_("Ask them to take it back."))
    return write(conn, voiding(by.agent, entry, now), authority(base_url), now)


def take_back_own(conn: Connection, record: Record, entry: str, now: datetime, base_url: str) -> Added:
    """Hours that the learner entered, and nobody has confirmed yet, are void. Raises NotFound, Conflict."""
    found = next((one for one in entries(record, base_url) if one.id == entry and one.mode in LEARNERS_OWN), None)
    account = record.learner.account
    if found is None or found.by or account is None:
        raise NotFound("ECVET-ENTRY", N_("There is no such entry."), N_("It may have been taken back already."))
    if not found.waiting:
        raise Conflict("ECVET-CONFIRMED", N_("These hours are confirmed already."), N_("There is nothing to do."))
    return write(conn, voiding(account.actor, entry, now), authority(base_url, PAGE), now)


def voiding(actor: Mapping[str, Any], entry: str, now: datetime) -> dict[str, Any]:
    """The statement by which `actor` takes an entry back."""
    return {
        "actor": actor,
        "verb": {"id": VERBS["voided"]},
        "object": {"objectType": "StatementRef", "id": entry},
        "timestamp": now.isoformat(),
    }


def _allowed(mode: str) -> tuple[Action, ...]:
    if mode not in MAY_ENTER:
        raise BadInput("ECVET-MODE", N_("Hours of this kind are not entered by hand."), N_("Choose another kind."))
    return MAY_ENTER[mode]


def _activity(record: Record, unit: str, mode: str, name: str) -> str:
    found = record.programme.unit(unit)
    if found is None:
        raise NotFound("ECVET-UNIT", N_("There is no such unit in this programme."))
    if mode not in MAY_ENTER:
        raise BadInput("ECVET-MODE", N_("Hours of this kind are not entered by hand."), N_("Choose another kind."))
    return f"{found.iri}/{mode}/{name}"


def _done(record: Record, unit: str, what: str) -> tuple[str, Mapping[str, str], str]:
    """Activity id, names and type of what was done. Raises NotFound where the unit has no such thing."""
    found = record.programme.unit(unit)
    kind, _, id = what.partition("/")
    if found and kind == "module" and id in found.modules and (module := record.programme.module(id)):
        return module.iri, dict(module.title), "module"
    if found and kind == "outcome" and (outcome := found.outcome(id)):
        return outcome.iri, dict(outcome.text), "objective"
    if found and what == "project":
        return f"{found.iri}/project", dict(found.title), "performance"
    raise NotFound("ECVET-DONE", N_("There is nothing of this name in the unit."), N_("Choose it from the list."))


def _hours(
    record: Record, unit: str, activity: str, verb: str, spent: Spent, now: datetime, base_url: str
) -> dict[str, Any]:
    kind = _TYPES.get(spent.mode, "assessment")
    mode = record.programme.mode(spent.mode)
    names = dict(mode.title) if mode else {}
    statement = _statement(record, unit, verb, activity, names, kind, now, base_url)
    statement["timestamp"] = on_day(spent.day, now).isoformat()
    statement["result"] = told(spent)
    if spent.outcomes:
        statement["context"]["contextActivities"]["other"] = [{"id": one} for one in spent.outcomes]
    return statement


def on_day(day: date, now: datetime) -> datetime:
    """The time of something done on this day, not after `now`. A day has no time: noon of it in Europe is that day
    everywhere from the Azores to the Urals."""
    return min(datetime.combine(day, _NOON, _EUROPE), now)


def day_of(moment: datetime) -> date:
    """The day that `on_day` made this time of."""
    return moment.astimezone(_EUROPE).date()


def told(spent: Spent) -> dict[str, Any]:
    """How long it took and what was done, as the result of a statement."""
    seconds = round(timedelta(hours=spent.hours).total_seconds())
    return {"duration": f"PT{seconds}S", "response": spent.tasks}


def _statement(
    record: Record,
    unit: str,
    verb: str,
    activity: str,
    names: Mapping[str, str],
    kind: str,
    now: datetime,
    base_url: str,
) -> dict[str, Any]:
    found = record.programme.unit(unit)
    account = record.learner.account
    if found is None or account is None:
        raise NotFound("ECVET-UNIT", N_("There is no such unit in this programme."))
    definition: dict[str, Any] = {"type": ACTIVITY_TYPES[kind]}
    if names:
        definition["name"] = dict(names)
    return {
        "actor": account.actor,
        "verb": {"id": verb},
        "object": {"objectType": "Activity", "id": activity, "definition": definition},
        "context": {
            "contextActivities": {"parent": [{"id": found.iri}], "grouping": [{"id": record.programme.activity}]}
        },
        "timestamp": now.isoformat(),
    }


def _add(
    conn: Connection, record: Record, statement: dict[str, Any], by: Author, now: datetime, base_url: str
) -> Added:
    statement["context"]["instructor"] = by.agent
    return write(conn, statement, authority(base_url, TOOL_ACCOUNT), now)


def write(conn: Connection, statement: Mapping[str, Any], author: Mapping[str, Any], now: datetime) -> Added:
    """The statement is stored in the name of `author`, an agent that this tool trusts."""
    principal = Principal(authority=author, scopes=frozenset({"all"}), name="ecvet")
    return add(conn, principal, [statement], now)
