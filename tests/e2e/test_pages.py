"""The pages in a real browser: live without reloading, on a phone, in the dark, without scripts."""

import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.e2e.process import LOOPBACK, free_port, wait_for
from tests.web.seed import CATALOGUE, DIAGNOSIS, RUNBOOKS, in_force, look_around, seed
from watcher.kit.clock import Clock
from watcher.kit.metrics import Metrics
from watcher.model.change import replace
from watcher.model.incident import Entry, EntryKind
from watcher.model.person import Role
from watcher.model.reason import Reason
from watcher.store.people import Person
from watcher.store.store import Store
from watcher.web.auth import hash_password
from watcher.web.deps import Deps
from watcher.web.site import site

PHONE = ViewportSize(width=390, height=844)
# What keeps Chromium from asking the world for things.
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update"]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium from the system."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no browser: install chromium")
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """One night, and somebody who is on duty."""
    store = Store.open(f"sqlite:///{tmp_path}/watcher.db")
    store.upgrade()
    seed(store)
    look_around(store)
    now = datetime.now(UTC)
    with store.begin() as tx:
        tx.save_person(Person("olga", hash_password("on duty"), Role.OPERATOR, None, now))
    yield store
    store.close()


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    """The address of the site over that store."""
    url = f"http://{LOOPBACK}:{free_port()}"
    deps = Deps(
        store,
        Clock(),
        url,
        Metrics(),
        in_force(),
        CATALOGUE,
        wake=lambda: None,
        runbooks=RUNBOOKS,
    )
    app = site(deps)
    options = uvicorn.Config(app, LOOPBACK, int(url.rpartition(":")[2]), log_level="warning")
    server = uvicorn.Server(options)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for(lambda: server.started, "the site")
    yield url
    app.state.live.stop()
    server.should_exit = True
    thread.join()


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """Olga, logged in by the keyboard alone, on an incident."""
    page = browser.new_page(viewport=PHONE, color_scheme="dark")
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda line: failures.append(line.text) if line.type == "error" else None)
    page.goto(f"{url}/incidents/8")
    # A page focuses its first field when it is drawn, which may be after it has loaded.
    expect(page.locator("[autofocus]")).to_be_focused()
    page.keyboard.type("olga")
    page.keyboard.press("Tab")
    page.keyboard.type("on duty")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}/incidents/8")
    yield page
    page.close()

    assert [] == failures


def _write(store: Store, text: str) -> None:
    """Something happens to the incident while the page is open."""
    entry = Entry(8, datetime.now(UTC), EntryKind.NOTE, text, Reason("test", "it happened"))
    with store.begin() as tx:
        tx.add_entries([entry])
        tx.save_incidents(tx.incidents([8]).values())


def test_news_appears_without_reloading(page: Page, store: Store) -> None:
    """What was opened, closed and typed meanwhile stays as it was."""
    page.locator("summary", has_text="Inodes").click()
    page.locator("summary", has_text="Database activity").click()
    page.fill("#text", "half a sentence")
    expect(page.locator("#live")).to_have_text("live")
    _write(store, "The disk was enlarged.")

    expect(page.locator("#timeline li").first).to_contain_text("The disk was enlarged.")
    expect(page.get_by_text("48k")).to_be_visible()
    expect(page.get_by_text("psql: error")).to_be_hidden()
    expect(page.locator("#text")).to_have_value("half a sentence")


def test_whoever_is_logged_out_elsewhere_lands_on_the_login(page: Page, store: Store) -> None:
    """A page of a session that has ended does not stay there as if it were current."""
    expect(page.locator("#live")).to_have_text("live")
    with store.begin() as tx:
        tx.save_person(Person("olga", "changed", Role.OPERATOR, None, datetime.now(UTC)))
    _write(store, "Something that is not for everybody.")

    expect(page.locator("#password")).to_be_visible()


def test_an_incident_is_acknowledged_with_one_press(page: Page) -> None:
    """And the list shows at once who is on it."""
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#head")).to_contain_text("olga is on it")
    page.get_by_role("link", name="Incidents").first.click()

    expect(page.locator("#incident-8")).to_contain_text("acknowledged by olga")


def test_a_note_is_written(page: Page) -> None:
    """Its line breaks are kept, its markup is text."""
    page.fill("#text", "Called the DBA.\n<b>He is on his way.</b>")
    page.get_by_role("button", name="Add note").click()

    expect(page.locator("#timeline li").first).to_contain_text("<b>He is on his way.</b>")


def test_what_pauses_a_process_is_approved_with_a_thumb(page: Page) -> None:
    """The reader sees what it does; then it is under way, and the others still wait."""
    waiting = page.locator("#held")
    expect(waiting).to_contain_text("2 steps of Java on app1 wait for you")
    expect(waiting).to_contain_text("waits for somebody with the role manager")
    waiting.get_by_role("button", name="Approve").first.click()

    expect(waiting).not_to_contain_text("Java on app1")
    expect(page.locator("#timeline li").first).to_contain_text("approved: diagnosis java of app1")


