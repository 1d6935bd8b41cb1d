// Interrupts. Linux: gic_handle_irq, do_handle_IPI, irqentry_exit. The DSB SY that Linux executes behind the read of
// ICC_IAR1_EL1 (gic_read_iar) is present only with KNOB_IAR_DSB: it is a full barrier that would hide ipi_mb.

        .macro  read_iar
        mrs     x9, icc_iar1_el1
        .if     KNOB_IAR_DSB
        dsb     sy
        .endif
        .endm

        // flush_smp_call_function_queue for the one function there is. MB-7: ipi_mb is a full barrier; for SYNC_CORE
        // the return from the interrupt is the context synchronisation event. R-4: csd_unlock is a store-release.
        .macro  ipi_call_func ipi=IPI_CALL_FUNC
        mrs     x10, tpidr_el1
        .ifeq   KNOB_NO_IPI_MB
        dmb     ish                     // ipi_mb: smp_mb
        .endif
        add     x10, x10, #RQ_CSD
        stlr    wzr, [x10]
        mov     w9, #\ipi
        msr     icc_eoir1_el1, x9
        .endm

        // ipi_sync_rq_state: the copy of the state of the address space that runs here (MB-10). Kernel threads have none;
        // the switch back from them copies it.
        .macro  ipi_sync_state
        mrs     x10, tpidr_el1
        ldr     x9, [sp, #T_MM]
        cbz     x9, 1f
        ldr     w9, [x9, #MM_MEMBARRIER_STATE]
        str     w9, [x10, #RQ_MEMBARRIER_STATE]
        dmb     ish
1:      add     x10, x10, #RQ_CSD
        stlr    wzr, [x10]
        mov     w9, #IPI_SYNC_STATE
        msr     icc_eoir1_el1, x9
        .endm

        // timer_handler and scheduler_ipi. In: x9 = INTID. Clobbers x9 to x12.
        .macro  ipi_reschedule
        .if     TIMER_PERIOD
        cmp     w9, #INTID_TIMER
        b.ne    1f
        mov     x10, #TIMER_PERIOD & 0xffff
        movk    x10, #TIMER_PERIOD >> 16, lsl #16
        msr     cntv_tval_el0, x10
1:
        .endif
        msr     icc_eoir1_el1, x9
        .if     HAS_WAKEUPS
        mrs     x9, tpidr_el1
        for_each_core sched_ttwu_pending
        .endif
        .endm

        // Takes over the thread that core \sender handed to this one. x9: rq. Clobbers x10 to x12.
        .macro  sched_ttwu_pending sender
        add     x10, x9, #RQ_WAKE + 16 * \sender
        ldar    x10, [x10]
        cbz     x10, 3f
        str     xzr, [x9, #RQ_WAKE + 16 * \sender]
        ldr     x11, [x9, #RQ_IDLE]
        ldr     x12, [x11, #T_NEXT]
        cmp     x11, x12
        b.ne    1f
        str     x10, [x10, #T_NEXT]     // the list was empty
        str     x10, [x11, #T_NEXT]
        b       2f
1:      ldr     x11, [x12, #T_NEXT]
        str     x11, [x10, #T_NEXT]
        str     x10, [x12, #T_NEXT]
2:      ldr     x11, [x9, #RQ_CPU]
        str     x11, [x10, #T_CPU]
        str     wzr, [x10, #T_STATE]
3:
        .endm

el0_irq:
        kernel_entry
        read_iar
        cmp     w9, #IPI_CALL_FUNC
        b.ne    el0_irq_resched
        ipi_call_func
        kernel_exit sync=EXIT_ISB_IRQ

// The timer and IPI_RESCHEDULE, then preemption on the way out (E-5).
el0_irq_resched:
        cmp     w9, #1020
        b.hs    ret_fast                // nothing pending any more
        .if     HAS_RSEQ
        cmp     w9, #IPI_RSEQ
        b.eq    el0_irq_rseq
        .endif
        .if     HAS_GLOBAL_EXPEDITED
        cmp     w9, #IPI_SYNC_STATE
        b.eq    el0_irq_sync_state
        .endif
        stash_x11_x12
        ipi_reschedule
        b       el0_schedule

        .if     HAS_GLOBAL_EXPEDITED
el0_irq_sync_state:
        ipi_sync_state
        kernel_exit sync=EXIT_ISB_IRQ
        .endif

// An interrupt in one of the irq_window places, in idle, or in a kernel thread with interrupts enabled.
el1_irq:
        str     x9, [sp, #I_X0 + 72]
        str     x10, [sp, #I_X0 + 80]
        read_iar
        cmp     w9, #IPI_CALL_FUNC
        b.ne    el1_irq_resched
        ipi_call_func
el1_irq_return:
        ldr     x9, [sp, #I_X0 + 72]
        ldr     x10, [sp, #I_X0 + 80]
        .if     EXIT_ISB_IRQ
        isb
        .endif
        eret

el1_irq_resched:
        cmp     w9, #1020
        b.hs    el1_irq_return
        .if     HAS_RSEQ
        cmp     w9, #IPI_RSEQ
        b.eq    el1_irq_rseq
        .endif
        .if     HAS_GLOBAL_EXPEDITED
        cmp     w9, #IPI_SYNC_STATE
        b.eq    el1_irq_sync_state
        .endif
        str     x11, [sp, #I_X0 + 88]
        str     x12, [sp, #I_X0 + 96]
        ipi_reschedule
        ldr     w9, [sp, #T_PREEMPT]
        cbz     w9, preempt_schedule_irq
        mrs     x9, tpidr_el1
        mov     w10, #1
        str     w10, [x9, #RQ_NEED_RESCHED]
el1_irq_return_x11_x12:
        ldr     x11, [sp, #I_X0 + 88]
        ldr     x12, [sp, #I_X0 + 96]
        b       el1_irq_return

        .if     HAS_GLOBAL_EXPEDITED
el1_irq_sync_state:
        ipi_sync_state
        b       el1_irq_return
        .endif

// Whoever is in the kernel is in no sequence (RS-6).
        .if     HAS_RSEQ
el1_irq_rseq:
        ipi_call_func IPI_RSEQ
        b       el1_irq_return
        .endif

// Preemption of EL1 code. x9 to x12 are saved already; what a thread that runs meanwhile overwrites is saved here.
preempt_schedule_irq:
        pick_next_task el1_irq_return_x11_x12
        context_switch
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
        str     x\n, [sp, #I_X0 + 8 * \n]
        .endr
        preempt_state mrs
        adr     x10, preempt_resume
        str     x10, [sp, #T_RESUME]
        b       finish_task_switch
preempt_resume:
        preempt_state msr
        adr     x10, ret_to_user
        str     x10, [sp, #T_RESUME]
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
        ldr     x\n, [sp, #I_X0 + 8 * \n]
        .endr
        b       el1_irq_return_x11_x12

// do_idle, cpu_startup_entry. Interrupts are masked at WFI, which wakes for a pending one all the same.
idle:
        wfi
        irq_window
        mrs     x9, tpidr_el1
        ldr     w10, [x9, #RQ_NEED_RESCHED]
        cbz     w10, idle
        str     wzr, [x9, #RQ_NEED_RESCHED]
        pick_next_task idle
        context_switch
        b       finish_task_switch
