"""An award as a European Digital Credential: JSON-LD of the European Learning Model 3, unsigned. Pure.

https://europa.eu/europass/elm-browser/ . The Commission's issuer takes an upload, adds the e-seal's identifier and the
time, and seals it; `as_sealed` adds the same fields, so that the whole can be held against the Commission's shapes.
Nothing made here is sealed, and nothing here is a qualified seal.

Terms that the context does not define are dropped by JSON-LD without a word: only those of the context may be used.

Concepts and their schemes are those of the Commission's lists. Each was looked up in its repository
european-commission-empl/European-Learning-Model at 9d7c5d2 (ELM 3.1), `xsd/loq/cv/`: credential types (Generic),
content encoding (base64), EQF levels, credit points, modes, learning activity and assessment types; and the authority
tables of languages, countries and file types. `EDC-generic-full.ttl` names the schemes that the issuer insists on.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from lti_tool.ecvet.facts_words import METHODS
from lti_tool.ecvet.terms import MODES
from lti_tool.papers.award import Award
from lti_tool.papers.document import said
from lti_tool.papers.transcript import level
from lti_tool.papers.words import number, translator, word

Plain = dict[str, Any]
CONTEXTS: Final = ("https://www.w3.org/2018/credentials/v1", "http://data.europa.eu/snb/model/context/edc-ap")
SCHEMA: Final = "http://data.europa.eu/snb/model/ap/edc-generic-full"
_PROFILE: Final = ("http://data.europa.eu/snb/credential/e34929035b", "http://data.europa.eu/snb/credential/25831c2")
_PUBLICATIONS: Final = "http://publications.europa.eu/resource/authority"
_LANGUAGES: Final[Mapping[str, str]] = {"en": "ENG", "lv": "LAV", "bg": "BUL", "el": "ELL", "it": "ITA"}
_COUNTRIES: Final[Mapping[str, str]] = {
    "AL": "ALB", "AM": "ARM", "AT": "AUT", "AZ": "AZE", "BA": "BIH", "BE": "BEL", "BG": "BGR", "CH": "CHE",
    "CY": "CYP", "CZ": "CZE", "DE": "DEU", "DK": "DNK", "EE": "EST", "EL": "GRC", "ES": "ESP", "FI": "FIN",
    "FR": "FRA", "GB": "GBR", "GE": "GEO", "GR": "GRC", "HR": "HRV", "HU": "HUN", "IE": "IRL", "IS": "ISL",
    "IT": "ITA", "LI": "LIE", "LT": "LTU", "LU": "LUX", "LV": "LVA", "MD": "MDA", "ME": "MNE", "MK": "MKD",
    "MT": "MLT", "NL": "NLD", "NO": "NOR", "PL": "POL", "PT": "PRT", "RO": "ROU", "RS": "SRB", "SE": "SWE",
    "SI": "SVN", "SK": "SVK", "TR": "TUR", "UA": "UKR", "UK": "GBR", "XK": "1A0",
}  # fmt: skip
"""The countries of the EQF by ISO 3166-1 and as the European Union calls them (EL, UK), in the authority table."""
_NO_COUNTRY: Final = "OP_DATPRO"
"""What the table has for a country that is not known."""
_BASE64: Final = ("http://data.europa.eu/snb/encoding/6146cde7dd", "http://data.europa.eu/snb/encoding/25831c2")
_EQF: Final = ("http://data.europa.eu/snb/eqf/", "http://data.europa.eu/snb/eqf/25831c2")
_AWARDED: Final = ("validated", "recognised")


def upload(award: Award, language: str, base_url: str, picture: bytes) -> Plain:
    """The form that the EDC Issuer takes. `picture`: the first page of the paper as PNG, which the credential shows."""
    content = award.snapshot
    title = said(content["units"][0]["title"] if award.kind == "unit" else content["programme"]["title"], language)
    body = _organisation(award, language)
    return {
        "@context": list(CONTEXTS),
        "id": _id(award, "credential"),
        "type": ["VerifiableCredential", "EuropeanDigitalCredential"],
        "credentialSchema": [{"id": SCHEMA, "type": "ShaclValidator2017"}],
        "credentialProfiles": [_concept(*_PROFILE)],
        "displayParameter": _display(award, language, title.text + title.mark, picture),
        "issuer": body,
        "validFrom": _moment(award.issued_at),
        "issuanceDate": _moment(award.issued_at),
        "identifier": [_identifier(award, "number", award.number, "Number of the award")],
        "credentialSubject": {
            "id": _id(award, "learner"),
            "type": "Person",
            "fullName": {language: content["learner"]["name"]},
            "hasClaim": [_claim(award, language, body)],
        },
        "additionalNote": [_note(award, "check", {language: f"{base_url}/check/{award.number}"})],
    }


def as_sealed(unsealed: Plain, eidas: str, at: datetime) -> Plain:
    """The credential with what sealing adds: when it was issued, and the identifier of the seal's holder."""
    identifier = {
        "id": f"{unsealed['id']}:eidas",
        "type": "LegalIdentifier",
        "notation": eidas,
        "spatial": unsealed["issuer"]["location"][0]["address"][0]["countryCode"],
    }
    return {**unsealed, "issued": _moment(at), "issuer": {**unsealed["issuer"], "eIDASIdentifier": identifier}}


