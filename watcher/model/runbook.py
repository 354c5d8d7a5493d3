"""The recipe of a diagnosis: read-only steps, the typed values they take, what their output means,
when it applies, and how it is tested without a host.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from watcher.model.evidence import Level
from watcher.model.matcher import Matcher
from watcher.model.policy import RunbookMatch, RunbookPolicy

FACTS = ("os_id", "os_family", "os_version", "kernel", "arch", "init", "container", "user")
"""What a host says of itself, by which steps are chosen."""


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


class Shell(StrEnum):
    """What reads the text of a step."""

    SH = "sh"
    BASH = "bash"


class Sudo(StrEnum):
    """Whether the commands that a step writes behind `as_root` run as root: never, where sudo
    allows it (else as ourselves, which makes the result partial), or not at all without.
    """

    NEVER = "never"
    IF_AVAILABLE = "if-available"
    REQUIRED = "required"


class Effect(StrEnum):
    """What a step does to its host beside reading, in order of weight."""

    READ = "read"
    TMPFILE = "tmpfile"
    PAUSE = "pause"

    @property
    def needs_approval(self) -> bool:
        """Whether a person must agree before the step runs."""
        return self is not Effect.READ


class Weight(StrEnum):
    """How much a step costs its host; a heavy one runs with the lowest priority there."""

    LIGHT = "light"
    HEAVY = "heavy"


class ValueType(StrEnum):
    """What an extracted text is made into; sizes become bytes, durations seconds."""

    STR = "str"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    BYTES = "bytes"
    DURATION = "duration"


@dataclass(frozen=True, slots=True)
class Input:
    """One value of a runbook: the first field of `sources` that is not empty, else `default`.

    A source is a field of the alert or the incident (`alert.labels.mountpoint`); with ` =~ REGEX`
    behind it, the first group of that expression in the field. An enum is one of `values`;
    `pattern` narrows any type further, anchored at both ends.
    """

    name: str
    type: InputType
    sources: tuple[str, ...] = ()
    default: str | None = None
    values: tuple[str, ...] = ()
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Output in columns: `header` is an expression that its heading line matches.

    The cells are named after the headings, the last one takes the rest of its line. Only rows whose
    cells match all expressions of `where` count; `column` is the one cell wanted, "" the whole row.
    """

    header: str
    column: str = ""
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Extract:
    """One value taken from the output, by exactly one of `regex`, `json` (JMESPath), `table` and
    `count` (how many times an expression is found).

    A regex gives its first group, or a row of its named groups. With `all` the value is the list of
    everything found, else the first; `default` where nothing is.
    """

    name: str
    regex: str = ""
    json: str = ""
    table: Table | None = None
    count: str = ""
    type: ValueType = ValueType.STR
    all: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """What L2 should see at once: when the Jinja expression `condition` holds, `say` (a Jinja
    template of one sentence) stands at `level` on the incident. With `each`, the name of a list
    that was extracted, both are asked of every `item` in it.
    """

    id: str
    level: Level
    condition: str
    say: str
    each: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """Another text for a step, taken where all of `when` hold of the facts of the host and the
    commands of `needs` are there.
    """

    run: str
    when: tuple[Matcher, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One command. `run` is a template of shell text, `read` says what to look for in its output.

    The first of `variants` that fits the host is run, else `run`; where a command of `needs` is
    missing the step is unavailable, where `when` does not hold of the facts it is skipped. An exit
    code of `ok_exit` is a success; `head` and `tail` are the bytes kept of the two ends of the
    output, `redact` expressions for what must not be kept.
    """

    id: str
    title: str
    run: str = ""
    read: str = ""
    timeout: float = 10.0
    needs: tuple[str, ...] = ()
    ok_exit: tuple[int, ...] = (0,)
    head: int = 16_384
    tail: int = 16_384
    when: tuple[Matcher, ...] = ()
    variants: tuple[Variant, ...] = ()
    shell: Shell = Shell.SH
    sudo: Sudo = Sudo.NEVER
    effects: Effect = Effect.READ
    weight: Weight = Weight.LIGHT
    redact: tuple[str, ...] = ()
    extract: tuple[Extract, ...] = ()
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a test of a runbook expects; None means that it does not say.

    `signals` are ids, all that fire; `values` maps `step.name` to what was extracted as text;
    `skipped` are steps; `inputs` what the inputs came to, None for one that was refused.
    """

    matches: bool | None = None
    signals: tuple[str, ...] | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[str, ...] | None = None
    inputs: Mapping[str, str | None] = field(default_factory=dict)
    says: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A test that a runbook carries: an alert, and outputs instead of a host.

    `alert` are fields as in `watcher rules explain`. `outputs` are texts by step: those of the
    test itself and, once they have been read, those recorded in the folder `fixtures`
    (`fixtures/<runbook>/<fixtures>/<step>.txt` beside the runbook) for steps that it does not give.
    `codes` are exit codes other than 0, `renders` the texts that steps become. `partial` are, by
    step, commands that did not run as root though they should, `missing` those that are not there.
    """

    name: str
    alert: Mapping[str, object] = field(default_factory=dict)
    host_tags: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)
    renders: Mapping[str, str] = field(default_factory=dict)
    partial: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    fixtures: str = ""
    expect: Expectation = Expectation()


@dataclass(frozen=True, slots=True)
class Runbook:
    """A recipe; `timeout` is in seconds for one host, `max_output` in bytes for all its steps.

    `origin` is where its file stands, `digest` the sha256 of it.
    """

    id: str
    title: str
    owner: str
    steps: tuple[Step, ...]
    match: tuple[RunbookMatch, ...] = ()
    unless: tuple[RunbookMatch, ...] = ()
    inputs: tuple[Input, ...] = ()
    summary: str = ""
    docs: str = ""
    timeout: float = 60.0
    max_output: int = 524_288
    profile: str = ""
    policy: RunbookPolicy = field(default_factory=RunbookPolicy)
    tests: tuple[Rehearsal, ...] = ()
    origin: str = ""
    digest: str = ""
