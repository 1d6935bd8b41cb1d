#!/bin/sh
# Makes the scenarios of this folder from the logs and listings in it: what the importer makes of them, with a description
# and expectations.
#   scenarios/translator/make_scenarios.sh
set -eu
here=$(dirname "$(readlink -f "$0")")
isobar=${ISOBAR:-$here/../../isobar}

# make FILE IMPORT-ARGUMENTS... < text: 'name:' and 'description:' up to a line '--', then the expectations.
make() {
  file=$1
  shift
  text=$(cat)
  "$isobar" import "$@" -o "$here/imported.tmp"
  {
    printf '%s\n' "$text" | sed '/^--$/,$d'
    sed -n '/^memory:/,/^\(show\|expect\):/p' "$here/imported.tmp" | sed '/^\(show\|expect\):/,$d'
    printf '%s\n' "$text" | sed '1,/^--$/d'
  } >"$here/$file"
  rm "$here/imported.tmp"
}

# message_passing FILE IMPORT-ARGUMENTS...: the variables and registers of two threads writer and reader.
message_passing() {
  file=$1
  shift
  make "$file" "$@" --variable data=0x404000 --variable flag=0x404100 \
    --register "writer:$data=data" --register "writer:$flag=flag" --register "reader:$data=data" --register "reader:$flag=flag"
}

qemu() {
  make "$2" qemu "$here/qemu.log" --thread writer --thread reader --translation "$1" --variable data=0x401140 --variable flag=0x401180
}

qemu 1 qemu-single-threaded.yaml <<'TEXT'
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

qemu 2 qemu-multi-threaded.yaml <<'TEXT'
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

spin() {
  make "$2" qemu "$here/spin.log" --thread writer --thread reader --follow reader --translation "$1" \
    --variable data=0x401140 --variable flag=0x401180
}

spin 1 spin-single-threaded.yaml <<'TEXT'
name: Waiting for a message, translated for one thread
description: |
  An x86-64 thread waits in a loop for a flag and then loads the data, as QEMU 10 translates it (guest_spin.s) while the
  process has a single thread: without barriers. A thread runs several blocks: it goes on with the one for the guest address
  where the last one left, as QEMU's main loop does.
variants:
  weak: {machine: {kind: none}}
  tso: {machine: {kind: actlr, tso: true}}
--
expect:
  - sometimes: reader_rax == 0
    for: weak
    why: RAX is the data. Its load was satisfied before that of the flag, or the stores changed places; x86 forbids it.
  - always: reader_rax == 1
    for: tso
    why: The hardware keeps the order that the translation left out.
  - sometimes: reader_rax == 1
    why: The message does arrive.
TEXT

spin 2 spin-multi-threaded.yaml <<'TEXT'
name: Waiting for a message, translated for several threads
description: |
  The same guest loop with the barriers that QEMU 10 emits when a process has several threads.
variants:
  weak: {machine: {kind: none}}
  tso: {machine: {kind: actlr, tso: true}}
--
expect:
  - always: reader_rax == 1
    why: DMB ISH before the second store and DMB ISHLD before the second load keep the order.
TEXT

data=rdi
flag=rsi
message_passing fex-plain.yaml fex "$here/fex.log" --symbols "$here/fex.sym" --thread writer --thread reader <<'TEXT'
name: FEX without TSO emulation
description: |
  Message passing of two x86-64 threads as FEX translates it with TSO emulation off: guest loads and stores are LDR and STR.
  Every thread runs one block: guest registers are where FEX keeps them (RAX in X4, RDX in X5, RSI in X10, RDI in X11), X28
  points to the state block, and RET takes its address from the guest's stack. On a weak core both sides reorder. On a core
  with TSO switched on, where FEX leaves out its own, the same code is right.
variants:
  weak: {machine: {kind: none}}
  tso: {machine: {kind: actlr, tso: true}}
