"""Load by wrk on one thread: it makes a new body for each request and costs a few microseconds."""

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.bodies import GAPS, filled

# A request is text with gaps; `per` gaps make one alert, which has one number.
_SCRIPT = """
local format, concat = string.format, table.concat
local parts, gaps, per = { %(parts)s }, { %(gaps)s }, %(per)d
local first, last = %(first)d, %(last)d
local number = first - 1

function request()
  local texts
  for i = 1, #gaps do
    if (i - 1) %% per == 0 then
      number = number < last and number + 1 or first
      texts = { %(texts)s }
    end
    parts[2 * i] = texts[gaps[i]]
  end
  return concat(parts)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(format(
    'RESULT {"requests": %%d, "seconds": %%f, "p50": %%f, "p99": %%f, "errors": %%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""

# Requests are due at a steady rate; a connection waits until the next one is.
_PACE = """
local ffi = require("ffi")
ffi.cdef("struct tv { long s; long us; }; int gettimeofday(struct tv *, void *);")
local tv, due = ffi.new("struct tv"), 0

function delay()
  ffi.C.gettimeofday(tv, nil)
  local now = tonumber(tv.s) * 1000 + tonumber(tv.us) / 1000
  due = math.max(due, now - 1000) + 1000 / %d
  return math.max(0, due - now)
end
"""


@dataclass(frozen=True)
class Load:
    """What to post where. Alerts are numbered from `first`, and from there again after `last`."""

    url: str
    template: str
    headers: Mapping[str, str] = field(default_factory=dict)
    first: int = 1
    last: int = 10**10 - 1
    connections: int = 32
    rate: int | None = None


@dataclass(frozen=True)
class Answers:
    """What came back; times in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    errors: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def post(load: Load, seconds: int) -> Answers:
    """Posts for so long, each connection as fast as it is answered unless a rate is given."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_script(load))
        script.flush()
        command = ["wrk", "-t1", f"-c{load.connections}", f"-d{seconds}s", "--timeout", "20s"]
        out = subprocess.run(
            [*command, "-s", script.name, load.url], capture_output=True, check=True, text=True
        ).stdout
    found = re.search(r"RESULT (.*)", out)
    assert found, out
    return Answers(**json.loads(found[1]))


def _script(load: Load) -> str:
    gaps = list(GAPS)
    texts = re.split("(" + "|".join(gaps) + ")", _request(load))
    places = [str(gaps.index(gap) + 1) for gap in texts[1::2]]
    script = _SCRIPT % {
        "parts": ", ".join(map(json.dumps, texts)),
        "gaps": ", ".join(places),
        "per": len(places) // load.template.count('"alertname"'),
        "first": load.first,
        "last": load.last,
        "texts": ", ".join(
            f'format("%0{digits}d", number % {modulo})' for digits, modulo in GAPS.values()
        ),
    }
    return script + (_PACE % load.rate if load.rate else "")


def _request(load: Load) -> str:
    host, _, path = load.url.removeprefix("http://").partition("/")
    headers = {
        "Host": host,
        "Content-Type": "application/json",
        "Content-Length": str(len(filled(load.template, 0))),
        **load.headers,
    }
    lines = [f"POST /{path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", load.template])
