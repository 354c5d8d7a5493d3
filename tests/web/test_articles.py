"""The knowledge base by API and pages: who may write, read and vote on what, and what is shown."""

import html
from typing import Any

import httpx
import pytest

from tests.contract.test_store_problems import problem
from tests.web.seed import ACME, ALERTS, GLOBEX, NOW
from tests.web.world import World, form_token
from watcher.model.change import replace
from watcher.model.person import Role
from watcher.model.problem import Bond, ProblemStatus, Tie

DISK = {"title": "Диск полон", "body": "## Причина\n\nЖурналы\n", "customer": ACME}
# One incident of acme that is over, one that is not, one of globex.
OVER, OPEN, STRANGE = 5, 8, 4


def written(client: httpx.Client, **changes: Any) -> int:
    """The number of a new article."""
    answer = client.post("/api/v1/articles", json={**DISK, **changes})
    assert 201 == answer.status_code, answer.text
    return int(answer.json()["id"])


def published(client: httpx.Client, **changes: Any) -> int:
    """The same, shown to everybody who may see it."""
    number = written(client, **changes)
    assert 200 == client.post(f"/api/v1/articles/{number}/publish").status_code
    return number


def found(client: httpx.Client, **query: str) -> list[int]:
    """The numbers of the articles of a list."""
    answer = client.get("/api/v1/articles", params=query)
    assert 200 == answer.status_code, answer.text
    return [each["id"] for each in answer.json()["items"]]


def form(client: httpx.Client, path: str, **fields: Any) -> httpx.Response:
    """What comes of a form that somebody fills in on a page."""
    token = form_token(client.get("/incidents/new").text)
    return client.post(path, data={"csrf": token, **fields})


def over(world: World) -> None:
    """The incident of the night is resolved, with a word on how."""
    answer = world.program().post(f"/api/v1/incidents/{OPEN}/resolve", json={"text": "cleaned"})
    assert 200 == answer.status_code


def test_an_article_lives(world: World) -> None:
    """Written, edited, published, retired; each step is a version with its author."""
    olga = world.program(customer=ACME)
    number = written(olga)
    edited = olga.post(
        f"/api/v1/articles/{number}/versions",
        json={
            "base": 1,
            "title": " Диск\tполон ".replace("\t", " "),
            "body": "Новый текст\r\n\r\n",
            "topic": {"service": "billing", "alerts": ["Disk  full", "Disk full"]},
            "comment": "проще",
        },
    )
    same = olga.post(
        f"/api/v1/articles/{number}/versions",
        json={**edited.json(), "base": 2} | {"x": 1},
    )
    olga.post(f"/api/v1/articles/{number}/publish")
    again = olga.post(f"/api/v1/articles/{number}/publish")
    retired = olga.post(f"/api/v1/articles/{number}/retire").json()
    versions = olga.get(f"/api/v1/articles/{number}/versions").json()["items"]

    assert 201 == edited.status_code
    assert ("Диск полон", "Новый текст\n", 2) == tuple(
        edited.json()[name] for name in ("title", "body", "version")
    )
    assert {"service": "billing", "alerts": ["Disk full"], "findings": []} == edited.json()["topic"]
    assert 422 == same.status_code
    assert (409, "it is published already") == (again.status_code, again.json()["error"])
    assert ("retired", 4, "operator-of-acme") == (
        retired["status"],
        retired["version"],
        retired["changed_by"],
    )
    assert ["retired", "published", "проще", "drafted"] == [each["comment"] for each in versions]


