"""Copies of what goes on, to go back to when something is heard of late."""

from dataclasses import dataclass

from watcher.decide.activity import Onset
from watcher.decide.disruptions import Disruptions

Id = tuple[float, str, str]

# A copy of what goes on is kept after so many onsets, or seconds; where more goes on than that,
# after such a share of it, so that copies cost each onset the same.
_STRIDE = 64
_SHARE = 32
_PAUSE = 20.0
_COPIES = 64
_BEFORE: Id = (0.0, "", "")


@dataclass(slots=True)
class Copy:
    """What went on after the onset `upto`."""

    upto: Id
    disruptions: Disruptions


class Past:
    """What went on at some moments; the longer ago, the fewer of them. `uncopied` onsets came after
    the newest.
    """

    def __init__(self, state: Disruptions) -> None:
        self._copies = [Copy(_BEFORE, state.copy())]
        self.uncopied = 0

    @property
    def oldest(self) -> Copy:
        """What went on before all that may be decided again."""
        return self._copies[0]

    def before(self, onset: Onset, last: Onset | None, state: Disruptions) -> None:
        """Keeps a copy of what was there before a pause: what comes a little late after it does not
        change what was decided before.
        """
        if last is not None and onset.at - last.at >= _PAUSE and self._copies[-1].upto < last.id:
            self.keep(last, state)

    def due(self, onset: Onset, state: Disruptions) -> bool:
        """Whether a copy is to be kept of what goes on after one more onset."""
        self.uncopied += 1
        latest, *_ = self._copies[-1].upto
        much = self.uncopied >= max(_STRIDE, len(state.placed) // _SHARE)
        return much or onset.at - latest >= _PAUSE

    def keep(self, onset: Onset, state: Disruptions) -> None:
        """Keeps a copy of what goes on after an onset."""
        self._copies.append(Copy(onset.id, state.copy()))
        self.uncopied = 0
        if len(self._copies) > _COPIES:
            # Less and less often, the longer ago.
            del self._copies[1 : _COPIES // 2 : 2]

    def after(self, since: Id) -> list[Disruptions]:
        """What went on at moments after that."""
        return [each.disruptions for each in self._copies if each.upto > since]

    def back(self, since: Id) -> Copy:
        """The last copy of before that; those of after it are let go of, but for the oldest."""
        while len(self._copies) > 1 and self._copies[-1].upto >= since:
            del self._copies[-1]
        return self._copies[-1]

    def forget(self, before: float) -> bool:
        """Lets go of the oldest copy, if there is another of before that time; whether it did."""
        if len(self._copies) == 1 or self._copies[1].upto[0] >= before:
            return False
        del self._copies[0]
        return True
