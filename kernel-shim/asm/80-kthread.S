// What the code of kernel threads calls. It runs in EL1 with interrupts masked, must not move SP, and loses x9 to x18
// and x30 in each call. Linux: kernel/kthread.c. Besides these:
// kthread_yield (schedule) gives the core to the next thread; kthread_exit (do_exit) ends the thread, and is a complete
// kernel thread by itself, one that only comes and goes and borrows the mm meanwhile.

// kthread_use_mm: adopts the address space x0 (CS-5, MB-13 E).
do_kthread_use_mm:
        ldr     x9, [sp, #T_ACTIVE_MM]
        str     x0, [sp, #T_ACTIVE_MM]
        str     x0, [sp, #T_MM]
        cmp     x9, x0
        b.eq    1f
        ldr     x9, [x0, #MM_TTBR0]
        msr     ttbr0_el1, x9
        isb
1:
        .if     HAS_GLOBAL_EXPEDITED
        ldr     w9, [x0, #MM_MEMBARRIER_STATE]
        mrs     x10, tpidr_el1          // membarrier_update_current_mm
        str     w9, [x10, #RQ_MEMBARRIER_STATE]
        .endif
        .ifeq   KNOB_USE_MM_NO_MB
        dmb     ish                     // smp_mb of membarrier, or of mmdrop_lazy_tlb if the mm changed
        .endif
        ret

// kthread_unuse_mm: user accesses before current->mm = NULL (CS-5, MB-13 E); the mm stays borrowed.
do_kthread_unuse_mm:
        .ifeq   KNOB_USE_MM_NO_MB
        dmb     ish                     // smp_mb__after_spinlock
        .endif
        str     xzr, [sp, #T_MM]
        .if     HAS_GLOBAL_EXPEDITED
        mrs     x9, tpidr_el1
        str     wzr, [x9, #RQ_MEMBARRIER_STATE]
        .endif
        ret
