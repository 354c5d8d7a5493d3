"""Posts a body to a source as its monitoring system would, with what the source asks for."""

import hashlib
import hmac
from base64 import b64encode
from datetime import datetime

import orjson

from watcher.kit.http import Door, HttpError, Reach
from watcher.policy.endpoints import Source


class PostError(Exception):
    """The body was not taken; the text says why."""


def post(base: str, source: Source, body: bytes, now: datetime) -> str:
    """The delivery's id. Raises PostError."""
    headers = {"Content-Type": "application/json", **_proof(source, body, now)}
    door = Door(reach=Reach(private=True))
    try:
        answer = door.call("POST", f"{base}/hooks/{source.name}", headers=headers, body=body)
    except HttpError as error:
        raise PostError(str(error)) from error
    said = answer.body.decode(errors="replace")
    if answer.status != 202:  # noqa: PLR2004 - what a hook answers
        raise PostError(f"answered {answer.status}: {said}")
    try:
        return str(orjson.loads(said)["delivery"])
    except (ValueError, KeyError, TypeError) as error:
        raise PostError(f"what answers at {base} is not Watcher") from error


def _proof(source: Source, body: bytes, now: datetime) -> dict[str, str]:
    """The headers that let a sender in."""
    auth = source.auth
    headers = {}
    if auth.bearer is not None:
        headers["Authorization"] = f"Bearer {auth.bearer.reveal()}"
    elif auth.basic is not None:
        pair = f"{auth.basic.user}:{auth.basic.password.reveal()}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    elif auth.header is not None:
        headers[auth.header.name] = auth.header.value.reveal()
    if auth.hmac is not None:
        signed = body
        if auth.hmac.timestamp_header is not None:
            stamp = str(int(now.timestamp()))
            headers[auth.hmac.timestamp_header] = stamp
            signed = stamp.encode() + b":" + body
        key = auth.hmac.secret.reveal().encode()
        headers[auth.hmac.header] = hmac.new(key, signed, hashlib.sha256).hexdigest()
    return headers
