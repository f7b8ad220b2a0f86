"""Line items and results."""

from typing import Any

import pytest
from flask import Flask

from lti_tool.practice import gradebook
from lti_tool.practice.activities import Activity
from lti_tool.practice.lms import Practice
from lti_tool.practice.seed import add_activity, register_tool
from lti_tool.practice.tools import Tool
from lti_tool.practice.vocabulary import LINEITEM_TYPE, LINEITEMS_TYPE, RESULTS_TYPE
from tests.practice.conftest import ISSUER, TOOL, FakeTool, ServiceClient

ALL = "/services/1/lineitems?type_id=1"
ONE = "/services/1/lineitems/1/lineitem?type_id=1"


def listed(client: ServiceClient, more: str = "") -> Any:
    return client.call("GET", ALL + more, Accept=LINEITEMS_TYPE)


def create(client: ServiceClient, **body: Any) -> Any:
    return client.call("POST", ALL, body={"label": "Extra", "scoreMaximum": 10, **body}, Content_Type=LINEITEM_TYPE)


def test_the_line_item_of_an_activity(client: ServiceClient, activity: Activity) -> None:
    answer = listed(client)
    assert answer.status_code == 200
    assert answer.content_type == LINEITEMS_TYPE
    assert "Link" not in answer.headers
    assert answer.get_json() == [
        {
            "id": ISSUER + ONE,
            "label": "Digital safety",
            "scoreMaximum": 40,
            "resourceId": "M07",
            "tag": "",
            "resourceLinkId": str(activity.id),
        }
    ]


@pytest.mark.parametrize("accept", ["*/*", "application/json", f"{LINEITEMS_TYPE}, */*", LINEITEM_TYPE])
def test_lists_come_in_exactly_one_type(client: ServiceClient, accept: str) -> None:
    assert client.call("GET", ALL, Accept=accept).status_code == 400


def test_a_list_comes_without_accept_too(client: ServiceClient) -> None:
    assert client.call("GET", ALL).status_code == 200


def test_filters(lms: Practice, client: ServiceClient, tool: Tool, activity: Activity) -> None:
    other = add_activity(lms, tool, "Other", line_item={"scoreMaximum": 5, "resourceId": "M08", "tag": "quiz"})

    def labels(query: str) -> list[str]:
        return [item["label"] for item in listed(client, query).get_json()]

    assert labels("") == ["Digital safety", "Other"]
    assert labels(f"&resource_link_id={other.id}") == ["Other"]
    assert labels("&resource_id=M07") == ["Digital safety"]
    assert labels("&tag=quiz") == ["Other"]
    assert labels("&tag=quiz&resource_id=M07") == []


def test_pages_follow_each_other_and_keep_the_filter(client: ServiceClient) -> None:
    for number in range(5):
        create(client, label=f"Tagged {number}", tag="AbC")
    create(client, label="Untagged")
    answer, seen = listed(client, "&limit=2&tag=AbC"), []
    for _ in range(3):
        seen.append([item["label"] for item in answer.get_json()])
        link = answer.headers.get("Link")
        if link is None:
            break
        address, _, relation = link.partition("; ")
        assert relation == 'rel="next"'
        assert address.startswith(f"<{ISSUER}/services/1/lineitems?")
        answer = client.call("GET", address[1:-1].removeprefix(ISSUER), Accept=LINEITEMS_TYPE)
    assert seen == [["Tagged 0", "Tagged 1"], ["Tagged 2", "Tagged 3"], ["Tagged 4"]]


@pytest.mark.parametrize("query", ["&limit=0", "&limit=-1", "&limit=x", "&limit=1&from=x"])
def test_a_limit_is_a_number(client: ServiceClient, query: str) -> None:
    assert listed(client, query).status_code == 400


def test_the_query_of_the_address_has_to_come_back(client: ServiceClient, activity: Activity) -> None:
    assert client.call("GET", "/services/1/lineitems").status_code == 404
    assert client.call("GET", "/services/1/lineitems?type_id=2").status_code == 404
    assert client.call("POST", ONE + "/scores").status_code == 405


def test_a_new_line_item(app: Flask, client: ServiceClient, activity: Activity) -> None:
    answer = create(
        client, resourceId="r", tag="t", resourceLinkId=str(activity.id), endDateTime="2023-01-01T00:00:00Z"
    )
    assert (answer.status_code, answer.content_type) == (201, LINEITEM_TYPE)
    told = answer.get_json()
    assert told.pop("id") == f"{ISSUER}/services/1/lineitems/2/lineitem?type_id=1"
    assert told == {
        "label": "Extra",
        "scoreMaximum": 10,
        "resourceId": "r",
        "tag": "t",
        "resourceLinkId": str(activity.id),
        "endDateTime": "2023-01-01T00:00:00Z",
    }
    assert create(client, scoreMaximum=12.5).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"label": None},
        {"label": " "},
        {"label": 5},
        {"scoreMaximum": None},
        {"scoreMaximum": 0},
        {"scoreMaximum": -1},
        {"scoreMaximum": "10"},
        {"scoreMaximum": True},
        {"scoreMaximum": float("nan")},
        {"tag": 5},
    ],
)
def test_a_line_item_without_name_or_maximum(client: ServiceClient, body: dict[str, Any]) -> None:
    assert create(client, **body).status_code == 400