def test_nobody_overwrites_what_he_has_not_read(world: World) -> None:
    """Who edits an old version is told; who changes nothing makes no version."""
    olga = world.program(customer=ACME)
    number = written(olga)
    path = f"/api/v1/articles/{number}/versions"
    edit = {"title": "B", "body": "", "base": 1}
    answers = [olga.post(path, json=edit), olga.post(path, json=edit)]
    nothing = olga.post(path, json={**edit, "base": 2}).json()

    assert [201, 409] == [each.status_code for each in answers]
    assert "operator-of-acme has changed it meanwhile: read version 2 first" in answers[1].text
    assert 2 == nothing["version"]


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"title": "\u2028"}, 409, "an article needs a title"),
        ({"title": "x\x7f"}, 409, "no control characters"),
        ({"body": "x\x00"}, 409, "no control characters"),
        ({"body": "x" * 50_000}, 422, "body.body"),
        ({"topic": {"alerts": ["x" * 201]}}, 422, "body.topic.alerts"),
        ({"topic": {"alerts": ["x"] * 21}}, 422, "body.topic.alerts"),
        ({"topic": {"hosts": ["x"]}}, 422, "body.topic.hosts"),
        ({"customer": "nobody"}, 409, "there is no customer 'nobody'"),
        ({"customer": GLOBEX}, 409, "there is no customer 'globex'"),
        ({"customer": None}, 403, "written by a manager who sees all customers"),
        ({"language": "fr"}, 422, "body.language"),
    ],
)
def test_what_cannot_be_an_article_is_refused(
    world: World, changes: dict[str, Any], status: int, said: str
) -> None:
    """In words, and nothing is stored."""
    manager = world.program(Role.MANAGER, ACME)
    answer = manager.post("/api/v1/articles", json={**DISK, **changes})

    assert status == answer.status_code
    assert said in answer.json()["error"]
    assert [] == found(manager)


def test_what_is_for_all_customers_is_written_by_those_who_see_them(world: World) -> None:
    """Everybody may read it; who belongs to one customer changes nothing about it."""
    boss, olga = world.program(Role.MANAGER), world.program()
    number = published(boss, customer=None)
    stranger = world.program(Role.ADMINISTRATOR, GLOBEX)
    attempts = [
        olga.post("/api/v1/articles", json={**DISK, "customer": None}),
        olga.post(f"/api/v1/articles/{number}/retire"),
        stranger.post(f"/api/v1/articles/{number}/versions", json={"title": "x", "base": 2}),
        world.person(customer=GLOBEX).get(f"/articles/{number}/edit"),
    ]

    assert [403] * 4 == [each.status_code for each in attempts]
    assert [number] == found(stranger) == found(world.program(Role.VIEWER, ACME))


def test_strangers_see_nothing_and_viewers_no_drafts(world: World) -> None:
    """Neither in lists nor by search, nor one by one."""
    olga = world.program(customer=ACME)
    draft, public = written(olga), published(olga)
    stranger, viewer = world.program(customer=GLOBEX), world.program(Role.VIEWER, ACME)

    assert [[], [public], [public, draft]] == [found(each) for each in (stranger, viewer, olga)]
    assert [[], [public], [public, draft]] == [
        found(each, search="журнал") for each in (stranger, viewer, olga)
    ]
    assert [404, 200] == [
        viewer.get(f"/api/v1/articles/{number}").status_code for number in (draft, public)
    ]
    assert [404] * 3 == [
        stranger.post(f"/api/v1/articles/{public}/retire").status_code,
        stranger.post(
            f"/api/v1/articles/{public}/votes", json={"incident": STRANGE, "helped": True}
        ).status_code,
        stranger.get(f"/articles/{public}").status_code,
    ]


def test_articles_are_found_by_words_and_by_matchers(world: World) -> None:
    """In any form; what is typed is no syntax. What was changed is found by its new words."""
    olga = world.program(customer=ACME)
    disk = written(olga)
    memory = written(olga, title="Java heap is full", body="Restart the JVM")

    assert [disk] == found(olga, search="диски журналов") == found(olga, match='title=~"Диск.*"')
    assert [memory] == found(olga, search="restarted jvm'*") == found(olga, match="id=2")
    assert [] == found(olga, search="%' OR 1=1 --") == found(olga, search="%")
    refused = ("match=colour=red", "search=disk&match=id=2", "search=disk&cursor=x")
    assert {422} == {olga.get(f"/api/v1/articles?{each}").status_code for each in refused}
    olga.post(f"/api/v1/articles/{disk}/versions", json={"title": "Память", "base": 1})
    assert ([], [disk]) == (found(olga, search="диск"), found(olga, search="память"))


