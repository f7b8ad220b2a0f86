"""A browser's part played by hand: every step of a launch is a value that a test can look at and tamper with.

    browser = Browserless(by_flask(practice_app, "http://localhost:8100"), by_flask(tool_app, "http://127.0.0.1:8000"))
    browser.sign_in("karlis")
    launch = browser.launch(activity_id)            # all four steps; launch.answer is the tool's
    step = browser.start(activity_id)               # or one by one
    step = browser.login(step)
    step = browser.authorise(step)
    answer = browser.post(resign(lms, step, {"nonce": "another"}))

`by_http()` in place of `by_flask` plays it over real addresses.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from lti_tool.practice import jose
from lti_tool.practice.lms import Practice
from lti_tool.practice.people import PASSWORD
from lti_tool.practice.steps import Answer, Send, Step, StepFailed, by_flask, by_http, read_page, split

__all__ = [
    "Answer",
    "Browserless",
    "Launch",
    "Send",
    "Step",
    "StepFailed",
    "by_flask",
    "by_http",
    "read_claims",
    "resign",
]


@dataclass(frozen=True, slots=True)
class Launch:
    """The four steps of a launch that went through."""

    initiation: Step
    authorisation: Step
    form_post: Step
    answer: Answer

    @property
    def claims(self) -> dict[str, Any]:
        return read_claims(self.form_post)


@dataclass(frozen=True, slots=True)
class Browserless:
    """`practice` and `tool` send a step to the one or the other."""

    practice: Send
    tool: Send
    base_url: str = "http://localhost:8100"

    def open(self, path: str, **fields: str) -> Answer:
        """A page of the practice LMS."""
        return self.practice(Step("GET", self.base_url + path, fields))

    def press(self, page: str, action: str, **fields: str | None) -> Answer:
        """Fills in and sends the form of that page whose action is this path."""
        wanted = self.base_url + action
        forms = self.open(page).forms()
        found = next((form for form in forms if form.url.partition("?")[0] == wanted), None)
        if found is None:
            raise StepFailed(f"{page} has no form for {action}")
        return self.practice(found.having(**fields))

    def sign_in(self, login: str, password: str = PASSWORD) -> None:
        answer = self.practice(Step("POST", f"{self.base_url}/sign-in", {"login": login, "password": password}))
        if answer.status != 303:
            raise StepFailed(f"could not sign in as {login}: {answer.status} {answer.text}")

    def start(self, activity_id: int, *, storage: bool = False, **options: str) -> Step:
        """Login initiation of an activity. Without `storage` the tool is not told of platform storage, so that it
        has no need of a script. Options: target, review, by."""
        return self.read_initiation(self.open(f"/launch/{activity_id}", **options), storage=storage)

    def start_choosing(self, course_id: int, tool_id: int, *, storage: bool = False) -> Step:
        """Login initiation of a deep linking request."""
        return self.read_initiation(self.open(f"/courses/{course_id}/choose/{tool_id}"), storage=storage)

    def read_initiation(self, answer: Answer, *, storage: bool) -> Step:
        step = _read_redirect(answer) if answer.location else _first_form(answer)
        return step if storage else step.having(lti_storage_target=None)

    def login(self, initiation: Step) -> Step:
        """The tool's authorisation request: a redirect, or what its page would send to the platform."""
        answer = self.tool(initiation)
        if answer.location:
            return _read_redirect(answer)
        goal = f"{self.base_url}/auth"
        for form in answer.forms():
            if form.url.startswith(goal):
                return form
        for link in answer.links():
            if link.startswith(goal):
                return split(link)
        raise StepFailed(f"the tool did not go on to the platform: {answer.status} {answer.text}")

    def authorise(self, authorisation: Step) -> Step:
        """The platform's form_post with id_token or error; StepFailed where the platform shows a page instead."""
        answer = self.practice(authorisation)
        form = _first_form(answer)
        # Without our cookie the platform's page posts to the platform again.
        return _first_form(self.practice(form)) if form.url == f"{self.base_url}/auth" else form

    def post(self, form_post: Step) -> Answer:
        """The tool's answer to the launch."""
        return self.tool(form_post)

    def finish(self, initiation: Step) -> Launch:
        authorisation = self.login(initiation)
        form_post = self.authorise(authorisation)
        return Launch(initiation, authorisation, form_post, self.post(form_post))

    def launch(self, activity_id: int, *, storage: bool = False, **options: str) -> Launch:
        return self.finish(self.start(activity_id, storage=storage, **options))

    def choose(self, course_id: int, tool_id: int) -> Launch:
        """A deep linking request; what the tool's page then sends goes to `return_choice`."""
        return self.finish(self.start_choosing(course_id, tool_id))

    def return_choice(self, step: Step) -> Answer:
        """The tool's response, posted to the deep_link_return_url."""
        return self.practice(step)

    def registration_link(self, registration_url: str) -> str:
        """The tool's registration address as the practice LMS would open it. Good for one registration."""
        answer = self.press("/admin", "/admin/register", url=registration_url)
        frames = read_page(answer).frames
        if answer.status != 200 or not frames:
            raise StepFailed(f"no registration was begun: {answer.status} {answer.text}")
        return frames[0]

    def register(self, registration_url: str, confirm: Callable[[Answer], Step] | None = None) -> Answer:
        """Dynamic registration, signed in as administrator: opens the tool's page and sends its form (the first that is
        posted, or what `confirm` makes of the page). The tool's last answer; the practice LMS may still have to
        activate it."""
        answer = self.tool(Step("GET", self.registration_link(registration_url)))
        step = confirm(answer) if confirm else next((form for form in answer.forms() if form.method == "POST"), None)
        return self.tool(step) if step else answer


def read_claims(form_post: Step) -> dict[str, Any]:
    """What the id_token of this step says, unverified."""
    return jose.read_unverified(form_post.fields["id_token"])


def resign(
    lms: Practice,
    form_post: Step,
    changes: Mapping[str, Any] | None = None,
    *,
    without: Sequence[str] = (),
    header: Mapping[str, Any] | None = None,
) -> Step:
    """The same launch, its claims changed and signed by the platform's own key: what a wrong platform would send.
    `header` changes the header; a value of None takes its name out."""
    with lms.store.transaction() as db:
        kid, key = jose.read_signing_key(db)
    claims = {**read_claims(form_post), **(changes or {})}
    for name in without:
        claims.pop(name, None)
    full = {"kid": kid, **(header or {})}
    told = {name: value for name, value in full.items() if value is not None}
    token = jwt.encode(claims, key, algorithm="RS256", headers=told)
    return form_post.having(id_token=token)


def _first_form(answer: Answer) -> Step:
    forms = [] if answer.status >= 400 else answer.forms()
    if not forms:
        raise StepFailed(f"{answer.url} gave no form: {answer.status} {answer.text}")
    return forms[0]


def _read_redirect(answer: Answer) -> Step:
    if answer.location is None:
        raise StepFailed(f"{answer.url} gave no redirect: {answer.status} {answer.text}")
    return split(answer.location)
