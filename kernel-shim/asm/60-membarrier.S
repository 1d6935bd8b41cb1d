// membarrier(cmd, flags, cpu_id). Linux: kernel/sched/membarrier.c. GLOBAL_EXPEDITED is there if some process is registered
// for it at the start: the copies of the registrations in the run queues cost stores in each switch.

        .set CMD_QUERY, 0
        .set CMD_GLOBAL, 1
        .set CMD_GLOBAL_EXPEDITED, 2
        .set CMD_REGISTER_GLOBAL_EXPEDITED, 4
        .set CMD_PRIVATE_EXPEDITED, 8
        .set CMD_REGISTER_PRIVATE_EXPEDITED, 16
        .set CMD_PRIVATE_EXPEDITED_SYNC_CORE, 32
        .set CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 64
        .set CMD_PRIVATE_EXPEDITED_RSEQ, 128
        .set CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 256
        .set CMD_GET_REGISTRATIONS, 512
        .if     HAS_GLOBAL_EXPEDITED
        .set CMD_ALL, 0x3ff
        .else
        .set CMD_ALL, 0x3f9
        .endif
        .set FLAG_CPU, 1

        // mm->membarrier_state; the bit numbers are Linux's.
        .set PRIVATE_EXPEDITED_READY, 1
        .set PRIVATE_EXPEDITED, 2
        .set GLOBAL_EXPEDITED_READY, 4
        .set GLOBAL_EXPEDITED, 8
        .set SYNC_CORE_READY, 16
        .set SYNC_CORE, 32
        .set RSEQ_READY, 64
        .set RSEQ, 128

// MB-1: flags before the command, the command before its own conditions. Only RSEQ takes a flag.
sys_membarrier:
        cbnz    w1, membarrier_flags
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
        mov     w9, #PRIVATE_EXPEDITED | RSEQ
        mov     w10, #RSEQ_READY
        cmp     w0, #CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ
        b.eq    membarrier_register
        cmp     w0, #CMD_PRIVATE_EXPEDITED_RSEQ
        b.eq    membarrier_rseq
        .if     HAS_GLOBAL_EXPEDITED
        cmp     w0, #CMD_GLOBAL_EXPEDITED
        b.eq    membarrier_global_expedited
        cmp     w0, #CMD_REGISTER_GLOBAL_EXPEDITED
        b.eq    membarrier_register_global
        .endif
        cmp     w0, #CMD_GET_REGISTRATIONS
        b.eq    membarrier_get_registrations
        cbnz    w0, ret_einval
        mov     w0, #CMD_ALL            // MB-2
        b       ret_fast
membarrier_flags:
        cmp     w0, #CMD_PRIVATE_EXPEDITED_RSEQ
        b.ne    ret_einval
        cmp     w1, #FLAG_CPU
        b.ne    ret_einval
        b       membarrier_rseq

// membarrier_register_private_expedited. MB-10: the bit, then a barrier, then READY. Nobody reads the copies of these bits
// in the run queues, so no other core is told; Linux does tell them.
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

        .macro  registered bits, command
        tst     w9, #\bits
        b.eq    1f
        orr     w0, w0, #\command
1:
        .endm

