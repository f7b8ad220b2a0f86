"""Boundaries that the import contracts can't see: purity, imports without effect, what must not be in git."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from lti_tool.app import create_app
from lti_tool.settings import Settings

ROOT = Path(__file__).parent.parent
PURE = (
    "xapi/statement.py",
    "xapi/vocabulary.py",
    "lti_tool/agreements/terms.py",
    "lti_tool/launch/rules.py",
    "lti_tool/ecvet/programme.py",
    "lti_tool/ecvet/credit.py",
    "lti_tool/ecvet/facts.py",
    "lti_tool/ecvet/schema.py",
    "lti_tool/ecvet/versions.py",
    "lti_tool/ecvet/moodle_framework.py",
    "lti_tool/ecvet/cmi5_programme.py",
    "lti_tool/ecvet/cmi5_rules.py",
    "lti_tool/ecvet/cmi5_xml.py",
    "lti_tool/ecvet/judge.py",
    "lti_tool/ecvet/validity.py",
    "lti_tool/gradebook/score.py",
    "lti_tool/gradebook/answers.py",
    "lti_tool/papers/award.py",
    "lti_tool/papers/badge.py",
    "lti_tool/papers/elm.py",
    "lti_tool/papers/numbers.py",
    "lti_tool/papers/status_list.py",
    "lti_tool/people/roles.py",
    "lti_tool/play/quiz.py",
)
REACHES_OUT = frozenset(
    [
        "flask",
        "flask_babel",
        "werkzeug",
        "sqlalchemy",
        "alembic",
        "requests",
        "urllib.request",
        "http",
        "socket",
        "ssl",
        "smtplib",
        "subprocess",
        "os",
        "pathlib",
        "io",
        "shutil",
        "tempfile",
        "time",
        "random",
        "secrets",
        "threading",
        "concurrent",
        "logging",
    ]
)
CLOCKS = frozenset({"now", "utcnow", "today", "time", "time_ns", "monotonic", "uuid1", "uuid4"})
EFFECTS = frozenset({"open", "print", "input", "exec", "eval", "__import__"})


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _called(tree: ast.AST) -> Iterator[tuple[str, str, int]]:
    """Base name, called name and line of each call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Attribute(attr=name, value=value):
                    yield ast.unparse(value), name, node.lineno
                case ast.Name(id=name):
                    yield "", name, node.lineno


def impurities(source: str) -> list[str]:
    """What in a source text reaches for the world outside its arguments."""
    tree = ast.parse(source)
    found = [
        f"imports {name}"
        for name in _imported(tree)
        if any(name == one or name.startswith(f"{one}.") for one in REACHES_OUT)
    ]
    for base, name, line in _called(tree):
        if name in EFFECTS and not base:
            found.append(f"line {line} calls {name}")
        # `datetime.now`, `date.today`, `uuid.uuid4`: a value from outside. A method of a value of ours is not meant.
        if name in CLOCKS and base.rpartition(".")[2] in {"", "datetime", "date", "time", "uuid"}:
            found.append(f"line {line} asks {base or 'the world'} for {name}")
    return found


@pytest.mark.parametrize("path", PURE)
def test_what_decides_reaches_no_world_outside(path: str) -> None:
    assert impurities((ROOT / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "import flask.json",
        "from sqlalchemy import Connection",
        "from urllib import request",
        "def f():\n    import requests",
        "from datetime import datetime\nx = datetime.now()",
        "from uuid import uuid4\nx = uuid4()",
        "open('x')",
    ],
)
def test_the_look_for_impurities_finds_each_kind(source: str) -> None:
    assert impurities(source)


def test_pure_files_lead_to_no_web_framework_or_database_by_way_of_others() -> None:
    # What the file itself imports is seen above; here, all that comes with it.
    modules = sorted(path.removesuffix(".py").replace("/", ".") for path in PURE)
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print(sorted(n for n in ('flask', 'requests', 'lti_tool.db', 'lti_tool.wiring') if n in sys.modules))"
    )
    assert _python(code) == "[]"


def test_the_record_store_is_imported_without_a_web_framework() -> None:
    code = "import sys, xapi\nprint([n for n in ('flask', 'werkzeug', 'lti_tool', 'pylti1p3') if n in sys.modules])"
    assert _python(code) == "[]"


