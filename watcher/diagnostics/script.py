"""Builds the one script that a diagnosis sends to `sh -s`: every step framed, timed and capped.

A frame is a line of its own: 0x1E, the nonce, a space and a header. The nonce is new for every run
and is never handed to a step, so no output can forge a frame. The script keeps the connection's
stdin open as a dead-man switch: when it ends, everything that was started is killed.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from watcher.diagnostics.render import Rendered
from watcher.model.runbook import Step

HARD_CAP = 4 * 1024 * 1024
"""A step that has written this many bytes is stopped."""

REQUIRED = ("timeout", "awk", "head")
"""What a host must have, or else nothing is begun there."""

# The shell must have read the whole script before the first step runs, because from then on its
# stdin is the dead-man switch: hence the functions, called on the very last line.
_PRELUDE = r"""
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C.UTF-8 LANG=C.UTF-8 TERM=dumb COLUMNS=200 NO_COLOR=1
PAGER=cat SYSTEMD_PAGER= SYSTEMD_COLORS=0
export PATH LC_ALL LANG TERM COLUMNS NO_COLOR PAGER SYSTEMD_PAGER SYSTEMD_COLORS
unset HISTFILE
umask 077
cd /
exec 3>&1

w_frame() { printf '\n\036%s %s\n' "$W_N" "$*" >&3; }

for w_x in REQUIRED; do
  command -v "$w_x" >/dev/null 2>&1 || { w_frame X "$w_x"; exit 96; }
done
W_SETSID=
if command -v setsid >/dev/null 2>&1; then W_SETSID=setsid; fi

# w_have ID COMMAND…: whether all commands are there; if not, says so in a frame.
w_have() {
  w_id=$1
  shift
  for w_x do
    command -v "$w_x" >/dev/null 2>&1 || { w_frame U "$w_id" "$w_x"; return 1; }
  done
}

# w_cap HEAD TAIL: passes on both ends of its input; reports bytes read and bytes dropped on fd 4.
w_cap() {
  LC_ALL=C awk -v H="$1" -v T="$2" '
    BEGIN { first = last = 0 }
    {
      n = length($0) + 1
      size += n
      if (!full && kept + n <= H) { kept += n; print; next }
      full = 1
      if (n > T + 1) {
        cut += n - 1 - T
        $0 = substr($0, 1, T) " [... " (n - 1 - T) " bytes of this line elided ...]"
        n = T + 1
      }
      ring[last++] = $0
      sizes[last - 1] = n
      held += n
      while (held > T && last - first > 1) {
        held -= sizes[first]; bytes += sizes[first]; lines++
        delete ring[first]; delete sizes[first]; first++
      }
    }
    END {
      if (lines) print "[... " lines " lines / " bytes " bytes elided ...]"
      for (i = first; i < last; i++) print ring[i]
      print "size=" size + 0, "dropped=" bytes + cut > "/dev/stderr"
    }' 2>&4
}

# w_run ID SECONDS BYTES HEAD TAIL: runs $W_S. Its process group ends with the step, with its time,
# or when stdin (fd 9) does, which also ends everything else.
w_run() {
  w_frame B "$1"
  w_r=$({ {
    $W_SETSID timeout -k 2 "$2" sh -c "$W_S" </dev/null 2>&1 3>&- 4>&- 9>&- &
    w_p=$!
    { read -r w_x; kill -9 "-$w_p"; kill -9 0; } <&9 >/dev/null 3>&- 4>&- &
    w_dog=$!
    wait "$w_p"
    w_rc=$?
    kill -9 "-$w_p" "$w_dog"
    wait "$w_dog"
    echo "code=$w_rc" >&4
  } 2>/dev/null | head -c "$3" | w_cap "$4" "$5" >&3; } 4>&1)
  w_frame E "$1" $w_r
}

# While a step holds its output open beyond its end, this is what ends the script with stdin; a
# watchdog of a step is quicker, so that it still has a chance to end the step.
w_guard() { read -r w_x; sleep 1; kill -9 0; }

main() {
  w_guard <&9 >/dev/null 2>&1 3>&- &
  w_guard=$!
  w_steps
  { kill -9 "$w_guard"; wait "$w_guard"; } 2>/dev/null
  w_frame Z
  exit 0
}
"""


@dataclass(frozen=True, slots=True)
class Command:
    """A step ready to run."""

    step: Step
    rendered: Rendered


def build(commands: Sequence[Command]) -> str:
    """The script without its nonce, which `with_nonce` puts in front; the same for the same run."""
    steps = "\n".join(_step(command) for command in commands)
    prelude = _PRELUDE.replace("REQUIRED", " ".join(REQUIRED))
    return f"{prelude}\nw_steps() {{\n{steps}\n}}\nexec 9<&0 </dev/null; main\n"


def with_nonce(script: str, nonce: str) -> str:
    """The script as it is sent."""
    return f"W_N={nonce}\n{script}"


def _step(command: Command) -> str:
    step, rendered = command.step, command.rendered
    exports = [
        f"W_{n}={shlex.quote(value)}; export W_{n}" for n, value in enumerate(rendered.values, 1)
    ]
    limits = f"{step.timeout:g} {HARD_CAP} {step.head} {step.tail}"
    lines = [
        *exports,
        f"W_S={shlex.quote(rendered.text)}",
        f"if w_have {step.id}{''.join(f' {shlex.quote(name)}' for name in step.needs)}; then",
        f"w_run {step.id} {limits}",
        "fi",
    ]
    return "\n".join(lines)
