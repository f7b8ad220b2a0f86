"""The forms in which an award can be had: what each is called, where it is made, what kind of file it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Response

from lti_tool.errors import N_, NotFound
from lti_tool.i18n import current_language
from lti_tool.papers.award import Award
from lti_tool.papers.badge import badge, claims, clr, parts
from lti_tool.papers.contexts import PINNED, at_hand, loader
from lti_tool.papers.elm import upload
from lti_tool.papers.keys import open_keys
from lti_tool.papers.proof import with_proof
from lti_tool.papers.supplement import supplement
from lti_tool.papers.transcript import transcript
from lti_tool.papers.typeset import pdf, picture
from lti_tool.settings import Settings

Make = Callable[[Award, Settings, str], bytes]


@dataclass(frozen=True, slots=True)
class Form:
    """One form. `name` stands in addresses and file names."""

    name: str
    words: str
    mimetype: str
    make: Make
    fits: Callable[[Award, Settings], bool] = lambda _award, _settings: True


def _paper(award: Award, settings: Settings, language: str) -> bytes:
    return pdf(transcript(award, language, settings.base_url, settings.funding_note))


def _supplement(award: Award, settings: Settings, language: str) -> bytes:
    return pdf(supplement(award, language, settings.base_url, settings.funding_note))


def _badge_jwt(award: Award, settings: Settings, language: str) -> bytes:
    keys = open_keys(settings.keys_dir)
    credential = badge(award, language, settings.base_url, issuer_of(award, settings))
    return keys.jwt(claims(credential), settings.base_url).encode()


def _badge_json(award: Award, settings: Settings, language: str) -> bytes:
    keys = open_keys(settings.keys_dir)
    credential = badge(award, language, settings.base_url, keys.did)
    del credential["credentialSchema"]  # its type stands in no context, so that a proof can't cover it
    signed = with_proof(credential, keys, award.issued_at, loader(at_hand(settings.contexts_dir)))
    return json.dumps(signed, ensure_ascii=False, indent=2).encode()


def _clr_jwt(award: Award, settings: Settings, language: str) -> bytes:
    keys, issuer = open_keys(settings.keys_dir), issuer_of(award, settings)
    signed = [keys.jwt(claims(one), settings.base_url) for one in parts(award, language, settings.base_url, issuer)]
    return keys.jwt(claims(clr(award, signed, language, settings.base_url, issuer)), settings.base_url).encode()


def _edc(award: Award, settings: Settings, language: str) -> bytes:
    shown = picture(transcript(award, language, settings.base_url, settings.funding_note))
    made = {"credential": upload(award, language, settings.base_url, shown)}
    return json.dumps(made, ensure_ascii=False, indent=2).encode()


def issuer_of(award: Award, settings: Settings) -> str:
    """The id of the institution as an issuer whose keys this tool serves."""
    return f"{settings.base_url}/credentials/issuers/{award.institution}"


def has_validated(award: Award) -> bool:
    """Whether a unit of it was validated: what was only assessed makes no credential."""
    return any(unit["state"] in ("validated", "recognised") for unit in award.snapshot["units"])


def stands(award: Award, settings: Settings) -> bool:
    """Credentials are made of what is valid alone; on paper it would say that it is not, in a file it could not."""
    return award.state == "valid" and has_validated(award)


def is_unit(award: Award, settings: Settings) -> bool:
    return award.kind == "unit" and stands(award, settings)


def is_whole(award: Award, settings: Settings) -> bool:
    return award.kind == "transcript" and stands(award, settings)


def can_prove(award: Award, settings: Settings) -> bool:
    """A proof needs the contexts of Open Badges, which can't be shipped with this tool."""
    return is_unit(award, settings) and set(PINNED) <= set(at_hand(settings.contexts_dir))


FORMS: Mapping[str, Form] = {
    one.name: one
    for one in (
        Form("paper.pdf", N_("Paper (PDF)"), "application/pdf", _paper),
        Form("supplement.pdf", N_("Supplement (PDF)"), "application/pdf", _supplement),
        Form("badge.jwt", N_("Open Badge (signed)"), "application/vc+jwt", _badge_jwt, is_unit),
        Form("badge.json", N_("Open Badge (with proof)"), "application/vc+json", _badge_json, can_prove),
        Form("clr.jwt", N_("Learner record (CLR)"), "application/vc+jwt", _clr_jwt, is_whole),
        Form("edc.json", N_("European Digital Credential (to be sealed)"), "application/json", _edc, stands),
    )
}


def forms_of(award: Award, settings: Settings) -> tuple[Form, ...]:
    """The forms in which this award can be had."""
    return tuple(one for one in FORMS.values() if one.fits(award, settings))


def file(award: Award, name: str, settings: Settings) -> Response:
    """The award as a file, in the reader's language. Raises NotFound for a form that it can't be had in."""
    form = FORMS.get(name)
    if form is None or not form.fits(award, settings):
        raise NotFound("PAPERS-FORM", N_("There is no such form of this paper."), N_("Go back and choose another."))
    return as_file(form.make(award, settings, current_language()), form.mimetype, f"{award.number}-{name}")


def as_file(content: bytes, mimetype: str, name: str) -> Response:
    """A file to keep. No cache may keep it: it is somebody's."""
    headers = {"Content-Disposition": f"attachment; filename={name}", "Cache-Control": "no-store"}
    return Response(content, mimetype=mimetype, headers=headers)
