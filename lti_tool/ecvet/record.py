"""A learner's record over all courses and LMSs: read and judged at the moment it is asked for, never kept.

What counts is the judge's business; here the statements and acts of one person are brought together, and what was
judged is laid out for pages, for JSON and (later) for papers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.ecvet import store
from lti_tool.ecvet.acts import Decision, in_force
from lti_tool.ecvet.hours import module_of
from lti_tool.ecvet.judge import STATES, Judgement, OutcomeJudgement, UnitJudgement, judge
from lti_tool.ecvet.learners import Learner, enrolments_in
from lti_tool.ecvet.offline import TOOL_ACCOUNT, plain, trusted
from lti_tool.ecvet.terms import Outcome, Programme, Unit
from lti_tool.ecvet.versions import Kept, differs, personal
from lti_tool.people import store as people
from lti_tool.people.store import Enrolment
from xapi.scalars import write_time
from xapi.store import live, live_many

Statement = Mapping[str, Any]
AWARDED = ("validated", "recognised")


def authority(base_url: str, name: str = TOOL_ACCOUNT) -> dict[str, Any]:
    """The agent in whose name this tool (or, as `PAGE`, a learner through a page of it) writes statements."""
    return {"objectType": "Agent", "account": {"homePage": base_url, "name": name}}


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """A unit with what was judged of it. `kept`: the version under which it was awarded, where that is not the
    learner's version and the unit was another then."""

    unit: Unit
    judged: UnitJudgement
    kept: str = ""

    @property
    def awarded(self) -> bool:
        return self.judged.state in AWARDED

    @property
    def outcomes(self) -> tuple[tuple[Outcome, OutcomeJudgement], ...]:
        return tuple(zip(self.unit.outcomes, self.judged.outcomes, strict=True))


@dataclass(frozen=True, slots=True)
class Record:
    """One learner in one programme at the moment `at`. `enrolment` is None for somebody who is in no programme.
    `programme` is that of the learner's version, with units that were awarded under another as they were then; `kept`
    names their versions."""

    learner: Learner
    enrolment: Enrolment | None
    programme: Programme
    judgement: Judgement
    statements: tuple[Statement, ...]
    decisions: tuple[sa.Row[Any], ...]
    at: datetime
    kept: Mapping[str, str] = field(default_factory=dict)

    @property
    def institution(self) -> str | None:
        return self.enrolment.institution if self.enrolment else None

    @property
    def units(self) -> tuple[UnitRecord, ...]:
        return tuple(
            UnitRecord(unit, judged, self.kept.get(unit.id, ""))
            for unit, judged in zip(self.programme.units, self.judgement.units, strict=True)
        )

    @property
    def awarded(self) -> int:
        """How many units are validated (or more)."""
        return sum(one.awarded for one in self.units)

    def unit(self, id: str) -> UnitRecord | None:
        return next((one for one in self.units if one.unit.id == id), None)

    def version_of(self, unit: str) -> str:
        """The version whose unit this is: what is decided about it now is decided under that version."""
        return self.kept.get(unit) or self.programme.version

    def statement(self, id: str) -> Statement | None:
        return next((one for one in self.statements if one["id"] == id), None)

    def acts_on(self, unit: str) -> tuple[sa.Row[Any], ...]:
        """What people decided about a unit, newest first."""
        return tuple(reversed([row for row in self.decisions if row.unit == unit]))


def act(row: sa.Row[Any]) -> Decision:
    """A row of the table of decisions as the judge takes it."""
    return Decision(
        id=row.id,
        kind=row.kind,
        unit=row.unit,
        outcomes=tuple(row.outcomes or ()),
        result=row.result or "",
        by=row.by_name,
        institution=row.institution or "",
        at=row.at,
        reason=row.reason,
        supersedes=row.supersedes,
        who=row.by_key,
    )


def act_then(row: sa.Row[Any], versions: Mapping[str, Programme]) -> Decision:
    """As `act`, by the version of the act: whether it asked for two persons then; and where the act was on the unit as
    a whole, on the outcomes that it had in that version."""
    then = versions.get(row.version)
    decision = replace(act(row), two_persons=then.two_persons if then else frozenset())
    unit = then.unit(row.unit) if then and not decision.outcomes else None
    return replace(decision, outcomes=tuple(one.id for one in unit.outcomes)) if unit else decision


