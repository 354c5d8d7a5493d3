"""Builds the one script that a diagnosis sends to `sh -s`: every step framed, timed and capped.

A frame is a line of its own: 0x1E, the nonce, a space and a header. The nonce is new for every run
and is never handed to a step, so no output can forge a frame. The script keeps the connection's
stdin open as a dead-man switch: when it ends, everything that was started is killed.
"""

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from watcher.diagnostics.conditions import condition
from watcher.diagnostics.render import Rendered
from watcher.model.matcher import Matcher
from watcher.model.runbook import FACTS, Shell, Step, Sudo, Weight

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
unset HISTFILE ENV BASH_ENV
set -f
umask 077
cd /
exec 3>&1 6>/dev/null

w_frame() { printf '\n\036%s %s\n' "$W_N" "$*" >&3; }

for w_x in REQUIRED; do
  command -v "$w_x" >/dev/null 2>&1 || { w_frame X "$w_x"; exit 96; }
done
# That of GNU makes a process group itself.
W_GROUP=
case $(timeout --version 2>/dev/null) in
  *'GNU coreutils'*) ;;
  *) if command -v setsid >/dev/null 2>&1; then W_GROUP=setsid; fi ;;
esac

# What the host says of itself: F_… here, and a frame for us. Its files are read, never run.
w_facts() {
  F_os_id= F_os_family= F_os_version= F_init=other F_container=none
  w_file=/etc/os-release
  [ -r "$w_file" ] || w_file=/usr/lib/os-release
  w_like=
  if [ -r "$w_file" ]; then
    while IFS== read -r w_x w_y || [ -n "$w_x" ]; do
      w_y=${w_y#[\"\']}
      w_y=${w_y%[\"\']}
      case $w_x in
        ID) F_os_id=$w_y ;;
        ID_LIKE) w_like=$w_y ;;
        VERSION_ID) F_os_version=$w_y ;;
      esac
    done <"$w_file"
  fi
  for w_x in $F_os_id $w_like; do
    case $w_x in
      debian | ubuntu) F_os_family=debian ;;
      rhel | fedora | centos | amzn) F_os_family=rhel ;;
      suse | sles | opensuse*) F_os_family=suse ;;
      alpine | arch | gentoo) F_os_family=$w_x ;;
    esac
    [ -z "$F_os_family" ] || break
  done
  F_os_family=${F_os_family:-$F_os_id}
  w_x=$(uname -rm)
  F_kernel=${w_x% *}
  F_arch=${w_x##* }
  F_user=${LOGNAME:-$(id -un)}
  if [ -d /run/systemd/system ]; then
    F_init=systemd
  elif [ -d /run/openrc ]; then
    F_init=openrc
  fi
  if [ -r /run/systemd/container ]; then
    read -r F_container </run/systemd/container
  elif [ -e /.dockerenv ]; then
    F_container=docker
  elif [ -e /run/.containerenv ]; then
    F_container=podman
  fi
  w_frame F
  for w_x in FACTS; do
    eval "printf '%s=%s\n' $w_x \"\$F_$w_x\"" >&3
  done
  printf 'clock=%s\n' "$(date '+%s.%N')" >&3
}

# w_all COMMAND…: whether all commands are there; the one that is not is w_lack.
w_all() {
  for w_x do
    command -v "$w_x" >/dev/null 2>&1 || { w_lack=$w_x; return 1; }
  done
}

# w_have ID COMMAND…: the same, said in a frame.
w_have() {
  w_id=$1
  shift
  w_all "$@" || { w_frame U "$w_id" "$w_lack"; return 1; }
}

# w_unfit ID: says that no text of the step is for this host.
w_unfit() { if [ -n "$w_lack" ]; then w_frame U "$1" "$w_lack"; else w_frame S "$1"; fi; }

# w_now: $w_t becomes the time in seconds since some moment.
w_now() {
  if read -r w_t w_x </proc/uptime; then w_t=${w_t%.*}; else w_t=$(date +%s); fi 2>/dev/null
}

