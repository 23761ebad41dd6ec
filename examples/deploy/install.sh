#!/bin/sh
# Put nra into a folder of its own, let /opt/nra lead there, start the service; run again with another SOURCE, change to
# that one. As root, on Amazon Linux 2023, Debian 12, Ubuntu 24.04 or newer:
#   sh install.sh SOURCE      a wheel's path or https address, or git+https://HOST/REPOSITORY@TAG
# nra is not on PyPI: `pip wheel --no-deps .` in a checkout makes the wheel. Before: nra-reflector.service in
# /etc/systemd/system.
set -eu
umask 022
[ $# = 1 ] || { echo "usage: install.sh SOURCE" >&2; exit 2; }
case $1 in
  https://* | git+https://*) source=$1 ;;
  *) source=file://$(realpath -e "$1") ;;
esac

if command -v dnf >/dev/null; then # Amazon Linux: its python3 stays 3.9
  dnf --assumeyes --quiet install python3.11 python3.11-pip git-core
  python=python3.11
else
  export DEBIAN_FRONTEND=noninteractive
  apt-get --quiet --quiet update
  apt-get --quiet --quiet --yes --no-install-recommends install python3-venv git ca-certificates
  python=python3
fi

# What runs stays in place until the other is whole
new=/opt/nra-$(date -u +%Y%m%dT%H%M%SZ)
trap 'rm -rf "$new"' EXIT
"$python" -m venv "$new"
"$new/bin/pip" --quiet --no-cache-dir --disable-pip-version-check install --prefer-binary "nra[responders,quic,metrics] @ $source"
"$new/bin/nra" --version
old=$(readlink -f /opt/nra || true)
ln -sfn "$new" /opt/nra
trap - EXIT

mkdir -p /etc/nra # for options, keys and a certificate
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl enable nra-reflector.service
  systemctl restart nra-reflector.service
else
  echo "systemd does not run here: nothing is started" >&2
fi
case $old in /opt/nra-*) [ "$old" = "$new" ] || rm -rf "$old" ;; esac
