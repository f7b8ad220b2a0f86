"""Concepts in European Digital Credentials: each is one of the Commission's lists, under the scheme of its list.

What stands here was read in european-commission-empl/European-Learning-Model at 9d7c5d2, `xsd/loq/cv/*.xsd`; the list
of skills, ESCO, is too long for that and is known by its form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest

from lti_tool.i18n import LANGUAGES
from lti_tool.papers import elm
from tests.ecvet.builders import ceco, digy
from tests.learning import BASE, Place
from tests.papers.conftest import anna, issue

SNB: Final = "http://data.europa.eu/snb/"
AUTHORITY: Final = "http://publications.europa.eu/resource/authority/"
ESCO: Final = re.compile(r"http://data\.europa\.eu/esco/skill/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LISTS: Final[dict[str, dict[str, str]]] = {
    "credential": {"e34929035b": "Generic"},
    "encoding": {"6146cde7dd": "base64"},
    "eqf": {str(level): f"Level {level}" for level in range(1, 9)},
    "education-credit": {"60b314e826": "European credit system for vocational education and training"},
    "learning-assessment": {  # modes of learning and assessment
        "729f3bed4b": "Workbased",
        "7813801c77": "Project based",
        "9191af2ed9": "Presential",
        "920fbb3cbe": "Online",
    },
    "learning-activity": {
        "bf2e3a7bae": "e-learning coursework",
        "bf5588ff84": "internship",
        "efff75e10a": "workshop, seminar or conference",
    },
    "assessment": {
        "19a2e5e671": "peer assessment",
        "2939dae15f": "marked assignment",
        "3484bd7e51": "continuous evaluation",
        "4f03b91c0e": "portfolio",
        "6a4db9f11d": "practical assessment",
        "795dac4096": "project work",
        "b1b68f6735": "quiz",
        "d30284d7df": "oral examination",
    },
}
TABLES: Final = {
    "language": {"ENG", "LAV", "BUL", "ELL", "ITA"},
    "country": {"LVA", "BGR", "GRC", "ITA"},
    "file-type": {"PNG"},
}


def concepts(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if node.get("type") == "Concept":
            yield node
        for value in node.values():
            yield from concepts(value)
    elif isinstance(node, list):
        for value in node:
            yield from concepts(value)


def is_listed(id: str, scheme: str) -> bool:
    if id.startswith(AUTHORITY):
        table, _slash, code = id.removeprefix(AUTHORITY).partition("/")
        return code in TABLES.get(table, ()) and scheme == AUTHORITY + table
    if id.startswith(SNB):
        name, _slash, code = id.removeprefix(SNB).partition("/")
        return code in LISTS.get(name, ()) and scheme == f"{SNB}{name}/25831c2"
    return bool(ESCO.fullmatch(id)) and scheme == "http://data.europa.eu/esco/concept-scheme/skills"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_concept_of_a_credential_is_on_its_list(here: Place, language: str) -> None:
    learner, coordinator = anna(here)
    for kind in ("unit", "transcript"):
        made = elm.upload(issue(here, coordinator, learner, kind), language, BASE, b"")  # type: ignore[arg-type]  # a Kind
        found = [(one["id"], one["inScheme"]["id"]) for one in concepts(made)]
        assert len(found) > 8
        assert [pair for pair in found if not is_listed(*pair)] == []


def test_modes_and_methods_of_the_programmes_mean_what_the_lists_say() -> None:
    assessed, modes, activities = LISTS["assessment"], LISTS["learning-assessment"], LISTS["learning-activity"]
    for programme in (ceco(), digy()):
        for unit in programme.units:
            for method in unit.assessment.methods:
                assert assessed[method.elm_type.removeprefix(f"{SNB}assessment/")] == method.id.replace("_", " ")
        by_mode = {one.id: (one.elm_mode, one.elm_activity_type) for one in programme.modes}
        said = {
            id: (modes.get((mode or "").rpartition("/")[2]), activities.get((activity or "").rpartition("/")[2]))
            for id, (mode, activity) in by_mode.items()
        }
        assert said == {
            "face_to_face": ("Presential", "workshop, seminar or conference"),
            "online_and_self_study": ("Online", "e-learning coursework"),
            "project_based": ("Project based", None),
            "assessment": (None, None),
            "work_based": ("Workbased", "internship"),
        }


@pytest.mark.parametrize(
    ("code", "country"),
    [("LV", "LVA"), ("EL", "GRC"), ("GR", "GRC"), ("EE", "EST"), ("UK", "GBR"), ("XK", "1A0"), ("??", "OP_DATPRO")],
)
def test_a_country_is_one_of_the_authority_table(here: Place, code: str, country: str) -> None:
    learner, coordinator = anna(here)
    award = issue(here, coordinator, learner)
    institution = {**award.snapshot["institution"], "country": code}
    made = elm.upload(replace(award, snapshot={**award.snapshot, "institution": institution}), "en", BASE, b"")
    (where,) = made["issuer"]["location"][0]["address"]
    assert where["countryCode"]["id"] == f"{AUTHORITY}country/{country}"
