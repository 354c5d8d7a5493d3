#!/bin/sh
# Runs a command and shows its output only when it fails.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if "$@" >"$log" 2>&1; then exit 0; else code=$?; fi
cat "$log" >&2
exit "$code"
