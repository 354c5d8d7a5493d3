"""Turns a step's template into shell text that holds no values, only references to variables.

`{{ inputs.mount }}` becomes `"${W_1}"` and the value travels in the environment: the shell never
parses it, whatever quotes the author put around it.
"""

from dataclasses import dataclass
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError, Undefined, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from watcher.diagnostics.inputs import Inputs, Refused

# What an expression in a template may run into.
_FAULTS = (TemplateError, ArithmeticError, LookupError, TypeError, ValueError)

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
