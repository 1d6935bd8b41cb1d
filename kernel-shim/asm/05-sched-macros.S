// The scheduler's inner steps. Linux: kernel/sched/core.c __schedule, context_switch; arch/arm64 __switch_to.
// Each core has a circular list of its threads and one idle task outside the list; idle.next is the head of the list,
// or idle itself if the list is empty. Only the core itself touches its list, so there is no lock.

        // pick_next_task: x9 = the first runnable thread after the current one. Goes to \same if that is the current
        // one; then no barrier is executed, which is less than Linux has. Clobbers x10.
        .macro  pick_next_task same
        ldr     x9, [sp, #T_NEXT]
1:      ldr     w10, [x9, #T_STATE]
        cbz     w10, 2f
        ldr     x9, [x9, #T_NEXT]
        ldr     x10, [sp, #T_NEXT]
        cmp     x9, x10
        b.ne    1b
        mrs     x10, tpidr_el1
        ldr     x9, [x10, #RQ_IDLE]
2:      mov     x10, sp
        cmp     x9, x10
        b.eq    \same
        .endm

        // context_switch up to and including the barrier of __switch_to, from the current thread to x9: full barrier,
        // rq->curr, mm, ACTLR_EL1, DSB (CS-4). Clobbers x10 to x12. Stores that no other core can see are done behind
        // the DSB whatever Linux does, because search would have to order them with the thread's own stores.
        .macro  context_switch
        // smp_mb__after_spinlock: user accesses of prev before rq->curr (MB-8, MB-13 C).
        .ifeq   KNOB_NO_MB_BEFORE_CURR
        dmb     ish
        .endif
        mrs     x10, tpidr_el1
        str     x9, [x10, #RQ_CURR]     // RCU_INIT_POINTER(rq->curr, next)
        ldr     x11, [sp, #T_ACTIVE_MM]
        ldr     x10, [x9, #T_MM]
        cbz     x10, 1f                 // enter_lazy_tlb: TTBR0_EL1 stays
        .if     HAS_GLOBAL_EXPEDITED
        // membarrier_switch_mm. Linux skips it if active_mm is the same. But exit_mm and kthread_unuse_mm have cleared the
        // copy by then, and a registration passes over cores that run a kernel thread.
        .if     KNOB_RQ_STATE_BY_ACTIVE_MM
        cmp     x10, x11
        .else
        ldr     x12, [sp, #T_MM]
        cmp     x10, x12
        .endif
        b.eq    4f
        ldr     w12, [x10, #MM_MEMBARRIER_STATE]
        mrs     x11, tpidr_el1
        str     w12, [x11, #RQ_MEMBARRIER_STATE]
        ldr     x11, [sp, #T_ACTIVE_MM]
4:
        .endif
        cmp     x10, x11
        b.eq    1f
        ldr     x12, [x10, #MM_TTBR0]   // switch_mm: only if active_mm differs
        msr     ttbr0_el1, x12
        isb
1:
        .if     HAS_TSO_SWITCH && !KNOB_ACTLR_NOT_SAVED
        mrs     x12, actlr_el1          // actlr_thread_switch (CS-1)
        ldr     x10, [x9, #T_ACTLR]
        msr     actlr_el1, x10
        .endif
        // Completes cache maintenance before a migration (CS-3); the barrier behind rq->curr that membarrier counts on.
        .ifeq   KNOB_NO_SWITCH_DSB
        dsb     ish
        .endif
        .if     HAS_TSO_SWITCH && !KNOB_ACTLR_NOT_SAVED
        str     x12, [sp, #T_ACTLR]
        .endif
        .if     HAS_MTE
        .ifeq   KNOB_TAGS_NOT_SWITCHED
        // mte_thread_switch, update_sctlr_el1 (MT-3)
        ldr     x12, [x9, #T_GCR]
        msr     gcr_el1, x12
        ldr     x12, [x9, #T_TCF]
        ldr     x10, [sp, #T_TCF]
        cmp     x10, x12
        b.eq    5f
        mrs     x10, sctlr_el1
        bfi     x10, x12, #38, #2
        msr     sctlr_el1, x10
        isb
5:
        .endif
        .endif
        ldr     x10, [x9, #T_MM]
        ldr     x12, [sp, #T_MM]
        cbnz    x10, 2f
        str     x11, [x9, #T_ACTIVE_MM] // a kernel thread borrows active_mm
        cbnz    x12, 3f
        str     xzr, [sp, #T_ACTIVE_MM]
        b       3f
2:      cbnz    x12, 3f
        str     xzr, [sp, #T_ACTIVE_MM]
        .ifeq   KNOB_NO_MMDROP_MB
        cbz     x11, 3f
        dmb     ish                     // finish_task_switch: mmdrop_lazy_tlb of the borrowed mm is a full barrier
        .endif
3:
        .endm

        // mm_release, in front of exit_mm. Clobbers x9 to x12.
        .macro  tell_clear_child_tid
        .if     HAS_CLEAR_TID
        adr     x11, 7f
        b       clear_child_tid
7:
        .endif
        .endm

        // exit_mm (CS-5, MB-13 D): user accesses before current->mm = NULL. Then the last context_switch of the thread.
        .macro  exit_mm
        .ifeq   KNOB_EXIT_MM_NO_MB
        dmb     ish
        .endif
        str     xzr, [sp, #T_MM]
        .if     HAS_GLOBAL_EXPEDITED
        mrs     x9, tpidr_el1           // membarrier_update_current_mm
        str     wzr, [x9, #RQ_MEMBARRIER_STATE]
        .endif
        mov     w9, #TASK_DEAD
        str     w9, [sp, #T_STATE]
        pick_next_task panic
        context_switch
        .endm

        // What a thread scheduled in place of a preempted EL1 context overwrites. \move: mrs to save, msr to
        // restore.
        .macro  preempt_register move, register, offset
        .ifc    \move, mrs
        mrs     x10, \register
        str     x10, [sp, #\offset]
        .else
        ldr     x10, [sp, #\offset]
        msr     \register, x10
        .endif
        .endm
        .macro  preempt_state move
        preempt_register \move, elr_el1, I_ELR
        preempt_register \move, spsr_el1, I_ELR + 8
        preempt_register \move, contextidr_el1, I_SCRATCH
        preempt_register \move, tpidrro_el0, I_SCRATCH + 8
        preempt_register \move, ttbr1_el1, I_SCRATCH + 16
        preempt_register \move, mair_el1, I_SCRATCH + 24
        preempt_register \move, sp_el0, I_SCRATCH + 32
        preempt_register \move, tpidr_el0, I_SCRATCH + 40
        .endm

        // ttwu_queue_wakelist: hands thread x10 to core x12. Clobbers x11, x13 and x14.
        .macro  ttwu_queue_wakelist
        mov     x11, #RQ_BASE
        add     x11, x11, x12, lsl #RQ_SHIFT
        mrs     x13, tpidr_el1
        ldr     x13, [x13, #RQ_CPU]
        add     x11, x11, x13, lsl #4
        add     x11, x11, #RQ_WAKE
        stlr    x10, [x11]              // a slot per sender; on_cpu is released with it
        dsb     ishst                   // gic_ipi_send_mask
        mov     x11, #1
        lsl     x11, x11, x12
        msr     icc_sgi1r_el1, x11      // IPI_RESCHEDULE
        isb
        .endm
