"""The definitions that a programme draws on (units, outcomes, modules …), read from their sections."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

from lti_tool.ecvet.common import read_facts, read_text, take_facts, take_references, take_status, take_text
from lti_tool.ecvet.credit import largest_remainder
from lti_tool.ecvet.fields import Fields
from lti_tool.ecvet.frozen import Frozen
from lti_tool.ecvet.marked import Leaf, Node, Table
from lti_tool.ecvet.problems import Log
from lti_tool.ecvet.rubrics import read_rubric
from lti_tool.ecvet.rules import NEVER, All, Rule, Scope, read_rule
from lti_tool.ecvet.scheme import read_framework, read_institution, read_mode, read_scheme
from lti_tool.ecvet.sections import Sections
from lti_tool.ecvet.terms import (
    MODES,
    Assessment,
    AssessmentMethod,
    Fact,
    Framework,
    Hours,
    Institution,
    Mode,
    Module,
    Outcome,
    Rubric,
    Scheme,
    Text,
    Unit,
    tidy,
)

T = TypeVar("T")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_VALIDITY = re.compile(r"P[1-9][0-9]{0,3}[YMD]\Z")
KINDS = ("knowledge", "skill", "autonomy_and_responsibility")
DELIVERIES = ("mooc", "specialisation")


class Definitions:
    """Reads definitions on demand. Faults go to the log; what is faulty is left out or empty."""

    def __init__(self, sections: Sections, iri: str, log: Log) -> None:
        self._sections = sections
        self._iri = iri
        self._log = log
        self._outcome_ids: set[str] = set()
        self._rubrics: dict[str, Rubric | None] = {}

    def _each(self, section: str, read: Callable[[Fields], T]) -> tuple[T, ...]:
        nodes = self._sections.of(section).values()
        return tuple(read(fields) for node in nodes if (fields := Fields.of(node, section, self._log)))

    # what programmes share

    @cached_property
    def sources(self) -> Frozen[str]:
        named = Fields(
            Table(tuple(self._sections.of("sources").items()), self._sections.root.where), "sources", self._log
        )
        return Frozen({name: named.text(name) for name in named.keys})

    @cached_property
    def frameworks(self) -> dict[str, Framework]:
        return {part.id: part for part in self._each("frameworks", lambda fields: read_framework(fields, self._log))}

    @cached_property
    def modes(self) -> tuple[Mode, ...]:
        modes = self._each("modes", lambda fields: read_mode(fields, self.sources, self._log))
        missing = [mode for mode in MODES if mode not in {part.id for part in modes}]
        if missing:
            do = "define it under `modes:`, or include the file that does"
            what = "these modes of hours are not defined: " + ", ".join(missing)
            self._log.error(self._sections.root.where, "PROGRAMME-REFERENCE", what, do)
        return tuple(sorted(modes, key=lambda mode: MODES.index(mode.id) if mode.id in MODES else 9))

    @cached_property
    def institutions(self) -> tuple[Institution, ...]:
        return self._each("institutions", lambda fields: read_institution(fields, self.sources, self._log))

    @cached_property
    def project(self) -> tuple[Fact, ...]:
        table = Table(tuple(self._sections.of("project").items()), self._sections.root.where)
        return read_facts(Fields(table, "project", self._log), self.sources, self._log)

    def scheme(self, credit: Fields | None) -> Scheme:
        schemes = self._each("credit_schemes", lambda fields: read_scheme(fields, self.sources, self._log))
        name = credit.text("scheme") if credit else ""
        found = next((scheme for scheme in schemes if scheme.id == name), None)
        if credit and name and found is None:
            do = "write one of: " + ", ".join(scheme.id for scheme in schemes)
            self._log.error(credit.where, "PROGRAMME-REFERENCE", f'there is no credit scheme "{name}"', do)
        return found or Scheme(name, Text())

    def _rubric(self, fields: Fields) -> Rubric | None:
        """The rubric that a unit names; units that name the same one share it."""
        id = fields.text("rubric", "")
        node = self._sections.of("rubrics").get(id)
        if id and node is None:
            do = "define it under `rubrics:`, or include the file that does"
            self._log.error(fields.where_of("rubric"), "PROGRAMME-REFERENCE", f'there is no rubric "{id}"', do)
        if id and id not in self._rubrics:
            part = Fields.of(node, f"rubric {id}", self._log)
            self._rubrics[id] = read_rubric(part, self.id, self.sources, self._log) if part else None
        return self._rubrics.get(id)

    # what stands in one definition

    def id(self, fields: Fields) -> str:
        id = fields.text("id")
        if id and not _ID.match(id):
            do = "use letters A-Z, digits, dot, hyphen and underscore: it becomes part of an IRI"
            self._log.error(fields.where_of("id"), "PROGRAMME-FIELD", f'the id "{id}" cannot be used', do)
        return id

    def hours(self, fields: Fields) -> Hours:
        inner = fields.fields("hours", required=True)
        if inner is None:
            return Hours()
        hours = Hours({mode: tidy(inner.number(mode, 0)) for mode in MODES})
        inner.end()
        return hours

    def _rule(self, fields: Fields, key: str, default: str, scope: Scope) -> Rule:
        node = fields.node(key)
        if node is None:
            leaf = Leaf(default, fields.where)
            node = Table((("use", leaf),), fields.where)
        return read_rule(node, scope, self._log)

    # modules

    def modules_of(self, unit_ids: Sequence[str]) -> tuple[str, ...]:
        """The ids of all modules of these units, each once, in the units' order."""
        found: dict[str, None] = {}
        for id in unit_ids:
            node = self._sections.of("units").get(id)
            if isinstance(node, Table):
                # Faults in this list are logged where the unit itself is read.
                found |= dict.fromkeys(Fields(node, f"unit {id}", Log()).words("modules"))
        return tuple(found)

    def modules(self, ids: Sequence[str]) -> tuple[Module, ...]:
        nodes = self._sections.of("modules")
        return tuple(
            self._module(fields)
            for id in ids
            if id in nodes and (fields := Fields.of(nodes[id], f"module {id}", self._log))
        )

    def _module(self, fields: Fields) -> Module:
        id = self.id(fields)
        iri = f"{self._iri}module/{id}"
        scope = Scope(
            names={"module": iri},
            sets={},
            planned={},
            named=self._sections.of("rules").get,
            whys=frozenset({"module_left", "quiz_left", "statement_left"}),
            about=(("module", id),),
        )
        described = self._sections.of("module_descriptions").get(id)
        module = Module(
            id=id,
            title=take_text(fields, "title", self._log),
            description=(
                read_text(described, f"description of {id}", self._log)
                if described
                else take_text(fields, "description", self._log, required=False)
            ),
            iri=iri,
            hours=tidy(fields.number("hours")),
            languages=fields.words("languages"),
            delivery=fields.choice("delivery", DELIVERIES),
            group=fields.text("group", ""),
            graded=fields.flag("graded", False),
            references=take_references(fields, self.frameworks, self._log),
            rule=self._rule(fields, "evidence", "module", scope),
            status=take_status(fields),
            facts=take_facts(fields, self.sources, self._log),
            where=fields.where,
        )
        fields.end()
        return module

    # units

    def units(
        self, links: Sequence[Fields], modules: Sequence[Module], credit: Fields | None, scheme: Scheme
    ) -> tuple[Unit, ...]:
        """The units of these links, in their order. Points: of each link; of none, where the scheme has none; split by
        weight over the compulsory units, where no link names any."""
        shares = self._points(links, credit, scheme)
        by_id = {module.id: module for module in modules}
        nodes = self._sections.of("units")
        units: dict[str, Unit] = {}
        for position, link in enumerate(links, 1):
            id = link.text("unit", "")
            points = shares[position - 1]
            weight = tidy(link.number("weight", points))
            compulsory = link.flag("compulsory", True)
            link.end()
            if id and id not in nodes:
                do = "define it under `units:`, or include the file that does"
                self._log.error(link.where_of("unit"), "PROGRAMME-REFERENCE", f'there is no unit "{id}"', do)
            elif id in units:
                self._log.error(link.where, "PROGRAMME-TWICE", f'the unit "{id}" is listed twice', "take one line out")
            elif id and (fields := Fields.of(nodes[id], f"unit {id}", self._log)):
                units[id] = self._unit(fields, by_id, (points, weight, position, compulsory))
        return tuple(units.values())

    def _points(self, links: Sequence[Fields], credit: Fields | None, scheme: Scheme) -> tuple[float, ...]:
        if scheme.kind == "none":
            return tuple(tidy(link.number("points", 0)) for link in links)
        if credit is None or any(link.has("points") for link in links):
            return tuple(tidy(link.number("points")) for link in links)
        weights = [link.number("weight") if link.flag("compulsory", True) else 0 for link in links]
        total = tidy(credit.number("points"))
        if not sum(weights) or not isinstance(total, int):
            do = "write `points:` on each line of `units:`, or weights above 0 and whole points in `credit:`"
            self._log.error(credit.where, "PROGRAMME-FIELD", "the points can't be split by weight", do)
            return (0,) * len(links)
        return largest_remainder(total, weights)

    def _unit(self, fields: Fields, modules: Mapping[str, Module], link: tuple[float, float, int, bool]) -> Unit:
        id = self.id(fields)
        own = self._own_modules(fields, modules)
        hours = self.hours(fields)
        scope = Scope(
            names={"unit": f"{self._iri}unit/{id}"},
            sets={"all": own, "any": own},
            planned=hours,
            named=self._sections.of("rules").get,
            whys=frozenset({"entry_left", "project_left", "statement_left"}),
            modes=frozenset(mode.id for mode in self.modes if mode.recorded),
            about=(("unit", id),),
        )
        points, weight, position, compulsory = link
        shared_rule = fields.node("outcome_rule")
        outcomes = tuple(
            self._outcome(part, own, modules, scope, shared_rule)
            for node in fields.rows("outcomes", required=True)
            if (part := Fields.of(node, f"outcome of {id}", self._log))
        )
        unit = Unit(
            id=id,
            title=take_text(fields, "title", self._log),
            iri=scope.names["unit"],
            eqf_level=fields.whole("eqf_level", least=1, most=8),
            outcomes=outcomes,
            modules=own,
            hours=hours,
            points=points,
            weight=weight,
            position=position,
            compulsory=compulsory,
            # Without a rule of its own a unit needs its outcomes and nothing else.
            rule=self._rule(fields, "rule", "unit", scope) if fields.has("rule") else All(()),
            assessment=self._assessment(fields),
            validity=self._validity(fields),
            rubric=self._rubric(fields),
            status=take_status(fields),
            facts=take_facts(fields, self.sources, self._log),
            where=fields.where,
        )
        fields.end()
        return unit

    def _own_modules(self, fields: Fields, modules: Mapping[str, Module]) -> tuple[str, ...]:
        ids = fields.words("modules")
        for id in ids:
            if id not in self._sections.of("modules"):
                do = "define it under `modules:`, or correct the id"
                where = fields.where_of("modules")
                self._log.error(where, "PROGRAMME-REFERENCE", f'{fields.what}: there is no module "{id}"', do)
        return tuple(dict.fromkeys(id for id in ids if id in modules))

    def _validity(self, fields: Fields) -> str | None:
        text = fields.text("validity", "")
        if text and not _VALIDITY.match(text):
            do = "write years, months or days as in ISO 8601: P5Y, P18M, P90D; or nothing, for without end"
            self._log.error(fields.where_of("validity"), "PROGRAMME-FIELD", f'"{text}" is no time of validity', do)
        return text or None

    def _assessment(self, fields: Fields) -> Assessment:
        inner = fields.fields("assessment", required=True)
        if inner is None:
            return Assessment((), Text(), "")
        methods = []
        for node in inner.rows("methods", required=True):
            if part := Fields.of(node, f"{fields.what}: method", self._log):
                methods.append(AssessmentMethod(part.text("id"), part.text("elm_type", "")))
                part.end()
        assessment = Assessment(
            methods=tuple(methods),
            criteria=take_text(inner, "criteria", self._log),
            grading=inner.text("grading"),
            by_person=inner.flag("by_person", True),
            procedure=take_text(inner, "procedure", self._log, required=False),
        )
        inner.end()
        return assessment

    def _outcome(
        self,
        fields: Fields,
        own: tuple[str, ...],
        modules: Mapping[str, Module],
        unit: Scope,
        shared_rule: Node | None,
    ) -> Outcome:
        id = self.id(fields)
        fields.what = f"outcome {id}"
        if id in self._outcome_ids:
            do = "give each outcome an id of its own"
            self._log.error(fields.where, "PROGRAMME-TWICE", f'the outcome "{id}" is defined twice', do)
        self._outcome_ids.add(id)
        references = take_references(fields, self.frameworks, self._log)
        keys = {reference.key for reference in references}
        sharing = tuple(name for name in own if keys & {reference.key for reference in modules[name].references})
        scope = Scope(
            names={**unit.names, "outcome": f"{self._iri}outcome/{id}"},
            sets={**unit.sets, "sharing": sharing},
            planned=unit.planned,
            named=unit.named,
            whys=unit.whys,
            modes=unit.modes,
            about=(*unit.about, ("outcome", id)),
        )
        if fields.has("rule") or shared_rule is None:
            rule = self._rule(fields, "rule", "outcome", scope)
        else:
            rule = read_rule(shared_rule, scope, self._log)
        outcome = Outcome(
            id=id,
            kind=fields.choice("kind", KINDS),
            text=take_text(fields, "text", self._log),
            iri=scope.names["outcome"],
            references=references,
            modules=sharing,
            rule=rule if id else NEVER,
            status=take_status(fields),
            facts=take_facts(fields, self.sources, self._log),
            where=fields.where,
        )
        fields.end()
        return outcome