# w_may RUNBOOK SECONDS CEILING: how long a step may take of the time that its runbook has left.
w_may() {
  eval "w_x=\$W_LEFT_$1"
  w_limit=$2 w_whole=
  [ "$w_x" -gt 0 ] || return 1
  if [ "$3" -gt "$w_x" ]; then w_limit=$w_x w_whole=whole; fi
  w_now
  w_then=$w_t
}
w_took() { w_now; eval "W_LEFT_$1=\$((W_LEFT_$1 - w_t + w_then))"; }

# w_cap: passes on both ends of its input. Mostly that fits into the first: then nothing else is
# begun. A dd that does not know how to fill its block says so before it reads.
w_cap() {
  case $(dd bs="$w_head" count=1 iflag=fullblock 2>&1 >&3) in
    0+*) ;;
    1+0*) head -c "$((w_most - w_head))" | w_ends 0 "$w_head" ;;
    *) head -c "$w_most" | w_ends "$w_head" 0 ;;
  esac
}

# w_ends HEAD SEEN: the same; reports bytes read and bytes dropped on fd 4. Where the first end was
# SEEN already, what comes first is the rest of a line, which is finished.
w_ends() {
  LC_ALL=C awk -v H="$1" -v size="$2" -v T="$w_tail" '
    BEGIN { first = last = 0; most = int(T / 2) }
    {
      n = length($0) + 1
      size += n
      if (!full && kept + n <= H) { kept += n; print; next }
      full = 1
      if (n > most + 1) {
        cut += n - 1 - most
        $0 = substr($0, 1, most) " [... " (n - 1 - most) " bytes of this line elided ...]"
        n = most + 1
      }
      if (NR == 1 && !H) { held = n; print; next }
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
    }' 2>&4 >&3
}

# w_run ID SECONDS BYTES HEAD TAIL NOTES SHELL…: runs $W_S. Its process group ends with the step,
# with its time, or when w_guard says so. NOTES is the descriptor that as_root writes to, or 6 where
# nobody does.
w_run() {
  w_id=$1 w_time=$2 w_most=$3 w_head=$4 w_tail=$5 w_notes=$6
  shift 6
  w_frame B "$w_id" $w_whole
  w_r=$({ {
    trap 'kill -9 "-$!"; kill -9 0' TERM
    $W_GROUP timeout -k 2 "$w_time" "$@" -c "$W_S" \
      </dev/null 2>&1 3>&- 5>&"$w_notes" 4>&- 6>&- 9>&- &
    wait "$!"
    w_rc=$?
    kill -9 "-$!"
    echo "code=$w_rc" >&4
  } 2>/dev/null | w_cap; } 4>&1)
  w_frame E "$w_id" $w_r
}

# Ends the script when stdin (fd 9) ends. Whoever waits for a step is told first, so that it still
# has a chance to end the step.
w_guard() { read -r w_x; trap '' TERM; kill -TERM 0; sleep 1; kill -9 0; }

