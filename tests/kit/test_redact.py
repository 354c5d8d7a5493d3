"""Secrets in what commands print are masked, in more than two hundred shapes; the rest stays."""

import base64
import random
import string
import time
from urllib.parse import quote

import pytest

from tests.kit.planted import B64, HARMLESS, PEM_BODY, PLANTED
from watcher.kit.redact import redact
from watcher.kit.secrets import Secret, known_values

SESAME = "open sesame 1?'&<\"ü"


@pytest.mark.parametrize(("text", "secret"), PLANTED, ids=range(len(PLANTED)))
def test_a_usual_secret_is_masked(text: str, secret: str) -> None:
    """The value goes, a mask shows that there was one, and the lines around it stay."""
    redacted = redact(f"before\n{text}\nafter")

    assert secret not in redacted
    assert "***" in redacted
    assert redacted.startswith("before\n")
    assert redacted.endswith("\nafter")
    assert secret not in redact(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text: str) -> None:
    """Ordinary lines of logs and tables are left alone."""
    assert text == redact(text)


def test_the_names_of_secrets_stay() -> None:
    """Which password it was remains readable, and so does what stands beside it."""
    assert redact("DB_PASS=x1y2 DB_HOST=db1") == "DB_PASS=*** DB_HOST=db1"
    assert redact("redis://u:x1@db1:6379/0") == "redis://u:***@db1:6379/0"
    assert redact('{"token": "abc", "ttl": 5}') == '{"token": ***, "ttl": 5}'
    assert redact("?user=a&password=b&ssl=true") == "?user=a&password=***&ssl=true"
    assert redact("Uid=a;Pwd=b c;Encrypt=yes") == "Uid=a;Pwd=***;Encrypt=yes"
    assert redact("mysql -u root -pb shop") == "mysql -u root -p*** shop"


def test_capitals_that_grow_when_small_move_nothing() -> None:
    """A letter whose small form is longer does not shift what is masked."""
    assert redact("İİİ password=hunter2 İ") == "İİİ password=*** İ"


@pytest.mark.parametrize("prefix", ["", "  ", "  | ", "Nov 22 18:00:01 db1 app[12]: ", '"', "> "])
@pytest.mark.parametrize("kind", ["", "RSA ", "OPENSSH ", "EC ", "ENCRYPTED "])
def test_private_keys_go_whatever_stands_before_their_lines(prefix: str, kind: str) -> None:
    """Whole, without an end, without a beginning: no line of the body is left."""
    head, foot = f"-----BEGIN {kind}PRIVATE KEY-----", f"-----END {kind}PRIVATE KEY-----"
    body = [PEM_BODY, PEM_BODY[::-1], "x4Q="]
    whole = "\n".join(prefix + line for line in ["first", head, *body, foot, "last"])

    for text in (whole, whole.replace(foot, "gone"), whole.replace(head, "gone")):
        redacted = redact(text)
        assert PEM_BODY not in redacted
        assert PEM_BODY[::-1] not in redacted
        assert redacted.startswith(f"{prefix}first\n")
        assert redacted.endswith(f"{prefix}last")


def test_a_certificate_is_no_key() -> None:
    """What a server shows to everybody stays readable."""
    text = f"-----BEGIN CERTIFICATE-----\n{PEM_BODY}\n-----END CERTIFICATE-----"

    assert text == redact(text)


def test_a_manifest_of_a_secret_keeps_its_names() -> None:
    """Of a Kubernetes Secret the names of the entries stay; a ConfigMap is nobody's secret."""
    text = f"kind: Secret\ndata:\n  user: {B64}\n  conf: |\n    line one\nmetadata:\n  name: x\n"

    assert redact(text) == (
        "kind: Secret\ndata:\n  user: ***\n  conf: ***\n    ***\nmetadata:\n  name: x\n"
    )
    assert redact(f"kind: ConfigMap\ndata:\n  user: {B64}") == (
        f"kind: ConfigMap\ndata:\n  user: {B64}"
    )


@pytest.mark.parametrize(
    "written",
    [
        SESAME,
        quote(SESAME),
        quote(SESAME, safe=""),
        "open+sesame+1%3F%27%26%3C%22%C3%BC",
        "open sesame 1?'&<\\\"\\u00fc",
        "open sesame 1?&#x27;&amp;&lt;&quot;ü",
        "open sesame 1?'\\''&<\"ü",
        SESAME.encode().hex(),
        "open ses\name 1?'&<\"ü",
        "open sesa\\\n    me 1?'&<\"ü",
    ],
)
def test_own_secrets_are_known_however_they_are_written(written: str) -> None:
    """A secret held anywhere in the process is masked in addresses, JSON, HTML, shells, wrapped."""
    held = Secret(SESAME)

    assert redact(f"x {written} y") == "x *** y"
    assert held


