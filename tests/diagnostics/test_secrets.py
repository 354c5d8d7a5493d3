"""Secrets that a command prints are not in the evidence; what is no secret is."""

import random
import string
import time

import pytest

from tests.diagnostics.given import job_on, step
from tests.sshd import SshServer
from watcher.diagnostics.run import diagnose
from watcher.kit.clock import Clock
from watcher.kit.redact import redact
from watcher.kit.secrets import Secret, known_values

# Each text with its secret; the secret stands for itself wherever it is cut or repeated.
B64 = "c2VjcmV0LXZhbHVlLWluLWJhc2U2NA=="
PEM_BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
HASH = "$6$rounds=5000$saltsalt$Jwh4Hn9yLbTPzG1WLqvUl3FYVXRO7rV8uOXH0mYVbG"
CORPUS = [
    ("password=hunter2x", "hunter2x"),
    ("password = 'hunter two'", "hunter two"),
    ("db.password: hunter2 with spaces", "hunter2 with spaces"),
    ('{"user": "a", "client_secret": "hun\\"ter2", "b": 1}', 'hun\\"ter2'),
    ("DB_PASS=hunter2 DB_HOST=db1", "hunter2"),
    ("export PGPASSWORD=hunter2; psql", "hunter2"),
    ("java -Dspring.datasource.password=hunter2 -jar app.jar", "hunter2"),
    ("backup --password hunter2 --verbose", "hunter2"),
    ("backup --api-key=hunter2 --verbose", "hunter2"),
    ("mysql -u root -phunter2 -h db1", "hunter2"),
    ("mysqldump --single-transaction -phunter2 shop", "hunter2"),
    ("sqlcmd -S db1 -U sa -P hunter2 -Q 'select 1'", "hunter2"),
    ("sshpass -p hunter2 ssh root@db1", "hunter2"),
    ("redis-cli -h db1 -a hunter2 info", "hunter2"),
    ("ldapsearch -D cn=admin -w hunter2 -b dc=x", "hunter2"),
    ("curl -s -u admin:hunter2 https://example.org", "hunter2"),
    ("sqlplus system/hunter2@orcl", "hunter2"),
    ("openssl rsa -in key -passin pass:hunter2", "hunter2"),
    ("redis://user:hunter2@db1:6379/0", "hunter2"),
    ("postgresql+psycopg://app:hun@ter2@db1/shop", "hun@ter2"),
    ("amqp://:hunter2@mq1/", "hunter2"),
    ("Server=db1;User Id=sa;Password=hunter2;Encrypt=yes", "hunter2"),
    ("AccountName=x;AccountKey=aHVudGVyMg==;EndpointSuffix=core", "aHVudGVyMg=="),
    ("GET /blob?sv=2020&sig=hunter2%3D HTTP/1.1", "hunter2%3D"),
    ("Authorization: Bearer hunter2-hunter2", "hunter2-hunter2"),
    ("Authorization: Basic YWRtaW46aHVudGVyMg==", "YWRtaW46aHVudGVyMg=="),
    ("curl -H 'Authorization: Token hunter2'", "hunter2"),
    ("sent bearer hunter2hunter2", "hunter2hunter2"),
    ("X-Vault-Token: hunter2", "hunter2"),
    ("Set-Cookie: session=hunter2; Path=/", "hunter2"),
    ("aws_access_key_id AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI/K7MDENG"),
    (
        "remote: ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    ),
    ("gitlab glpat-hunter2hunter2hunter2", "glpat-hunter2hunter2hunter2"),
    ("slack xoxb-123456789012-hunter2", "xoxb-123456789012-hunter2"),
    ("https://hooks.slack.com/services/T00/B00/hunter2", "hunter2"),
    ("bot 123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1", "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"),
    (f"jwt {JWT}", JWT),
    (f"root:{HASH}:19000:0:99999:7:::", HASH),
    ("ALTER USER app IDENTIFIED BY 'hunter2';", "hunter2"),
    ("CREATE ROLE app PASSWORD 'hunter2'", "hunter2"),
    ("requirepass hunter2", "hunter2"),
    ("machine example.org login me password hunter2", "hunter2"),
    ("rocommunity hunter2 10.0.0.0/8", "hunter2"),
    (f'{{"auths": {{"r": {{"auth": "{B64}"}}}}}}', B64),
    (f"kind: Secret\nmetadata:\n  name: x\ndata:\n  whatever: {B64}\n", B64),
    (f"-----BEGIN PRIVATE KEY-----\n{PEM_BODY}\n{PEM_BODY}\n-----END PRIVATE KEY-----", PEM_BODY),
    (f"-----BEGIN OPENSSH PRIVATE KEY-----\n{PEM_BODY}\n{PEM_BODY}", PEM_BODY),
    (f"{PEM_BODY}\n{PEM_BODY}\nx4Q=\n-----END RSA PRIVATE KEY-----", PEM_BODY),
    (f'key: "-----BEGIN PRIVATE KEY-----\\n{PEM_BODY}\\n-----END PRIVATE KEY-----\\n"', PEM_BODY),
]

HARMLESS = [
    "Failed password for root from 10.0.0.5 port 22 ssh2",
    "10:02:03 sshd[123]: Accepted publickey for app from 10.0.0.5 port 41234",
    "see https://example.org:8443/path/to?page=2 for more",
    "/dev/vda1   41152736 39012345   12345  100% /var",
    'tcp LISTEN 0 128 0.0.0.0:5432 users:(("postgres",pid=12,fd=3))',
    "Out of memory: Killed process 4242 (java) total-vm:8388608kB, anon-rss:4194304kB",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "commit 3a7bd3e2360a3d29eea436fcfb7e44c735d117c4",
    "kworker/u8:0-ext4-rsv-conversion",
    "nginx: worker process -p 80",
    "2026-11-22T13:08:10Z",
    "=== 12 tests passed: 12 in 3 s, bypassed=0 ===",
    "Basic authentication is required; bearer of bad news",
    "user@example.org wrote: it is slow",
    "mysql  4242  0.5  1.2 /usr/sbin/mysqld --port=3306 --datadir=/var/lib/mysql",
]


@pytest.mark.parametrize(("text", "secret"), CORPUS, ids=[text[:30] for text, _ in CORPUS])
def test_a_usual_secret_is_masked(text: str, secret: str) -> None:
    """The value goes, a mask shows that there was one."""
    redacted = redact(f"before\n{text}\nafter")

    assert secret not in redacted
    assert "***" in redacted
    assert redacted.startswith("before\n")
    assert redacted.endswith("after")


def test_the_names_of_secrets_stay() -> None:
    """Which password it was remains readable, and so does what stands beside it."""
    assert redact("DB_PASS=x1y2 DB_HOST=db1") == "DB_PASS=*** DB_HOST=db1"
    assert redact("redis://u:x1@db1:6379/0") == "redis://u:***@db1:6379/0"
    assert redact('{"token": "abc", "ttl": 5}') == '{"token": ***, "ttl": 5}'


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text: str) -> None:
    """Ordinary lines of logs and tables are left alone."""
    assert redact(text) == text


