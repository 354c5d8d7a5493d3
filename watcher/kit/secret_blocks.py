"""Secrets of several lines in what commands print: private keys, and the manifests of secrets."""

import re

_PRIVATE = r"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
# The second is how the body of an OpenSSH key begins, the third is PuTTY's.
_BEGIN = re.compile(rf"-----BEGIN {_PRIVATE}|b3BlbnNzaC1rZXktdjE[\w+/=]*|Private-Lines: \d+")
_END = re.compile(rf"-----END {_PRIVATE}|Private-MAC:")
# A line of a key, maybe behind what a log puts in front; a field that stands above the body.
_BODY = re.compile(r"[A-Za-z0-9+/=]{16,}[\"',]{0,2}\s*$")
_FIELD = re.compile(r"^\s*(?:[A-Z][\w-]{1,30}: [^\n]{0,200})?$")
_LAST_WORD = re.compile(r"[^\s|]+\s*$")
_INLINE_END = re.compile(r"[A-Za-z0-9+/=\\]{8,}(?=-----END )")
_LONGEST_KEY = 200

_MANIFEST = re.compile(r"kind\\{0,3}[\"']?:\s{0,3}\\{0,3}[\"']?(?:Sealed)?Secret\b")
_DATA = re.compile(
    r"^([ \t]*)([\"']?(?:data|stringData)[\"']?:[ \t]*\{?[ \t]*)\n((?:\1[ \t]+[^\n]*(?:\n|\Z))+)",
    re.MULTILINE,
)
_ENTRY = re.compile(r"^([ \t]*(?:[\"']?[\w.-]+[\"']?:(?:[ \t]+|$))?)[^\n]+", re.MULTILINE)
_INLINE_DATA = re.compile(r"(\\{0,3}[\"'](?:data|stringData)\\{0,3}[\"']:\s?\{)[^{}]*")


def without_keys(text: str, mask: str) -> str:
    """The text without private keys, also where their beginning or their end is cut off."""
    if "PRIVATE KEY" not in text and "Private-" not in text and "b3BlbnNzaC1r" not in text:
        return text
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if begin := _BEGIN.search(line):
            for inside in _following(lines, number):
                lines[inside] = _LAST_WORD.sub(mask, lines[inside])
            lines[number] = _without_rest(line, begin, mask)
        elif _END.search(line):
            for inside in _preceding(lines, number):
                lines[inside] = _LAST_WORD.sub(mask, lines[inside])
            lines[number] = _INLINE_END.sub(mask, line)
    return "\n".join(lines)


def without_manifests(text: str, mask: str) -> str:
    """The text without the values of Kubernetes Secrets, in YAML and JSON."""
    if not _MANIFEST.search(text):
        return text

    def masked(block: re.Match[str]) -> str:
        indent, head, entries = block.groups()
        return f"{indent}{head}\n" + _ENTRY.sub(rf"\g<1>{mask}", entries)

    return _INLINE_DATA.sub(rf"\g<1>{mask}", _DATA.sub(masked, text))


def _without_rest(line: str, begin: re.Match[str], mask: str) -> str:
    """A line in which a key begins; where line ends are written out, all of it may be there."""
    end = _END.search(line, begin.end())
    if begin[0].startswith("b3"):
        return line[: begin.start()] + mask + line[begin.end() :]
    rest = line[end.start() :] if end else ""
    return line[: begin.end()] + (mask if end or line[begin.end() :].strip() else "") + rest


def _following(lines: list[str], begin: int) -> list[int]:
    """The numbers of the lines of the key that begins here."""
    if _END.search(lines[begin]):
        return []
    last = min(len(lines), begin + _LONGEST_KEY)
    for number in range(begin + 1, last):
        if _BEGIN.search(lines[number]):
            break
        if _END.search(lines[number]):
            return list(range(begin + 1, number))
    found = []
    for number in range(begin + 1, last):
        if _BODY.search(lines[number]):
            found.append(number)
        elif not _FIELD.search(lines[number]):
            break
    return found


def _preceding(lines: list[str], end: int) -> list[int]:
    """The numbers of the lines of the key that ends here; the last one may be short."""
    found = []
    for number in range(end - 1, max(-1, end - _LONGEST_KEY), -1):
        if not (_BODY.search(lines[number]) or number == end - 1):
            break
        found.append(number)
    return found