def test_importing_everything_does_nothing(tmp_path: Path) -> None:
    """No file, no connection, no settings: imports define, and `create_app` makes."""
    code = (
        "import importlib, pkgutil, os, socket\n"
        "def refuse(*_a, **_k): raise SystemExit('a connection at import')\n"
        "socket.socket.connect = refuse\n"
        "import lti_tool, xapi\n"
        "for package in (lti_tool, xapi):\n"
        "    for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if not found.name.endswith('__main__') and '.migrations' not in found.name:\n"
        "            importlib.import_module(found.name)\n"
        "print(os.listdir('.'))"
    )
    assert _python(code, tmp_path, {"LTI_TOOL_DATABASE_URL": "this is no address"}) == "[]"


def test_two_applications_live_in_one_process(database_url: str, tmp_path: Path) -> None:
    settings = Settings(
        database_url=database_url,
        secret_key="s" * 40,
        keys_dir=tmp_path / "keys",
        data_dir=tmp_path,
        config_dir=ROOT / "config",
    )
    first = create_app(settings)
    second = create_app(replace(settings, base_url="http://localhost:8001"))
    try:
        assert (
            first.test_client().get("/healthz").status_code == second.test_client().get("/healthz").status_code == 200
        )
        assert first.extensions["lti_tool"] is not second.extensions["lti_tool"]
        assert {r.rule for r in first.url_map.iter_rules()} == {r.rule for r in second.url_map.iter_rules()}
    finally:
        for app in (first, second):
            app.extensions["lti_tool"].engine.dispose()


_NOT_OURS = {".git", ".venv", "var", "build", "node_modules", "__pycache__"}


def _tracked() -> list[Path]:
    """What git has; where git can't say (no program, another owner), what it would take."""
    command = ["git", "ls-files", "-z"]
    try:
        said = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        found = (path for path in ROOT.rglob("*") if not _NOT_OURS & set(path.relative_to(ROOT).parts))
        return [path for path in found if path.is_file() and (path.parent.name != "keys" or path.suffix == ".md")]
    # Tracked and deleted just now is no file.
    return [path for name in said.split("\0") if name and (path := ROOT / name).is_file()]


_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{64,}")


def test_no_private_key_is_in_git() -> None:
    tracked = _tracked()
    assert len(tracked) > 100
    assert [path.name for path in tracked if _PRIVATE_KEY.search(path.read_bytes())] == []
    assert [path.name for path in tracked if path.suffix in {".pem", ".key", ".sqlite3"}] == []


def test_the_look_for_private_keys_finds_one() -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    for key, form in (
        (generate_private_key(65537, 2048), serialization.PrivateFormat.TraditionalOpenSSL),
        (Ed25519PrivateKey.generate(), serialization.PrivateFormat.PKCS8),
    ):
        assert _PRIVATE_KEY.search(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))


class _Inline(HTMLParser):
    """Collects what the Content-Security-Policy would not let work."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.found += [f"<{tag} {name}>" for name in names if name == "style" or name.startswith("on")]
        self.found += [f"<{tag}> to javascript:" for value in names.values() if (value or "").startswith("javascript:")]
        # Data for scripts (type application/json) is no script.
        if tag == "style" or (tag == "script" and "src" not in names and names.get("type") != "application/json"):
            self.found.append(f"inline <{tag}>")


def inline(html: str) -> list[str]:
    parser = _Inline()
    parser.feed(re.sub(r"\{#.*?#\}|\{%.*?%\}", " ", html, flags=re.DOTALL))
    return parser.found


# A learner's record for the file is one document that works on its own; no server sends it.
STANDALONE = ROOT / "lti_tool" / "templates" / "ecvet" / "file.html"
TEMPLATES = sorted(set((ROOT / "lti_tool").rglob("templates/**/*.html")) - {STANDALONE})


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "lti_tool").as_posix())
def test_no_script_or_style_stands_in_a_template(path: Path) -> None:
    assert inline(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "html",
    [
        '<p style="color: red">',
        "<a onclick='x()'>",
        "<script>x()</script>",
        "<style>p {}</style>",
        '<a href="javascript:x()">',
        '{% if x %}<b {% if y %}style="z"{% endif %}>{% endif %}',
    ],
)
def test_the_look_for_inline_parts_finds_each_kind(html: str) -> None:
    assert inline(html)


def _python(code: str, cwd: Path = ROOT, more: dict[str, str] | None = None) -> str:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LTI_TOOL_")}
    environ |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"} | (more or {})
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout.strip()
