"""The way to a host: its address and profile, and the bastions before it."""

from dataclasses import dataclass, field, replace

from watcher.diagnostics.base import Unreachable
from watcher.model.catalogue import Host, SshProfile
from watcher.model.evidence import Fault

MOST_BASTIONS = 3


@dataclass(frozen=True, slots=True)
class Way:
    """Where to connect to and how; equal ways can share a connection. `profile` has no `via`."""

    name: str = field(compare=False)
    address: str
    port: int
    profile: SshProfile
    via: "Way | None" = None

    @property
    def bastions(self) -> tuple["Way", ...]:
        """What lies before the host, in the order in which one gets there."""
        return () if self.via is None else (*self.via.bastions, self.via)

    @property
    def where(self) -> tuple[tuple[str, int], ...]:
        """The machine, whoever logs in: the same address behind another bastion is another one."""
        return tuple((one.address, one.port) for one in (*self.bastions, self))


def way_to(host: Host, profile: SshProfile) -> Way:
    """The way to a host. Raises Unreachable where it has no address or the bastions no end."""
    hops = [(host, profile)]
    while (bastion := hops[-1][1].via) is not None:
        if len(hops) > MOST_BASTIONS:
            problem = f"there are more than {MOST_BASTIONS} bastions before {host.name}"
            raise Unreachable(problem, Fault.CONFIGURATION)
        hops.append((bastion.host, bastion.profile))
    way: Way | None = None
    for one, login in reversed(hops):
        way = Way(one.name, _address(one), one.port or login.port, replace(login, via=None), way)
    assert way is not None  # noqa: S101 - there is the host itself at least
    return way


def _address(host: Host) -> str:
    if not host.address:
        problem = "the inventory has no address for this host"
        raise Unreachable(problem, Fault.CONFIGURATION)
    return host.address
