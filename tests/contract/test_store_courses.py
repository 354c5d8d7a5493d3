"""What promises of service are measured by is kept, in both stores."""

from datetime import timedelta

import pytest

from tests.contract.given import NOW, incident
from watcher.model.incident import Course, Priority
from watcher.store.store import Store


@pytest.mark.parametrize(
    "course",
    [
        Course(),
        Course(
            peaks=((Priority.P3, NOW), (Priority.P1, NOW + timedelta(hours=1))),
            breaks=((NOW + timedelta(hours=2), NOW + timedelta(hours=3)),),
        ),
        Course(history=True),
    ],
)
def test_the_course_of_an_incident_is_kept(store: Store, course: Course) -> None:
    """To the microsecond, as everything else of it."""
    with store.begin() as tx:
        tx.save_incidents([incident(1, course=course)])

    with store.view() as view:
        found = view.incident(1, "acme")

    assert found == incident(1, course=course)
