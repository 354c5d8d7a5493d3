"""What Watcher tells Prometheus: every metric is declared here, in a registry of its own."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# A page or a list answers within 100 ms; a webhook within tens of milliseconds, even in a burst.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


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
        ProcessCollector(namespace="watcher", registry=self.registry)

    def render(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, labels: Sequence[str] = ()) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, labels: Sequence[str] = ()) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, labels: Sequence[str] = ()) -> Histogram:
        return Histogram(name, text, labels, registry=self.registry, buckets=_SECONDS)
