// membarrier(cmd, flags, cpu_id). Linux: kernel/sched/membarrier.c. QUERY, GLOBAL, PRIVATE_EXPEDITED, its SYNC_CORE
// form, their registrations and GET_REGISTRATIONS; GLOBAL_EXPEDITED and RSEQ are not configured in.

        .set CMD_QUERY, 0
        .set CMD_GLOBAL, 1
        .set CMD_PRIVATE_EXPEDITED, 8
        .set CMD_REGISTER_PRIVATE_EXPEDITED, 16
        .set CMD_PRIVATE_EXPEDITED_SYNC_CORE, 32
        .set CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 64
        .set CMD_GET_REGISTRATIONS, 512
        .set CMD_ALL, 1 | 8 | 16 | 32 | 64 | 512

        // mm->membarrier_state; the bit numbers are Linux's.
        .set PRIVATE_EXPEDITED_READY, 1
        .set PRIVATE_EXPEDITED, 2
        .set SYNC_CORE_READY, 16
        .set SYNC_CORE, 32

// MB-1: flags before the command, the command before its own conditions. Without RSEQ no command takes FLAG_CPU.
sys_membarrier:
        cbnz    w1, ret_einval
        cmp     w0, #CMD_PRIVATE_EXPEDITED
        b.eq    membarrier_private_expedited
        cmp     w0, #CMD_PRIVATE_EXPEDITED_SYNC_CORE
        b.eq    membarrier_sync_core
        cmp     w0, #CMD_GLOBAL
        b.eq    membarrier_global
        mov     w9, #PRIVATE_EXPEDITED
        mov     w10, #PRIVATE_EXPEDITED_READY
        cmp     w0, #CMD_REGISTER_PRIVATE_EXPEDITED
        b.eq    membarrier_register
        mov     w9, #PRIVATE_EXPEDITED | SYNC_CORE
        mov     w10, #SYNC_CORE_READY
        cmp     w0, #CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE
        b.eq    membarrier_register
        cmp     w0, #CMD_GET_REGISTRATIONS
        b.eq    membarrier_get_registrations
        cbnz    w0, ret_einval
        mov     w0, #CMD_ALL            // MB-2, of what is configured
        b       ret_fast

