"""A programme as a cmi5 course structure, and back: objectives are outcomes, blocks units, AUs modules. Pure.

What cmi5 has no place for (points, hours, kinds, references) stands in an extension that others may ignore; its schema
is docs/cmi5-extension.xsd.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lti_tool.ecvet.cmi5_xml import Au, Block, Course, Extra, Objective
from lti_tool.ecvet.definitions import DELIVERIES, KINDS
from lti_tool.ecvet.documents import CRITERIA, GRADING, Document, free_id
from lti_tool.ecvet.facts_words import VALUES
from lti_tool.ecvet.rules import VERBS, All, AtLeast, Mean, Rule, Statements
from lti_tool.ecvet.terms import MODES, Module, Outcome, Programme, Text, Unit, tidy

MODULE_TYPE = "http://adlnet.gov/expapi/activities/module"
_PASSED, _COMPLETED = VERBS["passed"], VERBS["completed"]
# The activity below a unit that stands for what is done without modules, as the shipped rules name it.
_OFFLINE = {"project_based": "project", "work_based": "work_based", "face_to_face": "face_to_face"}


def course_of(programme: Programme, address: str) -> Course:
    """The programme as a course structure. `address`: where a module opens, with {module} for its id (of what is done
    without a module: the id of its unit)."""
    first: dict[str, str] = {}
    blocks = tuple(_block(programme, unit, address, first) for unit in programme.units)
    outcomes = [outcome for unit in programme.units for outcome in unit.outcomes]
    return Course(
        id=programme.activity,
        title=programme.title,
        description=programme.profile or programme.title,
        objectives=tuple(Objective(one.iri, one.text, _kind_said(one)) for one in outcomes),
        parts=blocks,
        extras=tuple(_extras(programme, blocks)),
    )


def move_on(rule: Rule) -> str:
    """The criterion of cmi5 that comes nearest to the rule of a module."""
    verbs = {verb for part in _statements(rule) for verb in part.matcher.verbs} & {_PASSED, _COMPLETED}
    if isinstance(rule, All) and len(rule.of) > 1 and len(verbs) > 1:
        return "CompletedAndPassed"
    return {
        frozenset({_PASSED}): "Passed",
        frozenset({_COMPLETED}): "Completed",
        frozenset({_PASSED, _COMPLETED}): "CompletedOrPassed",
    }.get(frozenset(verbs), "NotApplicable")


def mastery(rule: Rule) -> str:
    """The least score that the rule of a module asks for, as cmi5 writes it; "" where it asks for none."""
    scores = [part.matcher.min_scaled for part in _statements(rule) if part.matcher.min_scaled is not None]
    if isinstance(rule, Mean):
        scores.append(rule.least)
    return f"{max(scores):.4f}".rstrip("0").rstrip(".") if scores and max(scores) >= 0 else ""


def _statements(rule: Rule) -> Iterator[Statements]:
    if isinstance(rule, Statements):
        yield rule
    elif isinstance(rule, All | AtLeast):
        for part in rule.of:
            yield from _statements(part)
    elif isinstance(rule, Mean):
        for _weight, one in rule.of:
            yield from _statements(one)


def _block(programme: Programme, unit: Unit, address: str, first: dict[str, str]) -> Block:
    modules = [module for id in unit.modules if (module := programme.module(id))]
    parts = tuple(_au(module, unit, address, first) for module in modules) or (_offline(programme, unit, address),)
    return Block(
        id=unit.iri,
        title=unit.title,
        description=unit.assessment.criteria,
        objectives=tuple(outcome.iri for outcome in unit.outcomes),
        parts=parts,
    )


def _au(module: Module, unit: Unit, address: str, first: dict[str, str]) -> Au:
    # An id may stand once only (13.1.4): in a second unit the same module gets another.
    id = module.iri if first.setdefault(module.id, unit.id) == unit.id else f"{module.iri}#{unit.id}"
    return Au(
        id=id,
        title=module.title,
        description=module.description or module.title,
        url=address.replace("{module}", module.id),
        objectives=tuple(outcome.iri for outcome in module.outcomes(unit)),
        move_on=move_on(module.rule),
        mastery_score=mastery(module.rule),
        activity_type=MODULE_TYPE,
    )


def _offline(programme: Programme, unit: Unit, address: str) -> Au:
    """A block needs an AU (13.1.2): what is done in a unit without modules, such as the project."""
    mode = next((one for one in _OFFLINE if unit.hours[one]), "project_based")
    titled = programme.mode(mode)
    return Au(
        id=f"{unit.iri}/{_OFFLINE[mode]}",
        title=titled.title if titled else unit.title,
        description=unit.title,
        url=address.replace("{module}", unit.id),
        objectives=tuple(outcome.iri for outcome in unit.outcomes),
        move_on="Completed",
    )


def _kind_said(outcome: Outcome) -> Text:
    return Text({"en": VALUES[outcome.kind]})


def _extras(programme: Programme, blocks: Iterable[Block]) -> Iterator[Extra]:
    yield Extra(
        "programme",
        programme.activity,
        _values(
            code=programme.id,
            version=programme.version,
            eqf=programme.eqf_level,
            scheme=programme.scheme.id,
            points=programme.points,
        ),
    )
    for unit, block in zip(programme.units, blocks, strict=True):
        hours = {mode: unit.hours[mode] for mode in MODES if unit.hours[mode]}
        link = _values(points=unit.points, weight=unit.weight, compulsory=str(unit.compulsory).lower())
        yield Extra("unit", unit.iri, _values(code=unit.id, eqf=unit.eqf_level, **hours) + link)
        for outcome in unit.outcomes:
            known = _values(code=outcome.id, kind=outcome.kind)
            yield Extra("outcome", outcome.iri, known, _references(programme, outcome))
        for part in block.parts:
            module = programme.module(part.id.split("#")[0].rpartition("/")[2]) if isinstance(part, Au) else None
            if module is None or not part.id.startswith(module.iri):
                yield Extra("offline", part.id)
                continue
            more = _values(graded=str(module.graded).lower(), languages=" ".join(module.languages), group=module.group)
            told = _values(code=module.id, hours=module.hours, delivery=module.delivery)
            yield Extra("module", part.id, told + more, _references(programme, module))


def _references(programme: Programme, one: Outcome | Module) -> tuple[tuple[tuple[str, str], ...], ...]:
    found = []
    for reference in one.references:
        framework = programme.framework(reference.framework)
        version = framework.version if framework else ""
        level = reference.level or ""
        found.append(
            _values(framework=reference.framework, version=version, competence=reference.competence, level=level)
        )
    return tuple(found)


def _values(**values: object) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in values.items() if str(value))


def document_of(course: Course, source: str, eqf_level: int = 5) -> tuple[Document, list[str]]:
    """Units and modules for a shared file, and notes for its reader. `source`: whose statements count for modules that
    are not known to be this tool's own."""
    return _Back(course, source, eqf_level).document()


