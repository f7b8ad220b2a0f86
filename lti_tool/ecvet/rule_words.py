"""Rules of evidence in words: what would count, for a learner to read. Pure: the translator is an argument.

`reasons` tell what is left of a rule after what was shown; this tells the rule itself, with all its ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from babel.numbers import format_decimal, format_percent

from lti_tool.ecvet.rules import BY_LINK, All, AtLeast, HoursOf, Mean, Modules, Rule, Statements
from lti_tool.ecvet.terms import Programme
from lti_tool.ecvet.words import Translate
from lti_tool.errors import N_
from lti_tool.shares import whole_percent


@dataclass(frozen=True, slots=True)
class Way:
    """What counts, as a sentence; with `parts`, the sentence says how many of them are needed."""

    text: str
    parts: tuple[Way, ...] = ()


SENTENCES: Mapping[str, str] = {
    "nothing": N_("No evidence is named for this. Please tell your coordinator."),
    "all": N_("All of these:"),
    "any": N_("One of these:"),
    "at_least": N_("%(count)s of these:"),
    "mean": N_("A mean result of %(needed)s or more in these, each with its weight:"),
    "weighted": N_("weight %(weight)s: %(way)s"),
    "module": N_("Finish module %(module)s."),
    "quiz": N_("Pass the quiz of module %(module)s."),
    "module_ways": N_("Module %(module)s, by one of these:"),
    "entry": N_("Your trainer or mentor has seen it, and enters so."),
    "project": N_("Your trainer or mentor enters your project as done."),
    "rated_project": N_("An assessor rates the project work that you hand in with %(needed)s or more."),
    "by_link": N_("Somebody who sees you at work rates a task that shows it, by a link from your mentor or trainer."),
    "hours": N_("%(hours)s h, entered or confirmed by a trainer or mentor."),
    "hours:face_to_face": N_("%(hours)s h of seminars, entered by your trainer."),
    "hours:project_based": N_("%(hours)s h of project work, confirmed by your mentor or trainer."),
    "hours:assessment": N_("%(hours)s h of assessment, entered by your assessor."),
    "hours:work_based": N_("%(hours)s h of work-based learning, confirmed by your mentor."),
    "result": N_("A result of %(needed)s or more for this activity: %(activity)s"),
    "activity": N_("Complete this activity: %(activity)s"),
    "times": N_("%(way)s (%(times)s times)"),
    "lasting": N_("%(way)s (%(hours)s h in all)"),
    "valid": N_("%(way)s (it counts for %(months)s months)"),
}
_PLAIN = ("module_left", "quiz_left")
"""Reasons of rules that say no more than to finish a module, or to pass its quiz."""


@dataclass(frozen=True, slots=True)
class _Speaker:
    programme: Programme
    locale: str
    gettext: Translate

    def say(self, key: str, **values: object) -> str:
        return self.gettext(SENTENCES[key]) % values

    def number(self, value: float) -> str:
        return str(format_decimal(value, locale=self.locale))

    def percent(self, share: float) -> str:
        return str(format_percent(whole_percent(share), locale=self.locale))

    def of(self, rule: Rule) -> Way:
        if isinstance(rule, All):
            return self.several("all", (self.of(one) for one in rule.of))
        if isinstance(rule, AtLeast):
            return self.at_least(rule)
        if isinstance(rule, Modules):
            return self.several("all", (self.module(id) for id in rule.ids))
        if isinstance(rule, HoursOf):
            key = f"hours:{rule.mode}"
            return Way(self.say(key if key in SENTENCES else "hours", hours=self.number(rule.least)))
        if isinstance(rule, Mean):
            parts = tuple(
                Way(self.say("weighted", weight=self.number(weight), way=way.text), way.parts)
                for weight, one in rule.of
                for way in (self.of(one),)
            )
            return Way(self.say("mean", needed=self.percent(rule.least)), parts)
        return self.statements(rule)

    def several(self, key: str, ways: Iterable[Way], **values: object) -> Way:
        """Ways under a head that says how many are needed; one alone needs no head."""
        parts = tuple(ways)
        if not parts:
            return Way(self.say("nothing"))
        return parts[0] if len(parts) == 1 else Way(self.say(key, **values), parts)

    def at_least(self, rule: AtLeast) -> Way:
        if rule.count == 1:  # one of (one of a, b), c is one of a, b, c
            return self.several("any", (self.of(one) for one in _flat(rule)))
        return self.several("at_least", (self.of(one) for one in rule.of), count=self.number(rule.count))

    def module(self, id: str) -> Way:
        module = self.programme.module(id)
        if module is None:
            return Way(self.say("module", module=id))
        name = f"{id} ({module.title.in_(self.locale)})"
        if isinstance(module.rule, Statements) and module.rule.why in _PLAIN:
            return Way(self.say("quiz" if module.rule.why == "quiz_left" else "module", module=name))
        way = self.of(module.rule)
        return Way(self.say("module_ways", module=name), way.parts or (way,))

    def statements(self, rule: Statements) -> Way:
        text, matcher = self.one(rule), rule.matcher
        if rule.times > 1:
            text = self.say("times", way=text, times=self.number(rule.times))
        if rule.min_hours:
            text = self.say("lasting", way=text, hours=self.number(rule.min_hours))
        if matcher.valid_months:
            text = self.say("valid", way=text, months=self.number(matcher.valid_months))
        return Way(text)

    def one(self, rule: Statements) -> str:
        about, matcher = dict(rule.about), rule.matcher
        if rule.why in _PLAIN and (module := self.programme.module(about.get("module", ""))):
            name = f"{module.id} ({module.title.in_(self.locale)})"
            return self.say("quiz" if rule.why == "quiz_left" else "module", module=name)
        if rule.why == "entry_left":
            return self.say("entry")
        if rule.why == "project_left" and matcher.min_scaled is not None:
            return self.say("rated_project", needed=self.percent(matcher.min_scaled))
        if rule.why == "project_left":
            return self.say("project")
        if matcher.sources == (BY_LINK,):
            return self.say("by_link")
        named = ", ".join(str(one) for one in (*matcher.activities, *matcher.parents, *matcher.types))
        activity = named or ", ".join(matcher.verbs)
        if matcher.min_scaled is not None:
            return self.say("result", needed=self.percent(matcher.min_scaled), activity=activity)
        return self.say("activity", activity=activity)


def _flat(rule: AtLeast) -> Iterable[Rule]:
    for one in rule.of:
        if isinstance(one, AtLeast) and one.count == 1 and one.of:
            yield from _flat(one)
        else:
            yield one


def in_words(rule: Rule, programme: Programme, locale: str, gettext: Translate) -> Way:
    """What meets a rule, in `locale`; `gettext` translates an English sentence."""
    return _Speaker(programme, locale, gettext).of(rule)
