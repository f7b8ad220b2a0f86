"""What a version of an agreement says, as plain data in every language; as papers/snapshot.py does for awards.

Texts and figures of the programme carry how sure they are; what people wrote into a form stands as they wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from lti_tool.agreements.terms import SIDES, Agreement, Duty, LearningWish, MemorandumWish, PartyWish, Wish
from lti_tool.ecvet.facts import least_sure
from lti_tool.ecvet.terms import LANGUAGES, MODES, Institution, Programme, tidy
from lti_tool.papers.snapshot import institution_part, modes_part, programme_part, unit_part

FORMAT: Final = 1
DUTIES: Final = ("assess", "validate", "recognise")
Plain = dict[str, Any]


def content_of(wish: Wish, programme: Programme, memorandum: Agreement | None = None) -> Plain:
    """All that the papers of a version say. The wish was checked before: its ids are those of the programme."""
    units = [one for one in programme.units if one.id in wish.units]
    sides = (
        [("party", one) for one in wish.parties]
        if isinstance(wish, MemorandumWish)
        else [("home", wish.home), ("host", wish.host)]
    )
    sure = least_sure([unit.status for unit in units])
    planned = {mode: tidy(sum(unit.hours[mode] for unit in units)) for mode in MODES}
    own = dict(wish.hours) if isinstance(wish, LearningWish) else {}
    return {
        "format": FORMAT,
        "programme": programme_part(programme),
        "modes": modes_part(programme),
        "parties": [_party(part, one, programme) for part, one in sides],
        "units": [unit_part(unit, programme) | {"hours": dict(unit.hours)} for unit in units],
        # What somebody wrote into the form is agreed, whatever the programme plans.
        "hours": {
            mode: {"value": own.get(mode, planned[mode]), "status": "published" if mode in own else sure}
            for mode in MODES
        },
        "memorandum": {"number": memorandum.number, "day": memorandum.made_at.date().isoformat()}
        if memorandum
        else None,
        "wish": asdict(wish),
    }


def known(programme: Programme, id: str) -> Institution | None:
    """The institution of the programme with this id."""
    return next((one for one in programme.institutions if one.id == id), None)


def _party(part: str, wish: PartyWish, programme: Programme) -> Plain:
    found = known(programme, wish.institution)
    if found is not None:
        named = institution_part(found)
    else:  # somebody wrote the name into the form, and stands up for it
        title = {"text": dict.fromkeys(LANGUAGES, wish.name), "status": dict.fromkeys(LANGUAGES, "published")}
        named = {"id": None, "title": title, "country": wish.country, "status": "published"}
    address, website = (found.address, found.website) if found else ("", "")
    return named | {"part": part, "address": wish.address or address, "website": website}


def wish_of(one: Agreement) -> Wish:
    """What was asked for when this version was made, to begin the next one with."""
    told: Mapping[str, Any] = one.snapshot["wish"]
    if one.kind == "memorandum":
        parties = tuple(PartyWish(**party) for party in told["parties"])
        return MemorandumWish(**{**told, "parties": parties, "units": tuple(told["units"])})
    values: Plain = {**told, "units": tuple(told["units"])}
    values.update({side: PartyWish(**told[side]) for side in SIDES})
    values.update({duty: Duty(**told[duty]) for duty in DUTIES})
    return LearningWish(**values)
