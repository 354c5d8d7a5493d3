#!/bin/sh
# Installs Debian packages without starting their services; 1 when that cannot be done here.
# It needs root and apt-get; everybody else is told by the caller which packages to install.
set -eu
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || exit 1

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    # The agreed way to tell maintainer scripts that no service may be started.
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi

log=$(mktemp)
printf 'watcher: apt-get install %s\n' "$*" >&2
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get -qq update && apt-get -qq install -y --no-install-recommends "$@"; } \
    >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    exit 1
fi
rm -f "$log"
