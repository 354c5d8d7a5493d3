"""What a runbook runs and what is made of the output: `inputs` and `steps`."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from watcher.model.evidence import Level
from watcher.model.matcher import Matcher
from watcher.model.runbook import (
    Effect,
    Extract,
    Input,
    InputType,
    Shell,
    Signal,
    Step,
    Sudo,
    Table,
    ValueType,
    Variant,
    Weight,
)
from watcher.policy.runbooks.sources import Sources
from watcher.policy.runbooks.words import (
    IN_SCHEMA,
    NOT_EMPTY,
    Commands,
    ExitCode,
    Ident,
    OnHost,
    Plain,
    Regex,
    Sentence,
    ShellText,
    Size,
    Some,
    Time,
    Variable,
    one_of,
)
from watcher.policy.values import Name, Strict

_SUDO = {False: Sudo.NEVER, True: Sudo.REQUIRED}
_WAYS = ("regex", "json", "table", "count")

# Checked where it is run, since it may hold references to inputs.
Expression = Annotated[str, StringConstraints(min_length=1)]


class InputEntry(Strict):
    """One value from the alert, and what it must look like; one that does not is refused."""

    type: InputType = Field(description="What the value must look like.")
    from_: Sources = Field(
        (),
        alias="from",
        description="Fields of the alert, the incident or the host; the first that is not empty "
        "counts. With ` =~ REGEX` behind it, the first group of that expression in the field.",
    )
    default: Plain | None = Field(None, description="The value where no field has one.")
    values: Some = Field((), description="All values that an enum may have.")
    pattern: Regex | None = Field(
        None, description="An expression that the whole value must match besides."
    )
    description: str = Field("", description="What it is, for people who fill it in.")

    def input(self, name: str) -> Input:
        """What the engine uses."""
        return Input(name, self.type, self.from_, self.default, self.values, self.pattern)


class OutputSection(Strict):
    """What is kept of a step's output."""

    head: Annotated[Size, Field(le=262_144)] = Field(
        16_384, description="Bytes kept of its beginning, 256k at most."
    )
    tail: Annotated[Size, Field(le=262_144)] = Field(
        16_384, description="Bytes kept of its end, 256k at most."
    )
    redact: tuple[Regex, ...] = Field(
        (), description="Expressions for what must not be kept; passwords and keys never are."
    )


class TableSection(Strict):
    """Output in columns; the cells are named after the headings."""

    header: Expression = Field(description="An expression found in the line of the headings.")
    column: str = Field("", description="The one column wanted; without it the whole row.")
    where: dict[Name, Expression] = Field(
        {}, description="By column, an expression that its whole cell must match."
    )


