#!/bin/sh
# The file to double-click on a Mac: as nra.sh, and the window stays open
sh "$(dirname -- "$0")/nra.sh" "$@"
code=$?
if [ $# -eq 0 ]; then
  printf 'Press Enter to close. '
  read -r _
fi
exit $code
