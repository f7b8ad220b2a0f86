"""What a programme promises, checked: sums of hours and points, reachability, translations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from lti_tool.ecvet.credit import largest_remainder
from lti_tool.ecvet.problems import Log, Problem, Where
from lti_tool.ecvet.rules import PAGE, VERBS, All, AtLeast, HoursOf, Mean, Modules, Rule, Statements
from lti_tool.ecvet.scheme import COMPETENT
from lti_tool.ecvet.terms import MODES, Programme, Text, Unit, tidy

ONLINE = "online_and_self_study"
# What a learner's page may say (DESIGN, "Whose word counts"), and what learners declare there.
OF_PAGES = frozenset(
    VERBS[verb]
    for verb in (
        "initialized",
        "experienced",
        "interacted",
        "answered",
        "progressed",
        "terminated",
        "performed-offline",
    )
)


def check(programme: Programme) -> tuple[Problem, ...]:
    """All that is wrong with a programme that could be read, by file and line. Errors: sums that disagree, outcomes
    that nothing can evidence, acts for which nobody is competent. Warnings: translations missing, modules that
    evidence nothing, points that do not follow from weights or hours."""
    log = Log()
    _check_sums(programme, log)
    _check_credit(programme, log)
    _check_institutions(programme, log)
    _check_reach(programme, log)
    _check_modules(programme, log)
    _check_rubrics(programme, log)
    _check_translations(programme, log)
    return log.problems


def _check_sums(programme: Programme, log: Log) -> None:
    code = "PROGRAMME-SUM"
    for mode in MODES:
        total = tidy(sum(unit.hours[mode] for unit in programme.units))
        if total != programme.hours[mode]:
            what = f"{mode}: the units have {total} h, the programme {tidy(programme.hours[mode])} h"
            log.error(programme.where, code, what, f"write {mode}: {total}, or correct the units' hours")
    points = tidy(sum(unit.points for unit in programme.units if unit.compulsory))
    if points != programme.points:
        what = f"the compulsory units give {points} points, the programme has {programme.points}"
        log.error(programme.where, code, what, f"write points: {points}, or correct the points in `units:`")
    for unit in programme.units:
        modules = [module for module in programme.modules if module.id in unit.modules]
        hours = tidy(sum(module.hours for module in modules))
        if modules and hours != unit.hours[ONLINE]:
            what = f"the modules of {unit.id} have {hours} h, the unit {tidy(unit.hours[ONLINE])} h online"
            log.error(unit.where, code, what, f"write {ONLINE}: {hours}, or correct the modules' hours")


def _check_credit(programme: Programme, log: Log) -> None:
    code, units = "PROGRAMME-SUM", [unit for unit in programme.units if unit.compulsory]
    if programme.scheme.kind == "none":
        if programme.points or any(unit.points for unit in programme.units):
            do = "take the points out, or choose another scheme"
            log.error(programme.where, code, f"the scheme {programme.scheme.id} has no points, the programme has", do)
        return
    weighed = [unit for unit in units if unit.weight != unit.points]
    if weighed and isinstance(programme.points, int) and sum(unit.weight for unit in units):
        shares = largest_remainder(programme.points, [unit.weight for unit in units])
        if shares != tuple(unit.points for unit in units):
            split = ", ".join(f"{unit.id} {share}" for unit, share in zip(units, shares, strict=True))
            what = "the points of the units are not the split by their weights (largest remainder)"
            log.warning(programme.where, code, what, f"that would be: {split}; or correct the weights")
    by_hours = programme.scheme.hours_per_point
    if by_hours and abs(programme.points - programme.hours.total / by_hours) > 1:
        worth = tidy(programme.hours.total / by_hours)
        what = f"{programme.points} points for {programme.hours.total} h, at {by_hours} h a point that would be {worth}"
        log.warning(programme.where, code, what, "correct the points, the hours or hours_per_point")


def _check_institutions(programme: Programme, log: Log) -> None:
    for act in COMPETENT if programme.institutions else ():
        if not any(act in one.competent for one in programme.institutions):
            do = f"name `{act}` under `competent:` of one that may"
            log.error(programme.where, "PROGRAMME-REACH", f"no institution is competent to {act}", do)


def _check_reach(programme: Programme, log: Log) -> None:
    code = "PROGRAMME-REACH"
    for unit in programme.units:
        if not unit.outcomes:
            log.error(unit.where, code, f"{unit.id} has no outcomes, so nobody can achieve it", "add `outcomes:`")
        if not reachable(unit.rule, programme):
            do = "correct its `rule:` (an empty list of modules is never met)"
            log.error(unit.where, code, f"no evidence can meet the rule of {unit.id}", do)
        for outcome in unit.outcomes:
            if not reachable(outcome.rule, programme):
                what = f"no evidence can show {outcome.id}"
                if not outcome.modules:
                    what += f": it shares no reference with a module of {unit.id}"
                do = "give it a `rule:`, the unit an `outcome_rule:`, or a module a reference"
                log.error(outcome.where, code, what, do)
            if asks_nothing(outcome.rule):
                do = "ask for more than 0 hours, or for a statement"
                log.error(outcome.where, code, f"the rule of {outcome.id} is met without any evidence", do)


def reachable(rule: Rule, programme: Programme) -> bool:
    """True where some set of statements meets the rule."""
    if isinstance(rule, All):
        return all(reachable(part, programme) for part in rule.of)
    if isinstance(rule, AtLeast):
        return sum(reachable(part, programme) for part in rule.of) >= rule.count
    if isinstance(rule, Modules):
        found = [programme.module(id) for id in rule.ids]
        return bool(found) and all(module is not None and reachable(module.rule, programme) for module in found)
    if isinstance(rule, HoursOf):
        mode = programme.mode(rule.mode)
        return rule.least == 0 or (mode is not None and bool(mode.recorded))
    if isinstance(rule, Mean):
        found_weight = sum(weight for weight, part in rule.of if reachable(part, programme))
        return found_weight >= rule.least * sum(weight for weight, _part in rule.of)
    return isinstance(rule, Statements) and _can_be_said(rule)


def _can_be_said(rule: Statements) -> bool:
    """False where the only source is a page, which may not say any of these verbs."""
    alone = set(rule.matcher.sources) <= {PAGE}
    return not (alone and rule.matcher.verbs) or bool(OF_PAGES & set(rule.matcher.verbs))


def asks_nothing(rule: Rule) -> bool:
    """True where the rule is met before a learner has done anything."""
    if isinstance(rule, All):
        return all(asks_nothing(part) for part in rule.of)
    if isinstance(rule, AtLeast):
        return sum(asks_nothing(part) for part in rule.of) >= rule.count
    return isinstance(rule, HoursOf | Mean) and rule.least <= 0


def _check_modules(programme: Programme, log: Log) -> None:
    for unit in programme.units:
        for id in unit.modules:
            module = programme.module(id)
            if module and not module.outcomes(unit):
                what = f"{id} shares no reference with an outcome of {unit.id}, so it evidences none"
                log.warning(module.where, "PROGRAMME-REACH", what, "add a reference to the module or the outcome")


def _check_rubrics(programme: Programme, log: Log) -> None:
    for rubric in programme.rubrics:
        points = [level.points for level in rubric.levels]
        if any(later <= earlier for earlier, later in pairwise(points)):
            what = f"the levels of rubric {rubric.id} have the points " + ", ".join(map(str, points))
            log.error(rubric.where, "PROGRAMME-SUM", what, "write the lowest level first, each with more points")
        for criterion in rubric.criteria:
            left = [level.id for level in rubric.levels if level.id not in criterion.levels]
            if criterion.levels and left:
                what = f"{rubric.id}: {criterion.id} does not say what these levels look like: " + ", ".join(left)
                log.warning(rubric.where, "PROGRAMME-FIELD", what, "add them under `levels:` of the criterion")


def _check_translations(programme: Programme, log: Log) -> None:
    for where, what, text, languages in _texts(programme):
        missing = [language for language in languages if text and language not in text]
        if missing:
            do = "add " + ", ".join(f"`{language}: …`" for language in missing)
            log.warning(where, "PROGRAMME-TRANSLATION", f"{what} is missing in " + ", ".join(missing), do)


def _texts(programme: Programme) -> Iterator[tuple[Where, str, Text, tuple[str, ...]]]:
    languages = programme.languages
    yield programme.where, "the title", programme.title, languages
    yield programme.where, "the title of the qualification", programme.qualification, languages
    yield programme.where, "the profile", programme.profile, languages
    for job in programme.occupations:
        yield programme.where, f"the label of occupation {job.uri}", job.label, languages
    yield programme.where, f"the title of the credit scheme {programme.scheme.id}", programme.scheme.title, languages
    for unit in programme.units:
        yield from _texts_of(unit, languages)
    for module in programme.modules:
        yield module.where, f"the title of {module.id}", module.title, languages
        yield module.where, f"the description of {module.id}", module.description, languages
    for rubric in programme.rubrics:
        yield rubric.where, f"the title of rubric {rubric.id}", rubric.title, languages
        for level in rubric.levels:
            yield rubric.where, f"{rubric.id}: the title of level {level.id}", level.title, languages
        for criterion in rubric.criteria:
            yield rubric.where, f"{rubric.id}: the title of criterion {criterion.id}", criterion.title, languages
            for id, text in criterion.levels.items():
                yield rubric.where, f"{rubric.id}: level {id} of {criterion.id}", text, languages
    for mode in programme.modes:
        yield mode.where, f"the title of mode {mode.id}", mode.title, languages
    for framework in programme.frameworks:
        wanted = tuple(language for language in languages if language in framework.languages)
        for id, title in framework.areas.items():
            yield framework.where, f"{framework.id}: the title of area {id}", title, wanted
        for competence in framework.competences:
            yield framework.where, f"{framework.id}: the title of {competence.id}", competence.title, wanted


def _texts_of(unit: Unit, languages: tuple[str, ...]) -> Iterator[tuple[Where, str, Text, tuple[str, ...]]]:
    yield unit.where, f"the title of {unit.id}", unit.title, languages
    yield unit.where, f"the assessment procedure of {unit.id}", unit.assessment.procedure, languages
    yield unit.where, f"the assessment criteria of {unit.id}", unit.assessment.criteria, languages
    for outcome in unit.outcomes:
        yield outcome.where, f"the text of {outcome.id}", outcome.text, languages
