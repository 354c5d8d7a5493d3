"""What was history before promises of service were measured is known as that."""

from tests.contract.given import entry, incident
from watcher.model.change import replace
from watcher.model.incident import Course
from watcher.model.reason import Reason
from watcher.store.migrations.versions.m0010_keep_promises import OF_HISTORY
from watcher.store.store import Store


def test_what_was_taken_from_history_is_marked(store: Store) -> None:
    """Its timeline says so; any other incident is as it was."""
    told = Reason("history", "the old tickets say so")
    with store.begin() as tx:
        tx.save_incidents([incident(1), incident(2)])
        tx.add_entries([replace(entry(1), reason=told), entry(2)])

    with store._database.engine.begin() as connection:
        connection.execute(OF_HISTORY)

    with store.view() as view:
        found = view.incidents([1, 2])
    assert [Course(history=True), Course()] == [found[1].course, found[2].course]
