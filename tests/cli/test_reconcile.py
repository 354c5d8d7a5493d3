"""`watcher reconcile`: asks a Zabbix that stands in for one, by hand."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.given import Desk
from tests.monitors.zabbix_api import TOKEN, StandIn, zabbix_api
from watcher.cli.reconcile import report
from watcher.decide.reconcile import Verdict
from watcher.engine.reconcile import Round
from watcher.model.reason import Reason

HOUR = 3600


@pytest.fixture
def there(at: Desk) -> Iterator[StandIn]:
    """A Zabbix with a host, behind the source zbx."""
    with zabbix_api("7.0.1") as running:
        (at.folder / "zabbix-token").write_text(TOKEN)
        old = "auth: {bearer: {env: ZBX_TOKEN}}"
        monitor = f"monitor: {{url: '{running.url}', token: {{file: zabbix-token}}}}"
        text = at.config.read_text()
        assert old in text
        at.config.write_text(text.replace(old, f"{old}, {monitor}"))
        running.trigger(running.host("db01"))
        yield running


def fire(there: StandIn, ago: int = HOUR) -> int:
    """A problem began so many seconds ago."""
    return there.fire(next(iter(there.triggers)), int(time.time()) - ago)


def test_what_was_missed_is_told_and_only_then_taken_in(at: Desk, there: StandIn) -> None:
    """A dry run changes nothing; the second round finds what waits for its digest."""
    fire(there)
    tried = at.run("reconcile", "--dry-run")
    done = at.run("reconcile", "zbx")
    again = at.run("reconcile", "zbx")

    assert [0, 0, 0] == [each.exit_code for each in (tried, done, again)]
    assert "  would be taken in: 1 opening" == tried.output.splitlines()[1]
    assert done.output.startswith("zbx: 1 open there, 0 open here; asked in ")
    assert "  taken in: 1 opening" in done.output.splitlines()
    assert "  nothing was missed" == again.output.splitlines()[1]
    [line] = at.run("deliveries", "list").output.splitlines()
    assert line.endswith("B  reconciled")


def test_what_may_still_be_on_its_way_is_said(at: Desk, there: StandIn) -> None:
    """It is left to its webhook."""
    fire(there, ago=0)

    assert "1 just happened and may still be on their way" in at.run("reconcile").output


def test_a_source_that_cannot_be_asked_says_why(at: Desk, there: StandIn) -> None:
    """The others are asked all the same, and the exit code tells."""
    there.tokens.clear()
    result = at.run("reconcile")

    assert 1 == result.exit_code
    assert result.output.startswith("zbx: could not be asked, and nothing was changed: ")


def test_the_past_is_taken_in_once(at: Desk, there: StandIn) -> None:
    """In a line that says what came of it."""
    event = fire(there, ago=72 * HOUR)
    there.recover(event, int(time.time()) - 71 * HOUR)
    first = at.run("reconcile", "zbx", "--since", "90d")
    second = at.run("reconcile", "zbx", "--since", "90d")

    assert first.output == (
        "zbx: 2 messages of the past tell of 1 span of alerts that nobody knew: 1 closed incident;"
        " 2 messages are kept for backtests\n"
    )
    assert "zbx: 2 messages of the past, and all of it was known\n" == second.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody",), "there is no source 'nobody' that can be asked; there are: zbx"),
        (("gen",), "there is no source 'gen' that can be asked; there are: zbx"),
        (("--since", "90d"), "--since is for one source, and has no --dry-run: name the source"),
        (("zbx", "--since", "soon"), "soon"),
    ],
)
def test_what_cannot_be_done_is_said(
    at: Desk, there: StandIn, words: tuple[str, ...], said: str
) -> None:
    """With what there is instead."""
    result = at.run("reconcile", *words)

    assert 0 != result.exit_code
    assert said in result.output


def test_an_answer_in_part_and_what_stays_open_is_told() -> None:
    """Each reason once, with how many spans it is about."""
    kept = {f"v1:{number}": Reason("kept-open", "nobody knows why") for number in range(3)}
    verdict = Verdict((), {}, kept, 0)
    found = Round("zbx", timedelta(seconds=2), 5, 8, verdict, "one page was missing")

    assert [
        "zbx: 5 open there, 8 open here; asked in 2.0 s",
        "  its answer is not complete: one page was missing",
        "  nothing was missed",
        "  3 open here only: nobody knows why",
    ] == list(report(found, dry_run=False))


def test_a_monitor_without_a_memory_has_no_past(at: Desk, there: StandIn) -> None:
    """Alertmanager forgets."""
    old = "hmac: {secret: {env: SIGNED}, timestamp_header: X-Stamp}"
    monitor = f"\n    monitor: {{url: '{there.url}', token: {{file: zabbix-token}}}}"
    at.config.write_text(at.config.read_text().replace(old, old + monitor))
    result = at.run("reconcile", "signed", "--since", "90d")

    assert (1, True) == (result.exit_code, "alertmanager keeps no history" in result.output)


def test_without_a_monitor_there_is_nobody_to_ask(at: Desk) -> None:
    """It is said how to have one."""
    result = at.run("reconcile")

    assert (1, True) == (result.exit_code, "no source has a `monitor`" in result.output)


def test_while_it_is_being_asked_one_waits(at: Desk, there: StandIn) -> None:
    """The worker may be at it."""
    assert 0 == at.run("reconcile").exit_code
    with at.store() as store, store.begin() as tx:
        tx.lease("reconcile:zbx", "worker", datetime.now(UTC), timedelta(hours=1))
    result = at.run("reconcile")

    assert (1, True) == (result.exit_code, "try again in a moment" in result.output)
