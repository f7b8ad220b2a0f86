"""The nouns of a programme: what ECVET calls qualification, unit, learning outcome, credit; all frozen values.

Fields follow the unit specification of the 2009 Recommendation (OJ C 155, 8.7.2009, Annex II.1); points stand on the
link of programme and unit, as a shared unit may weigh differently in each (Annex II.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lti_tool.ecvet.frozen import Frozen
from lti_tool.ecvet.problems import NOWHERE, Where
from lti_tool.ecvet.rules import Matcher, Rule

MODES = ("face_to_face", "online_and_self_study", "project_based", "assessment", "work_based")
LANGUAGES = ("en", "lv", "bg", "el", "it")

Status = str  # one of STATUSES
STATUSES: tuple[Status, ...] = ("published", "inferred", "draft", "reconstructed")  # surest first
# ECVET points of the 2009 Recommendation, credits by workload as in ECTS, or none: the 2020 Recommendation
# (2020/C 417/01) keeps units and drops points.
SCHEMES = ("ecvet-2009", "ects", "none")


class Text(Frozen[str]):
    """The same words in several languages; English is always there."""

    __slots__ = ()

    def in_(self, locale: str) -> str:
        """The words in this language ("lv", "lv_LV", "lv-LV"), else in English, else in whatever there is."""
        language = str(locale).replace("_", "-").split("-")[0].lower()
        return self.get(language) or self.get("en") or next(iter(self.values()), "")

    def __str__(self) -> str:
        return self.in_("en")


class Hours(Frozen[float]):
    """Hours by mode, each of MODES present."""

    __slots__ = ()

    def __init__(self, items: Mapping[str, float] | None = None) -> None:
        super().__init__({mode: (items or {}).get(mode, 0) for mode in MODES})

    @property
    def total(self) -> float:
        return tidy(sum(self.values()))


def tidy(number: float) -> float:
    """The same number without the noise of binary fractions (6 decimals); whole ones as int: 31 prints as 31."""
    rounded = round(float(number), 6)
    return int(rounded) if rounded.is_integer() else rounded


@dataclass(frozen=True, slots=True)
class Fact:
    """How sure one field of a definition is, and from where it is known. What is reconstructed is never official."""

    about: str
    status: Status
    sources: tuple[str, ...] = ()
    note: str = ""
    value: str = ""
    alternative: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A competence of a framework, at a level where the framework has some and the author named one."""

    framework: str
    competence: str
    level: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        return (self.framework, self.competence)


@dataclass(frozen=True, slots=True)
class Competence:
    id: str
    title: Text
    area: str = ""
    esco: str = ""


@dataclass(frozen=True, slots=True)
class Framework:
    id: str
    title: Text
    version: str
    competences: tuple[Competence, ...]
    areas: Frozen[Text] = field(default_factory=Frozen)
    levels: int | None = None
    source: str = ""
    status: Status = "reconstructed"
    languages: tuple[str, ...] = LANGUAGES
    where: Where = field(default=NOWHERE, compare=False, repr=False)

    def competence(self, id: str) -> Competence | None:
        return next((competence for competence in self.competences if competence.id == id), None)


@dataclass(frozen=True, slots=True)
class Sessions:
    """Hours of this mode are the time of sessions in a module; a pause counts for `idle_cut` seconds at most."""

    sources: tuple[str, ...]
    idle_cut: float


