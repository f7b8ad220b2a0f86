"""The names of facts in words, for the page of a programme. Pure: `N_` marks them for the catalogues."""

from __future__ import annotations

from collections.abc import Mapping

from lti_tool.errors import N_

STATUSES: Mapping[str, str] = {
    "published": N_("published"),
    "inferred": N_("inferred"),
    "draft": N_("our draft"),
    "reconstructed": N_("reconstructed"),
}
MEANINGS: Mapping[str, str] = {
    "published": N_("It stands in the source that is named."),
    "inferred": N_("It follows from what is published; the note says how."),
    "draft": N_("Our wording or translation, not checked by a native speaker."),
    "reconstructed": N_("Made up for this draft. Never printed as official."),
}
FIELDS: Mapping[str, str] = {
    "title": N_("Title"),
    "qualification": N_("Qualification"),
    "profile": N_("Profile"),
    "eqf": N_("EQF level"),
    "eqf_level": N_("EQF level"),
    "nqf": N_("National level"),
    "occupations": N_("Occupation"),
    "hours": N_("Hours"),
    "credit.points": N_("Points"),
    "points": N_("Points"),
    "compulsory": N_("Compulsory"),
    "units": N_("Points of a unit"),
    "optional": N_("Optional unit"),
    "validity": N_("Validity"),
    "assessment.methods": N_("Methods of assessment"),
    "assessment.procedure": N_("Procedure of assessment"),
    "assessment.criteria": N_("Criteria of assessment"),
    "assessment.grading": N_("Grading"),
    "modules": N_("Modules"),
    "rubric": N_("Rubric of project work"),
    "level": N_("Level"),
    "criterion": N_("Criterion"),
    "text": N_("Learning outcome"),
    "kind": N_("Kind"),
    "references": N_("Refers to"),
    "description": N_("Description"),
    "delivery": N_("Delivery"),
    "group": N_("Group"),
    "country": N_("Country"),
    "competent": N_("May"),
    "address": N_("Address"),
    "website": N_("Website"),
    "email": N_("E-mail"),
    "identifiers": N_("Register number"),
    "hours_per_point": N_("Hours for a point"),
    "rule": N_("Rule"),
    "note": N_("Note"),
}
METHODS: Mapping[str, str] = {
    "quiz": N_("quiz"),
    "portfolio": N_("portfolio"),
    "practical_assessment": N_("practical assessment"),
    "marked_assignment": N_("marked assignment"),
    "oral_examination": N_("oral examination"),
    "peer_assessment": N_("peer assessment"),
    "project_work": N_("project work"),
    "continuous_evaluation": N_("continuous assessment"),
}
VALUES: Mapping[str, str] = {
    **METHODS,
    "achieved / not yet achieved": N_("achieved / not yet achieved"),
    "knowledge": N_("Knowledge"),
    "skill": N_("Skill"),
    "autonomy_and_responsibility": N_("Responsibility and autonomy"),
    "mooc": N_("Open online course"),
    "specialisation": N_("Specialisation course"),
    "true": N_("yes"),
    "false": N_("no"),
    "assess": N_("assess"),
    "validate": N_("validate"),
    "recognise": N_("recognise"),
}


def field_word(field: str) -> str:
    """The English name of a field; its own name where the file chose it (facts of a project)."""
    return FIELDS.get(field) or FIELDS.get(field.partition(".")[0]) or field.replace("_", " ")


def value_words(field: str, value: str) -> tuple[str, ...]:
    """The English words that a coded value is made of; none where it speaks for itself."""
    if field in ("kind", "delivery", "competent", "compulsory", "assessment.methods", "assessment.grading"):
        return tuple(VALUES.get(part, part) for part in value.split(", "))
    return ()
