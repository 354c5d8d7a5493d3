#!/bin/sh
# The one thing that Watcher's key may do here: run a script that is signed.
#
# Asked for `watcher-run SIGNATURE` (line ends written as _), it reads the number of bytes and then
# the script from stdin, has ssh-keygen verify the signature, and runs the script. stdin stays open
# behind it: when the connection ends, the script ends all that it began.
signers=${0%/usr/local/bin/watcher-run}/etc/watcher/allowed_signers
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 077

refuse() {
  logger -t watcher-run -p auth.warning "refused: $1" 2>/dev/null
  echo "watcher-run: $1" >&2
  exit 126
}
broken() {
  echo "watcher-run: $1" >&2
  exit 97
}

case ${SSH_ORIGINAL_COMMAND-} in
  'watcher-run '*) ;;
  *) refuse 'only signed runbooks are run here' ;;
esac
IFS= read -r count || broken 'no script came'
case $count in
  '' | *[!0-9]* | ????????*) broken 'the number of bytes is none' ;;
esac
folder=$(mktemp -d) || broken 'no folder for the script can be made'
trap 'rm -rf "$folder"' EXIT
trap 'exit 97' HUP INT TERM
printf '%s' "${SSH_ORIGINAL_COMMAND#watcher-run }" | tr _ '\n' >"$folder/signature"
head -c "$count" >"$folder/script" || broken 'the script cannot be kept'
[ "$(wc -c <"$folder/script")" -eq "$count" ] || broken 'the script is not whole'
ssh-keygen -Y verify -f "$signers" -I watcher -n watcher-runbook \
  -s "$folder/signature" <"$folder/script" >/dev/null 2>&1 ||
  refuse 'the signature of the script is not good'
# From memory, so that nothing lies about on disk and nobody can change what was verified.
script=$(cat "$folder/script" && echo .) || broken 'the script cannot be read'
rm -rf "$folder"
trap - EXIT HUP INT TERM
unset SSH_ORIGINAL_COMMAND signers folder count
eval "${script%.}"