def _claim(award: Award, language: str, body: Plain) -> Plain:
    """The unit, or the programme with its validated units as parts."""
    content = award.snapshot
    units = [_unit(award, unit, language, body) for unit in content["units"] if unit["state"] in _AWARDED]
    if award.kind == "unit":
        return units[0]
    programme = content["programme"]
    whole: Plain = {
        "id": _id(award, "programme"),
        "type": "LearningAchievement",
        "title": _text(programme["title"], language),
        "awardedBy": _process(award, "programme", body),
        "creditReceived": [_credit(award, "programme", content["points"]["value"])],
        "additionalNote": [
            _note(award, "quality", {language: content["quality"] or _quality(language)}),
        ],
    }
    return {**whole, "hasPart": units} if units else whole


def _unit(award: Award, unit: Mapping[str, Any], language: str, body: Plain) -> Plain:
    content, code = award.snapshot, unit["id"]
    return {
        "id": _id(award, f"unit:{code}"),
        "type": "LearningAchievement",
        "title": _text(unit["title"], language),
        "awardedBy": _process(award, f"unit:{code}", body),
        "creditReceived": [_credit(award, f"unit:{code}", unit["points"]["awarded"])],
        "additionalNote": [
            _note(award, f"quality:{code}", {language: content["quality"] or _quality(language)}),
        ],
        "specifiedBy": {
            "id": _id(award, f"qualification:{code}"),
            "type": "Qualification",
            "title": _text(unit["title"], language),
            "isPartialQualification": True,
            "eqfLevel": _concept(f"{_EQF[0]}{content['programme']['eqf']['value']}", _EQF[1]),
            "volumeOfLearning": _duration(sum(one["planned"] for one in unit["hours"].values())),
            "creditPoint": [_credit(award, f"planned:{code}", unit["points"]["value"])],
            "additionalNote": [
                _note(award, f"level:{code}", {language: level(content["programme"], translator(language)).text}),
            ],
            "learningOutcome": [_outcome(award, one, language) for one in unit["outcomes"]],
        },
        "provenBy": [_assessment(award, unit, one, language, body) for one in unit["assessment"]["methods"]],
        "influencedBy": [
            one for mode in content["modes"] if (one := _activity(award, unit, mode, language, body)) is not None
        ],
    }


def _outcome(award: Award, one: Mapping[str, Any], language: str) -> Plain:
    esco = [
        reference["uri"]
        for reference in one["references"]
        if reference["uri"].startswith("http://data.europa.eu/esco/")
    ]
    found: Plain = {
        "id": _id(award, f"outcome:{one['id']}"),
        "type": "LearningOutcome",
        "title": _text(one["text"], language),
    }
    if esco:
        found["relatedESCOSkill"] = [_concept(uri, "http://data.europa.eu/esco/concept-scheme/skills") for uri in esco]
    return found


def _assessment(award: Award, unit: Mapping[str, Any], method: Mapping[str, str], language: str, body: Plain) -> Plain:
    """One way in which the unit was assessed: the model knows one type for each."""
    _ = translator(language)
    about = f"{unit['id']}:{method['id']}"
    words = word(METHODS, method["id"], _)
    specified: Plain = {
        "id": _id(award, f"assessment-method:{about}"),
        "type": "LearningAssessmentSpecification",
        "title": _text(unit["assessment"]["criteria"], language),
    }
    if method["elm"]:
        specified["dcType"] = [_concept(method["elm"], "http://data.europa.eu/snb/assessment/25831c2")]
    return {
        "id": _id(award, f"assessment:{about}"),
        "type": "LearningAssessment",
        "title": {language: words[:1].upper() + words[1:]},
        "awardedBy": _process(award, f"assessment:{about}", body),
        "grade": _note(award, f"grade:{about}", {language: _("Assessed: achieved")}),
        "specifiedBy": specified,
    }


