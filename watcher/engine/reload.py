"""Keeps the policy as its files say: read anew when they change, left alone when they are broken.

The rules are taken as a whole or not at all. Whoever decides asks for the policy each time, so that
one decision falls under one set of rules.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from watcher.kit.log import logger
from watcher.model.policy import Policy
from watcher.policy.problems import Problem, Problems
from watcher.policy.rules import rule_files

Load = Callable[[Problems], Policy | None]
Fingerprint = tuple[tuple[str, int, int, int], ...]

_log = logger("rules")


class InForce:
    """The policy in force, and why newer rules are not.

    `problems` are those of the rules that were read last; empty, these are in force.
    """

    def __init__(self, policy: Policy, folders: Sequence[Path], load: Load) -> None:
        self.policy = policy
        self.problems: tuple[Problem, ...] = ()
        self._folders = folders
        self._load = load
        # Nothing counts as seen: files may have changed since the policy was made of them.
        self._seen: Fingerprint | None = None
        self._settling: Fingerprint | None = None
        self._asked = False

    def step(self) -> int:
        """Reads the rules anew if they have changed and nobody writes them any more; always 0."""
        present = _fingerprint(self._folders)
        settled = present == self._settling
        self._settling = present
        if self._asked or (settled and present != self._seen):
            self._asked = False
            self._seen = present
            self._read()
        return 0

    def ask(self) -> None:
        """Has the next step read the rules, changed or not; safe in a signal handler."""
        self._asked = True

    def _read(self) -> None:
        problems = Problems()
        policy = self._load(problems)
        if policy is None or problems.errors:
            self.problems = problems.errors
            for problem in self.problems:
                _log.error("the rules cannot be used; the old ones stay", problem=str(problem))
            return
        self.problems = ()
        # The same again would only cost what has been compiled.
        if policy != self.policy:
            self.policy = policy
            _log.info("the rules have changed")


def _fingerprint(folders: Sequence[Path]) -> Fingerprint:
    """What is different after any change; a file that goes away meanwhile is a change, too."""
    found: list[tuple[str, int, int, int]] = []
    for folder in folders:
        found.append((str(folder), folder.is_dir(), 0, 0))
        for path in rule_files(folder):
            try:
                stat = path.stat()
            except OSError:
                continue
            found.append((str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return tuple(found)
