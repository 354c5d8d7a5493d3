"""Turns a step's template into shell text that holds no values, only references to variables.

`{{ inputs.mount }}` becomes `"${W_1}"` and the value travels in the environment: the shell never
parses it, whatever quotes the author put around it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError, Undefined, pass_context
from jinja2.runtime import Context
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


# Where the values go while a template is rendered; no template can write this name.
_VALUES = "the values"


@dataclass(frozen=True, slots=True)
class Rendered:
    """Shell text, and the values of its variables W_1, W_2 … in order."""

    text: str
    values: tuple[str, ...]


def render(template: str, inputs: Inputs) -> Rendered:
    """The step as it runs. Raises Refused where an input has no value, or the template fails."""
    values: list[str] = []
    try:
        text = _compiled(template).render({"inputs": inputs, _VALUES: values})
    except _FAULTS as error:
        raise Refused(f"the template fails: {error}") from None
    return Rendered(text, tuple(values))


@pass_context
def _by_reference(context: Context, value: object) -> str:
    if isinstance(value, Undefined):
        str(value)  # A StrictUndefined raises here and names what is undefined.
    values: list[str] = context[_VALUES]
    values.append("" if value is None else str(value).replace("\0", ""))
    return f'"${{W_{len(values)}}}"'


_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined,
    finalize=_by_reference,
    autoescape=False,
    keep_trailing_newline=True,
)
_ENVIRONMENT.globals.clear()


@lru_cache(maxsize=1024)
def _compiled(template: str) -> Template:
    """The same step runs on many hosts. Raises what a template may run into."""
    return _ENVIRONMENT.from_string(template)


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
