#!/bin/sh
# sh nra.sh          asks for region and organization once, then measures this machine
# sh nra.sh run ...  any command; "sh" because FAT and exFAT have no execute permission
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 2
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) target=linux_x86_64 ;;
  Darwin-arm64) target=macos_arm64 ;;
  Darwin-x86_64) target=macos_x86_64 ;;
  *) target=none ;;
esac
unset PYTHONHOME PYTHONPATH
python=$here/rt/$target/bin/python3
if [ ! -f "$python" ]; then
  echo "nra: error: this stick holds no Python for $(uname -s) $(uname -m)" >&2
  exit 2
fi
if [ -x "$python" ]; then
  exec "$python" -X utf8 -B -m nra.cli.on_stick "$@"
fi
loader=/lib64/ld-linux-x86-64.so.2 # starts a program that has no execute permission
case ",$(findmnt -n -o OPTIONS -T "$here" 2>/dev/null)," in
  *,noexec,*) ;;
  *) [ -x "$loader" ] && exec "$loader" --argv0 "$python" "$python" -X utf8 -B -m nra.cli.on_stick "$@" ;;
esac
echo "nra: error: this system runs no programs from here (mounted noexec?): copy the folder to your home and start it there" >&2
exit 2
