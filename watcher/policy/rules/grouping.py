"""The section `grouping`: when alerts are one disruption, and for how long that is provisional."""

from pydantic import Field

from watcher.model.policy import Grouping
from watcher.policy.rules.section import Single
from watcher.policy.values import Duration, Strict

_DEFAULT = Grouping()


class GroupingSection(Strict):
    """When alerts are one disruption, and for how long that is provisional."""

    gap: Duration = Field(
        _DEFAULT.gap,
        description="Alerts of one service or host that start no further apart are one incident.",
    )
    lateness: Duration = Field(
        _DEFAULT.lateness,
        description="For how long late news may still change to which incident an alert belongs.",
    )
    suspect_after: Duration = Field(
        _DEFAULT.suspect_after,
        description="For how long after opening the suspected cause may still change.",
    )
    close_after: Duration = Field(
        _DEFAULT.close_after,
        description="For how long an incident stays resolved before it is closed.",
    )


def _make(section: GroupingSection, *_: object) -> Grouping:
    return Grouping(**section.model_dump())


SECTION = Single("grouping", GroupingSection, _make)
