// The kernel below unmodified programs on the detailed machine. What has an order is here; what a system call does is a
// host service, HVC #CALL_*, which runs when everything older has retired. asm/00-layout.S and asm/05-sched-macros.S
// come first; KERNEL_BASE and NR_CORES come from the configuration (linux-detailed/kernel.h has the same numbers).
//
// SP is the task of the thread (SP_EL1), TPIDR_EL1 the run queue of the core. The host keeps the registers of threads:
// CALL_TRAP, CALL_INTERRUPT take them, CALL_RETURN puts those of the current one back, so that everything between may
// use all registers. In the answer of each call but CALL_RETURN: x0 = DO_* bits, x9 = the next task, x2 = cores that have
// to look at their threads, x4 = the new ACTLR_EL1, x6 = the interrupt of a membarrier.

        .set CALL_TRAP, 0
        .set CALL_INTERRUPT, 1
        .set CALL_SCHEDULE, 2
        .set CALL_RESUME, 3
        .set CALL_RETURN, 4
        .set CALL_PANIC, 5

        .set DO_ACTLR, 0
        .set DO_MEMBARRIER, 1
        .set DO_SWITCH, 2
        .set DO_IDLE, 3
        .set DO_PARK, 4
        .set DO_UNLOCK, 5               // tell the core that waits for an IPI_RSEQ
        .set DO_SELF, 6                 // membarrier: this core too
        .set DO_ALL, 7                  // membarrier: every other core, whatever it runs

        // Of a task here, behind the fields of asm/00-layout.S.
        .set T_IDS, 0x80                // results of the calls NR_getpid to NR_gettid; negative: only the host knows
        .set T_SAVED, 0xc0              // x11 and x12

        .set NR_clock_gettime, 113
        .set NR_getpid, 172
        .set PR_SET_MEM_MODEL, 0x4d4d444c

        // Address \offset of the kernel in \register.
        .macro  kernel_address register, offset
        mov     \register, #KERNEL_BASE
        movk    \register, #(\offset >> 16), lsl #16
        .endm
        .set QUEUES, 0x10000
        .set LOCKS, 0x20000

        // Room for one interrupt. Without the ISB the second instruction may retire together with the first.
        .macro  user_irq_window
        msr     daifclr, #2
        isb
        msr     daifset, #2
        .endm

        .macro  unexpected
        .balign 0x80
        b       user_panic
        .endm

user_vectors:
        unexpected                      // EL1 with SP_EL0: never used
        unexpected
        unexpected
        unexpected
        .balign 0x80
        b       user_fixup
        .balign 0x80
        b       user_el1_irq
        unexpected
        unexpected
        .balign 0x80
        b       user_el0_sync           // system calls and faults of the program
        .balign 0x80
        b       user_el0_irq
        unexpected
        unexpected
        unexpected                      // AArch32: never used
        unexpected
        unexpected
        unexpected
        .balign 0x80

user_panic:
        hvc     #CALL_PANIC
user_park:
        b       user_park               // the core stops here

// The first instruction of every core.
user_start:
        hvc     #CALL_SCHEDULE

user_dispatch:
        cbz     x2, 1f
        dsb     ishst                   // gic_ipi_send_mask: what the host has changed before the doorbell (R-4)
        msr     icc_sgi1r_el1, x2       // IPI_RESCHEDULE
        isb
1:      tbz     x0, #DO_UNLOCK, 2f
        mrs     x10, tpidr_el1
        add     x10, x10, #RQ_CSD
        dmb     ish
        stlr    wzr, [x10]
