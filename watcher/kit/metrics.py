"""What Watcher tells Prometheus: every metric is declared here, in a registry of its own."""

from collections.abc import Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# A page or a list answers within 100 ms; a webhook within tens of milliseconds, even in a burst.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Totals(Collector):
    """A counter whose values are kept elsewhere: each scrape shows those that were set last."""

    def __init__(self, name: str, text: str, labels: Sequence[str]) -> None:
        self._described = (name, text)
        self._labels = labels
        self.values: Mapping[tuple[str, ...], float] = {}

    def collect(self) -> Iterable[Metric]:
        """See `Collector`."""
        family = CounterMetricFamily(*self._described, labels=self._labels)
        for labels, value in self.values.items():
            family.add_metric(labels, value)
        yield family


class Metrics:
    """The metrics of one process. Their meaning for an operator is in docs/reference/metrics.md."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.deliveries = self._counter(
            "watcher_deliveries",
            "Webhook requests, by source and what became of them",
            ("source", "outcome"),
        )
        self.delivery_seconds = self._histogram(
            "watcher_delivery_seconds",
            "Time from a webhook request to its answer, which is given when it is on disk",
        )
        self.requests = self._counter(
            "watcher_http_requests",
            "Answers of the pages and the API, by route",
            ("method", "route", "status"),
        )
        self.request_seconds = self._histogram(
            "watcher_http_request_seconds",
            "Time to the first byte of an answer of the pages and the API",
            ("route",),
        )
        self.logins = self._counter("watcher_logins", "Attempts to log in", ("outcome",))
        self.listeners = self._gauge(
            "watcher_live_listeners", "Pages that are kept current at the moment"
        )
        self.incidents = self._gauge("watcher_incidents", "Incidents by status", ("status",))
        self.actions = self._gauge("watcher_actions", "Actions by status", ("status",))
        self.deliveries_pending = self._gauge(
            "watcher_deliveries_pending", "Deliveries that are stored and not yet digested"
        )
        self.deliveries_dead = self._gauge(
            "watcher_deliveries_dead", "Deliveries that could not be understood"
        )
        self.rules_loaded = self._gauge("watcher_rules_loaded", "Named alert rules in force")
        self.rules_last_reload_success = self._gauge(
            "watcher_rules_last_reload_success",
            "Whether the rules that were read last are in force, or older ones because of errors",
        )
        self._of_sources()
        ProcessCollector(namespace="watcher", registry=self.registry)

    def _of_sources(self) -> None:
        """What tells how true each source is known to be."""
        self.source_delivered = self._gauge(
            "watcher_source_last_delivery_timestamp_seconds",
            "When a source last posted something by itself",
            ("source",),
        )
        self.source_reconciled = self._gauge(
            "watcher_source_last_reconciliation_timestamp_seconds",
            "When a source last answered completely about all that it stands for",
            ("source",),
        )
        self.source_lag = self._gauge(
            "watcher_source_lag_seconds",
            "For how long nobody has known whether all of a source is known",
            ("source",),
        )
        self.source_up = self._gauge(
            "watcher_source_up",
            "Whether a source answered completely when it was last asked",
            ("source",),
        )
        self.source_drift = self._totals(
            "watcher_source_drift",
            "What a source had not told, by kind: opening, recovery, update",
            ("source", "kind"),
        )

    def render(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, labels: Sequence[str] = ()) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _totals(self, name: str, text: str, labels: Sequence[str]) -> "Totals":
        totals = Totals(name, text, labels)
        self.registry.register(totals)
        return totals

    def _gauge(self, name: str, text: str, labels: Sequence[str] = ()) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, labels: Sequence[str] = ()) -> Histogram:
        return Histogram(name, text, labels, registry=self.registry, buckets=_SECONDS)
