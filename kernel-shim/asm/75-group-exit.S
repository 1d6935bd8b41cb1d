// exit_group (TK-5). Linux: kernel/exit.c do_group_exit, kernel/signal.c zap_other_threads, get_signal. Present only if some
// program has its number.

        .if     HAS_GROUP_EXIT

// The status first, for whoever comes first; then the threads that other cores run are interrupted (signal_wake_up,
// kick_process), so that they look at it on the way back. Who comes in behind the barrier looks by itself: rq->curr is
// written before the DSB of the switch, and read here behind the barrier. The ISBs keep guesses about branches on what
// other cores write out of the search, as in interrupt_cores.
sys_exit_group:
        stash_x11_x12
        ldr     x9, [sp, #T_MM]
        add     x12, x9, #MM_GROUP_EXIT
        mov     x10, #0
        mov     w11, w0
        orr     x11, x11, #GROUP_EXITS
        cas     x10, x11, [x12]
        .if     NR_CORES > 1
        cbnz    x10, 1f                 // another thread was first
        isb
        dmb     ish
        mov     x12, #RQ_BASE
        mov     x10, #0
        for_each_core add_core_if_same_mm
        ldr     x11, [sp, #T_CPU]
        mov     x9, #1
        lsl     x9, x9, x11
        bic     x10, x10, x9
        .ifeq   KNOB_GROUP_EXIT_NO_IPI
        cbz     x10, 1f
        isb
        dsb     ishst                   // gic_ipi_send_mask
        msr     icc_sgi1r_el1, x10      // IPI_RESCHEDULE
        isb
        .endif
1:      isb
        .endif
exit_group_sent:
        ldr     x9, [sp, #T_MM]
        ldr     x9, [x9, #MM_GROUP_EXIT]
        b       1f

// On the way back to the program.
group_exit:
        isb
        stash_x11_x12
1:      mov     w9, w9
        str     x9, [sp, #T_EXIT]
        tell_clear_child_tid
        exit_mm
        save_user_frame
        b       finish_task_switch

// The same behind a switch: the registers of the thread are in its frame.
group_exit_resume:
        isb
        mov     w9, w9
        str     x9, [sp, #T_EXIT]
        tell_clear_child_tid
        exit_mm
        b       finish_task_switch

        .else

// The number came from nowhere: no kernel is built in for it, and a process of one thread does not need one.
sys_exit_group:
        ldr     x9, [sp, #T_MM]
        ldr     w9, [x9, #MM_USERS]
        cmp     w9, #1
        b.eq    sys_exit
        mov     x0, #-ENOSYS
        b       ret_fast
        .endif