2:      tbz     x0, #DO_ACTLR, 3f
        str     x4, [sp, #T_ACTLR]      // prctl(PR_SET_MEM_MODEL), MM-2; no preemption between the two writes (MM-7)
        msr     actlr_el1, x4           // in effect from the ERET on
3:      tbnz    x0, #DO_MEMBARRIER, user_membarrier
        tbz     x0, #DO_SWITCH, 4f
        context_switch
        mov     sp, x9
4:      tbnz    x0, #DO_PARK, user_park
        tbnz    x0, #DO_IDLE, user_idle
        hvc     #CALL_RETURN
        eret

// What Linux does in a few instructions without a barrier is done here, because a host call waits until everything older
// is in memory. Neither the exception nor the return orders accesses (E-3): stores of the program stay in flight.
user_el0_sync:
        .if     HAS_QUICK_CALLS
        msr     ttbr1_el1, x9
        msr     mair_el1, x10
        mrs     x9, esr_el1
        lsr     x9, x9, #26
        cmp     x9, #EC_SVC64
        b.ne    user_trap
        .if     TAGGING
        mrs     x9, tfsre0_el1          // a mismatch that was only noted is told now (E-6)
        cbnz    x9, user_trap
        .endif
        sub     w9, w8, #NR_getpid
        cmp     w9, #(NR_gettid - NR_getpid)
        b.ls    user_get_id
        .if     !TAGGING                // the host checks the tags of what it writes to
        cmp     w8, #NR_clock_gettime
        b.eq    user_clock_gettime
        .endif
        .if     TSO_BY_PRCTL
        cmp     w8, #NR_prctl
        b.eq    user_prctl
        .endif
user_trap:
        mrs     x9, ttbr1_el1
        mrs     x10, mair_el1
        .endif
        hvc     #CALL_TRAP
        b       user_dispatch

        .if     HAS_QUICK_CALLS
// The host sees these two instructions: the number of the call, and its result x9.
user_quick_number:
        mov     w10, w8
user_quick_result:
        mov     x0, x9
        mrs     x9, ttbr1_el1
        mrs     x10, mair_el1
        eret

user_get_id:
        mov     x10, sp
        add     x10, x10, x9, lsl #3
        ldr     x9, [x10, #T_IDS]
        tbz     x9, #63, user_quick_number
        b       user_trap

// CLOCK_REALTIME and CLOCK_MONOTONIC; a call takes 100 ns, as all do.
user_clock_gettime:
        cmp     w0, #1
        b.hi    user_trap
        lsr     x9, x1, #56
        and     x10, x1, #7
        orr     x9, x9, x10             // a tag, or not aligned
        cbnz    x9, user_trap
        stp     x11, x12, [sp, #T_SAVED]
        mrs     x9, cntvct_el0
        add     x9, x9, #100
        cbnz    w0, 1f
        movz    x10, #(EPOCH & 0xffff)
        movk    x10, #(EPOCH >> 16 & 0xffff), lsl #16
        movk    x10, #(EPOCH >> 32 & 0xffff), lsl #32
        movk    x10, #(EPOCH >> 48), lsl #48
        add     x9, x9, x10
1:      movz    x10, #(1000000000 & 0xffff)
        movk    x10, #(1000000000 >> 16), lsl #16
        udiv    x11, x9, x10
        msub    x9, x11, x10, x9
        mrs     x12, elr_el1            // for user_fixup
        mrs     x10, spsr_el1
        sttr    x11, [x1]
        sttr    x9, [x1, #8]
        ldp     x11, x12, [sp, #T_SAVED]
        mov     x9, #0
        b       user_quick_number

        .if     TSO_BY_PRCTL
// PR_SET_MEM_MODEL, MM-2: the new value is in effect from the ERET on, what is older keeps its own (E-4).
user_prctl:
        movz    w9, #(PR_SET_MEM_MODEL & 0xffff)
        movk    w9, #(PR_SET_MEM_MODEL >> 16), lsl #16
        cmp     w0, w9
        b.ne    user_trap
        orr     x9, x2, x3
        orr     x9, x9, x4
        cbnz    x9, user_trap
        cmp     x1, #1
        b.hi    user_trap
        mrs     x9, actlr_el1
        bfi     x9, x1, #1, #1
        str     x9, [sp, #T_ACTLR]      // no preemption between the two writes (MM-7)
        msr     actlr_el1, x9
        mov     x9, #0
        b       user_quick_number
        .endif
        .endif

// Only the stores of user_clock_gettime to the program's memory fault: the host does the call again, from the start.
user_fixup:
        .if     HAS_QUICK_CALLS
        msr     elr_el1, x12
        msr     spsr_el1, x10
        movz    x9, #(EC_SVC64 << 10), lsl #16
        msr     esr_el1, x9
        ldp     x11, x12, [sp, #T_SAVED]
        b       user_trap
        .else
        b       user_panic
        .endif

// Interrupts are masked at WFI, which wakes for a pending one all the same.
user_idle:
        wfi
        user_irq_window
        hvc     #CALL_SCHEDULE
        b       user_dispatch

        // flush_smp_call_function_queue. MB-7: ipi_mb is a full barrier, the return from the interrupt a context
        // synchronisation event; R-4: csd_unlock is a store-release. x9: INTID. Clobbers x10.
        .macro  user_call_func
        mrs     x10, tpidr_el1
        dmb     ish
        add     x10, x10, #RQ_CSD
        stlr    wzr, [x10]
        msr     icc_eoir1_el1, x9
        .endm

        // x9 and x10 go to system registers: the stores of the interrupted thread are still in flight.
        .macro  user_irq_entry
        msr     ttbr1_el1, x9
        msr     mair_el1, x10
        mrs     x9, icc_iar1_el1
        .endm

user_el0_irq:
        user_irq_entry
        cmp     w9, #IPI_CALL_FUNC
        b.eq    1f
        cmp     w9, #1020
        b.hs    2f                      // nothing pending any more
        cmp     w9, #INTID_TIMER
        b.ne    3f
        msr     cntv_ctl_el0, xzr
3:      msr     icc_eoir1_el1, x9
        hvc     #CALL_INTERRUPT
        b       user_dispatch
1:      user_call_func
2:      mrs     x9, ttbr1_el1
        mrs     x10, mair_el1
        eret

// In idle, or while a membarrier waits. No thread is in the middle of anything here, so IPI_RSEQ is IPI_CALL_FUNC; the
// others are looked at by the call that follows.
user_el1_irq:
        user_irq_entry
        cmp     w9, #IPI_CALL_FUNC
        b.eq    1f
        cmp     w9, #IPI_RSEQ
        b.eq    1f
        cmp     w9, #1020
        b.hs    2f
        cmp     w9, #INTID_TIMER
        b.ne    3f
        msr     cntv_ctl_el0, xzr
3:      msr     icc_eoir1_el1, x9
        b       2f
1:      user_call_func
2:      mrs     x9, ttbr1_el1
        mrs     x10, mair_el1
        eret

// membarrier_private_expedited and membarrier_global behind their checks, as in asm/60-membarrier.S. The registers that
// the conditions of user_irq_window overwrite are the flags only.
user_membarrier:
        dmb     ish                     // smp_mb: system call entry is not a barrier (E-3, MB-13 A)
        kernel_address x11, LOCKS
1:      mov     w12, #1
        swpa    w12, w12, [x11]
        cbz     w12, 2f
        user_irq_window                      // the holder may be waiting for this core
        b       1b
2:      ldr     x3, [sp, #T_MM]
        mrs     x13, tpidr_el1
        kernel_address x12, QUEUES
        mov     x10, #0                 // cores to interrupt
        mov     x14, #1                 // this core
3:      ldr     x15, [x12, #RQ_CURR]    // the reads are racy (MB-14)
        ldr     x15, [x15, #T_MM]
        eor     x15, x15, x3
        tbz     x0, #DO_ALL, 4f
        mov     x15, #0
4:      cmp     x12, x13
        b.ne    5f
        tbz     x0, #DO_SELF, 6f        // MB-6: SYNC_CORE interrupts the caller's core too
5:      cbnz    x15, 6f
        orr     x10, x10, x14
        mov     w15, #1
        str     w15, [x12, #RQ_CSD]
6:      add     x12, x12, #RQ_SIZE
        lsl     x14, x14, #1
        tbz     x14, #NR_CORES, 3b
        cbz     x10, 9f
        dsb     ishst                   // gic_ipi_send_mask: the queue before the doorbell (R-4)
        orr     x15, x10, x6, lsl #24
        msr     icc_sgi1r_el1, x15
        isb
        kernel_address x12, QUEUES
7:      add     x15, x12, #RQ_CSD
8:      ldar    w14, [x15]              // csd_lock_wait
        cbz     w14, 10f
        user_irq_window                      // two callers wait for each other
        b       8b
10:     add     x12, x12, #RQ_SIZE
        lsr     x10, x10, #1
        cbnz    x10, 7b
9:      dmb     ish                     // smp_mb: nor is the exit (E-3, MB-13 B)
        stlr    wzr, [x11]
        hvc     #CALL_RESUME
        b       user_dispatch