@dataclass(frozen=True, slots=True)
class Mode:
    """A mode of learning hours and which statements record them. Placeholders stay in the matchers: the judge
    asks `recorded_in(unit)` and the like. `declared` are what a learner says; `recorded` what somebody confirmed."""

    id: str
    title: Text
    recorded: tuple[Matcher, ...] = ()
    declared: tuple[Matcher, ...] = ()
    sessions: Sessions | None = None
    elm_mode: str = ""
    elm_activity_type: str = ""
    status: Status = "reconstructed"
    facts: tuple[Fact, ...] = ()
    where: Where = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Scheme:
    """A credit scheme, of one of SCHEMES. Hours per point are no part of ECVET: a setting with a note on its origin."""

    id: str
    title: Text
    kind: str = "ecvet-2009"
    hours_per_point: float | None = None
    elm_framework: str = ""
    rule: str = ""
    note: str = ""
    status: Status = "reconstructed"
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution and the acts for which it is competent. `country` is an ISO 3166 code. `identifiers`: what it is
    registered under (an eIDAS or national number, a ROR address), by the name of the register."""

    id: str
    title: Text
    country: str
    competent: tuple[str, ...]
    address: str = ""
    website: str = ""
    email: str = ""
    identifiers: Frozen[str] = field(default_factory=Frozen)
    status: Status = "reconstructed"
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a national qualifications framework (NQF) with which the programme is aligned."""

    country: str
    framework: str
    level: int
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Occupation:
    uri: str
    label: Text
    isco: str = ""


@dataclass(frozen=True, slots=True)
class AssessmentMethod:
    id: str
    elm_type: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    """How a unit is assessed: in which steps, with which methods, against what. `by_person`: a validation counts only
    after a person's assessment as achieved."""

    methods: tuple[AssessmentMethod, ...]
    criteria: Text
    grading: str
    by_person: bool = True
    procedure: Text = field(default_factory=Text)


@dataclass(frozen=True, slots=True)
class RubricLevel:
    """How good something is: one of the steps that every criterion of a rubric has, worth so many points."""

    id: str
    title: Text
    points: float


@dataclass(frozen=True, slots=True)
class Criterion:
    """What is looked at, and how much it weighs. `levels`: by level, what work looks like that reaches it."""

    id: str
    title: Text
    weight: float = 1
    levels: Frozen[Text] = field(default_factory=Frozen)


