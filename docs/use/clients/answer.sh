#!/usr/bin/env bash
# Speak what a command prints, while it prints it; any key stops both.
#   answer.sh my-language-model "Why is the sky blue?"
set -m # the two get a process group of their own, and Ctrl-C's signal reaches all of it
(set +m; "$@" | edge say -) </dev/null &
group=$!
stop() { kill -INT -- "-$group" 2>/dev/null; } # `edge say` silences what it has begun
trap stop INT TERM
if [ -t 0 ]; then
  while kill -0 "$group" 2>/dev/null; do
    key='' ended=0 # a key that comes as the time ends is read, though `read` fails
    IFS= read -rsN1 -t 0.05 key || ended=$?
    [ -z "$key" ] || stop
    [ "$ended" != 1 ] || break # the terminal has gone
  done
fi
wait "$group"