--
expect:
  - sometimes: reader.X4 == 1 && reader.X5 == 0
    for: weak
    why: RAX is the flag, RDX the data; x86 forbids it.
  - never: reader.X4 == 1 && reader.X5 == 0
    for: tso
    why: The hardware keeps the order that the translation left out.
  - sometimes: reader.X4 == 1 && reader.X5 == 1
    why: The message does arrive.
TEXT

message_passing fex-tso.yaml fex "$here/fex.log" --symbols "$here/fex.sym" --thread writer=tso_writer --thread reader=tso_reader <<'TEXT'
name: FEX with TSO emulation
description: |
  The same two guest threads as FEX translates them for a core with FEAT_LRCPC: guest loads are LDAPR, stores STLR, each with
  a NOP that becomes a barrier when the access turns out to be unaligned.
variants:
  weak: {machine: {kind: none}}
  tso: {machine: {kind: actlr, tso: true}}
--
expect:
  - never: reader.X4 == 1 && reader.X5 == 0
    why: The second STLR waits for the first store, the second LDAPR for the first one.
  - sometimes: reader.X4 == 1 && reader.X5 == 1
    why: The message does arrive.
TEXT

# fex_spin FILE PREFIX
fex_spin() {
  message_passing "$1" fex "$here/fex_spin.log" --symbols "$here/fex_spin.sym" --thread "writer=${2}writer" \
    --thread "reader=${2}wait" --link "${2}wait=${2}wait,${2}read"
}

fex_spin fex-spin-plain.yaml "" <<'TEXT'
name: FEX waiting for a message, without TSO emulation
description: |
  An x86-64 thread waits in a loop for a flag and then loads the data, as FEX translates it with TSO emulation off. The reader
  is of two blocks, linked: the first one branches to itself or to the second. RET looks for the next block in FEX's table,
  which is empty here, and leaves for the main loop, which finds no block of the guest address and ends.
variants:
  weak: {machine: {kind: none}}
  tso: {machine: {kind: actlr, tso: true}}
--
expect:
  - sometimes: reader.X5 == 0
    for: weak
    why: RDX is the data; its load is satisfied before that of the flag, or the stores change places. x86 forbids it.
  - always: reader.X5 == 1
    for: tso
    why: The hardware keeps the order that the translation left out.
  - sometimes: reader.X5 == 1
    why: The message does arrive.
TEXT

fex_spin fex-spin-tso.yaml tso_ <<'TEXT'
name: FEX waiting for a message, with TSO emulation
description: |
  The same guest loop as FEX translates it for a core with FEAT_LRCPC: loads are LDAPR, stores STLR.
variants:
  weak: {machine: {kind: none}}
  tso: {machine: {kind: actlr, tso: true}}
--
expect:
  - always: reader.X5 == 1
    why: The LDAPR of the data waits for that of the flag, the STLR of the flag for the store of the data.
TEXT

data=x0
flag=x1
message_passing listing-fenced.yaml objdump "$here/listing.txt" --thread writer --thread reader <<'TEXT'
name: Translated ahead of time, with barriers
description: |
  Message passing of two x86-64 threads, translated ahead of time with DMB ISHST before every store and DMB ISHLD after every
  load, imported from what objdump prints of the result (listing.txt). The reader calls a function that loads the flag.
variants:
  weak: {machine: {kind: none}}
--
expect:
  - never: reader.X2 == 1 && reader.X3 == 0
    why: X2 is the flag (RAX), X3 the data (RDX). The barriers keep stores in order with stores, and loads with loads.
  - sometimes: reader.X2 == 1 && reader.X3 == 1
    why: The message does arrive.
TEXT

# store_buffering FILE FUNCTION
store_buffering() {
  make "$1" raw "$here/words.txt" --symbols "$here/words.sym" --base 0x400000 --thread "P0=$2" --thread "P1=$2" \
    --variable x=0x404000 --variable y=0x404100 \
    --register P0:x0=x --register P0:x1=y --register P1:x0=y --register P1:x1=x
}

store_buffering words-llsc.yaml xchg_llsc <<'TEXT'
name: XCHG as LDAXR and STLXR
description: |
  Two x86-64 threads exchange 1 into a variable each and then load the other's, imported from the words of the code
  (words.txt). An x86 XCHG with memory is a full barrier, so that at least one thread sees the other's 1. LDAXR and STLXR are
  less: nothing orders the STLXR before a later load.
