"""Turns a step's template into shell text that holds no values, only references to variables.

`{{ inputs.mount }}` becomes `"${W_1}"` and the value travels in the environment: the shell never
parses it, whatever quotes the author put around it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import StrictUndefined, TemplateError, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from watcher.diagnostics.inputs import Inputs, Refused
from watcher.model.runbook import Input

# What an expression in a template may run into.
_FAULTS = (TemplateError, ArithmeticError, LookupError, TypeError, ValueError)

# Commands that read their arguments as text of a shell, and programs with a value in their text.
_EVALUATES = re.compile(
    r"(?:^|[\s;&|({`])"
    r"(?:eval\s|ssh\s|(?:/\S*/)?(?:ba|da|z|k|a)?sh\s+-\w*c|su\s[^\n|;&]*-\w*c"
    r"|(?:[gm]?awk|sed|perl|python[0-9.]*|ruby|node|php)\s[^\n|;&]*\"[^\"\n]*\{\{)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """Shell text, and the values of its variables W_1, W_2 … in order."""

    text: str
    values: tuple[str, ...]


def render(template: str, inputs: Inputs) -> Rendered:
    """The step as it runs. Raises Refused where an input has no value, or the template fails."""
    values: list[str] = []

    def by_reference(value: object) -> str:
        if isinstance(value, Undefined):
            str(value)  # A StrictUndefined raises here and names what is undefined.
        values.append("" if value is None else str(value).replace("\0", ""))
        return f'"${{W_{len(values)}}}"'

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        finalize=by_reference,
        autoescape=False,
        keep_trailing_newline=True,
    )
    environment.globals.clear()
    try:
        text = environment.from_string(template).render(inputs=inputs)
    except _FAULTS as error:
        raise Refused(f"the template fails: {error}") from None
    return Rendered(text, tuple(values))


def complaint(template: str, inputs: Sequence[Input]) -> str:
    """What is wrong with a template, whatever the values; "" if nothing is."""
    try:
        rendered = render(template, Inputs.example(inputs))
    except Refused as refused:
        return str(refused)
    if rendered.values and _EVALUATES.search(template):
        return (
            "a step that takes a value may not use what makes a command of text (eval, sh -c, "
            "su -c, ssh, a value within the text of awk or python): there it could be executed"
        )
    return ""
