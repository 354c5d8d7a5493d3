"""In and out: passwords, sessions, guessing."""

import re
from datetime import timedelta

import pytest

from tests.web.seed import NOW
from tests.web.world import PASSWORD, World, form_token
from watcher.web.auth import SESSION_LASTS, Throttle, hash_password, verify_password


def test_a_person_logs_in_and_out(world: World) -> None:
    """The session lives as long as its person wants."""
    olga = world.person()
    page = olga.get("/incidents")

    assert (200, True) == (page.status_code, "Log out" in page.text)
    answer = olga.post("/logout", data={"csrf": form_token(page.text)})
    assert (303, "/login") == (answer.status_code, answer.headers["location"])
    assert 303 == olga.get("/incidents").status_code


def test_a_session_cannot_be_used_after_the_log_out(world: World) -> None:
    """The cookie is worth nothing any more, even if somebody kept it."""
    olga = world.person()
    kept = dict(olga.cookies)
    olga.post("/logout", data={"csrf": form_token(olga.get("/incidents").text)})

    assert 303 == world.client(Cookie=f"watcher={kept['watcher']}").get("/incidents").status_code


def test_a_session_ends_after_twelve_hours(world: World) -> None:
    """Whoever forgets to log out is logged out."""
    olga = world.person()
    world.clock.forward(hours=11, minutes=59)
    assert 200 == olga.get("/incidents").status_code
    world.clock.forward(minutes=2)

    assert timedelta(hours=12) == SESSION_LASTS
    assert 303 == olga.get("/incidents").status_code


def test_the_cookie_is_out_of_reach(world: World) -> None:
    """No script sees it, no other site's form brings it along; it is bound to HTTPS if there is."""
    world.person()
    cookie = _login(world, "olga", PASSWORD)
    safe = World(world.store, world.portal, public_url="https://watcher.example")

    assert re.fullmatch(r"watcher=\S{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=lax", cookie)
    assert re.fullmatch(
        r"__Host-watcher=\S{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=lax; Secure",
        _login(safe, "olga", PASSWORD),
    )


def _login(world: World, name: str, password: str) -> str:
    browser = world.client(Origin=world.public_url)
    answer = browser.post("/login", data={"name": name, "password": password})
    return str(answer.headers.get("set-cookie", ""))


@pytest.mark.parametrize(
    ("name", "password"), [("olga", "guessed"), ("nobody", PASSWORD), ("", "")]
)
def test_a_wrong_login_does_not_tell_what_was_wrong(world: World, name: str, password: str) -> None:
    """A known and an unknown name get the same answer, and no session."""
    world.person()
    browser = world.client(Origin=world.public_url)
    answer = browser.post("/login", data={"name": name, "password": password, "next": "/alerts"})

    assert 403 == answer.status_code
    assert "do not belong together" in answer.text
    assert 'name="next" value="/alerts"' in answer.text
    assert password not in answer.text or not password
    assert "set-cookie" not in answer.headers


def test_a_login_from_another_site_is_refused(world: World) -> None:
    """Nobody can be logged in as somebody else behind his back."""
    world.person()
    browser = world.client(Origin="https://evil.example")

    assert 403 == browser.post("/login", data={"name": "olga", "password": PASSWORD}).status_code


def test_guessing_gets_slower(world: World) -> None:
    """After five wrong passwords even the right one has to wait; other people need not."""
    world.person()
    world.person(name="pavel")
    browser = world.client(Origin=world.public_url)
    wrong = [browser.post("/login", data={"name": "olga", "password": "x"}) for _ in range(6)]
    right = browser.post("/login", data={"name": "olga", "password": PASSWORD})

    assert [403] * 6 == [each.status_code for each in wrong]
    assert (429, "15") == (right.status_code, right.headers["retry-after"])
    assert "Try again in 15 seconds" in right.text
    assert _login(world, "pavel", PASSWORD)
    world.clock.forward(seconds=16)
    assert _login(world, "olga", PASSWORD)


def test_the_wait_doubles_up_to_a_limit() -> None:
    """Each further failure doubles it; a success forgets them all."""
    clock = World.clock_of_tests()
    throttle = Throttle(clock)
    waits = []
    for _ in range(15):
        throttle.failed("olga")
        waits.append(throttle.wait("olga"))

    assert [0, 0, 0, 0, 0, 15, 30, 60, 120, 240, 480, 900, 900, 900, 900] == waits
    throttle.succeeded("olga")
    assert 0 == throttle.wait("olga")


def test_the_throttle_does_not_grow_without_end() -> None:
    """Trying many names makes it forget the oldest."""
    throttle = Throttle(World.clock_of_tests(), free=0, most_keys=2)
    for name in ("a", "b", "c"):
        throttle.failed(name)

    assert [0, 15, 15] == [throttle.wait(name) for name in ("a", "b", "c")]


OWN = ["/incidents/8", "/alerts?match=status%3Dfiring", "/"]
FOREIGN = ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)",
           "", "/a\r\nSet-Cookie: x=1", "incidents"]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "expected"), [*((path, path) for path in OWN), *((p, "/incidents") for p in FOREIGN)]
)
def test_a_login_leads_to_our_own_pages_only(world: World, wanted: str, expected: str) -> None:
    """Whatever `next` says, nobody is sent to another site."""
    world.person()
    browser = world.client(Origin=world.public_url)
    answer = browser.post("/login", data={"name": "olga", "password": PASSWORD, "next": wanted})

    assert expected == answer.headers["location"]


def test_whoever_is_sent_to_the_login_comes_back(world: World) -> None:
    """The address with its query survives the way through the form."""
    answer = world.client().get("/incidents?q=a%26b")
    form = world.client().get(answer.headers["location"])

    assert "/login?next=/incidents%3Fq%3Da%2526b" == answer.headers["location"]
    assert 'name="next" value="/incidents?q=a%26b"' in form.text


def test_the_home_page_is_the_incident_list(world: World) -> None:
    """The bare address leads there."""
    assert "/incidents" == world.client().get("/").headers["location"]


def test_a_password_is_known_by_its_hash_only() -> None:
    """The hash is salted argon2id; a broken hash lets nobody in."""
    hashed = hash_password("x")

    assert hashed.startswith("$argon2id$")
    assert hashed != hash_password("x")
    assert verify_password(hashed, "x")
    assert not verify_password(hashed, "y")
    assert not verify_password("broken", "x")
    assert not verify_password(None, "x")


def test_the_login_is_not_stored_in_the_clear(world: World) -> None:
    """Neither the session nor the password can be read out of the store."""
    olga = world.person()
    with world.store.view() as view:
        stored = view.person("olga")
        assert view.session(olga.cookies["watcher"], NOW) is None

    assert stored is not None
    assert PASSWORD not in repr(stored)
