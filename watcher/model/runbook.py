"""The recipe of a diagnosis: read-only steps, the typed values they take, and when it applies."""

from dataclasses import dataclass
from enum import StrEnum

from watcher.model.policy import RunbookMatch


class InputType(StrEnum):
    """What a value from an alert must look like before a step may see it."""

    HOSTNAME = "hostname"
    IP = "ip"
    PORT = "port"
    INT = "int"
    PATH = "path"
    SYSTEMD_UNIT = "systemd_unit"
    DBNAME = "dbname"
    CONTAINER = "container"
    K8S_NAME = "k8s_name"
    WORD = "word"
    ENUM = "enum"


@dataclass(frozen=True, slots=True)
class Input:
    """One value of a runbook: the first field of `sources` that is not empty, else `default`.

    An enum is one of `values`; `pattern` narrows any type further, anchored at both ends.
    """

    name: str
    type: InputType
    sources: tuple[str, ...] = ()
    default: str | None = None
    values: tuple[str, ...] = ()
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One command. `run` is a template of shell text, `read` says what to look for in its output.

    Where a command of `needs` is missing the step is unavailable; an exit code of `ok_exit` is a
    success; `head` and `tail` are the bytes kept of the two ends of the output.
    """

    id: str
    title: str
    run: str
    read: str = ""
    timeout: float = 10.0
    needs: tuple[str, ...] = ()
    ok_exit: tuple[int, ...] = (0,)
    head: int = 16_384
    tail: int = 16_384


@dataclass(frozen=True, slots=True)
class Runbook:
    """A recipe; `timeout` is in seconds for one host, `max_output` in bytes for all its steps."""

    id: str
    title: str
    owner: str
    steps: tuple[Step, ...]
    match: tuple[RunbookMatch, ...] = ()
    inputs: tuple[Input, ...] = ()
    summary: str = ""
    timeout: float = 60.0
    max_output: int = 524_288
