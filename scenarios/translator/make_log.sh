#!/bin/sh
# Makes the logs of QEMU in this folder again: the A64 code that Debian's arm64 build of QEMU user emulation emits for a guest
# program. The arm64 QEMU itself runs under the host's qemu-aarch64, so no Arm machine is needed.
#   scenarios/translator/make_log.sh GUEST SUITE OUTPUT [ITEMS]
#   scenarios/translator/make_log.sh guest_mp.s bookworm qemu.log        QEMU 7.2
#   scenarios/translator/make_log.sh guest_spin.s trixie spin.log        QEMU 10.0
#   scenarios/translator/make_log.sh guest_lock.s trixie lock.log in_asm,op_opt,out_asm
# Needs: binutils (x86-64), qemu-user, apt-get, dpkg-deb, debian-archive-keyring.
set -eu
[ $# -eq 3 ] || [ $# -eq 4 ] || { sed -n '4,7s/^# *//p' "$0" >&2; exit 2; }
guest=$(readlink -f "$1")
suite=$2
output=$(readlink -f "$3")
items=${4:-in_asm,out_asm}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

as --64 "$guest" -o guest.o
ld -static -z noseparate-code -o guest guest.o

# The arm64 package is only unpacked, with package lists of its own: the host's packages stay as they are.
mkdir -p state/lists/partial cache/archives/partial
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $suite main" >sources.list
arm64="-o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State=$work/state -o Dir::Cache=$work/cache
       -o Dir::State::status=/dev/null -o Dir::Etc::sourcelist=$work/sources.list -o Dir::Etc::sourceparts=/dev/null
       -o APT::Sandbox::User=root"
# The static programs are in qemu-user since trixie.
package=qemu-user
[ "$suite" != bookworm ] || package=qemu-user-static
# shellcheck disable=SC2086
apt-get $arm64 -qq update
# shellcheck disable=SC2086
apt-get $arm64 -qq download $package
dpkg-deb -x ${package}_*.deb root
emulator=$(ls root/usr/bin/qemu-x86_64-static root/usr/bin/qemu-x86_64 2>/dev/null | head -n 1)

# -B puts guest memory at a known offset.
qemu-aarch64 "$emulator" -B 0x10000000 -d "$items" -D log guest
{ echo "# $(basename ${package}_*.deb .deb | sed 's/%3a/:/')"; cat log; } >"$output"