def _activity(
    award: Award, unit: Mapping[str, Any], mode: Mapping[str, Any], language: str, body: Plain
) -> Plain | None:
    """Learning in one mode: how the learner took part, and how long it takes by plan. None where none was planned."""
    hours = unit["hours"][mode["id"]]["planned"]
    if not hours or mode["id"] not in MODES:
        return None
    specified: Plain = {
        "id": _id(award, f"activity-kind:{unit['id']}:{mode['id']}"),
        "type": "LearningActivitySpecification",
        "title": _text(mode["title"], language),
        "volumeOfLearning": _duration(hours),
    }
    if mode["elm"]:
        specified["mode"] = [_concept(mode["elm"], "http://data.europa.eu/snb/learning-assessment/25831c2")]
    if mode["elm_activity"]:
        specified["dcType"] = [_concept(mode["elm_activity"], "http://data.europa.eu/snb/learning-activity/25831c2")]
    return {
        "id": _id(award, f"activity:{unit['id']}:{mode['id']}"),
        "type": "LearningActivity",
        "title": _text(mode["title"], language),
        "awardedBy": _process(award, f"activity:{unit['id']}:{mode['id']}", body),
        "workload": _duration(hours),
        "specifiedBy": specified,
    }


def _process(award: Award, about: str, body: Plain) -> Plain:
    return {
        "id": _id(award, f"award:{about}"),
        "type": "AwardingProcess",
        "awardingBody": [body],
        "awardingDate": _moment(award.issued_at),
    }


def _credit(award: Award, about: str, points: float) -> Plain:
    scheme = award.snapshot["programme"]["scheme"]["elm"] or "http://data.europa.eu/snb/education-credit/60b314e826"
    return {
        "id": _id(award, f"credit:{about}"),
        "type": "CreditPoint",
        "framework": _concept(scheme, "http://data.europa.eu/snb/education-credit/25831c2"),
        "point": number(points, "en"),
    }


def _organisation(award: Award, language: str) -> Plain:
    one = award.snapshot["institution"]
    country = _concept(
        f"{_PUBLICATIONS}/country/{_COUNTRIES.get(one['country'], _NO_COUNTRY)}", f"{_PUBLICATIONS}/country"
    )
    return {
        "id": _id(award, "institution"),
        "type": "Organisation",
        "legalName": _text(one["title"], language),
        "location": [
            {
                "id": _id(award, "location"),
                "type": "Location",
                "address": [{"id": _id(award, "address"), "type": "Address", "countryCode": country}],
            }
        ],
    }


def _display(award: Award, language: str, title: str, picture: bytes) -> Plain:
    spoken = _language(language)
    return {
        "id": _id(award, "display"),
        "type": "DisplayParameter",
        "title": {language: title},
        "language": [spoken],
        "primaryLanguage": spoken,
        "individualDisplay": [
            {
                "id": _id(award, "display-language"),
                "type": "IndividualDisplay",
                "language": spoken,
                "displayDetail": [
                    {
                        "id": _id(award, "display-page"),
                        "type": "DisplayDetail",
                        "page": 1,
                        "image": {
                            "id": _id(award, "display-image"),
                            "type": "MediaObject",
                            "contentType": _concept(f"{_PUBLICATIONS}/file-type/PNG", f"{_PUBLICATIONS}/file-type"),
                            "contentEncoding": _concept(*_BASE64),
                            "content": base64.b64encode(picture).decode(),
                        },
                    }
                ],
            }
        ],
    }


def _text(part: Mapping[str, Any], language: str) -> Plain:
    """A text with its sign: what is not published is not passed off as such here either."""
    one = said(part, language)
    return {language: one.text + one.mark}


def _note(award: Award, about: str, literal: Plain) -> Plain:
    return {"id": _id(award, f"note:{about}"), "type": "Note", "noteLiteral": literal}


def _identifier(award: Award, about: str, notation: str, scheme: str) -> Plain:
    return {
        "id": _id(award, f"identifier:{about}"),
        "type": "Identifier",
        "notation": notation,
        "schemeName": scheme,
    }


def _concept(uri: str, scheme: str) -> Plain:
    return {"id": uri, "type": "Concept", "inScheme": {"id": scheme, "type": "ConceptScheme"}}


def _language(language: str) -> Plain:
    return _concept(f"{_PUBLICATIONS}/language/{_LANGUAGES[language]}", f"{_PUBLICATIONS}/language")


def _quality(language: str) -> str:
    return translator(language)("by the institution's own procedures")


def _duration(hours: float) -> str:
    """ISO 8601: 27.5 hours are PT27H30M."""
    minutes = round(hours * 60)
    return f"PT{minutes // 60}H" + (f"{minutes % 60}M" if minutes % 60 else "")


def _moment(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _id(award: Award, about: str) -> str:
    """An id for each part; they can't be told from each other's and not be joined with those of another award."""
    return f"urn:epass:{about.split(':')[0]}:{uuid5(NAMESPACE_URL, f'award:{award.number}:{about}')}"
