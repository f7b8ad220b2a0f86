"""Reasons and states in words. Pure: the translator is an argument, and `N_` marks the sentences for the catalogues."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from lti_tool.ecvet.reasons import Reason
from lti_tool.ecvet.terms import Programme
from lti_tool.errors import N_
from lti_tool.shares import whole_percent

Translate = Callable[[str], str]
Names = Mapping[str, str]

STATES: Mapping[str, str] = {
    "not_started": N_("not started"),
    "in_progress": N_("in progress"),
    "demonstrated": N_("demonstrated"),
    "assessed_not_yet": N_("assessed: not yet achieved"),
    "assessed_achieved": N_("assessed: achieved"),
    "validated": N_("validated"),
    "recognised": N_("recognised"),
}

SENTENCES: Mapping[str, str] = {
    "module_left": N_("Module %(module)s is left."),
    "module_begun": N_("You have begun module %(module)s. It is not finished yet."),
    "quiz_left": N_("You have begun module %(module)s. The quiz is left."),
    "quiz_failed": N_("Module %(module)s: the quiz is not passed yet."),
    "score_below": N_("Module %(module)s: your best result is %(scaled)s, %(needed)s is needed."),
    "result_below": N_("The best result is %(scaled)s, %(needed)s is needed: %(activity)s"),
    "mean_below": N_("The mean result is %(scaled)s, %(needed)s is needed."),
    "run_out": N_("This counted until %(since)s and has to be shown again: %(activity)s"),
    "module_ran_out": N_("What you did in module %(module)s counted until %(since)s and has to be shown again."),
    "entry_left": N_("Your trainer or mentor has not entered this yet."),
    "project_left": N_("Your project work is not rated yet, and nobody has entered the project as done."),
    "project_below": N_("Your project work was rated with %(scaled)s, %(needed)s is needed."),
    "hours_left:face_to_face": N_("%(hours)s h of seminars are left to attend."),
    "hours_left:project_based": N_("%(hours)s h of project work are left."),
    "hours_left:assessment": N_("%(hours)s h of assessment are left."),
    "hours_left:work_based": N_("%(hours)s h of work-based learning are left."),
    "hours_wait:face_to_face": N_("Your trainer has to confirm %(hours)s h."),
    "hours_wait:project_based": N_("Your mentor has to confirm %(hours)s h."),
    "hours_wait:assessment": N_("Your assessor has to confirm %(hours)s h."),
    "hours_wait:work_based": N_("Your mentor has to confirm %(hours)s h."),
    "statement_left": N_("There is no result for this activity yet: %(activity)s"),
    "times_left": N_("Still to do %(times)s times: %(activity)s"),
    "duration_left": N_("%(hours)s h are left for this activity: %(activity)s"),
    "choose": N_("Of these ways, %(count)s more must be complete:"),
    "no_evidence_rule": N_("No module leads to this. Please tell your coordinator."),
    "not_trusted": N_(
        "There is a result for %(about)s that does not count: it does not come from a source this programme trusts."
    ),
    "evidence_complete": N_("All evidence is there since %(since)s."),
    "evidence_complete:": N_("All evidence is there."),
    "evidence_lasts": N_("The evidence for this counts until %(until)s."),
    "evidence_ran_out": N_("The evidence for this counted until %(since)s. What was decided stays."),
    "assessed_achieved": N_("%(by)s (%(institution)s) assessed this as achieved on %(at)s."),
    "assessed_not_yet": N_("%(by)s (%(institution)s) assessed this as not yet achieved on %(at)s: %(reason)s"),
    "assessed_not_yet:": N_("%(by)s (%(institution)s) assessed this as not yet achieved on %(at)s."),
    "assessed_in_part": N_("%(count)s of %(total)s outcomes are assessed as achieved."),
    "validated": N_("%(by)s (%(institution)s) validated this on %(at)s."),
    "recognised": N_("%(by)s (%(institution)s) recognised this on %(at)s."),
    "refused:validate": N_("%(by)s (%(institution)s) did not validate this on %(at)s: %(reason)s"),
    "refused:recognise": N_("%(by)s (%(institution)s) did not recognise this on %(at)s: %(reason)s"),
    "four_eyes:validate": N_(
        "A validation of %(at)s does not count: %(by)s assessed this too, and the programme asks for two persons."
    ),
    "four_eyes:recognise": N_(
        "A recognition of %(at)s does not count: %(by)s validated this too, and the programme asks for two persons."
    ),
    "out_of_turn:assess": N_("An assessment of %(at)s names no outcome of this unit."),
    "out_of_turn:validate": N_("A validation of %(at)s does not count: the assessment as achieved was missing."),
    "out_of_turn:recognise": N_("A recognition of %(at)s does not count: the validation was missing."),
    "waits_for_assessment": N_("Waits for assessment since %(since)s."),
    "waits_for_assessment:": N_("Waits for assessment."),
    "waits_for_validation": N_("Waits for validation since %(since)s."),
    "waits_for_recognition": N_("Waits for recognition since %(since)s."),
}


OF_OTHERS: Mapping[str, str] = {
    "module_begun": N_("Module %(module)s is begun and not finished yet."),
    "quiz_left": N_("Module %(module)s is begun. The quiz is left."),
    "score_below": N_("Module %(module)s: the best result is %(scaled)s, %(needed)s is needed."),
    "module_ran_out": N_("What was done in module %(module)s counted until %(since)s and has to be shown again."),
    "entry_left": N_("A trainer or mentor has not entered this yet."),
    "project_left": N_("The project work is not rated yet, and nobody has entered the project as done."),
    "project_below": N_("The project work was rated with %(scaled)s, %(needed)s is needed."),
    "hours_wait:face_to_face": N_("A trainer has to confirm %(hours)s h."),
    "hours_wait:project_based": N_("A mentor has to confirm %(hours)s h."),
    "hours_wait:assessment": N_("An assessor has to confirm %(hours)s h."),
    "hours_wait:work_based": N_("A mentor has to confirm %(hours)s h."),
    "no_evidence_rule": N_("No module leads to this. The coordinator has to mend the programme."),
}
"""For whoever reads about somebody else: the sentences that speak to the learner, in the third person."""


def reason_text(
    reason: Reason,
    programme: Programme,
    locale: str,
    gettext: Translate,
    names: Names | None = None,
    own: bool = True,
) -> str:
    """The reason as one sentence in `locale`. `gettext` translates an English sentence; `names` gives words for the
    ids that stand in `by` and `institution` (institutions of the programme are known). `own`: the learner reads it."""
    sentence = _sentence(reason, SENTENCES if own else {**SENTENCES, **OF_OTHERS})
    values = {key: _shown(key, value, programme, locale, names or {}) for key, value in reason.params.items()}
    return gettext(sentence) % values


def state_text(state: str, gettext: Translate) -> str:
    """The word for a state; always the same one."""
    return gettext(STATES[state])


def _sentence(reason: Reason, sentences: Mapping[str, str]) -> str:
    """The sentence of a code, by what stands in its values: some read otherwise for a mode, or without a date."""
    params = reason.params
    for key in ("mode", "kind"):
        if key in params and f"{reason.code}:{params[key]}" in sentences:
            return sentences[f"{reason.code}:{params[key]}"]
    bare = sentences.get(f"{reason.code}:")
    if bare is not None and "" in (params.get("since", "-"), params.get("reason", "-")):
        return bare
    return sentences[reason.code]


def _shown(key: str, value: object, programme: Programme, locale: str, names: Names) -> str:
    if key in ("hours", "times", "count", "total") and isinstance(value, int | float):
        return str(format_decimal(value, locale=locale))
    if key in ("scaled", "needed") and isinstance(value, int | float):
        return str(format_percent(whole_percent(value), locale=locale))
    text = str(value)
    if key in ("at", "since", "until") and text:
        return str(format_date(date.fromisoformat(text[:10]), "d MMMM y" if locale == "en" else "long", locale=locale))
    if key in ("module", "about") and (module := programme.module(text)):
        return f"{text} ({module.title.in_(locale)})"
    if key == "institution":
        known = {institution.id: institution.title.in_(locale) for institution in programme.institutions}
        return names.get(text) or known.get(text) or text
    return names.get(text, text) if key == "by" else text
