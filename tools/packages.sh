#!/bin/sh
# Gets what a command needs from the system: packages.sh test | e2e | bench.
# Nothing is asked for that is there already. Where it cannot be installed, one line says what to
# install; the tests that need it are then left out (and counted as failures when CI=true).
set -eu
cd "$(dirname "$0")/.."

say() { printf 'watcher: %s\n' "$*" >&2; }

installed() {
    dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

need() { # purpose, packages...
    purpose=$1
    shift
    missing=""
    for package in "$@"; do installed "$package" || missing="$missing $package"; done
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086 # package names hold no blanks
    tools/apt.sh $missing || say "$purpose left out; to have it, install:$missing"
}

package_of() {
    case $1 in
        java) echo default-jdk-headless ;;
        node) echo nodejs ;;
    esac
}

have_postgres() {
    [ -x "${WATCHER_PG_BIN:-/nonexistent}/postgres" ] && return
    for bin in /usr/lib/postgresql/*/bin/postgres; do [ -x "$bin" ] && return; done
    return 1
}

for_test() {
    [ -x /usr/sbin/sshd ] || need "tests against a real SSH server" openssh-server
    command -v busybox >/dev/null || need "tests of scripts in busybox" busybox
    command -v busybox >/dev/null || need "tests of hosts with BusyBox" busybox
    have_postgres || tools/setup.sh postgres || say "no PostgreSQL; its tests are left out"
}

for_e2e() {
    if ! grep -qs '^VERSION_ID="12"' /etc/os-release; then
        say "end-to-end tests install their systems on Debian 12 only; using what is there"
        return
    fi
    need "end-to-end tests with Zabbix and a browser" \
        zabbix-server-pgsql zabbix-frontend-php zabbix-agent \
        php8.2-fpm php8.2-pgsql php8.2-cli postgresql chromium
    need "end-to-end tests with Alertmanager" prometheus-alertmanager
    need "some steps of the Linux runbooks" iproute2 iputils-ping lsof sysstat bind9-dnsutils busybox
    need "end-to-end tests of runbooks against real services" \
        mariadb-server redis-server rabbitmq-server nginx-light apache2-bin gdb gcc libc6-dev
    for tool in java node; do
        command -v "$tool" >/dev/null || need "end-to-end tests of runbooks for $tool" "$(package_of "$tool")"
    done
    need_redmine
}

# A database of its own is not wanted: the tests make one. Its scripts get Debian's Bundler by number,
# because Ruby brings a newer one, which does not find Debian's gems. Where they fail nevertheless,
# Redmine is removed again: half installed, it would fail every later installation.
need_redmine() {
    installed redmine && installed redmine-pgsql && installed puma && return
    if [ "$(id -u)" = 0 ] && command -v debconf-set-selections >/dev/null; then
        debconf-set-selections <<'EOF'
dbconfig-common dbconfig-common/dbconfig-install boolean false
redmine redmine/instances/default/dbconfig-install boolean false
EOF
    fi
    BUNDLER_VERSION=2.3.15
    export BUNDLER_VERSION
    need "end-to-end tests with Redmine (BUNDLER_VERSION=$BUNDLER_VERSION apt-get)" \
        redmine redmine-pgsql puma
    case $(dpkg-query -W -f '${db:Status-Status}' redmine 2>/dev/null) in
        half-* | unpacked) dpkg --purge --force-all redmine >/dev/null 2>&1 || true ;;
    esac
}

# The benchmarks only need binaries: they are unpacked, not installed.
for_bench() {
    mkdir -p .cache/bench/bin
    for_comparison || say "no ansible-core to be had; what is compared with it is left out"
    missing=""
    command -v wrk >/dev/null || [ -x .cache/bench/bin/wrk ] \
        || missing="wrk libluajit-5.1-2 libluajit-5.1-common"
    command -v prometheus-alertmanager >/dev/null || [ -x .cache/bench/bin/prometheus-alertmanager ] \
        || missing="$missing prometheus-alertmanager"
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086 # package names hold no blanks
    unpack $missing || { say "to run the benchmarks, install: wrk prometheus-alertmanager"; exit 1; }
}

# Ansible has a virtual environment of its own: nothing of Watcher needs it.
for_comparison() {
    command -v ansible >/dev/null && return 0
    [ -x .cache/bench/bin/ansible ] && return 0
    say "installing ansible-core into .cache/bench/ansible"
    .venv/bin/python -m venv .cache/bench/ansible || return 1
    .cache/bench/ansible/bin/pip install --quiet --disable-pip-version-check ansible-core \
        >/dev/null 2>&1 || return 1
    ln -sf ../ansible/bin/ansible .cache/bench/bin/ansible
}

unpack() {
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" = 0 ]; then apt-get -qq update >/dev/null 2>&1 || return 1; fi
    say "unpacking into .cache/bench: $*"
    (cd .cache/bench && apt-get -qq download "$@" >/dev/null 2>&1) || return 1
    for deb in .cache/bench/*.deb; do dpkg -x "$deb" .cache/bench/root && rm "$deb"; done
    lib=$PWD/.cache/bench/root/usr/lib/$(uname -m)-linux-gnu
    for name in wrk prometheus-alertmanager; do
        binary=$PWD/.cache/bench/root/usr/bin/$name
        [ -x "$binary" ] || continue
        printf '#!/bin/sh\ncd "%s"\nLD_LIBRARY_PATH="%s" exec "%s" "$@"\n' \
            "$(beside "$name")" "$lib" "$binary" > ".cache/bench/bin/$name"
        chmod 755 ".cache/bench/bin/$name"
    done
}

# Alertmanager reads its templates from a fixed path. Unpacked, it gets one of the same length that
# begins at the working directory, and is started where the templates are.
beside() {
    [ "$1" = prometheus-alertmanager ] || { echo .; return; }
    templates=.cache/bench/root/usr/share/prometheus/alertmanager
    LC_ALL=C sed -i 's|/usr/share/prometheus/alertmanager|./////////////////////////////////|g' \
        .cache/bench/root/usr/bin/prometheus-alertmanager
    echo "$PWD/$templates"
}

case ${1:-} in
    test) for_test ;;
    e2e) for_e2e ;;
    bench) for_bench ;;
    *) say "usage: tools/packages.sh test|e2e|bench"; exit 2 ;;
esac
