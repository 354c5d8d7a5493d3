"""A test message on the real way: from the Zabbix server by its media type into our store."""

import orjson
import typer

from watcher.cli._common import fail, local_url, store_of
from watcher.cli.connect._shared import Chosen
from watcher.kit.http import Door, HttpError, Reach
from watcher.monitors._zabbix_connect import Admin
from watcher.monitors._zabbix_setup import Wish
from watcher.monitors.base import MonitorError, Trouble

AGAIN = ", then run this again: it will only test"

# What may be wrong between the Zabbix server and Watcher, and what to do.
_REMEDIES = {
    "HTTP 401": "Watcher runs with another token than the configuration says: start it anew",
    "HTTP 404": "there is no such source: start Watcher anew, or correct `public_url`",
    "HTTP 3": "`public_url` must be the final address: Zabbix loses what is redirected",
    "not an answer of Watcher": "something else answers there: correct `public_url`",
    "cannot get URL": "the Zabbix server does not reach it: correct `public_url`, open the "
    "firewall, or set the global macro {$WATCHER.PROXY}",
}


def send_test(admin: Admin, chosen: Chosen, wish: Wish, server: tuple[str, int]) -> None:
    """Says that a test has arrived; else ends the command with where it got lost and the remedy."""
    own = local_url(chosen.settings)
    if not runs(own):
        fail(f"not tested: Watcher does not answer at {own}; start `watcher serve`{AGAIN}")
    try:
        answer = admin.send_test(wish, server)
    except MonitorError as error:
        remedy = _remedy(error, wish)
        fail(f"not tested: {error}; {remedy}{AGAIN}")
    _find(chosen, answer)


def runs(url: str) -> bool:
    """Whether Watcher answers there."""
    try:
        return Door(Reach(private=True)).call("GET", f"{url}/healthz", headers={}).status == 200  # noqa: PLR2004 - well
    except HttpError:
        return False


def _remedy(error: MonitorError, wish: Wish) -> str:
    if error.trouble is Trouble.UNREACHABLE:
        return "say where it listens by --server HOST:PORT"
    found = (remedy for said, remedy in _REMEDIES.items() if said in str(error))
    return f"{wish.hook}: {next(found, 'see the log of the Zabbix server')}"


def _find(chosen: Chosen, answer: str) -> None:
    """The message must have come to the Watcher that we are about, as one of the source."""
    try:
        number = int(orjson.loads(answer)["delivery"])
    except (ValueError, KeyError, TypeError):
        fail("not tested: what answered the test message is not Watcher; correct `public_url`")
    with store_of(chosen.settings) as store, store.view() as view:
        delivery = view.raw_delivery(number, chosen.source.customer)
    if delivery is None or delivery.source != chosen.source.name:
        fail(
            f"not tested: {chosen.hook} leads to another Watcher, which took the test message; "
            f"correct `public_url`, or `data_dir`, where the store is{AGAIN}"
        )
    typer.echo(f"A test message of the Zabbix server has arrived: delivery {number}.")
