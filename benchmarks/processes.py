"""What processes cost: the CPU time and the memory of whole trees, read from /proc."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat behind the name.
_PPID = 1
_TIMES = slice(11, 15)  # Its own and those of ended children, as user and in the kernel.


def tree(root: int) -> list[int]:
    """The process and all that descend from it."""
    parents = {int(path.name): _stat(int(path.name)) for path in Path("/proc").glob("[0-9]*")}
    found = [root]
    for pid in found:
        found += [child for child, stat in parents.items() if stat and int(stat[_PPID]) == pid]
    return found


def cpu_seconds(*roots: int) -> float:
    """The CPU time of these trees so far, with that of children which have ended."""
    return sum(_seconds(pid) for root in roots for pid in tree(root))


def megabytes(*roots: int) -> float:
    """The memory of these trees, each shared page counted once in proportion (PSS)."""
    return sum(_pss(pid) for root in roots for pid in tree(root)) / 1024


def _seconds(pid: int) -> float:
    return sum(map(int, _stat(pid)[_TIMES])) / _TICKS


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