// membarrier_register_private_expedited, sync_runqueues_membarrier_state. MB-10: the bit, then a barrier, then READY.
// Only GLOBAL_EXPEDITED reads a copy of the state in the run queues, so no other core needs to be told.
membarrier_register:
        stash_x11_x12
        ldr     x11, [sp, #T_MM]
        add     x11, x11, #MM_MEMBARRIER_STATE
        ldr     w12, [x11]
        tst     w12, w10
        b.ne    1f
        stset   w9, [x11]
        dmb     ish
        stset   w10, [x11]
1:      mov     x0, #0
        b       ret_fast_x11_x12

// MB-11: a registration is reported if its bit or its READY bit is set.
membarrier_get_registrations:
        ldr     x9, [sp, #T_MM]
        ldr     w9, [x9, #MM_MEMBARRIER_STATE]
        mov     w0, #0
        tst     w9, #PRIVATE_EXPEDITED | PRIVATE_EXPEDITED_READY
        b.eq    1f
        mov     w0, #CMD_REGISTER_PRIVATE_EXPEDITED
1:      tst     w9, #SYNC_CORE | SYNC_CORE_READY
        b.eq    ret_fast
        orr     w0, w0, #CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE
        b       ret_fast

        // Bit \cpu of x10: does core \cpu run a thread of the mm in x9? The reads are racy (MB-14). There is no branch
        // for each core, so that search has one guess less for each: C is clear if the difference is 0. x12: run
        // queues. Clobbers x11.
        .macro  add_core_if_same_mm cpu
        ldr     x11, [x12, #RQ_SIZE * \cpu + RQ_CURR]
        .if     KNOB_IPI_USES_ACTIVE_MM
        ldr     x11, [x11, #T_ACTIVE_MM]
        .else
        ldr     x11, [x11, #T_MM]
        .endif
        eor     x11, x11, x9
        cmp     x11, #1
        sbc     x11, xzr, xzr
        bfi     x10, x11, #\cpu, #1
        .endm

        .macro  queue_call_func cpu
        tbz     x10, #\cpu, 1f
        str     w11, [x12, #RQ_SIZE * \cpu + RQ_CSD]
1:
        .endm

        // csd_lock_wait: smp_cond_load_acquire. Interrupts are open in Linux here, or two callers would deadlock.
        .macro  wait_call_func cpu
        tbz     x10, #\cpu, 2f
        mov     x11, #RQ_BASE
        movk    x11, #RQ_SIZE * \cpu + RQ_CSD
1:      ldar    w12, [x11]
        cbz     w12, 2f
        membarrier_irq_window
        b       1b
2:
        .endm

        // An interrupt here must not preempt the caller, and overwrites ELR_EL1 and SPSR_EL1. Clobbers x9 and x12.
        .macro  membarrier_irq_window
        mov     w12, #1
        str     w12, [sp, #T_PREEMPT]
        mrs     x9, elr_el1
        mrs     x12, spsr_el1
        irq_window
        msr     elr_el1, x9
        msr     spsr_el1, x12
        str     wzr, [sp, #T_PREEMPT]
        .endm

        // membarrier_private_expedited behind its checks. x9: the mm. \all: every core whatever it runs; \self: the
        // caller's core too; \stash: x11 and x12 still hold registers of the thread.
        .macro  interrupt_cores all, self, stash=1
        .ifeq   KNOB_NO_ENTRY_MB
        dmb     ish                     // smp_mb: system call entry is not a barrier (E-3, MB-13 A)
        .endif
        .if     \stash
        stash_x11_x12
        .endif
        // mutex_lock(&membarrier_ipi_mutex)
1:      mov     x11, #GLOBALS + MEMBARRIER_IPI_MUTEX
        mov     w12, #1
        swpa    w12, w12, [x11]
        cbz     w12, 2f
        mov     x10, x9
        membarrier_irq_window           // the holder may be waiting for this core
        mov     x9, x10
        b       1b
2:      mov     x12, #RQ_BASE
        .if     \all
        mov     x10, #(1 << NR_CORES) - 1
        .else
        mov     x10, #0
        for_each_core add_core_if_same_mm
        .endif
        .ifeq   \self
        ldr     x11, [sp, #T_CPU]
        mov     x9, #1
        lsl     x9, x9, x11
        bic     x10, x10, x9
        .endif
        .ifeq   KNOB_NO_IPI
        cbz     x10, 3f
        // gic_ipi_send_mask has this ISB behind the doorbell. Here nothing is fetched until the mask is known, which
        // keeps guesses about it out of the search; the acquire of the flags orders the same accesses on this path.
        isb
        mov     w11, #1
        for_each_core queue_call_func
        dsb     ishst                   // gic_ipi_send_mask: the queue before the doorbell (R-4)
        orr     x11, x10, #IPI_CALL_FUNC << 24
        msr     icc_sgi1r_el1, x11
        for_each_core wait_call_func
3:
        .endif
        .ifeq   KNOB_NO_EXIT_MB
        dmb     ish                     // smp_mb: exit from the system call is not a barrier (E-3, MB-13 B)
        .endif
        b       membarrier_done
        .endm

membarrier_private_expedited:
        ldr     x9, [sp, #T_MM]
        ldr     w10, [x9, #MM_MEMBARRIER_STATE]
        tbz     w10, #0, ret_eperm
        .if     NR_CORES == 1
        b       ret_zero
        .endif
        ldr     w10, [x9, #MM_USERS]
        cmp     w10, #1
        b.eq    ret_zero                // MB-5: a single thread needs no barrier at all
        interrupt_cores all=0, self=0   // MB-6: never the caller's core

// MB-6: the caller's core too, or another thread of the mm that replaces the caller there would miss its context
// synchronisation event. No short cut for a single thread.
membarrier_sync_core:
        ldr     x9, [sp, #T_MM]
        ldr     w10, [x9, #MM_MEMBARRIER_STATE]
        tbz     w10, #4, ret_eperm
        .if     KNOB_SYNC_CORE_SKIP_SELF
        interrupt_cores all=0, self=0
        .else
        interrupt_cores all=0, self=1
        .endif

// MB-3. synchronize_rcu as an expedited grace period: every other core is interrupted, whatever it runs.
membarrier_global:
        .if     NR_CORES == 1
        b       ret_zero
        .endif
        interrupt_cores all=1, self=0

membarrier_done:
        mov     x11, #GLOBALS + MEMBARRIER_IPI_MUTEX
        stlr    wzr, [x11]              // mutex_unlock
        mov     x0, #0
        // An interrupt in the window may have asked for a reschedule (E-5).
        mrs     x9, tpidr_el1
        ldr     w10, [x9, #RQ_NEED_RESCHED]
        cbz     w10, ret_fast_x11_x12
        str     wzr, [x9, #RQ_NEED_RESCHED]
        b       el0_schedule
