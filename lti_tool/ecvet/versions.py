"""Versions of a programme: what changed between two, and what a past award keeps. Pure.

A changed programme never rewrites a past award. Whoever was awarded a unit under one version and is moved to another
keeps that unit as it was (its outcomes, its points), under the version of the award.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from lti_tool.ecvet.terms import MODES, Hours, Programme, Unit, tidy

KINDS = ("added", "removed", "changed")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is another in the new version. `about`: programme, unit, outcome or module; `field` is "" where
    the whole thing was added or removed. `before` and `after` as they are read by people, in one language."""

    kind: str
    about: str
    id: str
    field: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A unit as it was when it was awarded, in the programme of that version."""

    unit: Unit
    programme: Programme


def changes(old: Programme, new: Programme, language: str = "en") -> tuple[Change, ...]:
    """What a learner who is moved from `old` to `new` finds changed: units, outcomes, modules, points, hours, rules.
    Nothing where both are the same programme to a learner, whatever else (sources, notes) differs."""
    return tuple(_changes(old, new, language))


def _changes(old: Programme, new: Programme, language: str) -> Iterator[Change]:
    yield from _fields("programme", new.id, _of_programme(old, language), _of_programme(new, language))
    units = {unit.id: unit for unit in old.units}
    for unit in old.units:
        if new.unit(unit.id) is None:
            yield Change("removed", "unit", unit.id, before=unit.title.in_(language))
    for unit in new.units:
        if unit.id not in units:
            yield Change("added", "unit", unit.id, after=unit.title.in_(language))
        else:
            yield from _of_units(units[unit.id], unit, language)
    modules = {module.id: module for module in old.modules}
    for module in old.modules:
        if new.module(module.id) is None:
            yield Change("removed", "module", module.id, before=module.title.in_(language))
    for module in new.modules:
        if module.id not in modules:
            yield Change("added", "module", module.id, after=module.title.in_(language))
            continue
        was = modules[module.id]
        before = {"title": was.title.in_(language), "hours": str(was.hours), "evidence": repr(was.rule)}
        after = {"title": module.title.in_(language), "hours": str(module.hours), "evidence": repr(module.rule)}
        yield from _fields("module", module.id, before, after)


def _of_programme(one: Programme, language: str) -> dict[str, str]:
    return {
        "title": one.title.in_(language),
        "eqf": str(one.eqf_level),
        "credit.points": str(one.points),
        **{f"hours.{mode}": str(one.hours[mode]) for mode in MODES},
    }


def _of_units(old: Unit, new: Unit, language: str) -> Iterator[Change]:
    def told(unit: Unit) -> dict[str, str]:
        return {
            "title": unit.title.in_(language),
            "points": str(unit.points),
            "compulsory": str(unit.compulsory).lower(),
            "eqf_level": str(unit.eqf_level),
            "validity": unit.validity or "",
            "modules": ", ".join(unit.modules),
            **{f"hours.{mode}": str(unit.hours[mode]) for mode in MODES},
            "assessment.criteria": unit.assessment.criteria.in_(language),
            "rubric": unit.rubric.title.in_(language) if unit.rubric else "",
            "rule": repr((unit.rule, unit.assessment.by_person)),
        }

    yield from _fields("unit", new.id, told(old), told(new))
    outcomes = {outcome.id: outcome for outcome in old.outcomes}
    for outcome in old.outcomes:
        if new.outcome(outcome.id) is None:
            yield Change("removed", "outcome", outcome.id, before=outcome.text.in_(language))
    for outcome in new.outcomes:
        was = outcomes.get(outcome.id)
        if was is None:
            yield Change("added", "outcome", outcome.id, after=outcome.text.in_(language))
            continue
        before = {"text": was.text.in_(language), "kind": was.kind, "rule": repr(was.rule)}
        after = {"text": outcome.text.in_(language), "kind": outcome.kind, "rule": repr(outcome.rule)}
        yield from _fields("outcome", outcome.id, before, after)


def _fields(about: str, id: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for field, was in before.items():
        now = after[field]
        if was != now:
            # What a rule says is for programmers; that it is another is for everybody.
            shown = ("", "") if field in ("rule", "evidence") else (was, now)
            yield Change("changed", about, id, field, *shown)


def differs(unit: Unit, other: Unit) -> bool:
    """Whether the two are different units to a learner; their place in the programme does not matter."""
    return replace(unit, position=0) != replace(other, position=0)


def personal(programme: Programme, kept: Mapping[str, Kept]) -> Programme:
    """The programme for a learner who keeps these units, by id, from other versions. Each stands where it stands now;
    one that the programme has no longer stands at the end, as an optional one. Planned points and hours are those of
    the units as they stand here, so that who has everything has all of it."""
    if not kept:
        return programme
    units = []
    points, hours = programme.points, dict(programme.hours)
    for unit in programme.units:
        own = kept.get(unit.id)
        if own is None:
            units.append(unit)
            continue
        units.append(replace(own.unit, position=unit.position, compulsory=unit.compulsory))
        points += own.unit.points - unit.points if unit.compulsory else 0
        hours = {mode: hours[mode] + own.unit.hours[mode] - unit.hours[mode] for mode in hours}
    for id, own in sorted(kept.items()):
        if programme.unit(id) is None:
            units.append(replace(own.unit, position=len(units) + 1, compulsory=False))
    modules = {module.id: module for module in programme.modules}
    for own in kept.values():
        for id in own.unit.modules:
            module = own.programme.module(id)
            if module is not None:
                modules.setdefault(id, module)
    return replace(
        programme,
        units=tuple(units),
        modules=tuple(modules.values()),
        points=tidy(points),
        hours=Hours({mode: tidy(number) for mode, number in hours.items()}),
    )
