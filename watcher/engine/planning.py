"""What people plan: maintenance and mutes, made, listed and ended early.

Whoever may see only one customer gets the same answer for a stranger's window as for none at all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.decide.lifecycle import RefusedError
from watcher.decide.windows import Span, WindowError, check, in_utc, on_clocks, over_at, spans
from watcher.engine.command import Desk, NotThereError
from watcher.model.matcher import Matcher
from watcher.model.person import Principal
from watcher.model.silence import Window, WindowKind
from watcher.store.views import View

# For so long a window that is over is still listed.
LISTED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Plan:
    """What somebody wants. Times without a zone are those of the clocks in `zone`; where `starts`
    is None, it is now.
    """

    kind: WindowKind
    customer: str
    when: tuple[Matcher, ...]
    ends: datetime
    starts: datetime | None = None
    repeat: str = ""
    zone: str = "UTC"
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A window with the time at which it is open now, or for the next time (None: never again), and
    how many alerts it holds back now.
    """

    window: Window
    span: Span | None
    running: bool
    holds: int = 0


def plan(desk: Desk, wanted: Plan, by: Principal) -> Window:
    """Stores a window. Raises RefusedError, and WindowError where it cannot be one."""
    known = desk.catalogue.customers
    stranger = by.customer not in {None, wanted.customer}
    if stranger or (known and wanted.customer not in known):
        raise RefusedError(f"there is no customer {wanted.customer!r}")
    now = desk.moment(by, "").now
    starts = on_clocks(wanted.starts or now, wanted.zone)
    window = Window(
        kind=wanted.kind,
        customer=wanted.customer,
        when=wanted.when,
        starts=in_utc(starts, wanted.zone),
        length=on_clocks(wanted.ends, wanted.zone) - starts,
        repeat=wanted.repeat,
        zone=wanted.zone,
        comment=wanted.comment,
        author=by.name,
        created_at=now,
    )
    check(window)
    over = over_at(window)
    if over is not None and over <= now:
        raise WindowError("it would be over already")
    with desk.store.begin() as tx:
        return tx.plan_window(window)


def cancel(desk: Desk, kind: WindowKind, number: int, by: Principal) -> Planned:
    """Ends a window early: what it holds back is decided about again.

    Raises NotThereError, and RefusedError if it is over or was planned elsewhere.
    """
    window = find(desk, kind, number, by).window
    if window.elsewhere:
        where, _, source = window.author.partition(":")
        raise RefusedError(
            f"it is planned in {where.capitalize()} (source {source}): end it there, and it ends "
            "here within minutes"
        )
    moment = desk.moment(by, "")
    with desk.store.begin() as tx:
        if not tx.cancel_window(number, moment.actor, moment.now):
            raise RefusedError("it is over already")
    desk.wake()
    return find(desk, kind, number, by)


def find(desk: Desk, kind: WindowKind, number: int, by: Principal) -> Planned:
    """One window that people planned. Raises NotThereError."""
    with desk.store.view() as view:
        window = view.window(number, by.customer)
        if window is None or window.kind is not kind:
            noun = "mute" if kind is WindowKind.MUTE else "maintenance"
            raise NotThereError(f"there is no {noun} {number}")
        return _planned(window, desk.clock.now(), view.held_back(by.customer))


def listed(desk: Desk, by: Principal, kind: WindowKind | None = None) -> list[Planned]:
    """The windows of the rules and those that people planned: first those that are open, then those
    to come, then those that were over lately.
    """
    with desk.store.view() as view:
        return overview(desk, view, by, kind)


def overview(
    desk: Desk, view: View, by: Principal, kind: WindowKind | None = None
) -> list[Planned]:
    """The same, as of a view."""
    now = desk.clock.now()
    holds = view.held_back(by.customer)
    stored = view.windows(now - LISTED, by.customer)
    found = [
        _planned(window, now, holds)
        for window in (*_of_rules(desk, by), *stored)
        if kind in {None, window.kind}
    ]
    return sorted(found, key=lambda each: _order(each, now))


def _of_rules(desk: Desk, by: Principal) -> Iterator[Window]:
    now = desk.clock.now()
    for window in desk.policy.maintenance:
        over = over_at(window)
        mine = by.customer is None or window.customer in {None, by.customer}
        if mine and (over is None or over > now - LISTED):
            yield window


def _planned(window: Window, now: datetime, holds: Mapping[str, int]) -> Planned:
    span = next(spans(window, now), None)
    running = span is not None and span.starts <= now
    return Planned(window, span, running, holds.get(window.name, 0))


def _order(planned: Planned, now: datetime) -> tuple[int, float, str]:
    """The one to change next comes first; of those that are over, the newest."""
    if planned.span is None:
        over = over_at(planned.window) or now
        return 2, -over.timestamp(), planned.window.name
    moment = planned.span.ends if planned.running else planned.span.starts
    return (0 if planned.running else 1), moment.timestamp(), planned.window.name
