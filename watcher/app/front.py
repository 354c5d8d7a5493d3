"""Puts together the process that listens; what only the worker needs is not even loaded."""

from collections.abc import Callable

from watcher.app.stored import RULES_EVERY, listeners_of, rules_of
from watcher.engine.intake import Intake
from watcher.engine.loop import Duty, Loops
from watcher.engine.vigil import watched
from watcher.kit.clock import Clock
from watcher.kit.collector import relax
from watcher.kit.metrics import Metrics
from watcher.policy.endpoints import Source
from watcher.settings import Settings, complete
from watcher.store.store import Store
from watcher.web.front import Front, Site
from watcher.web.gate import Gate, Signature, basic, bearer, header
from watcher.web.hooks import Hooks


def front(settings: Settings, store: Store, clock: Clock, wake: Callable[[], None]) -> Front:
    """What listens: hooks, and behind them pages and API, which are loaded after hooks listen.

    For hooks, `brief` settings will do.
    """
    metrics = Metrics()
    intake = Intake(lambda: store.inbox(clock.now()), wake)
    gates = {source.name: gate(source) for source in settings.sources}
    hooks = Hooks(gates, intake, clock, metrics)

    def load_site() -> Site:
        # Pages, API and runbooks cost most of a second to load; hooks must not wait for them.
        from watcher.web.deps import Deps  # noqa: PLC0415 - see above
        from watcher.web.site import site  # noqa: PLC0415 - see above

        whole = complete(settings)
        rules = rules_of(whole)
        pages = site(
            Deps(
                store=store,
                clock=clock,
                public_url=settings.public_url,
                metrics=metrics,
                rules=rules,
                catalogue=settings.catalogue,
                wake=wake,
                runbooks=whole.runbooks,
                secrets=settings.secrets,
                sources=tuple(map(watched, settings.sources)),
                listeners=listeners_of(settings),
                trackers=settings.trackers,
            )
        )
        relax()
        reading = Loops([Duty("rules", rules.step, every=RULES_EVERY)])
        reading.start()

        def hang_up() -> None:
            pages.state.live.stop()
            reading.stop(0)

        return Site(pages, hang_up, rules.ask)

    return Front(hooks, intake, load_site)


def gate(source: Source) -> Gate:
    """What a source must show, ready to be compared."""
    auth = source.auth
    accepted: dict[bytes, tuple[bytes, ...]] = {}
    pairs = []
    if auth.bearer is not None:
        pairs.append(bearer(auth.bearer.reveal()))
    if auth.basic is not None:
        pairs.append(basic(auth.basic.user, auth.basic.password.reveal()))
    if auth.header is not None:
        pairs.append(header(auth.header.name, auth.header.value.reveal()))
    for name, value in pairs:
        accepted[name] = (*accepted.get(name, ()), value)
    signature = None
    if auth.hmac is not None:
        stamp = auth.hmac.timestamp_header
        signature = Signature(
            secret=auth.hmac.secret.reveal().encode(),
            header=auth.hmac.header.lower().encode(),
            timestamp_header=stamp.lower().encode() if stamp else None,
            max_age=auth.hmac.max_age,
        )
    return Gate(
        source=source.name,
        customer=source.customer,
        credentials=accepted,
        signature=signature,
        max_body=source.max_body,
        open=not accepted and signature is None,
    )