def records(conn: Connection, learner: Learner, now: datetime, base_url: str) -> tuple[Record, ...]:
    """The learner's record in every programme they are in, the oldest enrolment first."""
    enrolments = people.enrolments_of(conn, learner.keys)
    if not enrolments:
        return ()
    statements = live(conn, learner.keys)
    rows = store.decisions_of(conn, learner.keys)
    versions = _versions(conn, rows)
    return tuple(
        _record(learner, one, programme, statements, rows, now, base_url, versions)
        for one in enrolments
        if (programme := _programme(conn, one))
    )


def many(
    conn: Connection, learners: Sequence[Learner], now: datetime, base_url: str, programme: str | None = None
) -> dict[str, tuple[Record, ...]]:
    """What `records` gives, by person, for many learners with one query for all statements (per 500 accounts).

    Only in `programme` where one is named.
    """
    keys = [key for learner in learners for key in learner.keys]
    owner = {key: learner.person for learner in learners for key in learner.keys}
    statements: dict[str, list[Statement]] = {learner.person: [] for learner in learners}
    for key, some in live_many(conn, keys).items():
        statements[owner[key]] += some
    for learner in learners:
        if len(learner.keys) > 1:  # each account's come in order, but not all together
            statements[learner.person].sort(key=_stored)
    rows: dict[str, list[sa.Row[Any]]] = {learner.person: [] for learner in learners}
    for row in store.decisions_of(conn, keys, programme):
        rows[owner[row.actor_key]].append(row)
    enrolments: dict[str, dict[str, Enrolment]] = {learner.person: {} for learner in learners}
    for one in enrolments_in(conn, keys):  # oldest first
        if programme is None or one.programme == programme:
            enrolments[owner[one.actor_key]].setdefault(one.programme, one)
    # One look for each version, not for each learner.
    versions = {(one.programme, one.version): one for some in enrolments.values() for one in some.values()}
    programmes = {key: _programme(conn, one) for key, one in versions.items()}
    acted = _versions(conn, (row for some in rows.values() for row in some))
    return {
        learner.person: tuple(
            _record(learner, one, found, statements[learner.person], rows[learner.person], now, base_url, acted)
            for one in enrolments[learner.person].values()
            if (found := programmes[one.programme, one.version])
        )
        for learner in learners
    }


def outside(
    conn: Connection, learners: Sequence[Learner], programme: Programme, now: datetime, base_url: str
) -> dict[str, Record]:
    """What learners who are in no programme have shown of this one, by person. No acts: they need an enrolment."""
    found = live_many(conn, [key for learner in learners for key in learner.keys])
    return {
        learner.person: _record(
            learner,
            None,
            programme,
            sorted((one for key in learner.keys for one in found[key]), key=_stored),
            [],
            now,
            base_url,
            {},
        )
        for learner in learners
    }


def as_if(conn: Connection, record: Record, programme: Programme, base_url: str) -> Record:
    """The same record as if the learner were on this version of the programme."""
    enrolment = replace(record.enrolment, version=programme.version) if record.enrolment else None
    versions = _versions(conn, record.decisions)
    return _record(
        record.learner, enrolment, programme, record.statements, record.decisions, record.at, base_url, versions
    )


def _stored(statement: Statement) -> str:
    return str(statement["stored"])


def _programme(conn: Connection, enrolment: Enrolment) -> Programme | None:
    # A learner stays on the version of the enrolment; where that was never imported here, the current one must do.
    return store.get(conn, enrolment.programme, enrolment.version) or store.get(conn, enrolment.programme)


def _versions(conn: Connection, rows: Iterable[sa.Row[Any]]) -> dict[tuple[str, str], Programme]:
    """The programmes under which these acts were done, by id and version, as far as they were imported here."""
    wanted = {(row.programme, row.version) for row in rows}
    return {key: found for key in sorted(wanted) if (found := store.get(conn, *key))}


def _record(
    learner: Learner,
    enrolment: Enrolment | None,
    programme: Programme,
    statements: Sequence[Statement],
    rows: Iterable[sa.Row[Any]],
    now: datetime,
    base_url: str,
    versions: Mapping[tuple[str, str], Programme],
) -> Record:
    mine = tuple(row for row in rows if row.programme == programme.id)
    then = {version: found for (id, version), found in versions.items() if id == programme.id}
    if {row.version for row in mine} <= {programme.version}:  # as almost always: nothing of another version to keep
        kept: dict[str, Kept] = {}
        acts = [act(row) for row in mine]
    else:
        acts = [act_then(row, then) for row in mine]
        kept = _kept(programme, statements, mine, acts, then, now, base_url)
    own = personal(programme, kept)
    judged = judge(own, statements, acts, now, trusted(own, base_url))
    names = {id: one.programme.version for id, one in kept.items()}
    return Record(learner, enrolment, own, judged, tuple(statements), mine, now, names)