@pytest.mark.parametrize("before", ["", "u", "me", "app:", "admin:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_own_secrets_are_known_in_base64(before: str, encode: object) -> None:
    """Wherever in a coded text the secret begins, nothing that would give it away is left."""
    assert callable(encode)
    value = "correct-horse-battery-staple?>~"
    coded: str = encode((before + value + "!").encode()).decode()
    redacted = redact(f"x {coded} y", [value])

    assert "***" in redacted
    rest = redacted.removeprefix("x ").removesuffix(" y").replace("***", "")
    assert len(rest) <= len(base64.b64encode(before.encode())) + 4


def test_own_secrets_of_several_lines() -> None:
    """Each line of a secret counts, one that is too short to be told from words does not."""
    held = [Secret("line one\nline two\n"), Secret("abc")]

    assert redact("a line two b, abc") == "a *** b, abc"
    assert {"abc", "line one\nline two\n"} <= known_values()
    del held
    assert "abc" not in known_values()


def test_the_frame_of_a_key_is_no_secret() -> None:
    """Of a private key that is held, the lines are masked; a row of dashes is only that."""
    held = Secret(f"-----BEGIN PRIVATE KEY-----\n{PEM_BODY}\n-----END PRIVATE KEY-----\n")

    assert redact(f"--------\n{PEM_BODY}\n--------") == "--------\n***\n--------"
    assert held


def test_an_own_secret_that_is_cut_off_is_masked() -> None:
    """The first half of a secret at the very end of a text is a secret."""
    assert redact("xyz correct-horse", ["correct-horse-battery"]) == "xyz ***"
    assert redact("xyz cor", ["correct-horse-battery"]) == "xyz cor"


def test_a_secret_does_not_show_itself() -> None:
    """Printing, formatting and storing a secret give nothing away."""
    secret = Secret("open sesame")

    assert "*** ***" == f"{secret} {secret!r}"
    assert secret.reveal() == "open sesame"
    assert (bool(secret), bool(Secret(""))) == (True, False)
    with pytest.raises(TypeError, match="not to be stored or sent"):
        secret.__reduce__()


UNITS = [
    "a",
    "password",
    "password=",
    "password=,",
    "password '",
    'password\\"',
    "mysql ",
    "snmpget -",
    "://",
    "a:",
    ":12:",
    "eyJ",
    "-----BEGIN PRIVATE KEY-----\n",
    "-----END PRIVATE KEY-----\n",
    "-----BEGIN PRIVATE KEY-----" + "\n",
    "b3BlbnNzaC1rZXktdjE",
    "QUJD" * 20 + "\n",
    "QUJD" * 20,
    "kind: Secret\n a: b\n",
    "kind: Secret\ndata:\n a: b\n",
    'kind: Secret "data": {',
    "$6$",
    " --password",
    "authorization: ",
    "'",
    "\\",
    "\n",
    " ",
    "*",
    "user a on ",
    "пароль ",
    "<password>",
    'name="password',
    "İpassword",
]


@pytest.mark.parametrize("unit", UNITS)
def test_redaction_takes_time_in_proportion(unit: str) -> None:
    """No repeated text makes a pattern slow: twice the text takes no more than thrice the time."""
    half, whole = (unit * (size // len(unit)) for size in (32_768, 65_536))

    assert cpu(whole) < 3 * cpu(half) + 0.3


def test_redaction_of_noise_is_quick_and_harmless() -> None:
    """Random text of 64 KiB is through in a fraction of a second."""
    chance = random.Random(7)
    text = "".join(chance.choices(string.ascii_lowercase + " \n:/=-", k=65_536))

    assert cpu(text) < 1


def cpu(text: str) -> float:
    """The seconds of processor time that redacting this takes."""
    began = time.process_time()
    redact(text)
    return time.process_time() - began


def test_letters_of_a_name_that_are_none_hide_nothing_and_cost_nothing() -> None:
    """`pw` in another word is no name; one true name among many is found."""
    text = "zswpwb 12\nbypass: on\nnetpwr=3\n" * 20

    assert text == redact(text)
    assert f"{text}storepassx=***" == redact(f"{text}storepassx=hidden-thing")


def test_the_first_half_of_a_secret_is_taken_out_where_letters_repeat() -> None:
    """However often the last letter of the text stands in the secret."""
    assert "a ***" == redact("a tattatta", ["tattattattar-tat"])
    assert "a tat" == redact("a tat", ["tattattattar-tat"])
