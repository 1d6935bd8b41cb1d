#!/bin/sh
# Makes qemu.log of this folder again: the A64 code that Debian's arm64 build of QEMU user emulation emits for guest_mp.s.
# The arm64 QEMU itself runs under the host's qemu-aarch64, so no Arm machine is needed.
#   scenarios/translator/make_log.sh [OUTPUT]
# Needs: binutils (x86-64), qemu-user, apt-get, dpkg-deb.
set -eu
here=$(dirname "$(readlink -f "$0")")
output=${1:-$here/qemu.log}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

as --64 "$here/guest_mp.s" -o "$work/guest.o"
ld -static -z noseparate-code -o "$work/guest" "$work/guest.o"

# The arm64 package is only unpacked, with package lists of its own: the host's packages stay as they are.
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial"
arm64="-o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State=$work/state
       -o Dir::State::status=/dev/null -o Dir::Cache=$work/cache -o APT::Sandbox::User=root"
cd "$work"
# shellcheck disable=SC2086
apt-get $arm64 -qq update
# shellcheck disable=SC2086
apt-get $arm64 -qq download qemu-user-static
dpkg-deb -x qemu-user-static_*.deb root

# -B puts guest memory at a known offset.
qemu-aarch64 root/usr/bin/qemu-x86_64-static -B 0x10000000 -d in_asm,out_asm -D "$work/log" "$work/guest"
{ echo "# $(basename qemu-user-static_*.deb .deb | sed 's/%3a/:/')"; cat "$work/log"; } >"$output"
