"""Row 12: eight commands on fifty hosts, with Watcher, with plain ssh and with Ansible, in turns;
and what two thousand diagnoses leave behind.

Watcher's diagnosis frames, times and caps each step on the host; the plain script does not.
"""

import shutil
from collections.abc import Callable, Iterator
from statistics import median

import psutil

from benchmarks.clients import THREADS, Ansible, Cost, Hosts, Ssh, Watcher, hosts, measured
from benchmarks.table import Effort, Row

_HOSTS = 50
_STAGES = 4
_FLAT_MEGABYTES = 5.0

_COLD, _WARM = "Watcher, cold", "Watcher, warm"
_PLAIN_COLD, _PLAIN_WARM = "Watcher, plain script, cold", "Watcher, plain script, warm"
_SSH, _RAW, _RAW_WARM = "ssh", "ansible raw, cold", "ansible raw, warm"


def measure(effort: Effort) -> Iterator[Row]:
    """Side by side, and then memory."""
    with hosts(_HOSTS) as found:
        costs = _turns(found, effort.runs)
        for name in (_COLD, _WARM, _PLAIN_COLD, _PLAIN_WARM):
            yield _cpu_row(costs, name)
        for name in (_COLD, _PLAIN_COLD):
            yield _wall_row(costs, name, _RAW, 1 / 2)
        for name in (_WARM, _PLAIN_WARM):
            yield _wall_row(costs, name, _RAW_WARM, 1 / 4)
        yield _memory_row(found, effort.diagnoses)


def _turns(found: Hosts, runs: int) -> dict[str, Cost]:
    """The median of each, after one round that nobody counts."""
    errands = _errands(found)
    costs: dict[str, list[Cost]] = {name: [] for name in errands}
    for run in range(runs + 1):
        for name, errand in errands.items():
            cost = measured(errand)
            if run:
                costs[name].append(cost)
    return {
        name: Cost(median(each.wall for each in all_), median(each.cpu for each in all_))
        for name, all_ in costs.items()
    }


def _errands(found: Hosts) -> dict[str, Callable[[], None]]:
    """Each cold one is followed by its warm one, which finds the connections."""
    watcher = Watcher(found)

    def cold() -> None:
        watcher.renew()
        watcher.run()

    def plain() -> None:
        watcher.renew()
        watcher.run_plain()

    errands = {_COLD: cold, _WARM: watcher.run, _SSH: Ssh(found).run}
    errands |= {_PLAIN_COLD: plain, _PLAIN_WARM: watcher.run_plain}
    if shutil.which("ansible") is None:
        return errands
    ansible = Ansible(found)

    def raw() -> None:
        ansible.forget()
        ansible.run()

    return errands | {_RAW: raw, _RAW_WARM: ansible.run}


def _cpu_row(costs: dict[str, Cost], name: str) -> Row:
    ours, theirs = costs[name].cpu, costs[_SSH].cpu
    return Row(
        12,
        f"8 commands on {_HOSTS} hosts, our CPU, {name.removeprefix('Watcher, ')}",
        "<= plain ssh",
        f"{ours / theirs:.2f} x: {ours:.2f} s; ssh {theirs:.2f} s",
        ours <= theirs,
    )


def _wall_row(costs: dict[str, Cost], name: str, other: str, share: float) -> Row:
    ours, plain = costs[name].wall, f"ssh {costs[_SSH].wall:.2f} s"
    what = f"8 commands on {_HOSTS} hosts, wall, {name.removeprefix('Watcher, ')}"
    target = f"<= {share:g} x {other}"
    if other not in costs:
        said = f"{ours:.2f} s; {plain}; no ansible to compare with"
        return Row(12, what, target, said, met=False)
    theirs = costs[other]
    said = f"{ours / theirs.wall:.2f} x: {ours:.2f} s; ansible {theirs.wall:.2f} s "
    said += f"({theirs.cpu:.1f} s CPU); {plain}"
    return Row(12, what, target, said, ours <= share * theirs.wall)


def _memory_row(found: Hosts, diagnoses: int) -> Row:
    """The first stage makes the connections; after it nothing should grow."""
    watcher = Watcher(found, ["uptime"])
    sizes = []
    for _ in range(_STAGES):
        watcher.run(max(1, diagnoses // _STAGES // _HOSTS))
        sizes.append(psutil.Process().memory_info().rss / 1e6)
    watcher.pool.close()
    grown = sizes[-1] - sizes[0]
    steps = ", ".join(f"{size:.0f}" for size in sizes)
    return Row(
        12,
        f"memory over {diagnoses:,} diagnoses, {THREADS} threads, {_HOSTS} hosts",
        f"flat (<= {_FLAT_MEGABYTES:g} MB)",
        f"{grown:+.1f} MB: {steps} MB after each quarter",
        grown <= _FLAT_MEGABYTES,
    )
