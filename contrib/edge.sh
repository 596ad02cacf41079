#!/bin/sh
# The command `edge` of an installed Edge Voice: the newest Python that its packages are there for.
here=/opt/edge-voice
versions=$(cd "$here/lib" && printf "%s\n" python* | sort -rV | tr "\n" " ")
for version in $versions; do
  if [ -x "/usr/bin/$version" ]; then
    export PYTHONPATH="$here/lib/any:$here/lib/$version" ORT_DISABLE_TELEMETRY=1
    exec "/usr/bin/$version" -s -m edge "$@"
  fi
done
echo "edge: its packages are for $versions, and none of these is in /usr/bin" >&2
echo "      Install the .deb for this system's Python, or run make install in the source" >&2
exit 1
