"""R04: steps that only read change nothing on their host."""

import re
from collections.abc import Iterator

from watcher.model.runbook import Effect
from watcher.policy.runbooks.lint.findings import Fault, Grade, Text, table
from watcher.policy.runbooks.shell import Command

_WRITERS = table("""
    rm rmdir mv cp dd kill killall pkill truncate chmod chown chgrp mount umount ln mkdir mktemp
    touch mkfifo mknod shred install rsync scp sftp shutdown reboot halt poweroff init telinit
    swapoff swapon useradd userdel usermod groupadd passwd chpasswd visudo mkfs fdisk parted mkswap
    lvextend lvreduce lvremove resize2fs xfs_growfs apt apt-get dpkg-reconfigure yum dnf zypper apk
    pip npm setenforce sysrc modprobe rmmod insmod nft fstrim logrotate renice at batch wall
    """)
# By command: the verbs that change something. The first verb known here or below decides.
_CHANGING = {
    "systemctl": """start stop restart reload try-restart reload-or-restart kill enable disable mask
        unmask daemon-reload daemon-reexec set-property isolate edit reset-failed set-default
        poweroff reboot halt suspend""",
    "service": "start stop restart reload force-reload try-restart",
    "rc-service": "start stop restart reload zap",
    "kubectl": """delete apply create edit patch replace scale drain cordon uncordon taint exec cp
        annotate label set run expose attach debug port-forward proxy autoscale restart undo
        pause resume""",
    "docker": """rm rmi stop start restart kill exec run create update prune pause unpause rename
        commit build push pull cp load import login swarm""",
    "crictl": "rm rmi rmp stop stopp exec run runp start update pull",
    "nodetool": """repair drain decommission assassinate removenode cleanup compact flush
        disablegossip enablegossip disablebinary enablebinary truncatehints rebuild bootstrap
        stopdaemon snapshot clearsnapshot setcompactionthroughput setlogginglevel move""",
    "rabbitmqctl": """stop stop_app start_app reset force_reset delete_queue purge_queue set_policy
        clear_policy forget_cluster_node join_cluster add_user delete_user set_permissions
        close_connection close_all_connections eval""",
    "redis-cli": """set del unlink flushall flushdb shutdown save bgsave bgrewriteaof slaveof
        replicaof failover migrate rename expire""",
    "mysqladmin": "shutdown kill flush-hosts flush-logs flush-tables refresh reload password drop",
    "nginx": "reload reopen quit stop",
    "apachectl": "start stop restart graceful graceful-stop",
    "gitlab-ctl": "start stop restart reconfigure hup term kill cleanse deploy-page upgrade",
    "gitlab-runner": "register unregister start stop restart install uninstall reset-token",
    "pm2": "start stop restart reload delete kill flush save scale reset",
    "ip": "add del delete set flush change replace append",
    "hdfs": "-rm -delete -put -mv -saveNamespace enter leave",
    "jcmd": "GC.run GC.run_finalization GC.heap_dump VM.set_flag JFR.start",
    "crontab": "-r -e",
    "sysctl": "-w -p --system",
    "ethtool": "-s -K -G -A -r --set-ring --reset",
    "iptables": "-A -D -I -R -F -X -P -N -Z",
    "dmesg": "-C -c --clear --read-clear -n -D -E",
    "journalctl": "--rotate --vacuum-size --vacuum-time --vacuum-files --flush --sync",
    "timedatectl": "set-time set-timezone set-ntp set-local-rtc",
    "hostnamectl": "set-hostname hostname",
    "rabbitmq-diagnostics": "",
    "helm": "install upgrade uninstall rollback delete",
    "patronictl": "failover switchover restart reload reinit pause resume remove edit-config",
    "pg_ctl": "start stop restart reload promote kill",
    "find": "-delete -fprint -fprintf -fls",
}
_VERBS = {name: frozenset(verbs.split()) for name, verbs in _CHANGING.items()}
_SAME = {"podman": "docker", "nerdctl": "docker", "ip6tables": "iptables", "oc": "kubectl"}
# Verbs behind which a changing word is only a name, or a harmless part of what they do.
_READING = {
    "kubectl": table("get describe logs top explain version cluster-info auth config"),
    "docker": table("ps logs inspect stats events top port diff version info images"),
    "systemctl": table("""status show cat list-units list-timers list-dependencies list-unit-files
        is-active is-failed is-enabled is-system-running list-sockets list-jobs"""),
    "pm2": table("list ls jlist describe show logs info"),
    "ip": table("show list ls get"),
}
_CLIENTS = table(
    "psql mysql mariadb sqlcmd sqlplus cqlsh clickhouse-client sqlite3 isql hive beeline"
)
_SQL = re.compile(
    r"""(?:^|;|\()\s*(?:
      insert\s+into|update\s+\S+\s+set|delete\s+from|merge\s+into
      |(?:drop|alter|create)\s+(?:or\s+replace\s+)?\w+
      |truncate\s|grant\s|revoke\s|vacuum(?:\s|;|$)|reindex\s|cluster\s|kill\s
      |set\s+(?:global|persist)\s|reset\s+(?:master|slave|replica)|(?:start|stop)\s+(?:slave|replica)
      |shutdown\b|checkpoint\b|alter\s
    )|pg_(?:terminate|cancel)_backend|pg_reload_conf|pg_switch_wal|pg_promote|xp_cmdshell""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_HARMLESS = re.compile(r"/dev/(?:null|stdout|stderr|fd/[0-9]+|tty)|&?[0-9]")
_SENDING = re.compile(
    r"-X(?!(?:GET|HEAD)?$)\S+|(?:-d|-F|-T)\S*|--(?:data|form|upload-file|json)(?:[-=].*)?"
)
_ADVICE = "leave it out, or declare `effects` so that it waits for a person"


def check_changes(given: Text) -> Iterator[Fault]:
    """Commands and redirections that change something."""
    declared = given.step.effects is not Effect.READ
    grade = Grade.WARNING if declared else Grade.ERROR
    advice = "`allow` it with the reason" if declared else _ADVICE
    for command in given.shell.commands:
        if what := _change(command):
            yield Fault("R04", command.row, f"`{what}` changes something", advice, grade)
    for redirect in given.shell.redirects:
        if not declared and not _HARMLESS.fullmatch(redirect.target):
            message = f"output is written to {redirect.target}"
            yield Fault("R04", redirect.row, message, _ADVICE, grade)


def _change(command: Command) -> str:
    """What of a command changes something; "" if nothing does."""
    name, words = command.name, command.arguments
    if name in _WRITERS or name.startswith(("mkfs.", "dpkg-")):
        return "" if _only_asks(name, words) else name
    if special := _SPECIAL.get(name):
        return special(words)
    if name in _CLIENTS:
        found = _SQL.search("\n".join((*words, command.stdin)))
        return f"{name} … {' '.join(found[0].split())}" if found else ""
    return _verb(name, words)


def _only_asks(name: str, words: tuple[str, ...]) -> bool:
    """Whether a command that changes things is used to ask for something."""
    if not words:
        return name in {"mount", "umask", "modprobe"}
    asking = {
        "kill": {"-0", "-l"},
        "apt": {"list", "show", "policy", "search"},
        "yum": {"list", "info", "history"},
        "dnf": {"list", "info", "history", "repolist"},
        "apk": {"info", "list", "version", "stats"},
        "pip": {"list", "show", "freeze", "check"},
        "npm": {"ls", "list", "view", "outdated"},
        "passwd": {"-S", "--status"},
        "fdisk": {"-l"},
        "parted": {"-l"},
        "nft": {"list"},
        "mount": {"-l"},
        "logrotate": {"-d"},
        "swapon": {"--show", "-s"},
        "rsync": {"--dry-run", "-n", "--list-only"},
    }
    return bool(asking.get(name, set()) & set(words)) or words[0] in {"--version", "-V", "--help"}


def _verb(name: str, words: tuple[str, ...]) -> str:
    name = _SAME.get(name, name)
    changing, reading = _VERBS.get(name, frozenset()), _READING.get(name, frozenset())
    for word in words:
        if word in reading:
            return ""
        if word.partition("=")[0] in changing:
            return f"{name} {word}"
    return ""


def _sed(words: tuple[str, ...]) -> str:
    in_place = any(re.fullmatch(r"-[nErsz]*i.*|--in-place.*", word) for word in words)
    return "sed -i" if in_place else ""


def _perl(words: tuple[str, ...]) -> str:
    return "perl -i" if any(re.fullmatch(r"-[a-z]*i\S*", word) for word in words[:2]) else ""


def _curl(words: tuple[str, ...]) -> str:
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        if word in {"-X", "--request"} and following not in {"GET", "HEAD"}:
            return f"curl {word} {following}"
        if _SENDING.fullmatch(word):
            return f"curl {word}"
        if word in {"-o", "--output"} and not _HARMLESS.fullmatch(following) and following != "-":
            return f"curl {word} {following}"
        if word in {"-O", "--remote-name"}:
            return f"curl {word}"
    return ""


def _wget(words: tuple[str, ...]) -> str:
    text = " ".join(words)
    if re.search(r"--post-|--method|--body-", text):
        return "wget --post-…"
    quiet = re.search(
        r"--spider|-[a-z]*O\s?-(?:\s|$)|-[a-z]*O\s?/dev/null|--output-document=-", text
    )
    return "" if quiet else "wget"


def _tee(words: tuple[str, ...]) -> str:
    files = [word for word in words if not word.startswith("-") and not _HARMLESS.fullmatch(word)]
    return f"tee {files[0]}" if files else ""


def _date(words: tuple[str, ...]) -> str:
    return "date -s" if any(word.startswith(("-s", "--set")) for word in words) else ""


def _redis(words: tuple[str, ...]) -> str:
    text = " ".join(words).lower()
    if match := re.search(
        r"\b(?:config (?:set|rewrite|resetstat)|client kill|script flush)\b", text
    ):
        return f"redis-cli {match[0]}"
    return _verb("redis-cli", tuple(text.split()))


def _nginx(words: tuple[str, ...]) -> str:
    return "nginx -s" if "-s" in words else "" if {"-t", "-T", "-v", "-V"} & set(words) else "nginx"


def _hostname(words: tuple[str, ...]) -> str:
    return "hostname" if any(not word.startswith("-") for word in words) else ""


_SPECIAL = {
    "sed": _sed,
    "perl": _perl,
    "curl": _curl,
    "wget": _wget,
    "tee": _tee,
    "date": _date,
    "redis-cli": _redis,
    "nginx": _nginx,
    "hostname": _hostname,
}
