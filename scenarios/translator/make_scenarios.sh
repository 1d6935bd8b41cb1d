#!/bin/sh
# Makes the two scenarios of this folder from qemu.log: the import of the blocks, with a description and expectations.
#   scenarios/translator/make_scenarios.sh
set -eu
here=$(dirname "$(readlink -f "$0")")
isobar=$here/../../isobar
data=0x401140
flag=0x401180

# make TRANSLATION FILE < text: 'name:' and 'description:' up to a line '--', then the expectations.
make() {
  text=$(cat)
  "$isobar" import qemu "$here/qemu.log" --thread writer --thread reader --translation "$1" \
    --variable "data=$data" --variable "flag=$flag" -o "$here/imported.tmp"
  {
    printf '%s\n' "$text" | sed '/^--$/,$d'
    sed -n '/^memory:/,/^show:/p' "$here/imported.tmp" | sed '/^show:/d'
    printf '%s\n' "$text" | sed '1,/^--$/d'
  } >"$here/$2"
  rm "$here/imported.tmp"
}

make 1 qemu-single-threaded.yaml <<'TEXT'
name: QEMU, translated for one thread
description: |
  Message passing of an x86-64 program (guest_mp.s), as QEMU user emulation 7.2 translates it to A64 while the process
  has a single thread: no barriers. x86 never reorders two stores or two loads; this code, run on two cores, does both.
  QEMU therefore throws all translated code away when a process creates its second thread. Where memory is shared between
  processes instead (MAP_SHARED), it does not, and the guest sees orders that x86 forbids. A core with TSO switched on
  runs the same code correctly.
variants:
  weak: {machine: {kind: none}}
  tso: {machine: {kind: actlr, tso: true}}
--
expect:
  - sometimes: reader_rax == 1 && reader_rdx == 0
    for: weak
    why: RAX is the flag, RDX the data. The stores, or the loads, changed places.
  - never: reader_rax == 1 && reader_rdx == 0
    for: tso
    why: The hardware keeps the order that the translation left out.
  - sometimes: reader_rax == 1 && reader_rdx == 1
    why: The message does arrive.
TEXT

make 2 qemu-multi-threaded.yaml <<'TEXT'
name: QEMU, translated for several threads
description: |
  The same guest code after the process has created a thread. QEMU now puts DMB ISHLD before every load and DMB ISH before
  every store, and the order of x86 is kept on weak cores. With TSO switched on the barriers only cost time.
variants:
  weak: {machine: {kind: none}}
  tso: {machine: {kind: actlr, tso: true}}
--
expect:
  - never: reader_rax == 1 && reader_rdx == 0
    why: The second barrier on each side keeps the two accesses in order.
  - sometimes: reader_rax == 1 && reader_rdx == 1
    why: The message does arrive.
TEXT
