"""An Open edX course on one port, this tool (web and worker) on another, and the people who use both."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from lti_tool.practice.browserless import Answer, Browserless, Launch, Step, by_http
from lti_tool.practice.steps import split
from tests.world import ROOT, Person

PYTHON = "LTI_TOOL_TEST_OPENEDX"
"""Names the Python of the environment in which `requirements.txt` is installed."""
PATIENCE = 180.0
"""Seconds until something that must come is given up."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Scene:
    """`url` is the campus, `tool` this tool; `platform` its number there."""

    url: str
    tool: str
    folder: Path
    environ: Mapping[str, str]
    platform: str = ""
    passport: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str], environ: Mapping[str, str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log, start_new_session=True)
            )

    def stop(self) -> None:
        for process in self.processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(PATIENCE)

    def command(self, *words: str, status: int = 0) -> str:
        """What `lti-tool …` prints."""
        done = subprocess.run(
            [*LTI_TOOL, *words], cwd=ROOT, env=self.environ, capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == status, f"{words}: {done.returncode} {done.stdout} {done.stderr}"
        return done.stdout

    def until(self, holds: Callable[[], Any], what: str) -> Any:
        """What it gives once it gives something."""
        deadline = time.monotonic() + PATIENCE
        while not (found := holds()):
            assert time.monotonic() < deadline, f"this never came: {what}\n{self.said()}"
            time.sleep(0.2)
        return found

    def said(self) -> str:
        return "\n".join(f"{log.name}: {log.read_text()[-3000:]}" for log in sorted(self.folder.glob("*.log")))

    def person(self, login: str) -> Person:
        """Signed in at the campus, with a browser of their own."""
        if login not in self.people:
            person = Person(login, Browserless(by_http(), by_http(), self.url), self.tool)
            assert person.browser.open("/sign-in", login=login).status == 200
            self.people[login] = person
        return self.people[login]

    def block(self, name: str, *, ags: str = "programmatic", custom: Sequence[str] = (), **more: Any) -> str:
        """An LTI block as its author configures it by docs/openedx.md; its location is returned."""
        fields = {
            "display_name": name,
            "lti_version": "lti_1p3",
            "lti_1p3_launch_url": f"{self.tool}/lti/launch",
            "lti_1p3_oidc_url": f"{self.tool}/lti/login",
            "lti_1p3_tool_key_mode": "keyset_url",
            "lti_1p3_tool_keyset_url": f"{self.tool}/lti/jwks",
            "lti_1p3_enable_nrps": True,
            "lti_advantage_deep_linking_enabled": True,
            "lti_advantage_deep_linking_launch_url": f"{self.tool}/lti/launch",
            "lti_advantage_ags_mode": ags,
            "lti_1p3_passport_id": self.passport,
            "custom_parameters": list(custom),
            "has_score": True,
            "weight": 10.0,
            "ask_to_send_full_name": True,
            "ask_to_send_email": True,
            **more,
        }
        answer = requests.post(f"{self.url}/blocks.json", json={"name": name, "fields": fields}, timeout=PATIENCE)
        answer.raise_for_status()
        return str(answer.json()["location"])

    def change_people(self, **asked: Any) -> None:
        requests.post(f"{self.url}/people.json", json=asked, timeout=PATIENCE).raise_for_status()

    def seen(self) -> dict[str, Any]:
        """What the consumer's models and the course's gradebook hold."""
        found: dict[str, Any] = requests.get(f"{self.url}/seen.json", timeout=PATIENCE).json()
        return found

    def studio(self, name: str) -> dict[str, Any]:
        """What Studio shows an author of the block."""
        found: dict[str, Any] = self.person("teacher").browser.open(f"/block/{name}/studio.json").json()
        return found

    def begin(self, login: str, name: str) -> Step:
        """The login initiation of a block that leads straight to the tool."""
        answer = self.person(login).browser.open(f"/block/{name}")
        assert answer.location and answer.location.startswith(f"{self.tool}/lti/login"), answer
        return split(answer.location)

    def launch(self, login: str, step: Step) -> tuple[Launch, Answer]:
        """All steps from the login initiation to the page that is shown."""
        person = self.person(login)
        done = person.browser.finish(step)
        return done, person.follow(done.answer)

    def open(self, login: str, name: str) -> Answer:
        """The page of the tool that the block opens."""
        return self.launch(login, self.begin(login, name))[1]

    def choose(self, name: str, *picks: str) -> Answer:
        """The teacher configures the block by deep linking; the campus's answer."""
        teacher = self.person("teacher")
        self.launch("teacher", split(str(self.studio(name)["deep_linking_launch_url"])))
        sent = teacher.follow(teacher.browser.tool(teacher.form("/choose").ticking("pick", *picks)))
        (form,) = [form for form in sent.forms() if form.method == "POST" and form.url.startswith(self.url)]
        return teacher.browser.return_choice(form)

    def finish(self, login: str, code: str, *, right: bool = True) -> Answer:
        """The module that lies open is read, and its quiz answered."""
        person = self.person(login)
        person.read()
        person.go(f"{person.root}/module/{code}/quiz?again=yes")
        return person.answer(code, right=right)

    def row(self, resource: str, login: str) -> dict[str, Any]:
        """The tool's own row of a learner's grade, by our content id of its column."""
        user = self.seen()["people"][login]
        query = (
            "SELECT d.id, d.state, d.problem FROM deliveries d JOIN line_items i ON i.id = d.line_item_id"
            " WHERE i.resource_id = ? AND d.user_id = ? ORDER BY d.id DESC"
        )
        with closing(sqlite3.connect(self.folder / "tool.sqlite3", timeout=20)) as conn:
            id, state, problem = conn.execute(query, (resource, user)).fetchone()
        return {"id": id, "state": state, "problem": problem}

    def sync(self, login: str) -> None:
        """The teacher asks for the list of members, and it is read to its end."""
        person = self.person(login)
        self.course(login)
        before = self.synced()
        person.send(person.form("/learners"))
        self.until(lambda: self.synced() > before, "the list of members")

    def synced(self) -> str:
        """When the list of members was last read."""
        with closing(sqlite3.connect(self.folder / "tool.sqlite3", timeout=20)) as conn:
            return str(conn.execute("SELECT max(coalesce(synced_at, '')) FROM roster_syncs").fetchone()[0])

    def course(self, login: str, **asked: str) -> Answer:
        """The course page, from whichever page lies open."""
        person = self.person(login)
        return person.follow(person.browser.tool(Step("GET", person.absolute(f"{person.root}/course"), asked)))

    def score(self, login: str, block: str) -> dict[str, Any] | None:
        """The score that the consumer keeps for this learner on the line item of the block."""
        seen = self.seen()
        items = {one["id"] for one in seen["line_items"] if one["block"] == block}
        found = [one for one in seen["scores"] if one["login"] == login and one["line_item"] in items]
        assert len(found) < 2, found
        return found[0] if found else None

    def grade(self, login: str, block: str) -> float | None:
        """The share of its points that the course's own gradebook holds for this learner in the block."""
        for one in self.seen()["grades"]:
            if (one["login"], one["block"]) == (login, block):
                return float(one["value"] / one["max_value"])
        return None


LTI_TOOL = (str(Path(sys.executable).with_name("lti-tool")),)


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Both sides run and know each other, by `platform add` as in docs/openedx.md."""
    campus_port, tool_port = free_port(), free_port()
    campus, tool = f"http://127.0.0.1:{campus_port}", f"http://127.0.0.1:{tool_port}"
    plain = {name: value for name, value in os.environ.items() if not name.startswith("LTI_TOOL_")}
    environ = plain | {
        "LTI_TOOL_BASE_URL": tool,
        "LTI_TOOL_DATABASE_URL": f"sqlite:///{folder / 'tool.sqlite3'}",
        "LTI_TOOL_DATA_DIR": str(folder),
        "LTI_TOOL_KEYS_DIR": str(folder / "keys"),
        "LTI_TOOL_CONFIG_DIR": str(ROOT / "config"),
        "LTI_TOOL_SECRET_KEY": "a secret of the tests, long enough",
    }
    made = Scene(campus, tool, folder, environ)
    made.command("db", "upgrade")
    made.command("keys", "new")
    made.command("programme", "import", *map(str, sorted((ROOT / "config/programmes").glob("*.yaml"))))
    try:
        made.start(
            "campus",
            [os.environ[PYTHON], "-m", "tests.openedx.campus", str(campus_port)],
            plain | {"OPENEDX_URL": campus, "OPENEDX_FOLDER": str(folder)},
        )
        made.start("web", [*LTI_TOOL, "serve", "--port", str(tool_port), "--workers", "1"], environ)
        made.start("worker", [*LTI_TOOL, "worker"], environ)
        made.until(lambda: answers(f"{campus}/seen.json") and answers(f"{tool}/readyz"), "both sides answer")
        made.change_people(share=True)
        made.block("first")
        told = made.studio("first")
        made.passport = told["keyset_url"].rpartition("/")[2]
        made.platform = made.command(
            "platform",
            "add",
            *("--name", "Campus", "--product", "openedx", "--issuer", told["issuer"]),
            *("--client-id", told["client_id"], "--deployment-id", told["deployment_id"]),
            *("--auth-url", told["oidc_callback"], "--token-url", told["token_url"], "--jwks-url", told["keyset_url"]),
        ).strip()
        yield made
    except BaseException:
        print(made.said())  # said where it failed
        raise
    finally:
        made.stop()


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=10).ok
    except requests.RequestException:
        return False
