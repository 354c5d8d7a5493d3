"""What holds for the correlator whatever alerts come, in whatever order."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decide.incidents import FakeRegister, followed
from watcher.decide.activity import Onset
from watcher.decide.correlator import Correlator
from watcher.decide.topology import Topology
from watcher.model.catalogue import Service
from watcher.model.policy import Grouping, Storm
from watcher.model.reason import Reason


def _seconds(count: int) -> timedelta:
    return timedelta(seconds=count)


# Storms are small and windows short, so that a few alerts are enough for everything to happen.
HASTY = Grouping(
    gap=_seconds(60),
    same_host=_seconds(60),
    effect=_seconds(40),
    cause=_seconds(30),
    alike=_seconds(20),
    storm=Storm(
        names=3,
        within=_seconds(30),
        quiet=_seconds(15),
        settled=_seconds(20),
        burst=_seconds(6),
        least=2,
        odds=0.2,
        gather=2,
    ),
    lateness=_seconds(25),
)
NODES = ("sw1", "hv1", "web1", "web2", "db1", "shop", "billing", "db")
BACK = Reason("same-condition", "its condition is back")


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    """A few services on a few hosts, some of them devices, with any dependencies."""
    some = st.lists(st.sampled_from(NODES), max_size=3, unique=True).map(tuple)
    named = draw(st.lists(st.sampled_from(NODES), max_size=5, unique=True))
    return Topology(
        Service("acme", name, 2, hosts=draw(some), depends_on=draw(some)) for name in named
    )


@st.composite
def histories(draw: st.DrawFn, minutes: int = 5) -> list[Onset]:
    """Some onsets in the order of their time; a condition that comes back soon does return."""
    begins = st.tuples(
        st.integers(0, minutes * 60),
        st.sampled_from(NODES),
        st.sampled_from(("ping", "load", "disk", "http")),
        st.sampled_from((None, "site=berlin", "site=bonn")),
        st.sampled_from((None, None, None, None, 1001, 1002)),
        st.booleans(),
    )
    before: dict[str, Onset] = {}
    onsets = []
    for count, (at, node, name, place, home, flag) in enumerate(
        sorted(draw(st.lists(begins, max_size=40)), key=lambda each: each[0])
    ):
        onset = Onset(float(at), f"{node}/{name}", f"o{count:02}", node, name, place)
        last = before.get(onset.key)
        if home is not None:
            onset = replace(onset, home=home, why=BACK, pinned=flag)
        elif last is not None and onset.at - last.at < HASTY.gap.total_seconds():
            onset = replace(onset, after=last.span, why=BACK, long=flag)
        before[onset.key] = onset
        onsets.append(onset)
    return sorted(onsets, key=lambda each: each.id)


@st.composite
def arrivals(draw: st.DrawFn, onsets: list[Onset], lateness: int) -> list[Onset]:
    """The same onsets in an order in which none is later than the lateness window."""
    delays = draw(st.lists(st.integers(0, lateness), min_size=len(onsets), max_size=len(onsets)))
    late = {each.id: each.at + delay for each, delay in zip(onsets, delays, strict=True)}
    return sorted(draw(st.permutations(onsets)), key=lambda each: late[each.id])


# Shrinking a failure takes longer than all the rest; and a few small histories a run add up.
FEW = settings(max_examples=60)
RULES = pytest.mark.parametrize("rules", [HASTY, Grouping()], ids=["hasty", "usual"])


@RULES
@FEW
@given(data=st.data(), topology=topologies(), onsets=histories())
def test_the_order_of_arrival_does_not_matter(
    data: st.DataObject, topology: Topology, onsets: list[Onset], rules: Grouping
) -> None:
    """Alerts no later than the lateness window end up together as they would have in order."""
    arrived = data.draw(arrivals(onsets, int(rules.lateness.total_seconds())))
    expected = followed(Correlator(topology, rules), onsets).partition()
    assert expected == followed(Correlator(topology, rules), arrived).partition()


@RULES
@FEW
@given(data=st.data(), topology=topologies(), onsets=histories())
def test_rulings_make_sense_whatever_the_incidents_allow(
    data: st.DataObject, topology: Topology, onsets: list[Onset], rules: Grouping
) -> None:
    """Each span is in one, and none is merged that may not be."""
    arrived = data.draw(arrivals(onsets, 25))
    pairs = st.frozensets(st.integers(1, 6), min_size=2, max_size=2)
    kept = data.draw(st.sets(st.integers(1, 6)))
    register = FakeRegister(kept, data.draw(st.sets(pairs, max_size=4)))
    incidents = followed(Correlator(topology, rules), arrived, register)
    assert not kept & incidents.merged.keys()


@RULES
@FEW
@given(data=st.data(), topology=topologies(), onsets=histories())
def test_an_alert_heard_of_twice_changes_nothing(
    data: st.DataObject, topology: Topology, onsets: list[Onset], rules: Grouping
) -> None:
    """The second time places nothing, opens nothing and merges nothing."""
    arrived = data.draw(arrivals(onsets, 25))
    correlator, register = Correlator(topology, rules), FakeRegister()
    for onset in arrived:
        correlator.take(onset, register)
        again = correlator.take(onset, register)
        assert ((), frozenset(), ()) == (again.placed, again.opened, again.merged)


@RULES
@FEW
@given(data=st.data(), topology=topologies(), onsets=histories())
def test_the_future_does_not_change_what_is_settled(
    data: st.DataObject, topology: Topology, onsets: list[Onset], rules: Grouping
) -> None:
    """What began twice the lateness window ago is decided, whatever comes now."""
    lateness = rules.lateness.total_seconds()
    now = data.draw(st.integers(0, 300))
    past = [each for each in onsets if each.at <= now]
    settled = [each.span for each in past if each.at < now - 2 * lateness]
    expected = followed(Correlator(topology, rules), past).partition(settled)
    assert expected == followed(Correlator(topology, rules), onsets).partition(settled)
