"""How sure each fact of a programme is, and from where it is known. Pure.

What is not published is never printed as official: pages for coordinators and administrators show the status beside
every fact, papers ask `official`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from lti_tool.ecvet.terms import (
    LANGUAGES,
    MODES,
    STATUSES,
    Fact,
    Hours,
    Institution,
    Module,
    Outcome,
    Programme,
    Reference,
    Rubric,
    Status,
    Text,
    Unit,
)


class Definition(Protocol):
    """Whatever has a status of its own and facts about its fields."""

    @property
    def status(self) -> Status: ...
    @property
    def facts(self) -> tuple[Fact, ...]: ...


@dataclass(frozen=True, slots=True)
class Stated:
    """One field of one definition, in one language ("" where it has none): what it says, and how sure that is."""

    kind: str  # programme, project, institution, unit, outcome, module, rubric, mode, credit_scheme or framework
    id: str
    field: str
    value: str
    language: str
    status: Status
    sources: tuple[str, ...] = ()
    note: str = ""
    alternative: str = ""


def least_sure(statuses: Iterable[Status]) -> Status:
    """The least sure of these statuses; of none: published."""
    return max(statuses, key=STATUSES.index, default=STATUSES[0])


def fact(definition: Definition, field: str, language: str = "") -> Fact | None:
    """What the definition says of this field: of that language of it, else of its English where it is a text, else of
    the field, else of what holds it ("credit" for "credit.points")."""
    known = {one.about: one for one in definition.facts}
    names = [f"{field}.{language}", f"{field}.en"] if language else []
    names += [field, field.rpartition(".")[0]]
    return next((known[name] for name in names if name in known), None)


def status_of(definition: Definition, field: str, language: str = "", translations: Status = "draft") -> Status:
    """How sure a field is. A text in another language than English is no surer than `translations`, unless a fact
    speaks of that very language."""
    found = fact(definition, field, language)
    status = found.status if found else definition.status
    if language in ("", "en") or (found and found.about == f"{field}.{language}"):
        return status
    return least_sure((status, translations))


def official(definition: Definition, field: str, language: str = "", translations: Status = "draft") -> bool:
    """True where a paper may print this field without saying how sure it is."""
    return status_of(definition, field, language, translations) == "published"


def stated(programme: Programme, languages: Sequence[str] = LANGUAGES) -> tuple[Stated, ...]:
    """Every fact of a programme with its status, texts in these languages; in the order of reading."""
    return tuple(_Reader(programme, tuple(languages)).all())


def counted(facts: Iterable[Stated]) -> dict[Status, int]:
    """How many facts have which status, the surest first."""
    found = dict.fromkeys(STATUSES, 0)
    for one in facts:
        found[one.status] += 1
    return found


def hours_line(programme: Programme, hours: Hours, language: str = "en") -> str:
    """ "Face to face 2, Online 27": hours by mode, where there are any."""
    titles = {mode.id: mode.title.in_(language) for mode in programme.modes}
    return ", ".join(f"{titles.get(mode, mode)} {hours[mode]}" for mode in MODES if hours[mode])


def reference_line(programme: Programme, reference: Reference, language: str = "en") -> str:
    """ "DigComp 2.2: 1.1 Browsing … (5)": the framework with its version, the competence, the level."""
    framework = programme.framework(reference.framework)
    if framework is None:
        return reference.competence
    competence = framework.competence(reference.competence)
    named = competence.title.in_(language) if competence else ""
    id = "" if ":" in reference.competence else f"{reference.competence} "
    level = f" ({reference.level})" if reference.level else ""
    return f"{framework.title.in_(language)} {framework.version}: {id}{named}{level}"


class _Reader:
    def __init__(self, programme: Programme, languages: tuple[str, ...]) -> None:
        self._programme = programme
        self._languages = languages
        self._first = languages[0] if languages else "en"

    def all(self) -> Iterator[Stated]:
        yield from self._head()
        for fact in self._programme.project:
            yield Stated(
                "project", "", fact.about, fact.value, "", fact.status, fact.sources, fact.note, fact.alternative
            )
        for institution in self._programme.institutions:
            yield from self._institution(institution)
        for unit in self._programme.units:
            yield from self._unit(unit)
        for module in self._programme.modules:
            yield from self._module(module)
        for rubric in self._programme.rubrics:
            yield from self._rubric(rubric)
        for mode in self._programme.modes:
            yield from self._text("mode", mode.id, mode, "title", mode.title)
        scheme = self._programme.scheme
        yield from self._text("credit_scheme", scheme.id, scheme, "title", scheme.title)
        for field, value in (("hours_per_point", scheme.hours_per_point), ("rule", scheme.rule), ("note", scheme.note)):
            yield from self._plain("credit_scheme", scheme.id, scheme, field, value)
        for part in self._programme.frameworks:
            value = f"{part.title} {part.version}"
            yield Stated("framework", part.id, "title", value, "", part.status, (), part.source)

    def _head(self) -> Iterator[Stated]:
        one = self._programme
        for field in ("title", "qualification", "profile"):
            yield from self._text("programme", one.id, one, field, getattr(one, field))
        yield from self._plain("programme", one.id, one, "eqf", one.eqf_level)
        for level in one.levels:
            value = f"{level.country}: {level.framework} {level.level}"
            yield from self._plain("programme", one.id, one, "nqf", value, about=f"nqf.{level.country}")
        for job in one.occupations:
            isco = f" (ISCO {job.isco})" if job.isco else ""
            yield from self._plain("programme", one.id, one, "occupations", f"{job.label}{isco}, {job.uri}")
        yield from self._plain("programme", one.id, one, "hours", self._hours(one.hours), self._first)
        points = f"{one.points}, {one.scheme.title.in_(self._first)}"
        yield from self._plain("programme", one.id, one, "credit.points", points, self._first)
        for unit in one.units:
            yield from self._plain("programme", one.id, one, "units", f"{unit.id}: {unit.points}")
            if not unit.compulsory:
                yield from self._plain("programme", one.id, one, "optional", unit.id)

    def _institution(self, one: Institution) -> Iterator[Stated]:
        yield from self._text("institution", one.id, one, "title", one.title)
        for field in ("country", "address", "website", "email"):
            yield from self._plain("institution", one.id, one, field, getattr(one, field))
        yield from self._plain("institution", one.id, one, "competent", ", ".join(one.competent))
        for name, value in one.identifiers.items():
            yield from self._plain("institution", one.id, one, f"identifiers.{name}", value)

    def _unit(self, one: Unit) -> Iterator[Stated]:
        yield from self._text("unit", one.id, one, "title", one.title)
        yield from self._plain("unit", one.id, one, "eqf_level", one.eqf_level)
        yield from self._plain("unit", one.id, one, "hours", self._hours(one.hours), self._first)
        yield from self._plain("unit", one.id, one, "validity", one.validity)
        methods = ", ".join(method.id for method in one.assessment.methods)
        yield from self._plain("unit", one.id, one, "assessment.methods", methods)
        yield from self._text("unit", one.id, one, "assessment.procedure", one.assessment.procedure)
        yield from self._text("unit", one.id, one, "assessment.criteria", one.assessment.criteria)
        yield from self._plain("unit", one.id, one, "assessment.grading", one.assessment.grading)
        yield from self._plain("unit", one.id, one, "modules", ", ".join(one.modules))
        yield from self._plain("unit", one.id, one, "rubric", one.rubric.id if one.rubric else "")
        for outcome in one.outcomes:
            yield from self._text("outcome", outcome.id, outcome, "text", outcome.text)
            yield from self._plain("outcome", outcome.id, outcome, "kind", outcome.kind)
            yield from self._references("outcome", outcome)

    def _module(self, one: Module) -> Iterator[Stated]:
        yield from self._text("module", one.id, one, "title", one.title)
        yield from self._text("module", one.id, one, "description", one.description)
        for field in ("hours", "delivery", "group"):
            yield from self._plain("module", one.id, one, field, getattr(one, field))
        yield from self._references("module", one)

    def _rubric(self, one: Rubric) -> Iterator[Stated]:
        yield from self._text("rubric", one.id, one, "title", one.title)
        for level in one.levels:
            yield from self._text("rubric", one.id, one, f"level.{level.id}", level.title)
            yield from self._plain("rubric", one.id, one, f"level.{level.id}.points", level.points)
        for criterion in one.criteria:
            yield from self._text("rubric", one.id, one, f"criterion.{criterion.id}", criterion.title)
            yield from self._plain("rubric", one.id, one, f"criterion.{criterion.id}.weight", criterion.weight)
            for id, text in criterion.levels.items():
                yield from self._text("rubric", one.id, one, f"criterion.{criterion.id}.{id}", text)

    def _references(self, kind: str, one: Outcome | Module) -> Iterator[Stated]:
        for reference in one.references:
            line = reference_line(self._programme, reference, self._first)
            named = self._programme.framework(reference.framework)
            competence = named.competence(reference.competence) if named else None
            spoken = self._first if competence and self._first in competence.title else ""
            yield from self._plain(kind, one.id, one, f"references.{reference.framework}", line, spoken)

    def _hours(self, hours: Hours) -> str:
        return hours_line(self._programme, hours, self._first)

    def _text(self, kind: str, id: str, definition: Definition, field: str, text: Text) -> Iterator[Stated]:
        for language in self._languages:
            if language not in text:
                continue
            found = fact(definition, field, language)
            status = status_of(definition, field, language, self._programme.translations)
            yield Stated(kind, id, field, text[language], language, status, *_origin(found))

    def _plain(
        self,
        kind: str,
        id: str,
        definition: Definition,
        field: str,
        value: object,
        language: str = "",
        about: str = "",
    ) -> Iterator[Stated]:
        """`about`: the fact that speaks of this value, where the field has several."""
        if value not in (None, ""):
            known = about or field
            status, found = status_of(definition, known), fact(definition, known)
            yield Stated(kind, id, field, str(value), language, status, *_origin(found))


def _origin(found: Fact | None) -> tuple[tuple[str, ...], str, str]:
    return (found.sources, found.note, found.alternative) if found else ((), "", "")
