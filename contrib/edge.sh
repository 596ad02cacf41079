#!/bin/sh
# The command `edge` of an installed Edge Voice: the newest Python that its packages are there for.
here=/opt/edge-voice
for version in $(printf '%s\n' @PYTHONS@ | sort -rV); do
  if [ -x "/usr/bin/python$version" ] && [ -d "$here/lib/python$version" ]; then
    export PYTHONPATH="$here/lib/any:$here/lib/python$version" ORT_DISABLE_TELEMETRY=1
    exec "/usr/bin/python$version" -s -m edge "$@"
  fi
done
echo "edge: none of the Pythons is here that this package is for: @PYTHONS@" >&2
echo "      sudo apt-get install python3, or make install from the source" >&2
exit 1
