r"""What the secrets of others look like in what commands print: the forms that redaction knows.

A form is looked for only where one of its words is in the text, and in small letters, which is
several times as fast as asking for either. Group 1 stays, the rest of the match is the secret.
Every pattern is linear: what repeats is bounded, or cannot be read in two ways.
"""

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass

# Their names and how many there are is no secret.
_BUT = r"(?!name|ref|s[\"']?\s{0,3}[:=]\s{0,3}\d{1,9}(?![\w.]))"
_KEYS = (
    r"(?:passwo?r?[dt]|passphrase|passcode|pass(?<!bypass)(?<!compass)(?<!surpass)(?![a-z])"
    r"|storepass|keypass|kennwort|contrase.a|authtok(?!_reqd)|credential|community|psk"
    r"|pw(?<![a-z]pw)(?![a-z])|pwd(?!\s{0,3}[:=]\s{0,3}/[\w./-]{0,200}(?:\s|$))"
    rf"|secret{_BUT}|token{_BUT}|api[_-]?key|access[_-]?key|account[_-]?key"
    r"|private[_-]?key|encryption[_-]?key|signing[_-]?key|shared[_-]?key|preshared[_-]?key"
    r"|master[_-]?key|storage[_-]?key|auth[_-]?key|certificate-key|key-data)"
)
_KEY_WORDS = (
    "pass pwd secret token credential kennwort contrase authtok community psk pw key-data "
    "apikey api-key api_key accesskey access-key access_key accountkey account-key account_key "
    "privatekey private-key private_key encryptionkey encryption-key encryption_key signingkey "
    "signing-key signing_key sharedkey shared-key shared_key masterkey master-key master_key "
    "storagekey storage-key storage_key authkey auth-key auth_key certificate-key presharedkey"
)
# `TokenService.java:42` is a place in a program, `using password: YES` the words of a server.
_NO_PLACE = "".join(rf"(?<!\.{end})" for end in ("java", "kt", "py", "go", "rb", "js", "ts", "cs"))
_NAME = rf"{_KEYS}[\w.-]{{0,40}}{_NO_PLACE}"
_SIGN = r"\s{0,4}(?:=>|:=|=|:)\s{0,4}(?!(?:yes|no)\))"
_QUOTED = r"(?:\"(?:[^\"\\\n]|\\.)*\"?|'(?:[^'\\\n]|\\.|'')*'?)"
# What separates belongs to the value unless the next `name=` or the end of the word follows.
_BARE = (
    r"(?!\*\*\*)(?:[^\s\"'&,;<>]|[&,;](?![\w. -]{1,40}=|[\s\"']|$)|[\"'](?=\w)|<(?!/))"
    r"(?:[^\s\"'&,;<>]|[&,;](?![\w. -]{1,40}=|[\s\"']|$)|[\"'](?=\w)|<(?!/))*"
)
_ARGUMENT = rf"(?:{_QUOTED}|(?![-\"'])\S+)"


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which secrets are written."""

    words: frozenset[str]
    pattern: re.Pattern[str]

    def spans(self, lower: str, present: Set[str]) -> list[tuple[int, int]]:
        """Where the secrets written like this are in a text of small letters, which has at least
        one of its words if any are `present`.
        """
        if self.words.isdisjoint(present):
            return []
        return [(found.end(1), found.end()) for found in self.pattern.finditer(lower)]


def _form(words: str, pattern: str) -> Form:
    return Form(frozenset(words.split()), re.compile(pattern, re.MULTILINE))


def _option(commands: str, options: str, words: str, argument: str = _ARGUMENT) -> Form:
    """An option of these commands that takes a secret."""
    command = rf"\b(?:{commands})\b[^\n|;]{{0,300}}?\s(?:{options})"
    return _form(words, rf"({command}){argument}")


def _forms() -> Iterator[Form]:
    yield from _headers()
    yield from _assignments()
    yield from _options()
    yield from _accounts()
    yield from _statements()
    yield from _addresses()
    yield from _looks()
    yield from _hashes()


def _headers() -> Iterator[Form]:
    sign = r"\\{0,3}[\"']?\s{0,3}[:=]\s{0,3}[\[\\\"'{]{0,5}"
    yield _form(
        "authorization",
        rf"(\bauthorization{sign}(?:digest|aws4[\w-]{{0,30}}|oauth|hawk|signature)\s)[^\r\n]+",
    )
    yield _form(
        "authorization",
        rf"(\bauthorization{sign}(?:(?:bearer|basic|token|negotiate|ntlm|apikey)\s{{1,3}})?)"
        r"[^\s\"'\\\[*][^\r\n\"'\\]*",
    )
    yield _form("bearer", r"(\bbearer\s{1,3})[a-z0-9._~+/=-]{8,}")
    yield _form("cookie", rf"(\b(?:set-)?cookie{sign})[^\r\n\"'\\]+")
    yield _form(
        "x-", r"(\bx-[a-z-]{0,30}(?:key|token|auth|secret)[\"']?\s{0,3}:\s{0,3}[\"']?)[^\s\"']+"
    )


def _assignments() -> Iterator[Form]:
    """key=value, key: value, JSON, JSON in JSON, XML, -Dkey=value, connection strings."""
    key = rf"{_NAME}\\{{0,3}}[\"']?{_SIGN}"
    escaped = r"\\{1,3}[\"']"
    yield _form("userpassword::", r"(\buserpassword::\s{0,4})\S+")
    yield _form(_KEY_WORDS, rf"({key}'')[^'\n]+(?='')")
    yield _form(
        _KEY_WORDS,
        rf"({_NAME}{escaped}{_SIGN}{escaped})[^\n]{{1,400}}?(?={escaped}\s{{0,3}}[,}}\]]|\n|\Z)",
    )
    yield _form(_KEY_WORDS, rf"(;\s{{0,3}}[\w ]{{0,20}}{_NAME}\s{{0,2}}=\s{{0,2}})[^;\"'\n{{*]+")
    yield _form(_KEY_WORDS, rf"([\"'][\w.-]{{0,60}}{_NAME}=)(?!\*\*\*)[^\"'\n;&]+")
    yield _form(_KEY_WORDS, rf"({key})n?{_QUOTED}")
    yield _form(
        _KEY_WORDS,
        rf"(^\s{{0,40}}(?:export\s|set\s|-\s)?[\w.-]{{0,60}}{_NAME}\s{{0,4}}:\s{{1,4}})"
        r"(?!\*\*\*)[^\s\"'{\[|>][^\r\n]*",
    )
    yield _form(_KEY_WORDS, rf"({key})(?![\"'\s]){_BARE}")
    yield _form(_KEY_WORDS, rf"(<[\w.:-]{{0,60}}{_NAME}>\s{{0,40}})[^<\s][^<]{{0,400}}")
    named = rf"(?:key|name)=[\"'][\w.:-]{{0,80}}{_NAME}[\"']\s{{0,9}}"
    yield _form(_KEY_WORDS, rf"({named}(?:value=[\"']|>))[^\"'<\n]+")
    yield _form(
        "парол секрет токен ключ",
        r"(\b(?:парол|секрет|токен|ключ\w{0,3}[ \t]{1,2}(?:доступа|шифрования))\w{0,20}"
        r"(?:[ \t]\w{1,30}){0,3}[\"']?\s{0,3}[:=]\s{0,3}[\"']?)[^\s\"';][^\n\"';]*",
    )
    yield _form("auth\" auth'", r"([\"']auth[\"']\s{0,3}:\s{0,3}[\"'])[a-z0-9+/=_-]{8,}")
    yield _form("_auth=", r"(\b\w{1,30}_auth=)\S+")
    yield _form("sessid jsessionid", r"(\b(?:php|j)sess(?:ion)?id=)[\w.-]+")


def _options() -> Iterator[Form]:
    """What `ps` shows of commands that were given their secret as an argument."""
    yield _form(_KEY_WORDS, rf"((?:^|\s)--?[\w-]{{0,30}}{_NAME}[ \t]{{1,4}}){_ARGUMENT}")
    attached = rf"(?![\s-])(?:{_QUOTED}|\S+)"
    yield _option(
        r"mysql\w*|mariadb[\w-]*|sshpass|mongo\w*", "-p", "mysql maria sshpass mongo", attached
    )
    with_p = (
        r"sshpass|mongo\w*|smbclient|ipmitool|cqlsh|nodetool|rabbitmqadmin|plink|pscp|psftp"
        r"|(?:docker|podman|nerdctl|helm|oc|skopeo|buildah)\s{1,3}(?:registry\s)?login"
    )
    yield _option(
        with_p,
        r"-pw?\s{1,3}",
        "sshpass mongo smbclient ipmitool cqlsh nodetool rabbitmqadmin plink pscp psftp login",
    )
    yield _option(r"sqlcmd|osql|bcp|isql|tsql", r"-p\s{0,3}", "sqlcmd osql bcp isql tsql")
    yield _option("redis-cli|valkey-cli", r"(?:-a|--pass)\s{1,3}", "redis-cli valkey-cli")
    yield _option(r"ldap\w{1,12}", r"-w\s{0,3}", "ldap")
    for letter in "cax":
        yield _option(r"snmp\w{2,12}", rf"-{letter}\s{{0,3}}", "snmp")
    yield _option("gitlab-runner", r"-[rt]\s{1,3}", "gitlab-runner")
    yield _option(r"openssl\s{1,3}enc", r"-k\s{1,3}", "openssl")
    yield _option("xfreerdp|rdesktop", r"(?:/p:|-p\s)", "xfreerdp rdesktop")


def _accounts() -> Iterator[Form]:
    """Names together with their passwords, as commands take them."""
    user = r"[\"']?[^\s:,\"']{1,64}"
    rest = r"(?!//|\d{1,6}(?:\s|$))[^\s\"']+"
    yield _option("curl|https?", rf"-(?:u|a)\s{{0,3}}{user}:", "curl http", rest)
    yield _option("lftp", rf"-u\s{{0,3}}{user},", "lftp", rest)
    yield _option(
        r"smb\w{2,12}|rpcclient",
        r"(?:-u|--user(?:name)?)[ =]?[\"']?[^\s%\"']{1,100}%",
        "smb rpcclient",
        rest,
    )
    yield _form("--user --proxy-user", rf"(\s--(?:proxy-)?user[ =]{user}:){rest}")
    yield _form("cookie", rf"((?:^|\s)--?(?:set)?cookie[ \t=]{{1,3}}){_ARGUMENT}")
    oracle = r"[\w.$\"]{1,64}/)(?:\"[^\"\n]{1,128}\"|[^\s@/\"']+"
    yield _form(
        "sqlplus rman expdp impdp sqlldr",
        rf"(\b(?:sqlplus|rman|expdp|impdp|sqlldr)\b[^\n|;]{{0,200}}?\s{oracle}(?=@|\s|$))",
    )
    yield _form("conn", rf"(\bconn(?:ect)?\s{{1,3}}{oracle}(?=@))")
    yield _form(
        "rabbitmqctl",
        r"(\brabbitmqctl\b[^\n|;]{0,100}?\s(?:add_user|change_password|authenticate_user)\s{1,3}\S{1,100}\s{1,3})\S+",
    )
    yield _form(
        "htpasswd",
        r"(\bhtpasswd\s[^\n|;]{0,100}?-\w{0,6}b\w{0,6}[ \t][^\n|;]{0,200}[ \t])\S+[ \t]{0,9}$",
    )
    yield _form(
        "chpasswd",
        r"(\b(?:echo|printf)\s[^\n|]{0,80}?[\w.-]{1,64}:)[^\n|]{1,200}?(?=[\"']?\s{0,3}\|\s{0,3}(?:sudo\s)?chpasswd)",
    )
    yield _form("net", r"(\bnet\s{1,3}use\s[^\n]{0,200}?/user:\S{1,100}\s{1,3})\S+")
    yield _form("pass:", r"(\bpass(?:in|out)?[\s:=]{1,3}pass:)\S+")


def _statements() -> Iterator[Form]:
    """Statements and configuration files, where no sign stands between the name and the secret."""
    yield _form(
        "identified",
        r"(\bidentified\s{1,3}(?:with\s{1,3}\S{1,60}\s{1,3})?(?:by|as)\s{1,3})(?:'[^'\n]*'?|\"[^\"\n]*\"?|[^\s;]+)",
    )
    yield _form("password", r"(\bpassword(?:\s{1,3}|\s{0,3}\(\s{0,3})[\"'])[^\"'\n]+")
    yield _form(
        "requirepass masterauth rootpw bindpw community auth_pass auth-pass com2sec",
        r"(\b(?:requirepass|masterauth|(?:olc)?rootpw|bindpw|r[ow]community6?|auth_pass"
        r"|sentinel\s{1,3}auth-pass\s{1,3}\S{1,100}|com2sec6?\s{1,9}\S{1,60}\s{1,9}\S{1,60})"
        r"[\"']?:?[ \t]{0,9}(?:\n[ \t]{0,9}|[ \t])(?:\d{1,4}\)[ \t]{0,4})?)(?!\*\*\*)\S+",
    )
    yield _form(
        "password secret",
        r"(^[ \t]{0,40}(?:[\w-]{1,30}[-_ ])?(?:password|passwd|secret)[ \t]{1,40})"
        r"(?!expired|required|(?:un)?changed|in(?:correct|valid)|mismatch|updated|no\b|yes\b|\*\*\*)"
        r"[^\s=:]\S*[ \t]{0,9}$",
    )
    yield _form("login", r"(\blogin\s{1,4}\S{1,100}\s{1,4}password\s{1,4})\S+")
    yield _form("stats", r"(\bstats\s{1,4}auth\s{1,4}[^\s:]{1,64}:)\S+")
    yield _form('"auth"', r"(\"auth\"(?:\s{1,3}\"[^\"\n]*\")?\s{1,3})\"[^\"\n]*\"?")
    yield _form("user", r"(^\W{0,8}user\s\S{1,100}\s(?:on|off)\s[^\n]{0,80}?[>#])[^\s\"]+")
    # A line of .pgpass: host, port, database, user; not an Ethernet address, not a line of shadow.
    yield _form(
        ":",
        r"(^(?![0-9a-f]{2}:[0-9a-f]{2}:)[^\s:#]{1,255}:(?:\d{2,5}|\*):[^\s:]{1,63}:"
        r"(?!\d{1,63}:)[^\s:]{1,63}:)\S+$",
    )


def _addresses() -> Iterator[Form]:
    """Addresses with a password, a token or a signature in them."""
    yield _form("@", r"(://[^\s/:@\"'<>]{0,64}:)(?!\d{1,5}[/?#])[^\s\"'<>]{1,256}(?=@)")
    yield _form("http", r"(\bhttps?://)[^\s/:@\"'<>]{7,256}(?=@)")
    yield _form("jdbc:oracle", r"(\bjdbc:oracle:\w{1,10}:[^\s/@]{1,64}/)[^\s@]{1,128}(?=@)")
    yield _form(
        "=",
        r"([?&](?:sig|signature|key|code|auth|x-amz-signature|x-amz-security-token)=)[^&\s\"']+",
    )
    yield _form("hooks.slack.com", r"(\bhooks\.slack\.com/(?:services|workflows)/)[\w/]+")
    yield _form("/webhooks/", r"(/api/webhooks/\d{1,30}/)[\w-]+")
    yield _form("webhook.office", r"(\bwebhook\.office\.com/)[^\s\"']+")


def _looks() -> Iterator[Form]:
    """Tokens that are known by their looks."""
    yield _form("akia asia agpa aroa", r"()\b(?:akia|asia|agpa|aroa)[a-z0-9]{16}\b")
    yield _form("gh github_pat", r"()\b(?:gh[pousr]_[a-z0-9]{20,}|github_pat_\w{20,})")
    yield _form("gl", r"()gl(?<!\wgl)[a-z]{1,8}-[\w-]{20,}")
    yield _form("xox xapp", r"()\b(?:xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,})")
    yield _form("hvs. hvb. hvr. npm_", r"()\b(?:hv[sbr]\.[\w-]{20,}|npm_[a-z0-9]{30,})")
    yield _form(
        "k_live k_test aiza ya29. sg.",
        r"()\b(?:[sr]k_(?:live|test)_\w{10,}|aiza[\w-]{35}|ya29\.[\w-]{20,}|sg\.[\w-]{16,}\.[\w-]+)",
    )
    yield _form(
        "sk- dop_v1_ pypi- dckr_pat_",
        r"()\b(?:sk-[\w-]{20,}|dop_v1_\w{40,}|pypi-[\w-]{40,}|dckr_pat_[\w-]{20,})",
    )
    yield _form("age-secret-key", r"()\bage-secret-key-1\w+")
    yield _form(":", r"()(?<!\d)[0-9]{8,10}:[a-z0-9_-]{35}(?![\w-])")
    yield _form("eyj", r"()\beyj[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)*")


def _hashes() -> Iterator[Form]:
    """Hashes of passwords, which can be guessed at leisure."""
    yield _form(
        "$",
        r"()\$(?:1|2[abxy]?|5|6|7|y|gy|a|apr1|argon2\w{0,2}|scrypt|pbkdf2[\w-]{0,10})\$[^\s:\"']{8,}",
    )
    yield _form("scram-sha-", r"()\bscram-sha-(?:1|256|512)\$[^\s\"']+")
    yield _form(
        "sha md5 crypt} pbkdf2", r"(\{(?:s?sha\d{0,3}|s?md5|crypt|pbkdf2[\w-]{0,10})\})[^\s\"']+"
    )
    yield _form("md5", r"()\bmd5[0-9a-f]{32}\b")
    yield _form("*", r"()(?<![\w*])\*[0-9a-f]{40}\b")
    yield _form("#", r"()(?<=\s)#[0-9a-f]{64}\b")


FORMS = tuple(_forms())
"""All of them, in the order in which they are taken out."""

_WORDS = frozenset(word for form in FORMS for word in form.words)
_NAMES = frozenset(_KEY_WORDS.split())
_ELSEWHERE = frozenset(word for form in FORMS if form.words != _NAMES for word in form.words)
_NAMED = re.compile(_KEYS)


def words_in(lower: str) -> Set[str]:
    """The words of the forms that are in a text of small letters; a text that has none holds no
    secret of these forms.

    Most of them are the first letters of a name for secrets: where no such name follows (`pw` in
    `zswpwb`) they do not count, unless they are words of other forms, too.
    """
    present = {word for word in _WORDS if word in lower}
    if not any(_is_named(lower, word) for word in present & _NAMES):
        present -= _NAMES - _ELSEWHERE
    return present


def _is_named(lower: str, word: str) -> bool:
    at = lower.find(word)
    while at >= 0:
        # A name may begin before its word (`storepass`); none is so long as what is looked at.
        if _NAMED.search(lower, max(at - 8, 0), at + 50):
            return True
        at = lower.find(word, at + 1)
    return False
