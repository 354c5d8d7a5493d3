"""A name without what changes from one message about the same condition to the next.

Only for the keys of sources that have no stable id; what is shown stays whole. Masked is what by
its own form can only be a moment, a measurement or the id of one event. Every other number tells
things apart (disk 1 and disk 2, HTTP 500 and 404, ports, addresses) and stays: two alerts too many
are a nuisance, but one too few hides a disruption.
"""

import re

_UNIT = (
    "%|ms|µs|us|ns|s|sec|secs|seconds?|min|mins|minutes?|h|hrs?|hours?|d|days?"
    "|bytes?|[KMGTP]i?B|[kMGT]?bps|[KMGT]?bit/s|[KMG]?B/s|rps|qps|(?:req|msg|ops)s?/s|rpm|°[CF]|[kMG]?Hz"
    "|мс|с|сек|секунд[аы]?|мин|минут[аы]?|ч|час(?:а|ов)?|дн|дн(?:я|ей)|день"
    "|байта?|[КМГТ]Б|[КМГ]?бит/с"
)
# The order matters: the first that fits at a place is taken.
_FORMS = {
    "time": r"\d{4}[-./]\d{2}[-./]\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?"
    r"(?:Z|[ ]?[+-]\d{2}:?\d{2}\b)?"
    r"|\d{2}[./]\d{2}[./]\d{4}(?:,?[ ]\d{2}:\d{2}(?::\d{2})?)?"
    r"|\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?"
    r"|1[5-9]\d{8}(?:\d{3})?",
    "id": r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    r"|0x[0-9a-fA-F]{4,}"
    r"|(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{12,}",
    "took": r"\d+[ ]?(?:d|h|m|min)(?:[ ]?\d+[ ]?(?:h|m|min|s))+"
    r"|\d+[ ](?:days?|дн(?:я|ей)?),?[ ]\d{1,2}:\d{2}",
    "measure": rf"[-+]?(?:\d+[.,]\d+[ ]?|\d+[ ]|\d+(?=%|ms\b|мс\b))(?:{_UNIT})",
}
_VOLATILE = re.compile(
    r"(?<![\w.:/-])(?:"
    + "|".join(f"(?P<{name}>{form})" for name, form in _FORMS.items())
    + r")(?![\w:/-]|\.\w)"
)
# What follows such a word is the threshold of the rule: 80 % and 95 % are two conditions.
_THRESHOLD = re.compile(
    r"(?:[<>≤≥]=?|\b(?:than|above|over|below|under|exceed(?:s|ed|ing)?|least|most|threshold"
    r"|limit(?: of)?|last|past|within|every|for|in|больше|более|меньше|менее|выше|ниже|свыше"
    r"|превы(?:сил[аио]?|шает)|порога?|за|в течение|последние))\s*[=:]?\s*$",
    re.IGNORECASE,
)
_BEFORE = 24
# Said outright to be the id of one process, request or session.
_NAMED_ID = re.compile(
    r"\b((?:pid|tid|(?:request|trace|span|session|transaction|correlation|event)[ _-]?id)\b"
    r"\s*[=:#]?\s*)[\w-]*\d[\w-]*",
    re.IGNORECASE,
)
# What Kubernetes appends to the name of a deployment for each pod; its alphabet has no vowels.
_POD = re.compile(
    r"(?<=[a-z0-9])-(?=[a-z]*\d)[bcdfghjklmnpqrstvwxz2-9]{8,10}-[bcdfghjklmnpqrstvwxz2-9]{5}\b"
)


def template(name: str) -> str:
    """The name with a mark such as `<time>` in place of everything that is volatile by its form."""
    name = _NAMED_ID.sub(r"\1<id>", _POD.sub("-<pod>", name))
    return _VOLATILE.sub(_mask, name)


def _mask(found: re.Match[str]) -> str:
    kind, text = found.lastgroup or "", found.string
    before = text[max(0, found.start() - _BEFORE) : found.start()]
    if kind in {"took", "measure"} and _THRESHOLD.search(before):
        return found[0]
    return f"<{kind}>"
