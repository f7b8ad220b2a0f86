"""Rules of evidence as data: which statements show that something was learnt.

A rule is a mapping with one key. Implemented: `all`, `any`, `at_least`, `weighted_mean`, `statement`, `module`,
`modules`, `hours` and `use` (a named rule). docs/programme-format.md describes each; another kind is one more dataclass
here, one branch in `read_rule` and one in lti_tool/ecvet/evidence.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from lti_tool.ecvet.fields import Fields
from lti_tool.ecvet.marked import Node, Row, Table
from lti_tool.ecvet.problems import Log
from xapi.vocabulary import VERBS as REGISTERED

TOOL = "tool"
PAGE = "page"
BY_LINK = "by-link"

ADL = "http://adlnet.gov/expapi/verbs/"
# Short names for rules. Any other verb is written as its whole IRI.
VERBS: Mapping[str, str] = {
    **REGISTERED,
    "performed-offline": "http://id.tincanapi.com/verb/performed-offline",
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """An activity id, or all that begin and end so (one `*` in between)."""

    begin: str
    end: str | None = None

    def fits(self, id: str) -> bool:
        if self.end is None:
            return id == self.begin
        return len(id) >= len(self.begin) + len(self.end) and id.startswith(self.begin) and id.endswith(self.end)

    def __str__(self) -> str:
        return self.begin if self.end is None else f"{self.begin}*{self.end}"

    @staticmethod
    def of(text: str) -> Pattern:
        begin, star, end = text.partition("*")
        return Pattern(begin, end if star else None)


@dataclass(frozen=True, slots=True)
class Matcher:
    """Which statements are meant. Empty fields ask nothing; `sources` is never empty."""

    verbs: tuple[str, ...] = ()
    activities: tuple[Pattern, ...] = ()
    types: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    sources: tuple[str, ...] = (TOOL,)
    min_scaled: float | None = None
    success: bool | None = None
    valid_months: int = 0
    """For so long a statement counts from its own time on; 0: for ever."""

    def filled(self, names: Mapping[str, str]) -> Matcher:
        """The same with {unit}, {module} and the like replaced by these IRIs."""
        return replace(
            self,
            activities=tuple(Pattern.of(_fill(str(activity), names)) for activity in self.activities),
            parents=tuple(_fill(parent, names) for parent in self.parents),
        )


@dataclass(frozen=True, slots=True)
class Statements:
    """Met by `times` matching statements whose durations sum up to `min_hours`. `why` names the reason to give
    until then (a code of lti_tool/ecvet/reasons.py), `about` what it is about."""

    matcher: Matcher
    times: int = 1
    min_hours: float = 0
    why: str = ""
    about: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Modules:
    """Met when each of these modules is done. None at all is never met: nothing is shown by nothing."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HoursOf:
    """Met when this many hours of a mode are recorded in the unit."""

    mode: str
    least: float