variants:
  weak: {machine: {kind: none}}
--
expect:
  - sometimes: P0.W5 == 0 && P1.W5 == 0
    why: W5 is EAX. The load passes the STLXR; x86 forbids it.
  - always: x == 1 && y == 1
    why: Both exchanges happen.
TEXT

store_buffering words-lse.yaml xchg_lse <<'TEXT'
name: XCHG as SWPAL
description: |
  The same two guest threads with SWPAL, as for cores with FEAT_LSE. The load waits for the read of the SWPAL, which is one
  step with its write.
variants:
  weak: {machine: {kind: none}}
--
expect:
  - never: P0.W5 == 0 && P1.W5 == 0
    why: W5 is EAX. Whoever comes second in memory reads the other's 1.
  - sometimes: P0.W5 == 1 && P1.W5 == 1
    why: Both may have exchanged before either loads.
TEXT

# QEMU 10 with helpers: lock FILE LIBRARY IMPORT-ARGUMENTS...
lock() {
  file=$1
  library=$2
  shift 2
  make "$file" qemu "$here/lock.log" --helpers "$library" --variable x=0x401140 --variable y=0x401180 --variable lock_word=0x4011c0 "$@"
}

lock xchg-lse.yaml qemu-lse --thread left --thread right <<'TEXT'
name: XCHG by QEMU's helper, with LSE
description: |
  Two x86-64 threads exchange 1 into a variable each and then load the other's (guest_lock.s), as QEMU 10 translates it for a
  process with several threads. The exchange is a helper of QEMU; what it does is SWPAL on a core with FEAT_LSE
  (helpers/qemu-lse.yaml). On x86 an exchange is a full barrier, and at least one thread sees the other's 1.
variants:
  weak: {machine: {kind: none}}
  tso: {machine: {kind: actlr, tso: true}}
--
expect:
  - never: bits(left_rdx, 31, 0) == 0 && bits(right_rdx, 31, 0) == 0
    why: EDX of both. The load waits for the read of the SWPAL, which is one step with its write.
  - sometimes: bits(left_rdx, 31, 0) == 1 && bits(right_rdx, 31, 0) == 1
    why: Both may have exchanged before either loads.
TEXT

lock xchg-llsc.yaml qemu-llsc --thread left --thread right <<'TEXT'
name: XCHG by QEMU's helper, without LSE
description: |
  The same guest code and the same translation on a core without FEAT_LSE, where the helper is a loop of LDAXR and STLXR
  (helpers/qemu-llsc.yaml).
variants:
  weak: {machine: {kind: none}}
--
expect:
  - sometimes: bits(left_rdx, 31, 0) == 0 && bits(right_rdx, 31, 0) == 0
    why: EDX of both. The DMB ISHLD before the load does not order the STLXR of the helper before it; x86 forbids it.
  - always: x == 1 && y == 1
    why: Both exchanges happen.
TEXT

lock cmpxchg-flags.yaml qemu-lse --thread first=take --thread second=take --always 'first:zf != second:zf' <<'TEXT'
name: Who has the lock, by the flags
description: |
  Two x86-64 threads try once to take a lock with LOCK CMPXCHG. ZF says who has it. QEMU keeps the flags as the operands of the
  last operation; each thread computes them at its end as QEMU's own helper does (helpers/qemu-10.0.yaml), so that the
  expectations speak of EFLAGS in X0.
variants:
  weak: {machine: {kind: none}}
--
expect:
  - always: bits(first.W0, 6, 6) != bits(second.W0, 6, 6)
    why: ZF. One of the two finds the lock free, the other finds it taken.
  - sometimes: bits(first.W0, 6, 6) == 1
    why: The first may have it.
  - sometimes: bits(second.W0, 6, 6) == 1
    why: The second may have it.
  - always: lock_word == 1
    why: Somebody has it.
TEXT
