"""The smallest programme there can be, as text, to be spoilt in one place by each test."""

from __future__ import annotations

SMALL = """\
format: 1
iri: "tag:example.org,2026:"
include: [shared/base.yaml]
programme:
  id: P
  title: {en: Small, lv: Mazs}
  eqf: {level: 5}
  hours: {face_to_face: 2, online_and_self_study: 3, work_based: 4}
  credit: {scheme: points, points: 2}
  languages: [en, lv]
  units:
  - {unit: U1, points: 2}
units:
- id: U1
  title: {en: Unit, lv: Vienība}
  eqf_level: 5
  hours: {face_to_face: 2, online_and_self_study: 3, work_based: 4}
  modules: [M1]
  assessment:
    methods: [{id: quiz}]
    criteria: {en: Achieved, lv: Sasniegts}
    grading: achieved / not yet achieved
  rule:
    all:
    - modules: all
    - hours: {mode: face_to_face, min_share: 0.5}
  outcomes:
  - id: O1
    kind: skill
    text: {en: Do it, lv: Dari}
    references: {frame: ["1.1"]}
modules:
- id: M1
  title: {en: Module, lv: Modulis}
  hours: 3
  delivery: mooc
  references: {frame: ["1.1"]}
"""

BASE = """\
sources: {S1: "https://example.org/"}
frameworks:
- id: frame
  title: {en: Frame, lv: Ietvars}
  version: "1"
  competences:
  - {id: "1.1", title: {en: Search, lv: Meklēt}}
modes:
- {id: face_to_face, title: {en: F, lv: K}, recorded: [{verb: attended, activity: "{unit}/*"}]}
- {id: online_and_self_study, title: {en: O, lv: T}, sessions: {idle_cut_minutes: 5}}
- {id: project_based, title: {en: P, lv: P}}
- {id: assessment, title: {en: A, lv: N}}
- {id: work_based, title: {en: W, lv: D}, recorded: [{verb: completed, activity: "{unit}/work/*"}]}
credit_schemes:
- {id: points, title: {en: Points, lv: Punkti}}
rules:
  module:
    statement: {verb: passed, activity: "{module}", why: module_left}
  outcome:
    modules: sharing
"""


def texts(small: str = SMALL, base: str = BASE, **more: str) -> dict[str, str]:
    return {
        "small.yaml": small,
        "shared/base.yaml": base,
        **{f"shared/{name}.yaml": text for name, text in more.items()},
    }
