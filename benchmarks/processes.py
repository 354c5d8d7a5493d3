"""What processes cost: the CPU time and the memory of whole trees, read from /proc."""

import os
from collections.abc import Callable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PPID, _UTIME, _CSTIME = 1, 11, 15  # Fields of /proc/PID/stat behind the name.


def tree(root: int) -> list[int]:
    """The process and all that descend from it."""
    parents = {int(path.name): _stat(int(path.name)) for path in Path("/proc").glob("[0-9]*")}
    found = [root]
    for pid in found:
        found += [child for child, stat in parents.items() if stat and int(stat[_PPID]) == pid]
    return found


def cpu_seconds(*roots: int) -> float:
    """The CPU time of these trees so far, with that of children which have ended."""
    return sum(own_seconds(pid, ended=True) for root in roots for pid in tree(root))


def own_seconds(pid: int, *, ended: bool = False) -> float:
    """The CPU time of one process, with all its threads; 0 when it is gone."""
    fields = _stat(pid)
    last = _CSTIME if ended else _CSTIME - 2
    return sum(map(int, fields[_UTIME : last + 1])) / _TICKS


def cost_of(measured: Callable[[], object], *roots: int) -> float:
    """The CPU seconds that these trees spend while something happens."""
    before = cpu_seconds(*roots)
    measured()
    return cpu_seconds(*roots) - before


def megabytes(*roots: int) -> float:
    """The memory of these trees, each shared page counted once in proportion (PSS)."""
    return sum(_pss(pid) for root in roots for pid in tree(root)) / 1024


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
