"""What was read from elsewhere as a programme file: a plain document, and its YAML. Pure.

What the other system did not know is left at the least, with status reconstructed; a person completes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from lti_tool.ecvet.moodle_framework import FoundUnit
from lti_tool.ecvet.terms import Framework

CRITERIA = "Every learning outcome of the unit is judged achieved or not yet achieved."
GRADING = "achieved / not yet achieved"
Document = dict[str, Any]


class _Plain(yaml.SafeDumper):
    """The narrow YAML of programme files has no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def as_yaml(document: Mapping[str, Any], notes: Sequence[str] = ()) -> str:
    """The document as text of a programme file, under these notes."""
    head = "".join(f"# {line}\n" for note in notes for line in note.splitlines())
    return head + yaml.dump(dict(document), Dumper=_Plain, allow_unicode=True, sort_keys=False, width=120)


def free_id(name: str, taken: set[str]) -> str:
    """An id for this name, its own where that can be part of an IRI, and not one of those `taken`; now it is."""
    bare = re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip("._-") or "x"
    id, number = bare, 1
    while id in taken:
        number += 1
        id = f"{bare}-{number}"
    taken.add(id)
    return id


def usable_ids(names: Iterable[str]) -> dict[str, str]:
    """An id for each of these different names; no two the same."""
    taken: set[str] = set()
    return {name: free_id(name, taken) for name in names}


def units_document(units: Sequence[FoundUnit], eqf_level: int) -> Document:
    """Units with their outcomes, for a shared file. Without modules or rules nothing evidences them yet but what a
    trainer or mentor enters. An id that can't be used here stands in a note."""
    units_ids = usable_ids(unit.id for unit in units)
    outcome_ids = usable_ids(outcome.id for unit in units for outcome in unit.outcomes)
    return {"units": [_unit(one, units_ids[one.id], outcome_ids, eqf_level) for one in units]}


def _origin(id: str, name: str) -> Document:
    return {} if id == name else {"facts": {"id": {"status": "reconstructed", "note": f"ID number: {name}"}}}


def _unit(unit: FoundUnit, id: str, outcome_ids: Mapping[str, str], eqf_level: int) -> Document:
    return {
        "id": id,
        "title": dict(unit.title),
        "eqf_level": eqf_level,
        "hours": {},
        "assessment": {"methods": [], "criteria": {"en": CRITERIA}, "grading": GRADING},
        "outcome_rule": {"use": "entry"},
        "status": "reconstructed",
        **_origin(id, unit.id),
        "outcomes": [
            {
                "id": outcome_ids[one.id],
                "kind": one.kind or "skill",
                "text": dict(one.text),
                "status": "reconstructed",
                **_origin(outcome_ids[one.id], one.id),
            }
            for one in unit.outcomes
        ],
    }


def links_notes(units: Sequence[FoundUnit]) -> list[str]:
    """Lines for `units:` of a programme, with the points that were found."""
    ids = usable_ids(one.id for one in units)
    return [f"  - {{unit: {ids[one.id]}, points: {one.points or 0}}}" for one in units]


def framework_document(framework: Framework) -> Document:
    """A competence framework, for a shared file."""
    known = framework.areas
    return {
        "frameworks": [
            {
                "id": framework.id,
                "title": dict(framework.title),
                "version": framework.version,
                **({"levels": framework.levels} if framework.levels else {}),
                **({"source": framework.source} if framework.source else {}),
                "status": framework.status,
                "languages": list(framework.languages),
                **({"areas": [{"id": id, "title": dict(title)} for id, title in known.items()]} if known else {}),
                "competences": [
                    {
                        "id": one.id,
                        **({"area": one.area} if one.area else {}),
                        "title": dict(one.title),
                        **({"esco": one.esco} if one.esco else {}),
                    }
                    for one in framework.competences
                ],
            }
        ]
    }