def _kept(
    programme: Programme,
    statements: Sequence[Statement],
    rows: Sequence[sa.Row[Any]],
    acts: Sequence[Decision],
    then: Mapping[str, Programme],
    now: datetime,
    base_url: str,
) -> dict[str, Kept]:
    """Units whose validation, as it stands now, was given under another version, in which they were other units."""
    version = {row.id: row.version for row in rows}
    found: dict[str, Kept] = {}
    for unit_id in sorted({row.unit for row in rows if row.kind == "validate"}):
        last = next((one for one in reversed(in_force(acts, unit_id, now)) if one.kind == "validate"), None)
        earlier = then.get(version[last.id]) if last and last.result == "granted" else None
        unit = earlier.unit(unit_id) if earlier else None
        if earlier is None or unit is None or earlier.version == programme.version:
            continue
        today = programme.unit(unit_id)
        if today is not None and not differs(unit, today):
            continue
        judged = judge(replace(earlier, units=(unit,)), statements, acts, now, trusted(earlier, base_url))
        if judged.units[0].state in AWARDED:
            found[unit_id] = Kept(unit, earlier)
    return found


def shown(record: Record, base_url: str) -> Judgement:
    """The judgement on the statements alone, as if nobody had decided anything."""
    return judge(record.programme, record.statements, (), record.at, trusted(record.programme, base_url))


@dataclass(frozen=True, slots=True)
class ModuleSummary:
    """What a module did for a learner in one programme. For each of its units: what is judged, and the outcomes that
    this module's statements newly brought to *demonstrated*."""

    module: str
    units: tuple[tuple[UnitRecord, tuple[Outcome, ...]], ...]


def summary(
    conn: Connection, person_keys: Collection[str], module_code: str, programme: str, *, now: datetime, base_url: str
) -> ModuleSummary:
    """What this module counts for: for the page that ends it. No units where the learner is not in the programme."""
    enrolment = next((one for one in people.enrolments_of(conn, person_keys) if one.programme == programme), None)
    found = _programme(conn, enrolment) if enrolment else None
    if enrolment is None or found is None:
        return ModuleSummary(module_code, ())
    learner = Learner("", tuple(person_keys), ())
    rows = store.decisions_of(conn, person_keys, programme)
    versions = _versions(conn, rows)
    record = _record(learner, enrolment, found, live(conn, person_keys), rows, now, base_url, versions)
    found = record.programme
    others = [one for one in record.statements if module_of(found, str(one["object"].get("id", ""))) != module_code]
    before = judge(found, others, (), now, trusted(found, base_url))
    after = shown(record, base_url)
    units = []
    for unit in found.units_of(module_code):
        was, now_is, one = before.unit(unit.id), after.unit(unit.id), record.unit(unit.id)
        if was and now_is and one:
            new = tuple(
                outcome
                for outcome, old, fresh in zip(unit.outcomes, was.outcomes, now_is.outcomes, strict=True)
                if fresh.state == "demonstrated" and old.state != "demonstrated"
            )
            units.append((one, new))
    return ModuleSummary(module_code, tuple(units))


def as_json(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Records for scripts: the states and reasons as `programme judge --json` prints them, and who, when, how much."""
    return [
        {
            "learner": {"person": one.learner.person, "name": one.learner.name, "accounts": list(one.learner.keys)},
            "programme": one.programme.id,
            "version": one.programme.version,
            "since": write_time(one.enrolment.since) if one.enrolment else None,
            "at": write_time(one.at),
            "points_planned": one.programme.points,
            "units_validated": one.awarded,
            **plain(one.judgement, one.programme),
            "decisions": [_decision(row) for row in one.decisions],
        }
        for one in records
    ]


def _decision(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "unit": row.unit,
        "outcomes": list(row.outcomes or ()),
        "result": row.result or "",
        "by": row.by_name,
        "institution": row.institution or "",
        "at": write_time(row.at),
        "reason": row.reason,
        "supersedes": row.supersedes,
    }


def at_least(state: str, other: str) -> bool:
    """Whether a state is `other` or beyond it."""
    return STATES.index(state) >= STATES.index(other)
