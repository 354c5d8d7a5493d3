"""When a runbook applies, on which occasions it runs, and where: `match`, `policy`, `target`."""

from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from watcher.model.event import Severity
from watcher.model.person import Role
from watcher.model.policy import Occasion, Rerun, RunbookMatch, RunbookPolicy
from watcher.policy.rules.matchers import Matchers
from watcher.policy.runbooks.words import IN_SCHEMA, NOT_EMPTY, Forbidden, Size, Some, Time
from watcher.policy.values import Duration, Name, Span, Strict


def _severities(globs: tuple[str, ...]) -> tuple[str, ...]:
    for glob in globs:
        if not any(fnmatchcase(word, glob.casefold()) for word in Severity):
            raise ValueError(f"no severity is like {glob!r}; there are {', '.join(Severity)}")
    return globs


Tags = Annotated[dict[Name, Some], Field(min_length=1)]


class HostClause(Strict):
    """Which hosts a clause means."""

    tags: Tags = Field(description="Globs for the tags of the host in the inventory.")


class Clause(Strict):
    """When a runbook applies: everything that is given must hold."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    source: Some = Field((), description="Globs for the configured source, such as zabbix.")
    alert: Some = Field(
        (),
        description="Globs for the name of the alert, without case; against the name as it came "
        "and as it is without the prefixes and details that sources put around it.",
    )
    labels: dict[Name, Some] = Field(
        {}, description="Globs for labels of the alert; the tags of Zabbix are labels."
    )
    severity: Annotated[Some, AfterValidator(_severities)] = Field(
        (), description=f"Globs for the severity: {', '.join(Severity)}."
    )
    service: Some = Field((), description="Globs for the service in the catalogue.")
    host: HostClause | None = Field(None, description="Which hosts are meant.")
    when: Matchers = Field(
        (), description="Matchers in Alertmanager's syntax on fields and labels of the alert."
    )

    def match(self) -> RunbookMatch:
        """What decisions use."""
        return RunbookMatch(
            sources=self.source,
            alerts=self.alert,
            host_tags=self.host.tags if self.host else {},
            labels=self.labels,
            severities=self.severity,
            services=self.service,
            when=tuple(matcher for text in self.when for matcher in text),
        )


class MatchSection(Strict):
    """A runbook applies when one clause of `any` does, and none of `none`."""

    any: Annotated[tuple[Clause, ...], NOT_EMPTY, IN_SCHEMA] = Field(
        description="The clauses one of which must hold."
    )
    none: tuple[Clause, ...] = Field((), description="The clauses none of which may hold.")


class RerunSection(Strict):
    """The same once more: what counters need."""

    after: Span = Field(description="How long after the run before, as 5m.")
    times: Annotated[int, Field(ge=1, le=5)] = Field(1, description="How often, 5 at most.")


class PolicySection(Strict):
    """On which occasions a runbook runs, who must agree, and the limits of one run on one host."""

    events: Annotated[tuple[Occasion, ...], NOT_EMPTY, IN_SCHEMA] = Field(
        (Occasion.OPENED, Occasion.MANUAL),
        description="What makes it run: an alert that joins its incident (opened), an incident "
        "that comes back (reopened) or gets worse (escalated), a person who asks (manual).",
    )
    on: Forbidden = None
    cooldown: Duration = Field(
        timedelta(minutes=15),
        description="For how long the last run on the same host is good enough; 0s is not at all.",
    )
    delay: Duration = Field(timedelta(), description="How long to wait before the run.")
    rerun: RerunSection | None = Field(None, description="Whether to run once more, and when.")
    timeout: Time = Field(
        timedelta(seconds=60), description="For the whole runbook on one host, an hour at most."
    )
    max_output: Annotated[Size, Field(le=2_097_152)] = Field(
        524_288, description="Bytes kept of all steps together, as 512k; 2M at most."
    )
    approval: Literal["none", "operator", "manager", "administrator"] = Field(
        "none", description="The least role of the person who must let it run; none runs by itself."
    )


class TargetSection(Strict):
    """Where a runbook runs, if not on the host of the alert."""

    tags: Tags | None = Field(
        None, description="Tags of the hosts of the customer that it runs on instead."
    )
    max_hosts: Annotated[int, Field(ge=1, le=100)] = Field(
        5, description="On how many hosts of an incident it runs at most."
    )
    profile: str = Field("", description="The SSH profile to log in with, instead of the host's.")


def runbook_policy(section: PolicySection, target: TargetSection) -> RunbookPolicy:
    """What decisions use of both."""
    rerun = section.rerun
    return RunbookPolicy(
        occasions=frozenset(section.events),
        cooldown=section.cooldown,
        delay=section.delay,
        rerun=Rerun(rerun.after, rerun.times) if rerun else None,
        approval=None if section.approval == "none" else Role(section.approval),
        max_hosts=target.max_hosts,
        on_hosts=target.tags or {},
    )
