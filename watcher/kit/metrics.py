"""What Watcher tells Prometheus: every metric is declared here, in a registry of its own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# A page or a list answers within 100 ms; a webhook within tens of milliseconds, even in a burst.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """The metrics of one process. Their meaning for an operator is in docs/reference/metrics.md."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.deliveries = Counter(
            "watcher_deliveries",
            "Webhook requests, by source and what became of them",
            ("source", "outcome"),
            registry=registry,
        )
        self.delivery_seconds = Histogram(
            "watcher_delivery_seconds",
            "Time from a webhook request to its answer, which is given when it is on disk",
            buckets=_SECONDS,
            registry=registry,
        )
        self.requests = Counter(
            "watcher_http_requests",
            "Answers of the pages and the API, by route",
            ("method", "route", "status"),
            registry=registry,
        )
        self.request_seconds = Histogram(
            "watcher_http_request_seconds",
            "Time to the first byte of an answer of the pages and the API",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.logins = Counter(
            "watcher_logins",
            "Attempts to log in, by outcome",
            ("outcome",),
            registry=registry,
        )
        self.listeners = Gauge(
            "watcher_live_listeners", "Pages that are kept current at the moment", registry=registry
        )
        self.incidents = Gauge(
            "watcher_incidents",
            "Incidents of all customers, by status",
            ("status",),
            registry=registry,
        )
        self.actions = Gauge(
            "watcher_actions",
            "Actions of the outbox, by status",
            ("status",),
            registry=registry,
        )
        self.deliveries_pending = Gauge(
            "watcher_deliveries_pending",
            "Deliveries that are stored and not yet digested",
            registry=registry,
        )
        self.deliveries_dead = Gauge(
            "watcher_deliveries_dead",
            "Deliveries that could not be understood and wait for a person",
            registry=registry,
        )
        ProcessCollector(namespace="watcher", registry=registry)

    def render(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)

