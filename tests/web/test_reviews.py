"""The post-incident review: read, written, handed on as a file, and safe whatever it holds."""

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.web.seed import ACME, GLOBEX, NOW
from tests.web.world import World, form_token
from watcher.model.incident import Entry, EntryKind
from watcher.model.person import Role
from watcher.model.reason import Reason

HOSTILE = (
    "<script>alert(1)</script> [click](javascript:alert(1)) ![x](http://evil.example/x.png)"
    "\x1b[31m\x00\u202e | `rm` # https://evil.example www.evil.example"
)
PATH = "/api/v1/incidents/8/review"
WRITTEN = {
    "base": 0,
    "findings": {
        "summary": "Диск заполнился.\nThe shop stood still.",
        "cause": "logs were kept for ever",
        "whys": ["no space", "no rotation"],
    },
    "items": [
        {"text": "rotate the logs", "owner": "olga", "due": "2026-11-30"},
        {"text": "watch the disk", "done": True},
    ],
}


def hostile(world: World) -> None:
    """Something that nobody should click on is on the timeline and in the review."""
    entry = Entry(8, NOW + timedelta(minutes=1), EntryKind.NOTE, HOSTILE, Reason("x", HOSTILE))
    with world.store.begin() as tx:
        tx.add_entries([entry])
    review = {
        "base": 0,
        "findings": {"summary": HOSTILE.replace("\x00", ""), "whys": [HOSTILE]},
        "items": [{"text": HOSTILE, "owner": HOSTILE}],
    }
    assert 200 == world.program(Role.OPERATOR).put(PATH, json=review).status_code


def test_a_review_begins_with_what_is_on_record(world: World) -> None:
    """Before anybody has written anything, it tells when what happened, and what is not known."""
    found = world.program().get(PATH).json()

    assert (8, 0, "") == (found["incident"], found["version"], found["by"])
    assert {"symptom", "detected", "entry", "evidence"} <= {each["kind"] for each in found["facts"]}
    assert sorted(each["at"] for each in found["facts"]) == [each["at"] for each in found["facts"]]
    assert found["times"]["detect"] is not None
    assert found["times"]["resolve"] is None
    assert {"acknowledged", "resolved"} <= set(found["gaps"])


def test_people_write_and_every_version_has_an_author(world: World) -> None:
    """Who read an older version is refused; what is left out is gone, and no number comes twice."""
    olga, pavel = world.program(Role.OPERATOR), world.program(Role.OPERATOR)
    first = olga.put(PATH, json=WRITTEN).json()
    late = pavel.put(PATH, json=WRITTEN)
    kept = {**WRITTEN, "base": 1, "items": [{"number": 1, "text": "rotate", "done": True}]}
    world.clock.forward(hours=1)
    second = pavel.put(PATH, json=kept).json()
    third = pavel.put(PATH, json={**WRITTEN, "base": 2}).json()

    assert (1, [1, 2]) == (first["version"], [each["number"] for each in first["items"]])
    assert "Диск заполнился.\nThe shop stood still." == first["findings"]["summary"]
    assert [None, "2026-11-22T03:14:07Z"] == [each["done_at"] for each in first["items"]]
    assert (409, "somebody else wrote a newer version meanwhile: load it again") == (
        late.status_code,
        late.json()["error"],
    )
    [item] = second["items"]
    assert ("rotate", "2026-11-22T04:14:07Z") == (item["text"], item["done_at"])
    assert [3, 4] == [each["number"] for each in third["items"]]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"items": [{"number": 9, "text": "x"}]}, "there is no action item 9"),
        ({"items": [{"text": " \u202e "}]}, "needs a text"),
    ],
)
def test_what_makes_no_sense_is_refused(world: World, changed: Any, says: str) -> None:
    """With a word about what is wrong."""
    answer = world.program(Role.OPERATOR).put(PATH, json={**WRITTEN, **changed})

    assert 409 == answer.status_code
    assert says in answer.json()["error"]


