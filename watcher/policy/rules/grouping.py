"""The section `grouping`: when alerts are one disruption, and for how long that is provisional."""

from watcher.model.policy import Grouping
from watcher.policy.rules.section import Single
from watcher.policy.values import Duration, Strict

_DEFAULT = Grouping()


class GroupingSection(Strict):
    """When alerts are one disruption, and for how long that is provisional."""

    gap: Duration = _DEFAULT.gap
    lateness: Duration = _DEFAULT.lateness
    suspect_after: Duration = _DEFAULT.suspect_after
    close_after: Duration = _DEFAULT.close_after


def _make(section: GroupingSection, *_: object) -> Grouping:
    return Grouping(**section.model_dump())


SECTION = Single("grouping", GroupingSection, _make)