class _Back:
    def __init__(self, course: Course, source: str, eqf_level: int) -> None:
        self._course, self._source, self._eqf = course, source, eqf_level
        self._extra = {(one.kind, one.about): one for one in course.extras}
        tops = [part for part in course.parts if isinstance(part, Block)]
        loose = tuple(part for part in course.parts if isinstance(part, Au))
        if loose:  # modules outside of any block: the course itself is their unit
            tops.append(Block(course.id, course.title, course.description, (), loose))
        self._units = tops
        self._aus = {au.id: au for unit in tops for au in self._within(unit)}
        self._unit_ids = self._ids("unit", (unit.id for unit in tops))
        self._outcome_ids = self._ids("outcome", (one.id for one in course.objectives))
        self._module_ids = self._ids("module", self._aus)
        self._notes: list[str] = []

    def document(self) -> tuple[Document, list[str]]:
        head = self._known("programme", self._course.id)
        called = f" ({head.value('code')} {head.value('version')})" if head else ""
        self._notes += [f"From the cmi5 course structure {self._course.id}{called}", "For `units:` of a programme:"]
        taken: set[str] = set()
        units = [self._unit(unit, taken) for unit in self._units]
        left = [one.id for one in self._course.objectives if one.id not in taken]
        self._notes += [f"No block or AU refers to the objective {id}: it is left out" for id in left]
        modules: dict[str, Document] = {}
        for au in self._aus.values():
            if not self._known("offline", au.id):
                modules.setdefault(self._module_ids[au.id], self._module(au))
        return {"units": units, "modules": list(modules.values())}, self._notes

    def _known(self, kind: str, about: str) -> Extra | None:
        return self._extra.get((kind, about))

    def _ids(self, kind: str, about: Iterable[str]) -> dict[str, str]:
        """An id of ours for each IRI: the code that the extension tells (a module that stands in two units has one
        code), else the last part of the IRI."""
        found: dict[str, str] = {}
        by_key: dict[str, str] = {}
        taken: set[str] = set()
        for iri in about:
            extra = self._known(kind, iri)
            code = extra.value("code") if extra else ""
            if (code or iri) not in by_key:
                by_key[code or iri] = free_id(code or re.split(r"[/#:?]", iri.rstrip("/#:?"))[-1], taken)
            found[iri] = by_key[code or iri]
        return found

    def _within(self, block: Block) -> Iterator[Au]:
        for part in block.parts:
            if isinstance(part, Au):
                yield part
            else:
                yield from self._within(part)

    def _objectives(self, block: Block) -> Iterator[str]:
        yield from block.objectives
        for part in block.parts:
            yield from self._objectives(part) if isinstance(part, Block) else part.objectives

    def _unit(self, block: Block, taken: set[str]) -> Document:
        extra = self._known("unit", block.id) or Extra("unit", block.id)
        wanted = dict.fromkeys(self._objectives(block))
        by_id = {one.id: one for one in self._course.objectives}
        own = [by_id[id] for id in wanted if id not in taken]
        taken |= set(wanted)
        aus = [au for au in self._within(block) if not self._known("offline", au.id)]
        id = self._unit_ids[block.id]
        weight = f", weight: {extra.value('weight')}" if extra.value("weight") else ""
        compulsory = f", compulsory: {extra.value('compulsory')}" if extra.value("compulsory") else ""
        self._notes.append(f"  - {{unit: {id}, points: {extra.value('points') or 0}{weight}{compulsory}}}")
        return {
            "id": id,
            "title": dict(block.title),
            "eqf_level": _level(extra.value("eqf"), 8) or self._eqf,
            "hours": {mode: _number(extra.value(mode)) for mode in MODES if extra.value(mode)},
            "modules": list(dict.fromkeys(self._module_ids[au.id] for au in aus)),
            "assessment": {"methods": [], "criteria": dict(block.description) or {"en": CRITERIA}, "grading": GRADING},
            "status": "reconstructed",
            "outcomes": [self._outcome(one, aus) for one in own],
        }

    def _outcome(self, one: Objective, aus: Iterable[Au]) -> Document:
        extra = self._known("outcome", one.id)
        modules = list(dict.fromkeys(self._module_ids[au.id] for au in aus if one.id in au.objectives))
        rule: Document = {"any": [{"modules": modules}, {"use": "entry"}]} if modules else {"use": "entry"}
        return {
            "id": self._outcome_ids[one.id],
            "kind": extra.value("kind") if extra and extra.value("kind") in KINDS else "skill",
            "text": dict(one.title),
            **(_references_back(extra) if extra else {}),
            "rule": rule,
            "status": "reconstructed",
        }

    def _module(self, au: Au) -> Document:
        extra = self._known("module", au.id)
        asked = {"Passed": ["passed"], "Completed": ["completed"]}.get(au.move_on, ["completed", "passed"])
        statement: dict[str, Any] = {"verb": asked, "activity": au.id, "source": self._source, "why": "module_left"}
        if au.mastery_score:
            statement["min_scaled"] = float(au.mastery_score)
        evidence: Document = {"statement": statement}
        if au.move_on == "CompletedAndPassed":
            evidence = {"all": [{"statement": {**statement, "verb": [verb]}} for verb in asked]}
        if extra:
            evidence = {"use": "quiz-module" if extra.value("graded") == "true" else "module"}
        return {
            "id": self._module_ids[au.id],
            "title": dict(au.title),
            "description": dict(au.description),
            "hours": _number(extra.value("hours")) if extra else 0,
            "delivery": extra.value("delivery") if extra and extra.value("delivery") in DELIVERIES else DELIVERIES[-1],
            **({"group": extra.value("group")} if extra and extra.value("group") else {}),
            "languages": extra.value("languages").split() if extra else [],
            "graded": extra.value("graded") == "true" if extra else False,
            "evidence": evidence,
            **(_references_back(extra) if extra else {}),
            "status": "reconstructed",
        }


def _references_back(extra: Extra) -> Document:
    found: dict[str, list[object]] = {}
    for one in extra.references:
        values: Mapping[str, str] = dict(one)
        level = _level(values.get("level", ""), 20)
        competence = values.get("competence", "")
        item: object = {"competence": competence, "level": level} if level else competence
        found.setdefault(values.get("framework", ""), []).append(item)
    return {"references": found} if found else {}


def _level(text: str, most: int) -> int | None:
    return int(text) if re.fullmatch("[1-9][0-9]?", text) and int(text) <= most else None


def _number(text: str) -> float:
    return tidy(float(text)) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text) else 0
