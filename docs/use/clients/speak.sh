#!/bin/sh
# Speak the arguments: sh speak.sh The kettle is on. It needs socat.
# It asks again as docs/reference/protocol.md says, so that a restart of the daemon loses nothing;
# so it does where socat, which waits 30 s for the last line, ended before the speech.
path=/run/edge-voice/edge-voice.sock
if [ ! -e "$path" ] && [ -n "$XDG_RUNTIME_DIR" ]; then path=$XDG_RUNTIME_DIR/edge-voice.sock; fi
path=${EDGE_VOICE_SOCKET:-$path}
text=$(printf %s "$*" | sed 's/[\\"]/\\&/g' | tr -s '[:cntrl:]' ' ')
id=$(cat /proc/sys/kernel/random/uuid) again=speak
patience=${EDGE_VOICE_PATIENCE_S:-10} left=${EDGE_VOICE_PATIENCE_S:-10}
while :; do
  asked=$again
  answers=$(printf '{"type":"speak","data":{"text":"%s","id":"%s","again":"%s"}}\n' "$text" "$id" "$again" |
    socat -t 30 - "UNIX-CONNECT:$path")
  events=$(printf '%s\n' "$answers" | sed -n 's/^{"type":"\([a-z-]*\)".*/\1/p')
  case $events in *speak-started*) again=report ;; esac
  case $again$answers in
    *'"type":"error"'* | report*'"reason":"shutdown"'*) printf '%s\n' "$answers" >&2; exit 1 ;;
    *'"reason":"shutdown"'*) events= ;; # it was not begun
  esac
  if [ "$asked" = report ]; then events=$(printf '%s\n' "$events" | grep -e finished -e cancelled); fi
  if [ -n "$events" ]; then printf '%s\n' "$events"; fi
  case $events in *speak-finished* | *speak-cancelled*) exit 0 ;; esac
  if [ -n "$answers" ]; then left=$patience; fi
  left=${left%.*}
  [ "$left" -gt 0 ] || exit 1
  left=$((left - 1))
  sleep 1
done