// MB-11: a registration is reported if its bit or its READY bit is set.
membarrier_get_registrations:
        ldr     x9, [sp, #T_MM]
        ldr     w9, [x9, #MM_MEMBARRIER_STATE]
        mov     w0, #0
        registered PRIVATE_EXPEDITED | PRIVATE_EXPEDITED_READY, CMD_REGISTER_PRIVATE_EXPEDITED
        registered SYNC_CORE | SYNC_CORE_READY, CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE
        registered RSEQ | RSEQ_READY, CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ
        registered GLOBAL_EXPEDITED | GLOBAL_EXPEDITED_READY, CMD_REGISTER_GLOBAL_EXPEDITED
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

        // Bit \cpu of x10: does core \cpu run a thread of a process that is registered for GLOBAL_EXPEDITED (MB-4)? Clobbers
        // x9 and x11.
        .macro  add_core_if_registered cpu
        ldr     w11, [x12, #RQ_SIZE * \cpu + RQ_MEMBARRIER_STATE]
        ldr     x9, [x12, #RQ_SIZE * \cpu + RQ_CURR]
        ldr     x9, [x9, #T_MM]
        ubfx    x11, x11, #3, #1
        cmp     x9, #0
        csel    x11, x11, xzr, ne
        bfi     x10, x11, #\cpu, #1
        .endm

        // Without FLAG_CPU every core but the caller's; with it the one in w2, the caller's too. One that does not exist is
        // no error (MB-5). Clobbers x9 and x11.
        .macro  rseq_cores
        ldr     x11, [sp, #T_CPU]
        mov     x9, #1
        lsl     x9, x9, x11
        bic     x9, x10, x9
        cbz     w1, 4f
        tbnz    w2, #31, 4f
        mov     x9, #1
        lsl     x9, x9, x2
        and     x9, x10, x9
        cmp     w2, #NR_CORES
        csel    x9, x9, xzr, lo
4:      mov     x10, x9
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

        // membarrier_private_expedited behind its checks. x9: the mm. \cores: all whatever they run, those that run the mm, or
        // those registered for GLOBAL_EXPEDITED; \self: the caller's core too, or as RSEQ wants it; \stash: x11 and x12
        // still hold registers of the thread; \ipi: the interrupt; \done: where it goes on, the mutex held.
        .macro  interrupt_cores cores, self, stash=1, ipi=IPI_CALL_FUNC, done=membarrier_done
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
        .ifc    \cores, all
        mov     x10, #(1 << NR_CORES) - 1
        .else
        mov     x10, #0
        .ifc    \cores, registered
        for_each_core add_core_if_registered
        .else
        for_each_core add_core_if_same_mm
        .endif
        .endif
        .ifc    \self, rseq
        rseq_cores
        .endif
        .ifc    \self, no
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
        orr     x11, x10, #\ipi << 24
        msr     icc_sgi1r_el1, x11
        for_each_core wait_call_func
3:
        .endif
        .ifeq   KNOB_NO_EXIT_MB
        dmb     ish                     // smp_mb: exit from the system call is not a barrier (E-3, MB-13 B)
        .endif
        b       \done
        .endm

// Returns unless the process is registered (bit of membarrier_state) and another thread might be running.
        .macro  need_barrier bit
        ldr     x9, [sp, #T_MM]
        ldr     w10, [x9, #MM_MEMBARRIER_STATE]
        tbz     w10, #\bit, ret_eperm
        .if     NR_CORES == 1
        b       ret_zero
        .endif
        ldr     w10, [x9, #MM_USERS]
        cmp     w10, #1
        b.eq    ret_zero                // MB-5: a single thread needs no barrier at all
        .endm

// MB-5 to MB-8. The event of a core that executes a restartable sequence aborts it (RS-8). Without rseq there is none.
membarrier_rseq:
        need_barrier 6
        .if     HAS_RSEQ
        interrupt_cores cores=mm, self=rseq, ipi=IPI_RSEQ
        .else
        interrupt_cores cores=mm, self=rseq
        .endif

membarrier_private_expedited:
        need_barrier 0
        interrupt_cores cores=mm, self=no   // MB-6: never the caller's core

// MB-6: the caller's core too, or another thread of the mm that replaces the caller there would miss its context
// synchronisation event. No short cut for a single thread.
membarrier_sync_core:
        ldr     x9, [sp, #T_MM]
        ldr     w10, [x9, #MM_MEMBARRIER_STATE]
        tbz     w10, #4, ret_eperm
        .if     KNOB_SYNC_CORE_SKIP_SELF
        interrupt_cores cores=mm, self=no
        .else
        interrupt_cores cores=mm, self=yes
        .endif

// MB-3. synchronize_rcu as an expedited grace period: every other core is interrupted, whatever it runs.
membarrier_global:
        .if     NR_CORES == 1
        b       ret_zero
        .endif
        interrupt_cores cores=all, self=no

        .if     HAS_GLOBAL_EXPEDITED
// MB-4. The caller needs no registration.
membarrier_global_expedited:
        .if     NR_CORES == 1
        b       ret_zero
        .endif
        interrupt_cores cores=registered, self=no

// membarrier_register_global_expedited, sync_runqueues_membarrier_state. MB-10: the bit, then its copies, then READY. Linux
// waits for a grace period and then interrupts the cores that run the process; one round for every core is both.
membarrier_register_global:
        stash_x11_x12
        ldr     x9, [sp, #T_MM]
        add     x11, x9, #MM_MEMBARRIER_STATE
        ldr     w12, [x11]
        tst     w12, #GLOBAL_EXPEDITED_READY
        b.ne    1f
        mov     w12, #GLOBAL_EXPEDITED
        stset   w12, [x11]
        ldr     w12, [x11]
        mrs     x10, tpidr_el1
        str     w12, [x10, #RQ_MEMBARRIER_STATE]
        .if     NR_CORES > 1
        ldr     w12, [x9, #MM_USERS]
        cmp     w12, #1
        b.ne    2f
        .endif
        dmb     ish
        mov     w12, #GLOBAL_EXPEDITED_READY
        stset   w12, [x11]
1:      mov     x0, #0
        b       ret_fast_x11_x12
        .if     NR_CORES > 1
2:      interrupt_cores cores=all, self=no, stash=0, ipi=IPI_SYNC_STATE, done=membarrier_registered
membarrier_registered:
        ldr     x9, [sp, #T_MM]
        add     x9, x9, #MM_MEMBARRIER_STATE
        mov     w10, #GLOBAL_EXPEDITED_READY
        stset   w10, [x9]
        .endif
        b       membarrier_done
        .endif

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
