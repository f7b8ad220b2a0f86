"""Open Badges 3.0 and CLR 2.0 of an award, unsigned. Pure.

https://www.imsglobal.org/spec/ob/v3p0 , https://www.imsglobal.org/spec/clr/v2p0 . Of the eleven fields of a
micro-credential (Council Recommendation of 16 June 2022, Annex I) those that Open Badges has no place for (workload,
level, assessment, participation, quality assurance) stand in the narrative of the criteria, each with its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from lti_tool.ecvet.facts_words import METHODS
from lti_tool.errors import N_
from lti_tool.papers import status_list
from lti_tool.papers.award import Award
from lti_tool.papers.document import Said, said
from lti_tool.papers.transcript import level, participation, workload
from lti_tool.papers.words import MARK_WORDS, MARKS, translator, word

Plain = dict[str, Any]
V2: Final = status_list.V2
OB3: Final = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
CLR2: Final = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"
OB3_SCHEMA: Final = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"
CLR2_SCHEMA: Final = "https://purl.imsglobal.org/spec/clr/v2p0/schema/json/clr_v2p0_clrcredential_schema.json"
_AWARDED: Final = ("validated", "recognised")
_COUNTRIES: Final[Mapping[str, str]] = {"EL": "GR"}
"""Country codes of the EU that are not those of ISO 3166-1."""


def badge(award: Award, language: str, base_url: str, issuer: str) -> Plain:
    """The unit of an award as an OpenBadgeCredential. `issuer`: the id of the issuer, to which the key belongs."""
    (unit,) = award.snapshot["units"]
    return _credential(award, unit, f"{base_url}/check/{award.number}", language, base_url, issuer)


def parts(award: Award, language: str, base_url: str, issuer: str) -> list[Plain]:
    """The validated units of a transcript, each as a credential of its own, for the record that holds them."""
    return [
        _credential(award, unit, f"{base_url}/check/{award.number}#{unit['id']}", language, base_url, issuer)
        for unit in award.snapshot["units"]
        if unit["state"] in _AWARDED
    ]


def clr(award: Award, signed: list[str], language: str, base_url: str, issuer: str) -> Plain:
    """A transcript as a ClrCredential. `signed`: its parts as JWTs."""
    content = award.snapshot
    title = said(content["programme"]["title"], language)
    units = [unit for unit in content["units"] if unit["state"] in _AWARDED]
    whole = content["programme"]["iri"]
    return {
        "@context": [V2, CLR2, OB3],
        "id": f"{base_url}/check/{award.number}",
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": _marked(title),
        "issuer": _issuer(content, language, base_url, issuer),
        "validFrom": _moment(award),
        "partial": len(units) < len(content["units"]),
        "credentialSubject": {
            "id": _subject(award),
            "type": ["ClrSubject"],
            "identifier": [_identity(content)],
            "achievement": [achievement(content, unit, language, base_url) for unit in units],
            "verifiableCredential": signed,
            "association": [
                {"type": "Association", "associationType": "isChildOf", "sourceId": unit["iri"], "targetId": whole}
                for unit in units
            ],
        },
        "credentialStatus": status_list.entry(base_url, award.status_index),
        "credentialSchema": [{"id": CLR2_SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}],
    }


def claims(credential: Plain) -> Plain:
    """The payload of a credential's JWT: the credential, and what of it a JWT says by names of its own
    (https://www.imsglobal.org/spec/ob/v3p0#jwt-payload)."""
    return {
        **credential,
        "iss": credential["issuer"]["id"],
        "jti": credential["id"],
        "sub": credential["credentialSubject"]["id"],
        "nbf": _seconds(credential["validFrom"]),
    }


def achievement(content: Mapping[str, Any], unit: Mapping[str, Any], language: str, base_url: str) -> Plain:
    """A unit as an Achievement: criteria, points, the competences its outcomes are aligned with."""
    title = said(unit["title"], language)
    described = said(content["programme"]["title"], language)
    return {
        "id": unit["iri"],
        "type": ["Achievement"],
        "achievementType": "MicroCredential",
        "name": _marked(title),
        "description": f"{_marked(title)} ({unit['id']}, {_marked(described)})",
        "humanCode": unit["id"],
        "inLanguage": language,
        "version": content["programme"]["version"],
        "creditsAvailable": unit["points"]["value"],
        "criteria": {"narrative": narrative(content, unit, language)},
        "alignment": [
            {
                "type": ["Alignment"],
                "targetName": one["title"].get(language) or one["title"].get("en") or one["competence"],
                "targetUrl": one["uri"],
                "targetType": "CFItem",
                "targetFramework": f"{one['name']} {one['version']}".strip(),
                "targetCode": one["competence"],
            }
            for one in {
                reference["uri"]: reference
                for outcome in unit["outcomes"]
                for reference in outcome["references"]
                if reference["uri"]
            }.values()
        ],
    }


def narrative(content: Mapping[str, Any], unit: Mapping[str, Any], language: str) -> str:
    """What the unit asks and how it was shown: outcomes, workload, level, assessment, participation, quality assurance.
    Signs tell what is not published, as on paper."""
    _ = translator(language)
    methods = ", ".join(word(METHODS, one["id"], _) for one in unit["assessment"]["methods"])
    outcomes = [said(one["text"], language) for one in unit["outcomes"]]
    lines: list[tuple[str, Said]] = [
        (_("Level"), level(content["programme"], _)),
        (_("Workload"), workload(content, unit, language, _)),
        (_("Type of assessment"), Said(methods)),
        (_("Form of participation"), Said(participation(content, unit, language))),
        (_("Quality assurance"), Said(content["quality"] or _("by the institution's own procedures"))),
        (_("Assessment criteria"), said(unit["assessment"]["criteria"], language)),
    ]
    used = {one.mark for one in (*outcomes, *(value for _name, value in lines), said(unit["title"], language))}
    signs = [f"{mark} {_(MARK_WORDS[status])}" for status, mark in MARKS.items() if mark and mark in used]
    told = [_(N_("Learning outcomes")) + ":", *(f"- {_marked(one)}" for one in outcomes)]
    told += [f"{name}: {_marked(value)}" for name, value in lines]
    return "\n".join([*told, *signs])


def _credential(award: Award, unit: Mapping[str, Any], id: str, language: str, base_url: str, issuer: str) -> Plain:
    content = award.snapshot
    return {
        "@context": [V2, OB3],
        "id": id,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": _marked(said(unit["title"], language)),
        "issuer": _issuer(content, language, base_url, issuer),
        "validFrom": _moment(award),
        "credentialSubject": {
            "id": _subject(award),
            "type": ["AchievementSubject"],
            "identifier": [_identity(content)],
            "creditsEarned": unit["points"]["awarded"],
            "achievement": achievement(content, unit, language, base_url),
        },
        "credentialStatus": status_list.entry(base_url, award.status_index),
        "credentialSchema": [{"id": OB3_SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}],
    }


def _issuer(content: Mapping[str, Any], language: str, base_url: str, issuer: str) -> Plain:
    one = content["institution"]
    return {
        "id": issuer,
        "type": ["Profile"],
        "name": one["title"]["text"][language],
        "url": base_url,
        "address": {"type": ["Address"], "addressCountryCode": _COUNTRIES.get(one["country"], one["country"])},
    }


def _identity(content: Mapping[str, Any]) -> Plain:
    return {
        "type": "IdentityObject",
        "identityHash": content["learner"]["name"],
        "identityType": "name",
        "hashed": False,
    }


def _subject(award: Award) -> str:
    """An id of the learner that is good for this award alone: two awards can't be joined by it."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'award:{award.number}')}"


def _moment(award: Award) -> str:
    return award.issued_at.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())


def _marked(one: Said) -> str:
    return one.text + one.mark