def test_no_planted_secret_is_stored(server: SshServer) -> None:
    """Printed by commands on a real host, none of fifty secrets reaches the evidence."""
    quoted = ["'" + text.replace("'", "'\\''") + "'" for text, _ in CORPUS]
    steps = [
        step(f"printf '%s\\n' {text}; printf '%s\\n' {text} >&2", f"s{number}")
        for number, text in enumerate(quoted)
    ]
    diagnosis = diagnose(job_on(server, *steps, timeout=120), Clock())

    assert len(CORPUS) == len(diagnosis.steps)
    leaked = [
        text
        for (text, secret), result in zip(CORPUS, diagnosis.steps, strict=True)
        if secret in result.output or "***" not in result.output
    ]
    assert leaked == []


def test_own_secrets_are_known_by_their_value() -> None:
    """A secret held anywhere in the process is masked, as it is and as it may be written."""
    held = [Secret('sesame "open" 1'), Secret("line one\nline two\n"), Secret("abc")]
    written = 'sesame "open" 1|sesame%20%22open%22%201|sesame \\"open\\" 1|line two|abc'

    assert redact(written) == "***|***|***|***|abc"
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


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "password",
        "password=",
        "mysql ",
        "://",
        "eyJ",
        "-----BEGIN PRIVATE KEY-----\n",
        "QUJD" * 20 + "\n",
        "kind: Secret\n a: b\n",
        "$6$",
        " --password",
        "authorization: ",
        "'",
        "\\",
    ],
)
def test_redaction_takes_time_in_proportion(unit: str) -> None:
    """No repeated text makes a pattern slow: 64 KiB take well under a second each."""
    text = unit * (65_536 // len(unit))
    began = time.process_time()
    redact(text)

    assert time.process_time() - began < 2


def test_redaction_of_noise_is_quick_and_harmless() -> None:
    """Random text of 64 KiB is through in a fraction of a second."""
    chance = random.Random(7)
    text = "".join(chance.choices(string.ascii_lowercase + " \n:/=-", k=65_536))
    began = time.process_time()
    redact(text)

    assert time.process_time() - began < 2