def test_what_waits_is_listed_by_its_date_for_its_customer(world: World) -> None:
    """What is done does not wait, and nobody sees another customer's."""
    world.program(Role.OPERATOR).put(PATH, json=WRITTEN)
    other = {"base": 0, "items": [{"text": "mail", "due": "2026-11-01"}, {"text": "some day"}]}
    world.program(Role.OPERATOR).put("/api/v1/incidents/4/review", json=other)

    every = world.program().get("/api/v1/action-items").json()["items"]
    acme = world.program(Role.VIEWER, ACME).get("/api/v1/action-items").json()["items"]
    page = world.program(Role.VIEWER, GLOBEX).get("/action-items").text
    assert ["mail", "rotate the logs", "some day"] == [each["item"]["text"] for each in every]
    assert [(8, ACME)] == [(each["incident"], each["customer"]) for each in acme]
    assert "overdue" in page
    assert "rotate the logs" not in page


def test_the_page_is_read_in_both_languages_and_edited(world: World) -> None:
    """The form keeps what it does not change, and shows what is wrong."""
    olga = world.person()
    blank = olga.get("/incidents/8/review").text
    token = form_token(olga.get("/incidents/8/review/edit").text)
    data: dict[str, str | list[str]] = {
        "csrf": token,
        "base": "0",
        "summary": "Диск\r\nзаполнился",
        "why": ["no space", "", "no rotation", "", ""],
        "known": ["", "", ""],
        "item": ["rotate the logs", "", "watch the disk"],
        "owner": ["olga", "", ""],
        "due": ["2026-11-30", "", ""],
        "done": ["2"],
    }
    wrong = olga.post("/incidents/8/review/edit", data={**data, "due": ["soon", "", ""]})
    saved = olga.post("/incidents/8/review/edit", data=data)
    again = olga.get("/incidents/8/review/edit").text
    stale = olga.post("/incidents/8/review/edit", data=data)
    russian = olga.get("/incidents/8/review?lang=ru").text

    assert "Nobody has written anything yet" in blank
    assert (409, True) == (wrong.status_code, "due on a date" in wrong.text)
    assert (303, "/incidents/8/review") == (saved.status_code, saved.headers["location"])
    assert 'value="rotate the logs"' in again
    assert 'name="base" value="1"' in again
    assert 'value="1" checked' in again
    assert (409, True) == (stale.status_code, "newer version" in stale.text)
    assert "Первопричина" in russian
    assert "<p >Диск</p><p >заполнился</p>" in russian
    assert "☑" in russian


def test_markdown_holds_no_markup_of_others(world: World) -> None:
    """No HTML, no link, no image, no control character; a table stays a table."""
    hostile(world)
    answer = world.program().get(f"{PATH}.md?lang=ru")
    text = answer.text

    assert "text/markdown; charset=utf-8" == answer.headers["content-type"]
    assert "attachment;" in answer.headers["content-disposition"]
    assert "Пять «почему»" in text
    assert not re.search(r"(?<!\\)(<|\[|!\[)|(?<!\\)`", text)
    assert not re.search(r"https?://|(?<!\\)www\.", text)
    assert all(each.isprintable() or each == "\n" for each in text)


def test_pdf_holds_nothing_that_acts(world: World) -> None:
    """No link, no script, no annotation, nothing to be loaded, and it says who wrote nothing."""
    hostile(world)
    answer = world.program().get(f"{PATH}.pdf?lang=ru")

    assert "application/pdf" == answer.headers["content-type"]
    assert answer.content.startswith(b"%PDF-1.")
    for name in (b"/URI", b"/JS", b"/JavaScript", b"/Annot", b"/Launch", b"/OpenAction", b"evil"):
        assert name not in answer.content.replace(b"/OpenAction [3 0 R", b""), name


def test_the_page_escapes_what_others_wrote(world: World) -> None:
    """On the review and on the form."""
    hostile(world)
    olga = world.person()
    pages = [olga.get(f"/incidents/8/review{each}").text for each in ("", "/edit")]

    assert not any("<script>alert" in page or "\x1b" in page for page in pages)
    assert all("&lt;script&gt;" in page for page in pages)
