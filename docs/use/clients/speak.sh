#!/bin/sh
# Speak the arguments: sh speak.sh The kettle is on. It needs socat.
# The daemon's answers are lines; socat waits 30 s for the last of them after the request.
path=${EDGE_VOICE_SOCKET:-/run/edge-voice/edge-voice.sock}
text=$(printf %s "$*" | sed 's/[\\"]/\\&/g' | tr -s '[:cntrl:]' ' ')
answers=$(printf '{"type":"speak","data":{"text":"%s"}}\n' "$text" | socat -t 30 - "UNIX-CONNECT:$path") || exit 1
printf '%s\n' "$answers" | sed -n 's/^{"type":"\([a-z-]*\)".*/\1/p'
case $answers in *'"type":"error"'*) printf '%s\n' "$answers" >&2; exit 1 ;; esac