class ExtractEntry(Strict):
    """One value out of the output, by exactly one of regex, json, table and count."""

    model_config = ConfigDict(json_schema_extra=one_of("oneOf", *_WAYS))

    name: Variable = Field(description="What signals call it.")
    regex: Expression | None = Field(
        None,
        description="An expression; its first group is the value, or its named groups are a row. "
        "`{{ inputs.NAME }}` stands for that very text.",
    )
    json_: Expression | None = Field(
        None, alias="json", description="A path (JMESPath) into JSON output."
    )
    table: TableSection | None = Field(None, description="A cell or row of output in columns.")
    count: Expression | None = Field(None, description="How many times this expression is found.")
    type: ValueType = Field(
        ValueType.STR, description="What the text becomes: sizes are bytes, durations seconds."
    )
    all: bool = Field(False, description="The list of everything found, not only the first.")
    default: Plain | None = Field(None, description="The value where nothing is found.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [name for name in _WAYS if self._way(name) is not None]
        if len(given) != 1:
            found = f"; it has {' and '.join(given)}" if given else ""
            raise ValueError(f"needs exactly one of {', '.join(_WAYS)}{found}")
        if self.count is not None and (self.all or self.type is not ValueType.STR):
            raise ValueError("`count` is a number by itself: it takes neither `all` nor `type`")
        return self

    def _way(self, name: str) -> object:
        return getattr(self, "json_" if name == "json" else name)

    def extract(self) -> Extract:
        """What the engine uses."""
        table = self.table
        return Extract(
            name=self.name,
            regex=self.regex or "",
            json=self.json_ or "",
            table=Table(table.header, table.column, table.where) if table else None,
            count=self.count or "",
            type=self.type,
            all=self.all,
            default=self.default,
        )


class SignalEntry(Strict):
    """A sentence for second line, said when a condition holds."""

    id: Ident = Field(description="What tests call it.")
    level: Level = Field(description="How it is meant; good rules something out.")
    if_: Name = Field(
        alias="if",
        description="A Jinja expression on the extracted values, `inputs`, `facts`, `status`, "
        "`partial`, `exit_code`, `seconds` and `output`. It is silent where a value is missing.",
    )
    say: Sentence = Field(description="The sentence, a Jinja template of the same values.")
    each: str = Field(
        "", description="The name of an extracted list; condition and sentence see each `item`."
    )

    def signal(self) -> Signal:
        """What the engine uses."""
        return Signal(self.id, self.level, self.if_, self.say, self.each)


class VariantEntry(Strict):
    """Another text for a step, for hosts where it fits."""

    model_config = ConfigDict(json_schema_extra=one_of("anyOf", "when", "needs"))

    when: OnHost = Field((), description="Matchers on the facts of the host; all must hold.")
    needs: Commands = Field((), description="Commands that must be there.")
    run: ShellText = Field(description="The shell text.")

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if not self.when and not self.needs:
            raise ValueError(
                "needs `when` or `needs`; what fits everywhere is the step's own `run`"
            )
        return self

    def variant(self) -> Variant:
        """What the engine uses."""
        return Variant(self.run, _together(self.when), self.needs)


class StepEntry(Strict):
    """One command, what it is to the host, and what to read in its output."""

    model_config = ConfigDict(json_schema_extra=one_of("anyOf", "run", "variants"))

    id: Ident = Field(description="What it is called; each of a runbook differs.")
    title: Annotated[Name, StringConstraints(max_length=80)] = Field(
        description="What it is, above its output."
    )
    read: str = Field("", description="What second line looks for in the output.")
    run: ShellText | None = Field(
        None, description="Shell text, read-only; `{{ inputs.NAME }}` stands bare, without quotes."
    )
    when: OnHost = Field((), description="Matchers on the facts of the host, else it is skipped.")
    needs: Commands = Field((), description="Commands without which it is unavailable.")
    variants: tuple[VariantEntry, ...] = Field(
        (), description="Other texts; the first that fits the host is run, else `run`."
    )
    shell: Shell = Field(Shell.SH, description="What reads the text.")
    sudo: Literal[False, True, "if-available", "required"] = Field(
        False,
        description="Whether what stands behind `as_root` runs as root: where sudo allows it "
        "(if-available), or not at all without (required, the same as true).",
    )
    timeout: Time = Field(
        timedelta(seconds=10), description="After it the step and all that it began are killed."
    )
    ok_exit: Annotated[tuple[ExitCode, ...], NOT_EMPTY, IN_SCHEMA] = Field(
        (0,), description="Exit codes that are a success."
    )
    effects: Effect = Field(
        Effect.READ,
        description="What it does to the host beside reading; anything else waits for a person.",
    )
    weight: Weight = Field(Weight.LIGHT, description="A heavy step runs with the lowest priority.")
    output: OutputSection = Field(
        {}, validate_default=True, description="What is kept of the output."
    )
    extract: tuple[ExtractEntry, ...] = Field((), description="Values taken from the output.")
    signals: tuple[SignalEntry, ...] = Field((), description="What they mean.")
    allow: dict[Annotated[str, StringConstraints(pattern=r"^R[0-9]{2}$")], Sentence] = Field(
        {}, description="Rules of `watcher runbook lint` that it may break, and the reason."
    )

    @model_validator(mode="after")
    def _has_a_text(self) -> Self:
        if self.run is None and not self.variants:
            raise ValueError("needs `run`, or `variants` that each have one")
        return self

    def step(self) -> Step:
        """What the engine uses."""
        sudo = _SUDO[self.sudo] if isinstance(self.sudo, bool) else Sudo(self.sudo)
        return Step(
            id=self.id,
            title=self.title,
            run=self.run or "",
            read=self.read,
            timeout=self.timeout.total_seconds(),
            needs=self.needs,
            ok_exit=self.ok_exit,
            head=self.output.head,
            tail=self.output.tail,
            when=_together(self.when),
            variants=tuple(each.variant() for each in self.variants),
            shell=self.shell,
            sudo=sudo,
            effects=self.effects,
            weight=self.weight,
            redact=self.output.redact,
            extract=tuple(each.extract() for each in self.extract),
            signals=tuple(each.signal() for each in self.signals),
        )


def _together(texts: tuple[tuple[Matcher, ...], ...]) -> tuple[Matcher, ...]:
    return tuple(matcher for text in texts for matcher in text)
