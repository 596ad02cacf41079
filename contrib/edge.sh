#!/bin/sh
# The command `edge` of an installed Edge Voice: the newest Python that its packages are there for.
here=/opt/edge-voice
versions=$(cd "$here/lib" && printf "%s\n" python* | sort -rV | tr "\n" " ")
# No `python -m`: before 3.11 that looks in the current folder first, whosever it is.
main='import sys; sys.path = [place for place in sys.path if place]
from edge.__main__ import main; sys.exit(main())'
for version in $versions; do
  if [ -x "/usr/bin/$version" ]; then
    export PYTHONPATH="$here/lib/any:$here/lib/$version" PYTHONSAFEPATH=1 ORT_DISABLE_TELEMETRY=1
    exec "/usr/bin/$version" -s -c "$main" "$@"
  fi
done
echo "edge: its packages are for $versions, and none of these is in /usr/bin" >&2
echo "      Install the .deb for this system's Python, or run make install in the source" >&2
exit 1