@pytest.mark.parametrize("media", ["application/json", "text/plain", LINEITEMS_TYPE])
def test_a_new_line_item_has_its_type(client: ServiceClient, media: str) -> None:
    body = {"label": "Extra", "scoreMaximum": 10}
    assert client.call("POST", ALL, body=body, Content_Type=media).status_code == 400
    assert client.call("POST", ALL, body=body, Content_Type=f"{LINEITEM_TYPE}; charset=utf-8").status_code == 201
    assert client.call("POST", ALL, body=[body], Content_Type=LINEITEM_TYPE).status_code == 400


def test_a_link_of_somebody_else_is_refused(lms: Practice, client: ServiceClient, activity: Activity) -> None:
    theirs = add_activity(lms, register_tool(lms, TOOL), "Theirs")
    elsewhere = add_activity(lms, client.tool, "Elsewhere", course_id=2)
    for link in (str(theirs.id), str(elsewhere.id), "999", "x"):
        assert create(client, resourceLinkId=link).status_code == 403


def test_other_tools_line_items_do_not_exist(
    lms: Practice, app: Flask, fake_tool: FakeTool, activity: Activity, client: ServiceClient
) -> None:
    other = ServiceClient(app, fake_tool, register_tool(lms, TOOL))
    path = "/services/1/lineitems/1/lineitem?type_id=2"
    assert other.call("GET", path).status_code == 404
    assert other.call("DELETE", path).status_code == 404
    assert other.call("GET", "/services/1/lineitems?type_id=2").get_json() == []
    assert client.call("GET", "/services/2/lineitems/1/lineitem?type_id=1").status_code == 404
    assert client.call("GET", "/services/9/lineitems?type_id=1").status_code == 404


@pytest.mark.parametrize(("accept", "status"), [("*/*", 200), (LINEITEM_TYPE, 200), ("application/json", 400)])
def test_one_line_item(client: ServiceClient, activity: Activity, accept: str, status: int) -> None:
    assert client.call("GET", ONE, Accept=accept).status_code == status


def test_what_a_put_leaves_out_is_gone(client: ServiceClient, activity: Activity) -> None:
    answer = client.call("PUT", ONE, body={"label": "New", "scoreMaximum": 50}, Content_Type=LINEITEM_TYPE)
    assert answer.status_code == 200
    assert answer.get_json() == {"id": ISSUER + ONE, "label": "New", "scoreMaximum": 50, "resourceId": "", "tag": ""}
    assert client.call("PUT", ONE, body={"label": "New"}, Content_Type=LINEITEM_TYPE).status_code == 400
    assert client.call("PUT", ONE, body={"label": "New", "scoreMaximum": 5}).status_code == 400


def test_a_new_maximum_rescales_grades(lms: Practice, client: ServiceClient, activity: Activity) -> None:
    with lms.store.transaction() as db:
        gradebook.write_grade(db, 1, 3, gradebook.Grade(raw=20, final=20, modified=1665651600))
    client.call("PUT", ONE, body={"label": "New", "scoreMaximum": 10}, Content_Type=LINEITEM_TYPE)
    (result,) = client.call("GET", ONE.replace("?", "/results?")).get_json()
    assert (result["resultScore"], result["resultMaximum"]) == (5, 10)


def test_delete(client: ServiceClient, activity: Activity) -> None:
    answer = client.call("DELETE", ONE)
    assert (answer.status_code, answer.data) == (204, b"")
    assert client.call("GET", ONE).status_code == 404
    assert client.call("DELETE", ONE).status_code == 404
    assert (
        client.call(
            "POST", ONE.replace("?", "/scores?"), body={}, Content_Type="application/vnd.ims.lis.v1.score+json"
        ).status_code
        == 404
    )


def test_with_the_activity_its_line_item_goes(client: ServiceClient, browser: Any, activity: Activity) -> None:
    browser.sign_in("teacher")
    assert browser.press("/courses/1", f"/courses/1/activities/{activity.id}/delete").status == 303
    assert client.call("GET", ONE).status_code == 404
    assert browser.open(f"/courses/1/activities/{activity.id}").status == 404
    assert browser.open(f"/launch/{activity.id}").status == 404


def test_results(lms: Practice, client: ServiceClient, activity: Activity) -> None:
    path = ONE.replace("?", "/results?")
    assert client.call("GET", path).get_json() == []
    with lms.store.transaction() as db:
        gradebook.write_grade(db, 1, 3, gradebook.Grade(raw=20, final=20, comment="Labi", modified=1665651600.5))
        gradebook.write_grade(db, 1, 4, gradebook.Grade(modified=1665651600))
        gradebook.write_grade(db, 1, 5, gradebook.Grade())
    answer = client.call("GET", path, Accept=RESULTS_TYPE)
    assert answer.content_type == RESULTS_TYPE
    first, second = answer.get_json()
    assert first == {
        "id": f"{ISSUER}{path}&user_id=3",
        "scoreOf": ISSUER + ONE,
        "userId": "3",
        "resultScore": 20,
        "resultMaximum": 40,
        "timestamp": "2022-10-13T09:00:00+00:00",
        "comment": "Labi",
    }
    assert second == {"id": f"{ISSUER}{path}&user_id=4", "userId": "4"}
    assert client.call("GET", first["id"].removeprefix(ISSUER)).get_json() == [first]
    assert client.call("GET", f"{path}&user_id=77").get_json() == []
    assert client.call("GET", path, Accept="application/json").status_code == 400
    assert client.call("GET", f"{path}&limit=1").headers["Link"].endswith('; rel="next"')