def test_a_host_is_looked_at_by_hand(page: Page, store: Store) -> None:
    """After a look at what would run; what it brings appears by itself, and folds stay open."""
    page.locator("#look > summary").click()
    page.get_by_label("Host").select_option("db1")
    page.get_by_label("Runbook").select_option(label="First look at a Linux host")
    page.get_by_role("button", name="What would it do?").click()
    expect(page.locator("article")).to_contain_text("/var/lib/postgresql")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#timeline")).to_contain_text("asked for linux-first-look on db1")
    expect(page.locator("#live")).to_have_text("live")
    page.locator("summary", has_text="Who ran this").first.click()
    with store.begin() as tx:
        tx.add_evidence(8, 999, replace(DIAGNOSIS, host="web1"))
        tx.save_incidents(tx.incidents([8]).values())

    expect(page.get_by_role("region", name="web1")).to_be_visible()
    expect(page.get_by_text("cannot read /var/log/billing").last).to_be_visible()
    expect(page.locator(".audit[open]")).to_have_count(1)


def test_maintenance_is_planned_on_a_phone(page: Page) -> None:
    """By the clocks of the browser, with matchers that are mended where they are wrong."""
    page.get_by_role("link", name="Maintenance").click()
    page.get_by_role("link", name="Plan maintenance").click()
    page.get_by_label("What is done?").fill("New disks for db1")
    page.get_by_label("Host").fill("db1")
    page.get_by_label("Starts").fill("2036-01-01T02:00")
    page.get_by_label("Ends").fill("2036-01-01T04:00")
    page.get_by_label("Again").select_option(label="Every day")
    expect(page.get_by_label("By the clocks of")).not_to_be_empty()
    page.get_by_role("button", name="Plan it").click()

    expect(page.locator("#list")).to_contain_text("New disks for db1")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_alert_is_muted_and_unmuted_with_a_thumb(page: Page) -> None:
    """From its row on the incident, for a time that was chosen."""
    page.locator("#alerts").get_by_role("link", name="Mute…").first.click()
    page.get_by_label("All alerts of the host db1").check()
    page.get_by_label("For how long").select_option(label="1 hour")
    page.get_by_role("button", name="Mute").click()
    expect(page.locator("#list")).to_contain_text("by olga")
    page.get_by_role("button", name="End now").click()

    expect(page.locator("#list")).to_contain_text("ended by olga")


def test_alerts_are_split_off_with_a_thumb(page: Page, store: Store) -> None:
    """What is ticked stays so while news comes in; nothing is done before it was shown."""
    page.get_by_label("Billing API answers 503").check()
    page.get_by_label("Checkout probe <slow>").check()
    expect(page.locator("#live")).to_have_text("live")
    with store.begin() as tx:
        tx.save_incidents(replace(each, firing=7) for each in tx.incidents([8]).values())
    _write(store, "Something else.")
    expect(page.locator("#alerts")).to_contain_text("7 of 4 firing")
    page.get_by_role("button", name="Split off").click()

    expect(page.locator("article")).to_contain_text("A new incident: billing: Billing API")
    page.get_by_label("Checkout probe <slow>").uncheck()
    expect(page.get_by_role("button", name="Split off 2 alerts")).to_be_hidden()
    page.get_by_role("button", name="Leave out what is not ticked").click()
    page.fill("#text", "The API runs elsewhere.")
    page.get_by_role("button", name="Split off 1 alert").click()
    expect(page.locator("#head")).to_contain_text("kept apart from #8")
    expect(page.locator("#alerts")).to_contain_text("from #8 by olga: The API runs elsewhere.")


@pytest.mark.parametrize(
    "path",
    [
        "/incidents",
        "/incidents/8",
        "/incidents/8/regroup?verb=merge",
        "/incidents/7/regroup?verb=merge&into=8",
        "/alerts",
        "/deliveries",
        "/actions",
        "/incidents/new",
        "/incidents/8/look?host=db1&runbook=linux-first-look",
        "/runbooks",
        "/maintenance/new",
        "/mutes/new?customer=acme&key=zabbix:acme:17041:db1",
    ],
)
def test_nothing_is_wider_than_a_phone(page: Page, url: str, path: str) -> None:
    """No page scrolls sideways, and its first screen has the essentials."""
    page.goto(url + path)

    assert 390 == page.evaluate("document.documentElement.scrollWidth")
    heading = page.locator("h1").bounding_box()
    assert heading is not None
    assert heading["y"] + heading["height"] < 400


def test_a_page_follows_the_dark(page: Page, browser: Browser, url: str) -> None:
    """Light by day, dark by night, as the system says."""
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.emulate_media(color_scheme="light")

    assert ["rgb(15, 19, 24)", "rgb(243, 244, 246)"] == [dark, page.evaluate(ground)]


def test_pages_work_without_scripts(page: Page, browser: Browser, url: str) -> None:
    """Links, filters and buttons are plain HTML; times are told by the server."""
    state = page.context.storage_state()
    plain = browser.new_context(java_script_enabled=False, storage_state=state).new_page()
    plain.goto(f"{url}/incidents")
    plain.fill("#q", "no space")
    plain.get_by_role("button", name="Filter").click()
    plain.get_by_role("link", name="No space left").click()
    plain.locator("#look > summary").click()
    plain.get_by_role("button", name="Run", exact=True).click()
    expect(plain.locator("#timeline")).to_contain_text("asked for linux-first-look")
    plain.get_by_role("button", name="Refuse").first.click()
    expect(plain.locator("#timeline")).to_contain_text("refused: diagnosis java of app1")
    plain.get_by_role("button", name="Resolve").click()

    expect(plain.locator("#head")).to_contain_text("resolved")
    plain.context.close()
