r"""Takes secrets out of text that is to be stored or shown: key names stay, values become ***.

Own secrets go by their exact value, those of others by the forms that secrets usually have. Every
pattern is linear: what repeats is bounded or cannot be read in two ways.
"""

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from watcher.kit.secrets import known_values

MASK = "***"
_SHORTEST = 6
_SHORTEST_CUT = 4

_KEY = (
    r"(?:pass(?:word|wd|phrase|code)|(?<![a-z])pass(?![a-z])|pwd|passwort|secret|token|credential"
    r"|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|encryption[_-]?key"
    r"|signing[_-]?key|shared[_-]?access[_-]?key|master[_-]?key|storage[_-]?key|auth[_-]?key"
    r"|psk|community)"
)
_ASSIGNED = rf"{_KEY}[\w.-]{{0,40}}[\"']?\s{{0,4}}(?:=>|:=|=|:)\s{{0,4}}"

# Group 1 stays, then comes the mask; what follows is looked at without being taken.
_RULES: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        # Private keys, even when their beginning or end was cut off.
        r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)"
        r"(?:(?:\\n|\s){1,4}(?:[A-Za-z0-9+/=]{16,}|[A-Z][\w-]{1,30}: [^\n]{0,200}))*"
        r"(?:(?:\\n|\s){1,4}[A-Za-z0-9+/=]{1,15}(?=(?:\\n|\s){1,4}-----END))?",
        r"()(?:^[ \t]{0,40}[A-Za-z0-9+/=]{16,200}\r?\n){1,60}+"
        r"(?:[ \t]{0,40}[A-Za-z0-9+/=]{1,15}\r?\n)?(?=[ \t]{0,40}-----END [A-Z0-9 ]{0,40}PRIVATE)",
        # Authorization and cookies, as headers or in a log of them.
        r"(\bauthorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:(?:bearer|basic|token|digest)\s{1,3})?)"
        r"[^\r\n\"']+",
        r"(\b(?:bearer)\s{1,3})[A-Za-z0-9._~+/=-]{8,}",
        r"(\b(?:set-)?cookie[\"']?\s{0,3}[:=]\s{0,3}[\"']?)[^\r\n\"']+",
        r"(\bx-[a-z-]{0,30}(?:key|token|auth|secret)[\"']?\s{0,3}:\s{0,3}[\"']?)[^\s\"']+",
        # key=value, key: value, JSON, -Dkey=value, connection strings.
        rf"({_ASSIGNED})(?:\"(?:[^\"\\\n]|\\.)*\"?|'(?:[^'\\\n]|\\.)*'?)",
        rf"(^\s{{0,40}}(?:export\s|set\s|-\s)?[\w.-]{{0,60}}{_KEY}[\w.-]{{0,40}}\s{{0,4}}:\s{{1,4}})"
        r"[^\s\"'{\[|>][^\r\n]*",
        rf"({_ASSIGNED})(?![\"'\s*])[^\s\"'&,;<>]+",
        r"([\"']auth[\"']\s{0,3}:\s{0,3}[\"'])[^\"']+",
        # Options of commands.
        rf"((?:^|\s)--?[\w-]{{0,30}}{_KEY}[\w-]{{0,20}}[ \t]{{1,4}})[^\s-]\S*",
        r"(\b(?:mysql\w*|mariadb[\w-]*|sshpass|mongo\w*)\b[^\n|;]{0,300}?\s-p)(?![\s-])[^\s]+",
        r"(\b(?:sshpass|mongo\w*|smbclient|ipmitool|cqlsh|nodetool)\b[^\n|;]{0,300}?"
        r"\s-(?:p|pw|P)\s{1,3})[^\s-]\S*",
        r"(\b(?:sqlcmd|osql|bcp|isql|tsql)\b[^\n|;]{0,300}?\s-P\s{0,3})[^\s-]\S*",
        r"(\bredis-cli\b[^\n|;]{0,300}?\s(?:-a|--pass)\s{1,3})\S+",
        r"(\bldap\w{1,12}\b[^\n|;]{0,300}?\s-w\s{0,3})[^\s-]\S*",
        r"(\bcurl\b[^\n|;]{0,300}?\s(?:-u|--(?:proxy-)?user)[ =]?[\"']?[^\s:\"']{1,64}:)[^\s\"']+",
        r"(\b(?:sqlplus|rman|expdp|impdp)\b[^\n|;]{0,200}?\s[\w.$]{1,64}/)[^\s@/\"']+",
        r"(\bpass(?:in|out)?[\s:=]{1,3}pass:)\S+",
        # Statements and configuration files.
        r"(\b(?:identified\s{1,3}(?:with\s{1,3}\S{1,60}\s{1,3})?by|password)\s{1,3}[\"'])[^\"'\n]+",
        r"(\b(?:requirepass|masterauth|rootpw|bindpw|rocommunity|rwcommunity)\s{1,4})\S+",
        r"(\blogin\s{1,4}\S{1,100}\s{1,4}password\s{1,4})\S+",
        # Addresses with a password or a signature in them.
        r"(://[^\s/:@\"'<>]{0,64}:)[^\s\"'<>]{1,256}(?=@)",
        r"([?&](?:sig|signature|key|code|auth|x-amz-signature|x-amz-security-token)=)[^&\s\"']+",
        r"(\bhooks\.slack\.com/services/)[\w/]+",
        # Tokens that are known by their looks.
        r"()\b(?:AKIA|ASIA|AGPA|AROA)[A-Z0-9]{16}\b",
        r"()\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|gl[a-z]{1,8}-[\w-]{20,})",
        r"()\b(?:xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,}|hv[sbr]\.[\w-]{20,}|npm_[A-Za-z0-9]{30,})",
        r"()\b(?:[sr]k_(?:live|test)_\w{10,}|AIza[\w-]{35}|ya29\.[\w-]{20,}|SG\.[\w-]{16,}\.[\w-]+)",
        r"()\b(?:sk-[\w-]{20,}|dop_v1_\w{40,}|pypi-[\w-]{40,}|dckr_pat_[\w-]{20,})",
        r"()\b[0-9]{8,10}:[A-Za-z0-9_-]{35}\b",
        r"()\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)*",
        # Hashes of passwords.
        r"()\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|argon2\w{0,2}|scrypt|pbkdf2[\w-]{0,10})\$[^\s:\"']{8,}",
        r"()\bSCRAM-SHA-(?:1|256|512)\$[^\s\"']+",
    )
)
_SECRET_MANIFEST = re.compile(r"kind[\"']?:\s{0,3}[\"']?Secret\b")
_MANIFEST_VALUE = re.compile(
    r"^(\s{1,40}[\"']?[\w.-]{1,253}[\"']?:\s{1,3}[\"']?)[A-Za-z0-9+/]{4,}={0,2}(?=[\"',]{0,2}\s*$)",
    re.MULTILINE,
)


def redact(text: str, extra: Iterable[str] = ()) -> str:
    """The text without secrets: own ones (`extra`, and all that this process holds) and usual ones.

    An own secret that is cut off by the end of the text is taken out too.
    """
    for value in sorted(_forms({*known_values(), *extra}), key=len, reverse=True):
        text = text.replace(value, MASK)
        text = _without_cut(text, value)
    if _SECRET_MANIFEST.search(text):
        text = _MANIFEST_VALUE.sub(rf"\1{MASK}", text)
    for rule in _RULES:
        text = rule.sub(rf"\1{MASK}", text)
    return text


def _forms(values: Iterable[str]) -> Iterator[str]:
    """Each value as it may be written; those too short to be told from ordinary words are not."""
    for value in values:
        for line in (value, *value.splitlines()):
            if len(line.strip()) >= _SHORTEST and not line.startswith("-----"):
                yield from {line, line.strip(), quote(line, safe=""), json.dumps(line)[1:-1]}


def _without_cut(text: str, value: str) -> str:
    for length in range(min(len(value) - 1, len(text)), _SHORTEST_CUT - 1, -1):
        if text.endswith(value[:length]):
            return text[:-length] + MASK
    return text
