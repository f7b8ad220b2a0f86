"""Other versions of the programmes that ship, made by changing a few words of their files."""

from __future__ import annotations

from lti_tool.db import writing
from lti_tool.ecvet import load, store
from lti_tool.ecvet.programme import Programme
from tests.learning import ROOT, Place

UNITS = "shared/units.yaml"
# A ninth outcome for BIB-U1 that no module shows, another wording of the first, and a point more for the unit.
HARDER = (
    (
        UNITS,
        "  outcomes:\n  - id: BIB-U1-K1\n",
        "  outcomes:\n  - id: BIB-U1-N9\n    kind: skill\n    text: {en: Something new}\n"
        "    rule: {use: entry}\n  - id: BIB-U1-K1\n",
    ),
    (UNITS, '      en: "Explain how search tools,', '      en: "Describe how search tools,'),
    ("ceco.yaml", "{unit: BIB-U1, points: 1,", "{unit: BIB-U1, points: 2,"),
    ("ceco.yaml", "credit: {scheme: ecvet-2009, points: 16}", "credit: {scheme: ecvet-2009, points: 17}"),
)
# CECO without its first unit.
SHORTER = (
    ("ceco.yaml", "  - {unit: BIB-U1, points: 1, weight: 1.225, compulsory: true}\n", ""),
    ("ceco.yaml", "credit: {scheme: ecvet-2009, points: 16}", "credit: {scheme: ecvet-2009, points: 15}"),
    (
        "ceco.yaml",
        "    face_to_face: 20\n    online_and_self_study: 160\n",
        "    face_to_face: 18\n    online_and_self_study: 133\n",
    ),
    ("ceco.yaml", "    assessment: 20\n", "    assessment: 18\n"),
)
# A note on a source: nothing that a learner would notice.
REWORDED = (("shared/sources.yaml", "S4: ", 'S99: "https://example.org/"\n  S4: '),)


def texts(*edits: tuple[str, str, str]) -> dict[str, str]:
    """The files of CECO with these edits (file, what, by what)."""
    found = dict(load.texts(ROOT / "config" / "programmes" / "ceco.yaml"))
    for name, was, now in edits:
        assert found[name].count(was) == 1, (name, was, found[name].count(was))
        found[name] = found[name].replace(was, now)
    return found


def revise(place: Place, *edits: tuple[str, str, str]) -> Programme:
    """CECO is imported anew with these edits, and is what new learners get."""
    with writing(place.engine) as conn:
        return store.import_programme(conn, "ceco.yaml", texts(*edits), place.clock()).programme