@dataclass(frozen=True, slots=True)
class Rubric:
    """By what project work is rated: each criterion by one level. Levels rise by points."""

    id: str
    title: Text
    levels: tuple[RubricLevel, ...]
    criteria: tuple[Criterion, ...]
    status: Status = "reconstructed"
    facts: tuple[Fact, ...] = ()
    where: Where = field(default=NOWHERE, compare=False, repr=False)

    def level(self, id: str) -> RubricLevel | None:
        return next((level for level in self.levels if level.id == id), None)

    def criterion(self, id: str) -> Criterion | None:
        return next((criterion for criterion in self.criteria if criterion.id == id), None)

    def scaled(self, chosen: Mapping[str, str]) -> float:
        """The weighted share of the points that could be had, from 0 to 1, by the level of each criterion. Raises
        ValueError where a criterion has none of the levels, or a level is of no criterion."""
        levels = {level.id: level.points for level in self.levels}
        if set(chosen) != {one.id for one in self.criteria} or not set(chosen.values()) <= set(levels):
            raise ValueError(f"{self.id}: not one level for each criterion")
        best = max(levels.values(), default=0) * sum(one.weight for one in self.criteria)
        reached = sum(one.weight * levels[chosen[one.id]] for one in self.criteria)
        return tidy(min(1.0, reached / best)) if best else 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A learning outcome of a unit. `modules`: those of its unit that evidence it, in the unit's order."""

    id: str
    kind: str
    text: Text
    iri: str
    references: tuple[Reference, ...]
    modules: tuple[str, ...]
    rule: Rule
    status: Status = "reconstructed"
    facts: tuple[Fact, ...] = ()
    where: Where = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of learning outcomes as it stands in one programme: `points`, `weight`, `position` and `compulsory`
    are those of the link. `hours` are planned hours. `validity`: for how long an award is valid, as an ISO 8601
    duration in years, months or days (P5Y); None: without end. `rubric`: by what project work is rated that is handed
    in for the unit; None: none can be."""

    id: str
    title: Text
    iri: str
    eqf_level: int
    outcomes: tuple[Outcome, ...]
    modules: tuple[str, ...]
    hours: Hours
    points: float
    weight: float
    position: int
    compulsory: bool
    rule: Rule
    assessment: Assessment
    validity: str | None = None
    rubric: Rubric | None = None
    status: Status = "reconstructed"
    facts: tuple[Fact, ...] = ()
    where: Where = field(default=NOWHERE, compare=False, repr=False)

    def outcome(self, id: str) -> Outcome | None:
        return next((outcome for outcome in self.outcomes if outcome.id == id), None)


@dataclass(frozen=True, slots=True)
class Module:
    """A training module; not a unit, but what may lead to its outcomes. `languages`: those it has pages in.
    `graded`: it has a quiz, and a gradebook column. `hours` are online and self-study hours, planned."""

    id: str
    title: Text
    description: Text
    iri: str
    hours: float
    languages: tuple[str, ...]
    delivery: str
    group: str
    graded: bool
    references: tuple[Reference, ...]
    rule: Rule
    status: Status = "reconstructed"
    facts: tuple[Fact, ...] = ()
    where: Where = field(default=NOWHERE, compare=False, repr=False)

    def outcomes(self, unit: Unit) -> tuple[Outcome, ...]:
        """The outcomes of the unit that this module evidences: it shares a framework reference with each."""
        return tuple(outcome for outcome in unit.outcomes if self.id in outcome.modules)


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme, complete and resolved. `version` names its content: the first 12 hexadecimal digits of the
    SHA-256 of all that it consists of, whatever the files' layout. `qualification`: the title of the qualification
    that it leads to, where it is another than `title`. `translations`: how sure a text in a language other than
    English is, where no fact says otherwise."""

    id: str
    version: str
    iri: str
    title: Text
    qualification: Text
    profile: Text
    eqf_level: int
    eqf_uri: str
    levels: tuple[Level, ...]
    occupations: tuple[Occupation, ...]
    points: float
    scheme: Scheme
    hours: Hours
    languages: tuple[str, ...]
    units: tuple[Unit, ...]
    modules: tuple[Module, ...]
    modes: tuple[Mode, ...]
    frameworks: tuple[Framework, ...]
    institutions: tuple[Institution, ...]
    sources: Frozen[str]
    project: tuple[Fact, ...]
    translations: Status = "draft"
    four_eyes: bool = False
    """Whoever assessed a unit does not validate it."""
    four_eyes_recognition: bool = False
    """Whoever validated a unit does not recognise it."""
    status: Status = "reconstructed"
    facts: tuple[Fact, ...] = ()
    where: Where = field(default=NOWHERE, compare=False, repr=False)

    @property
    def two_persons(self) -> frozenset[str]:
        """The acts that somebody else does than the act before."""
        asked = {"validate": self.four_eyes, "recognise": self.four_eyes_recognition}
        return frozenset(kind for kind, wanted in asked.items() if wanted)

    @property
    def activity(self) -> str:
        """The programme as an xAPI activity id."""
        return f"{self.iri}programme/{self.id}"

    @property
    def rubrics(self) -> tuple[Rubric, ...]:
        """Those that its units name, each once."""
        return tuple({unit.rubric.id: unit.rubric for unit in self.units if unit.rubric}.values())

    def unit(self, id: str) -> Unit | None:
        return next((unit for unit in self.units if unit.id == id), None)

    def module(self, id: str) -> Module | None:
        return next((module for module in self.modules if module.id == id), None)

    def module_by_iri(self, iri: str) -> Module | None:
        return next((module for module in self.modules if module.iri == iri), None)

    def units_of(self, module: str) -> tuple[Unit, ...]:
        """The units in which this module counts."""
        return tuple(unit for unit in self.units if module in unit.modules)

    def mode(self, id: str) -> Mode | None:
        return next((mode for mode in self.modes if mode.id == id), None)

    def framework(self, id: str) -> Framework | None:
        return next((framework for framework in self.frameworks if framework.id == id), None)