def test_an_incident_that_is_over_becomes_a_draft(world: World) -> None:
    """With what was seen, checked and said; before that nobody knows what helps."""
    olga = world.program(customer=ACME)
    early = olga.post(f"/api/v1/incidents/{OPEN}/articles")
    over(world)
    draft = olga.post(f"/api/v1/incidents/{OPEN}/articles", json={"language": "ru"}).json()

    assert (409, "it is not over yet: nobody knows what helps before that") == (
        early.status_code,
        early.json()["error"],
    )
    assert ("draft", ACME, OPEN, "ru") == tuple(
        draft[name] for name in ("status", "customer", "incident", "language")
    )
    assert "## Симптомы\n\n- No space left on /var/lib/postgresql на db1" in draft["body"]
    assert "- cleaned" in draft["body"]
    assert "linux-first-look/full" in draft["topic"]["findings"]
    assert (
        404 == world.program(customer=GLOBEX).post(f"/api/v1/incidents/{OPEN}/articles").status_code
    )


def test_a_problem_whose_workaround_is_known_becomes_a_draft(world: World) -> None:
    """One that is still looked into does not."""
    known = problem(1, status=ProblemStatus.KNOWN_ERROR, workaround="Remove logs")
    with world.store.begin() as tx:
        tx.save_problems([known, problem(2, status=ProblemStatus.INVESTIGATING)])
        tx.save_incidents([replace(tx.incidents([OPEN])[OPEN], problem=1)])
    olga = world.program(customer=ACME)
    draft = olga.post("/api/v1/problems/1/articles").json()
    olga.post(f"/api/v1/articles/{draft['id']}/publish")
    [shown] = olga.get(f"/api/v1/incidents/{OPEN}/articles").json()["items"]

    page = form(world.person(customer=ACME), "/problems/1/article", language="en")

    assert (303, "/articles/2/edit") == (page.status_code, page.headers["location"])
    assert "## Workaround\n\nRemove logs" in draft["body"]
    assert "No space left" in draft["body"]
    assert "it is about problem #1" == shown["reasons"][0]
    assert 409 == olga.post("/api/v1/problems/2/articles").status_code
    assert 404 == world.program(customer=GLOBEX).post("/api/v1/problems/1/articles").status_code


def test_articles_follow_a_problem_into_the_one_that_it_went_into(world: World) -> None:
    """Also what is drafted of the old number later is about the one that is left."""
    known = problem(1, status=ProblemStatus.KNOWN_ERROR, workaround="Remove logs")
    with world.store.begin() as tx:
        tx.save_problems([known, problem(2, status=ProblemStatus.INVESTIGATING)])
        tx.save_incidents([replace(tx.incidents([OPEN])[OPEN], problem=2)])
        tx.save_ties([Tie(OPEN, 2, ACME, Bond.CONFIRMED, NOW, "olga")])
    olga = world.program(customer=ACME)
    early = olga.post("/api/v1/problems/1/articles").json()["id"]
    olga.post(f"/api/v1/articles/{early}/publish")
    before = olga.get(f"/api/v1/incidents/{OPEN}/articles").json()["items"]
    olga.post("/api/v1/problems/1/merge", json={"into": 2})
    refused = olga.post("/api/v1/problems/1/articles")
    olga.post("/api/v1/problems/2/known-error", json={})
    late = olga.post("/api/v1/problems/1/articles").json()
    [shown] = olga.get(f"/api/v1/incidents/{OPEN}/articles").json()["items"]
    page = world.person(customer=ACME).get(f"/articles/{early}").text

    assert "it is about problem #1" not in str(before)
    assert ("it is about problem #2", 2) == (shown["reasons"][0], shown["problem"])
    assert 'href="/problems/2">#2</a>' in page
    assert (409, 2) == (refused.status_code, late["problem"])


