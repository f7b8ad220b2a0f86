"""A sheet after the model of the Europass certificate supplement: what the programme behind a paper is.

It describes the programme, not the person, and is no Europass document: those are issued by national centres.
"""

from __future__ import annotations

from lti_tool.ecvet.terms import MODES
from lti_tool.papers.award import Award
from lti_tool.papers.document import Cell, Document, Fact, Section, Table, marked, said
from lti_tool.papers.transcript import awarding, level
from lti_tool.papers.words import OUTCOME_KINDS, day, number, translator, word


def supplement(award: Award, language: str, base_url: str, funding: str) -> Document:
    """The supplement to an award, with the award's number."""
    _, content = translator(language), award.snapshot
    programme, institution = content["programme"], content["institution"]
    national = ", ".join(
        f"{one['framework']} {one['level']} ({one['country']})" for one in programme["levels"]["value"]
    )
    # Awards of before hold the English label alone.
    jobs = "; ".join(
        f"{one.get('labels', {}).get(language, one['label'])} ({one['uri']})"
        for one in programme["occupations"]["value"]
    )
    outcomes: tuple[tuple[Cell, ...], ...] = tuple(
        (
            unit["id"],
            word(OUTCOME_KINDS, one["kind"], _),
            said(one["text"], language),
        )
        for unit in content["units"]
        for one in unit["outcomes"]
    )
    names = {mode["id"]: said(mode["title"], language) for mode in content["modes"]}
    total = programme["hours"]["value"]
    training: tuple[tuple[Cell, ...], ...] = tuple(
        (names[mode], marked(number(total[mode], language), programme["hours"]["status"]))
        for mode in MODES
        if total.get(mode)
    )
    basis: list[Fact] = [
        (_("Institution that awards"), awarding(institution, language)),
        (_("Level"), level(programme, _)),
        (_("National levels"), marked(national, programme["levels"]["status"])),
        (_("Credit"), said(programme["scheme"]["title"], language)),
        (
            _("Points of the whole programme"),
            marked(number(programme["points"]["value"], language), programme["points"]["status"]),
        ),
        (_("Grading"), _("achieved / not yet achieved")),
        (_("Quality assurance"), content["quality"] or _("by the institution's own procedures")),
    ]
    return Document(
        language=language,
        title=_("Supplement to a paper"),
        subtitle=said(programme["title"], language),
        facts=(
            (_("Belongs to the paper of"), content["learner"]["name"]),
            (_("Issued"), day(award.issued_at, language)),
            (_("Version of the programme"), award.version),
        ),
        sections=(
            Section(_("Profile"), text=(said(programme["profile"], language),) if programme["profile"] else ()),
            Section(
                _("Learning outcomes"),
                tables=(Table(_("Units and outcomes"), (_("Unit"), _("Kind"), _("Outcome")), outcomes, (3, 4, 11)),),
            ),
            Section(
                _("Occupations to which it may lead"),
                text=(marked(jobs, programme["occupations"]["status"]),) if jobs else (),
            ),
            Section(_("Basis of the paper"), facts=tuple(basis)),
            Section(
                _("Ways to acquire it"),
                tables=(Table(_("Learning by mode"), (_("Mode"), _("Hours")), training, (8, 3)),),
                text=(_("Prior learning can be recognised: modules are skipped where equal study is proved."),),
            ),
        ),
        made_at=award.issued_at,
        number=award.number,
        check_url=f"{base_url}/check/{award.number}",
        funding=funding,
        notes=(
            _("This sheet is modelled on the Europass certificate supplement, but is none and has no legal status."),
        ),
    )