main() {
  w_guard <&9 >/dev/null 2>&1 3>&- &
  w_guard=$!
  w_facts
  w_steps
  { kill -9 "$w_guard"; wait "$w_guard"; } 2>/dev/null
  w_frame Z
  exit 0
}
"""


# Where steps are heavy: how they are run after everything else.
_LOW = """
W_LOW=
if command -v nice >/dev/null 2>&1; then W_LOW='nice -n 19'; fi
if ionice -c3 true >/dev/null 2>&1; then W_LOW="$W_LOW ionice -c3"; fi
"""


# What a step finds in front of its text, where it says `sudo:`.
_AS_ROOT = r"""as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif sudo -n -l "$@" >/dev/null 2>&1; then sudo -n "$@"
  else
    echo "ELSE=${1##*/}" >&5
    OTHERWISE
  fi
}
"""
_PREFIXES = {
    Sudo.NEVER: "",
    Sudo.IF_AVAILABLE: _AS_ROOT.replace("ELSE", "partial").replace("OTHERWISE", '"$@" 5>&-'),
    Sudo.REQUIRED: _AS_ROOT.replace("ELSE", "denied").replace("OTHERWISE", 'kill -9 "$$"'),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One text of a step, for hosts where all of `when` holds and all of `needs` are there."""

    rendered: Rendered
    when: tuple[Matcher, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A step ready to run, as the first of its texts that fits the host."""

    step: Step
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one runbook wants to run, in how many seconds altogether."""

    commands: Sequence[Command]
    seconds: float


@dataclass(frozen=True, slots=True)
class Script:
    """The script without its nonce, the same for the same run. `names` are, for each batch, those
    under which its steps come back: steps of several runbooks that are the same run once.
    """

    text: str
    names: tuple[Mapping[str, str], ...]

    def with_nonce(self, nonce: str) -> str:
        """The script as it is sent."""
        return f"W_N={nonce}\n{self.text}"


def assemble(batches: Sequence[Batch]) -> Script:
    """The one script of these runbooks: what is light comes first."""
    budgeted = len(batches) > 1
    names: list[dict[str, str]] = [{} for _ in batches]
    known: dict[tuple[str, ...], str] = {}
    tasks: list[tuple[Weight, list[str]]] = []
    for number, batch in enumerate(batches):
        for command in batch.commands:
            key = tuple(_task(command, "NAME", None))
            if key not in known:
                known[key] = _free(command.step.id, set(known.values()))
                task = _task(command, known[key], number if budgeted else None)
                tasks.append((command.step.weight, list(task)))
            names[number][command.step.id] = known[key]
    tasks.sort(key=lambda task: task[0] is Weight.HEAVY)
    budgets = [f"W_LEFT_{n}={math.ceil(batch.seconds)}" for n, batch in enumerate(batches)]
    lines = (budgets if budgeted else []) + [line for _, task in tasks for line in task]
    steps = "\n".join(lines)
    prelude = _PRELUDE.replace("REQUIRED", " ".join(REQUIRED)).replace("FACTS", " ".join(FACTS))
    prelude += _LOW if any(weight is Weight.HEAVY for weight, _ in tasks) else ""
    text = f"{prelude}\nw_steps() {{\n{steps}\n}}\nexec 9<&0 </dev/null; main\n"
    return Script(text, tuple(names))


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}.{number}"
    return free


def _task(command: Command, name: str, budget: int | None) -> Iterator[str]:
    """The lines that run a step where it applies, within the time of its runbook."""
    step = command.step
    limit, after = f"{step.timeout:g}", []
    if budget is not None:
        yield f"if w_may {budget} {limit} {math.ceil(step.timeout)}; then"
        limit, after = '"$w_limit"', [f"w_took {budget}", f"else w_frame L {name}; fi"]
    if step.when:
        yield f"if {condition(step.when)}; then"
        after = [f"else w_frame S {name}; fi", *after]
    needs = step.needs if step.shell is Shell.SH else ("bash", *step.needs)
    if needs:
        yield f"if w_have {name} {shlex.join(needs)}; then"
        after = ["fi", *after]
    low = "$W_LOW " if step.weight is Weight.HEAVY else ""
    notes = "6" if step.sudo is Sudo.NEVER else "4"
    run = f"w_run {name} {limit} {HARD_CAP} {step.head} {step.tail} {notes} {low}{step.shell}"
    yield from _choices(command, name, run)
    yield from after


def _choices(command: Command, name: str, run: str) -> Iterator[str]:
    """Tries one text after another; the last resort is the one without conditions."""
    word = "if"
    for choice in command.choices:
        conditions = [condition(choice.when)] if choice.when else []
        conditions += [f"w_all {shlex.join(choice.needs)}"] if choice.needs else []
        text = [*_exports(choice.rendered), _text(command.step, choice.rendered), run]
        if not conditions:
            yield from text if word == "if" else ["else", *text, "fi"]
            return
        yield from ["w_lack="] if word == "if" else []
        yield f"{word} {' && '.join(conditions)}; then"
        yield from text
        word = "elif"
    yield f"else w_unfit {name}; fi"


def _exports(rendered: Rendered) -> Iterator[str]:
    for number, value in enumerate(rendered.values, 1):
        yield f"W_{number}={shlex.quote(value)}; export W_{number}"


def _text(step: Step, rendered: Rendered) -> str:
    return f"W_S={shlex.quote(_PREFIXES[step.sudo] + rendered.text)}"