@dataclass(frozen=True, slots=True)
class All:
    of: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Met when `count` of them are; `any` is at least one."""

    count: int
    of: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Mean:
    """Met when the mean of the best scores, weighted, is `least` (0 to 1). Parts: (weight, rule).

    A part without evidence counts 0, one that is met without a score 1."""

    least: float
    of: tuple[tuple[float, Statements | Modules], ...]


Rule = Statements | Modules | HoursOf | All | AtLeast | Mean
NEVER = AtLeast(1, ())


@dataclass(frozen=True, slots=True)
class Scope:
    """What a rule may speak of where it stands: IRIs by placeholder, modules by set name, planned hours by mode."""

    names: Mapping[str, str]
    sets: Mapping[str, tuple[str, ...]]
    planned: Mapping[str, float]
    named: Callable[[str], Node | None]
    whys: frozenset[str]
    modes: frozenset[str] = frozenset()
    about: tuple[tuple[str, str], ...] = ()


KINDS = ("all", "any", "at_least", "weighted_mean", "statement", "module", "modules", "hours", "use")
_DO = "write one of: " + ", ".join(KINDS)


def read_rule(node: Node, scope: Scope, log: Log, using: tuple[str, ...] = ()) -> Rule:
    """The rule in `node`, complete: named rules and placeholders resolved. Faults are in `log`, and NEVER stands
    in the faulty place."""
    if not isinstance(node, Table) or len(node.entries) != 1:
        log.error(node.where, "PROGRAMME-RULE", "a rule is a mapping with one key", _DO)
        return NEVER
    kind, value = node.entries[0]
    if kind in ("all", "any"):
        rules = _rules(value, scope, log, using)
        return All(rules) if kind == "all" else AtLeast(1, rules)
    if kind == "at_least":
        return _at_least(value, scope, log, using)
    if kind == "weighted_mean":
        return _mean(value, scope, log)
    if kind == "statement":
        fields = Fields.of(value, "statement", log)
        return read_statement(fields, scope, log) if fields else NEVER
    if kind in ("module", "modules"):
        return _modules(node, kind, scope, log)
    if kind == "hours":
        return _hours(value, scope, log)
    if kind == "use":
        return _use(node, scope, log, using)
    log.error(node.where, "PROGRAMME-RULE", f'"{kind}" is no rule', _DO)
    return NEVER


def read_statement(fields: Fields, scope: Scope, log: Log) -> Statements:
    matcher = read_matcher(fields, frozenset(scope.names), log).filled(scope.names)
    times = fields.whole("times", 1, least=1)
    min_hours = fields.number("min_hours", 0)
    why = fields.text("why", "")
    if why and why not in scope.whys:
        do = "write one of: " + ", ".join(sorted(scope.whys))
        log.error(fields.where_of("why"), "PROGRAMME-RULE", f'"{why}" is no reason code', do)
    fields.end()
    return Statements(matcher, times, min_hours, why, scope.about)


def read_matcher(fields: Fields, placeholders: frozenset[str], log: Log) -> Matcher:
    """The matcher in these fields, its placeholders not yet replaced. The caller ends the fields."""
    verbs = tuple(_verb(word, fields, log) for word in fields.words("verb"))
    activities = fields.words("activity")
    parents = fields.words("parent")
    for key, values in (("activity", activities), ("parent", parents)):
        for value in values:
            _check_iri(value, key, placeholders, fields, log)
    types = fields.words("type")
    for value in types:
        if ":" not in value:
            do = "write the whole IRI of the activity type"
            log.error(fields.where_of("type"), "PROGRAMME-RULE", f'"{value}" is no IRI', do)
    scaled = fields.number("min_scaled", math.nan, least=-1, most=1)
    success = fields.flag("success", False) if fields.has("success") else None
    valid_months = fields.whole("valid_months", 0, least=1)
    if not (verbs or activities or parents or types):
        do = "name at least a verb or an activity"
        log.error(fields.where, "PROGRAMME-RULE", "this rule fits every statement", do)
    sources = fields.words("source") or (TOOL,)
    return Matcher(
        verbs=verbs,
        activities=tuple(Pattern.of(activity) for activity in activities),
        types=types,
        parents=parents,
        sources=sources,
        min_scaled=None if math.isnan(scaled) else scaled,
        success=success,
        valid_months=valid_months,
    )


def _verb(word: str, fields: Fields, log: Log) -> str:
    if word in VERBS:
        return VERBS[word]
    if ":" not in word:
        do = "write the verb's whole IRI, or one of: " + ", ".join(VERBS)
        log.error(fields.where_of("verb"), "PROGRAMME-RULE", f'"{word}" is no known verb', do)
    return word


def _check_iri(value: str, key: str, placeholders: frozenset[str], fields: Fields, log: Log) -> None:
    where = fields.where_of(key)
    known = sorted("{" + name + "}" for name in placeholders)
    bare = value
    for name in known:
        bare = bare.replace(name, "x:")
    if "{" in bare or "}" in bare:
        log.error(where, "PROGRAMME-RULE", f'"{value}" names what is not known here', "use " + ", ".join(known))
    elif ":" not in bare:
        do = "write the whole IRI, or begin with " + ", ".join(known)
        log.error(where, "PROGRAMME-RULE", f'"{value}" is no activity id', do)
    if value.count("*") > (1 if key == "activity" else 0):
        do = "write one * in an activity, none in a parent"
        log.error(where, "PROGRAMME-RULE", f'"{value}" has too many *', do)


def _fill(text: str, names: Mapping[str, str]) -> str:
    for name, iri in names.items():
        text = text.replace("{" + name + "}", iri)
    return text


def _rules(value: Node, scope: Scope, log: Log, using: tuple[str, ...]) -> tuple[Rule, ...]:
    if not isinstance(value, Row) or not value.items:
        log.error(value.where, "PROGRAMME-RULE", "a list of rules is missing", "write each rule on a line with `- `")
        return ()
    return tuple(read_rule(item, scope, log, using) for item in value.items)


def _at_least(value: Node, scope: Scope, log: Log, using: tuple[str, ...]) -> Rule:
    fields = Fields.of(value, "at_least", log)
    if fields is None:
        return NEVER
    count = fields.whole("count", least=1)
    node = fields.node("of")
    rules = _rules(node, scope, log, using) if node else ()
    if node is None:
        log.error(fields.where, "PROGRAMME-RULE", "`at_least` has no `of`", "write at_least: {count: 2, of: […]}")
    elif count > len(rules):
        do = f"lower `count` to {len(rules)} or add rules"
        log.error(fields.where, "PROGRAMME-RULE", f"{count} of {len(rules)} rules can never be met", do)
    fields.end()
    return AtLeast(count, rules)


def _mean(value: Node, scope: Scope, log: Log) -> Rule:
    fields = Fields.of(value, "weighted_mean", log)
    if fields is None:
        return NEVER
    least = fields.number("least", most=1)
    parts: list[tuple[float, Statements | Modules]] = []
    for node in fields.rows("of", required=True):
        part = Fields.of(node, "part of a weighted_mean", log)
        if part is None:
            continue
        weight = part.number("weight", 1)
        if weight <= 0:
            log.error(part.where, "PROGRAMME-RULE", "a weight of 0 counts nothing", "write a weight above 0")
        inner = part.fields("statement")
        if inner is not None and not part.has("module"):
            parts.append((weight, read_statement(inner, scope, log)))
        elif inner is None and part.has("module"):
            rule = _modules(Table((("module", part.node("module") or value),), part.where), "module", scope, log)
            parts += [(weight, rule)] if isinstance(rule, Modules) else []
        else:
            do = "write {weight: 2, statement: {…}} or {weight: 2, module: M07}"
            log.error(part.where, "PROGRAMME-RULE", "a part has either a `statement` or a `module`", do)
        part.end()
    fields.end()
    if not parts:
        log.error(fields.where, "PROGRAMME-RULE", "a mean of nothing", "write at least one part under `of:`")
    return Mean(least, tuple(parts)) if parts else NEVER


def _modules(node: Table, kind: str, scope: Scope, log: Log) -> Rule:
    value = node.entries[0][1]
    fields = Fields(node, "rule", log)
    words = fields.words(kind)
    sets = scope.sets
    if kind == "modules" and len(words) == 1 and words[0] in ("all", "sharing"):
        if words[0] in sets:
            return Modules(sets[words[0]])
        log.error(value.where, "PROGRAMME-RULE", f"`modules: {words[0]}` says nothing here", "name the modules by id")
        return NEVER
    for word in words:
        if word not in sets.get("any", ()):
            do = "name a module of this programme"
            log.error(value.where, "PROGRAMME-REFERENCE", f'there is no module "{word}" here', do)
    return Modules(tuple(words))


def _hours(value: Node, scope: Scope, log: Log) -> Rule:
    fields = Fields.of(value, "hours", log)
    if fields is None:
        return NEVER
    mode = fields.text("mode")
    if mode and mode not in scope.modes:
        do = "write one of: " + (", ".join(sorted(scope.modes)) or "(none here)")
        log.error(fields.where_of("mode"), "PROGRAMME-RULE", f'no rule can rest on hours of mode "{mode}"', do)
    if fields.has("min") == fields.has("min_share"):
        do = "write min: 165 (hours) or min_share: 0.8 (of the planned hours)"
        log.error(fields.where, "PROGRAMME-RULE", "`hours` needs either `min` or `min_share`", do)
    least = fields.number("min", 0)
    share = fields.number("min_share", 0, most=1)
    fields.end()
    return HoursOf(mode, least or share * scope.planned.get(mode, 0))


def _use(node: Table, scope: Scope, log: Log, using: tuple[str, ...]) -> Rule:
    name = Fields(node, "rule", log).text("use")
    target = scope.named(name) if name else None
    if name in using:
        chain = " → ".join((*using, name))
        log.error(node.where, "PROGRAMME-RULE", f"rules use one another in a circle: {chain}", "break the circle")
        return NEVER
    if target is None:
        log.error(node.where, "PROGRAMME-REFERENCE", f'there is no rule "{name}"', "define it under `rules:`")
        return NEVER
    return read_rule(target, scope, log, (*using, name))


def module_ids(rule: Rule) -> Iterable[str]:
    """Every module that a rule asks for."""
    if isinstance(rule, Modules):
        yield from rule.ids
    elif isinstance(rule, All | AtLeast):
        for part in rule.of:
            yield from module_ids(part)
    elif isinstance(rule, Mean):
        for _weight, one in rule.of:
            yield from module_ids(one)


def matchers(rule: Rule) -> Iterable[Matcher]:
    """Every matcher within a rule."""
    if isinstance(rule, Statements):
        yield rule.matcher
    elif isinstance(rule, All | AtLeast):
        for part in rule.of:
            yield from matchers(part)
    elif isinstance(rule, Mean):
        for _weight, one in rule.of:
            yield from matchers(one)
