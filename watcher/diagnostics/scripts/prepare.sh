#!/bin/sh
# Prepares this host for Watcher (level @LEVEL@ of 3), or takes it back: `sh FILE --remove`.
#
# Read it, then run it as root. It may be run again, after an update too. With ROOT=/some/folder
# only the files are written, below that folder (for images and trials), and no user is made.
#
@SUMMARY@
set -eu
umask 022

LEVEL=@LEVEL@
NAME=@USER@
ROOT=${ROOT:-}
SUDOERS=$ROOT/etc/sudoers.d/watcher
RUN=$ROOT/usr/local/bin/watcher-run
SIGNERS=$ROOT/etc/watcher/allowed_signers

say() { printf '%s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# The lines of authorized_keys: whoever has the key may do this and no more.
keys() {
  cat <<'END'
@KEYS@
END
}

# The keys that may sign scripts.
signers() {
  cat <<'END'
@SIGNING@
END
}

# What checks a signature before it runs a script.
runner() {
  cat <<'END'
@RUNNER@
END
}

# What the user may run as root: these commands with exactly these arguments, where they are here.
rules() {
  say '# Written for Watcher; commands that are not listed are not allowed.'
  say "Defaults:$NAME !requiretty"
  # What runs as root can only be ended by root, so sudo itself must give it up.
  say "Defaults:$NAME command_timeout=@LIMIT@"
@RULES@
}

# allow COMMAND ARGUMENTS [TAG]: one line of sudoers; "" are no arguments at all. sudo looks for a
# command in the same folders.
allow() {
  for folder in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
    if [ -x "$ROOT$folder/$1" ]; then
      say "$NAME ALL=(root) NOPASSWD: ${3:+$3 }$folder/$1 $2"
      return
    fi
  done
  printf '# %s is not on this host\n' "$1"
}

# put FILE MODE: writes stdin there, whole or not at all.
put() {
  mkdir -p "${1%/*}"
  cat >"${1%/*}/.watcher.new"
  chmod "$2" "${1%/*}/.watcher.new"
  mv -f "${1%/*}/.watcher.new" "$1"
  say "wrote $1"
}

make_user() {
  if ! id -u "$NAME" >/dev/null 2>&1; then
    if command -v useradd >/dev/null 2>&1; then
      useradd --create-home --shell /bin/sh --comment 'Watcher diagnostics' "$NAME"
    else
      adduser -D -s /bin/sh -g 'Watcher diagnostics' "$NAME"
    fi
    say "made the user $NAME"
  fi
  # No password fits `*`. A `!` in its place would keep some servers from taking the key, too.
  if command -v usermod >/dev/null 2>&1; then
    usermod --password '*' --shell /bin/sh "$NAME"
  else
    echo "$NAME:*" | chpasswd -e 2>/dev/null
  fi
  for group in systemd-journal adm; do
    getent group "$group" >/dev/null 2>&1 || continue
    usermod -aG "$group" "$NAME" 2>/dev/null || addgroup "$NAME" "$group"
    say "$NAME may read the logs of group $group"
  done
}

home() {
  if [ -n "$ROOT" ]; then
    say "$ROOT/home/$NAME"
  else
    getent passwd "$NAME" | cut -d: -f6
  fi
}

prepare() {
  [ -n "$ROOT" ] || make_user
  # The files belong to root: nobody who becomes this user lets in somebody else.
  keys | put "$(home)/.ssh/authorized_keys" 644
  if [ "$LEVEL" -ge 2 ]; then
    command -v visudo >/dev/null 2>&1 || fail 'there is no visudo: install sudo, or use level 1'
    mkdir -p "${SUDOERS%/*}"
    new=${SUDOERS%/*}/.watcher.trial
    rules >"$new"
    # sudo before 1.8.20 cannot end what takes too long.
    visudo -cqf "$new" || { rules | grep -v ' command_timeout=' >"$new"; }
    chmod 440 "$new"
    if ! visudo -cqf "$new"; then
      rm -f "$new"
      fail 'visudo does not accept the rules, so they were not put in place'
    fi
    mv -f "$new" "$SUDOERS"
    say "wrote $SUDOERS"
  else
    rm -f "$SUDOERS"
  fi
  if [ "$LEVEL" -ge 3 ]; then
    command -v ssh-keygen >/dev/null 2>&1 || fail 'there is no ssh-keygen (8.0 or newer)'
    signers | put "$SIGNERS" 644
    runner | put "$RUN" 755
  else
    rm -f "$RUN" "$SIGNERS"
  fi
  say "done: this host is prepared for $NAME, level $LEVEL"
}

remove() {
  rm -f "$SUDOERS" "$RUN" "$SIGNERS"
  rmdir "${SIGNERS%/*}" 2>/dev/null || :
  if [ -n "$ROOT" ]; then
    rm -rf "$(home)/.ssh"
  elif id -u "$NAME" >/dev/null 2>&1; then
    if command -v userdel >/dev/null 2>&1; then
      userdel --remove "$NAME" 2>/dev/null || userdel "$NAME"
    else
      deluser --remove-home "$NAME"
    fi
  fi
  say "done: nothing of $NAME is left"
}

[ -n "$ROOT" ] || [ "$(id -u)" = 0 ] || fail 'run this as root'
case ${1-} in
  --remove) remove ;;
  '') prepare ;;
  *) fail "usage: sh FILE [--remove]" ;;
esac