def test_what_may_help_is_shown_with_its_reason(world: World) -> None:
    """By the names of alerts, by what was found, and by words; never a draft or a stranger's."""
    boss = world.program(Role.MANAGER)
    alerts = {"alerts": ["no space left on /var/lib/postgresql"]}
    named = published(boss, topic=alerts)
    worded = published(
        boss,
        customer=None,
        title="PostgreSQL: no space left, does not accept connections",
        body="Billing API answers; checkout probe; last answer; free space",
    )
    written(boss, topic=alerts)
    published(boss, customer=GLOBEX, topic=alerts)
    shown = boss.get(f"/api/v1/incidents/{OPEN}/articles").json()["items"]

    assert [named, worded] == [each["id"] for each in shown]
    assert ["it names the alert No space left on /var/lib/postgresql"] == shown[0]["reasons"]
    assert "words of this incident" in shown[1]["reasons"][0]
    assert [] == boss.get(f"/api/v1/incidents/{OVER}/articles").json()["items"]


def test_a_storm_is_looked_up_by_its_first_alerts(world: World) -> None:
    """Thousands of alerts with thousands of words make no page wait."""
    storm = [
        (
            replace(alert, key=f"k{number}", name=f"Alert w{number}x of many", host=None),
            replace(span, key=f"k{number}", incident=OVER),
        )
        for number, (alert, span) in enumerate(ALERTS[:1] * 60)
    ]
    with world.store.begin() as tx:
        tx.save_alerts([alert for alert, _ in storm])
        tx.save_occurrences([span for _, span in storm])
    boss = world.program(Role.MANAGER)
    number = published(boss, topic={"alerts": ["Alert w1x of many", "Alert w59x of many"]})
    [shown] = boss.get(f"/api/v1/incidents/{OVER}/articles").json()["items"]

    assert (number, ["it names the alert Alert w1x of many"]) == (shown["id"], shown["reasons"])


def test_everybody_says_once_whether_it_helped(world: World) -> None:
    """On each incident; other customers learn nothing of it, even where it is for all."""
    boss, olga = world.program(Role.MANAGER), world.program(customer=ACME)
    number = published(boss, customer=None, topic={"service": "billing", "alerts": ["x"]})
    path = f"/api/v1/articles/{number}"

    def votes(client: httpx.Client) -> dict[str, int]:
        answer: dict[str, int] = client.get(path).json()["votes"]
        return answer

    for helped in (True, False, True):
        olga.post(f"{path}/votes", json={"incident": OPEN, "helped": helped})
    boss.post(f"{path}/votes", json={"incident": OPEN, "helped": False})

    assert {"helped": 1, "vain": 1} == votes(olga) == votes(boss)
    assert {"helped": 0, "vain": 0} == votes(world.program(customer=GLOBEX))
    assert [404, 404] == [
        olga.post(f"{path}/votes", json={"incident": each, "helped": True}).status_code
        for each in (STRANGE, 9999)
    ]
    own = published(boss)
    assert (
        404
        == boss.post(
            f"/api/v1/articles/{own}/votes", json={"incident": STRANGE, "helped": True}
        ).status_code
    )
    boss.post(f"{path}/retire")
    answer = olga.post(f"{path}/votes", json={"incident": OPEN, "helped": True})
    assert (409, "only what is published can have helped") == (
        answer.status_code,
        answer.json()["error"],
    )


