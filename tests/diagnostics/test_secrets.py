"""Secrets that a command prints are not in the evidence, through a real host and into the store."""

import json
from dataclasses import asdict, replace
from typing import Any

from tests.diagnostics.given import diagnosed, job_on, step
from tests.kit.planted import PLANTED
from tests.sshd import SshServer
from watcher.kit.secrets import Secret
from watcher.model.evidence import Diagnosis


def diagnosis_of(server: SshServer, texts: list[str], **limits: Any) -> Diagnosis:
    """What is kept of steps that print these texts, to both ends."""
    steps = [
        step(f"printf '%s\\n' {quoted}; printf '%s\\n' {quoted} >&2", f"s{number}")
        for number, quoted in enumerate("'" + text.replace("'", "'\\''") + "'" for text in texts)
    ]
    return diagnosed(job_on(server, *steps, timeout=120, **limits))


def kept(diagnosis: Diagnosis) -> str:
    """All that is kept of it, as text."""
    return json.dumps(asdict(diagnosis), default=str, ensure_ascii=False)


def test_no_planted_secret_is_kept(server: SshServer) -> None:
    """Printed by commands on a real host, none of them is in any field of the diagnosis."""
    diagnosis = diagnosis_of(server, ["\n".join(("first", text, "last")) for text, _ in PLANTED])

    assert len(PLANTED) == len(diagnosis.steps)
    leaked = [
        text
        for (text, secret), result in zip(PLANTED, diagnosis.steps, strict=True)
        if secret in kept(replace(diagnosis, steps=(result,))) or "***" not in result.output
    ]
    assert leaked == []


def test_no_secret_of_our_own_is_kept(server: SshServer) -> None:
    """What this process or the job holds is masked by its value, even where a cap cuts it."""
    held = Secret("correct-horse-battery-staple")
    texts = [f"the word is {held.reveal()}!", "x" * 16_370 + held.reveal() + "y" * 40_000]
    diagnosis = diagnosis_of(server, texts)

    assert diagnosis.steps[0].output.splitlines()[0] == "the word is ***!"
    assert "correct" not in kept(diagnosis)