def test_a_person_goes_from_incident_to_article_and_back(world: World) -> None:
    """Draft, preview, save, publish, history; then the incident shows it and asks for a vote."""
    over(world)
    olga = world.person(customer=ACME)
    page = olga.get(f"/incidents/{OPEN}").text
    drafted = form(olga, f"/incidents/{OPEN}/article", language="ru")
    edit = drafted.headers["location"]
    fields = {"title": "Диск базы", "base": "1", "alerts": "No space left on /var/lib/postgresql\n"}
    preview = form(olga, edit, **fields, body="**Очистить** журналы", verb="preview")
    saved = form(olga, edit, **fields, body="**Очистить** журналы", comment="короче")
    stale = form(olga, edit, **fields, body="x")
    article = saved.headers["location"]
    form(olga, article, verb="publish")
    history = olga.get(f"{article}/history?version=2").text
    shown = olga.get(f"/incidents/{OPEN}").text
    form(olga, f"/incidents/{OPEN}/vote", article="1", helped="true")

    assert "Draft an article" in page
    assert "Articles that may help" not in page
    assert (303, "/articles/1/edit") == (drafted.status_code, edit)
    assert "<strong>Очистить</strong>" in preview.text
    assert "So far nothing is saved." in preview.text
    assert (303, 409) == (saved.status_code, stale.status_code)
    assert "<ins>" in history
    assert "короче" in history
    assert "Its text is that of the version before." in olga.get(f"{article}/history").text
    assert 404 == olga.get(f"{article}/history?version=9").status_code
    assert "Articles that may help" in shown
    assert "it names the alert No space left on /var/lib/postgresql" in html.unescape(shown)
    assert "helped 1 of 1 time" in olga.get(article).text
    assert 'aria-pressed="true"' in olga.get(f"/incidents/{OPEN}").text


def test_an_article_is_written_freely(world: World) -> None:
    """A form that says what is wrong keeps what was typed."""
    boss = world.person(Role.MANAGER)
    empty = boss.get("/articles/new").text
    wrong = form(boss, "/articles/new", title=" ", body="typed", customer=ACME)
    preview = form(boss, "/articles/new", title="x", body="# typed", verb="preview")
    made = form(boss, "/articles/new", title="For all", body="x", customer="", language="en")

    assert "all customers" in empty
    assert "all customers" not in world.person(customer=ACME, name="a").get("/articles/new").text
    assert (409, True) == (wrong.status_code, "typed" in wrong.text)
    assert "<h3>typed</h3>" in preview.text
    assert "for all customers" in boss.get(made.headers["location"]).text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"alerts": "x" * 201}, "a title or a name has 200 characters at most"),
        ({"findings": "a/b\n" * 3 + "\n".join(map(str, range(20)))}, "20 alerts and findings"),
        ({"body": "x" * 50_000}, "an article has 50000 characters at most: make two of it"),
    ],
)
def test_a_form_that_says_too_much_is_shown_again(
    world: World, fields: dict[str, str], said: str
) -> None:
    """With what is wrong, and with what was typed."""
    answer = form(world.person(customer=ACME), "/articles/new", title="x", customer=ACME, **fields)

    assert (409, True) == (answer.status_code, said in answer.text)


def test_the_list_is_searched_and_filtered(world: World) -> None:
    """Viewers are not offered what they may not see."""
    olga = world.person(customer=ACME)
    published(world.program(), title="Searchable")
    written(world.program(), title="Unfinished")
    pages = [
        olga.get(path).text
        for path in (
            "/articles",
            "/articles?q=search",
            "/articles?status=draft",
            "/articles?status=x",
        )
    ]
    seen = [("Searchable" in each, "Unfinished" in each) for each in pages]
    viewer = world.person(Role.VIEWER, ACME, "victor").get("/articles").text

    assert [(True, True), (True, False), (False, True), (False, False)] == seen
    assert ("Searchable" in viewer, "Unfinished" in viewer) == (True, False)
    assert 'name="status"' not in viewer


def test_what_is_hostile_is_shown_as_text(world: World) -> None:
    """In the text, the title and the names, on every page that has them."""
    boss = world.person(Role.MANAGER)
    evil = "<script>alert(1)</script>"
    number = published(
        world.program(Role.MANAGER),
        title=evil,
        body=f"{evil}\n\n![x](http://10.0.0.1/t.png) [y](javascript:alert(1))",
        topic={"alerts": ["No space left on /var/lib/postgresql", evil], "findings": [evil]},
    )
    paths = ("/articles", f"/articles/{number}", f"/articles/{number}/edit",
             f"/articles/{number}/history?version=1", f"/incidents/{OPEN}")  # fmt: skip
    for path in paths:
        page = boss.get(path).text
        assert evil not in page
        assert html.escape(evil) in page
        assert "<img" not in page
        assert 'href="javascript' not in page
