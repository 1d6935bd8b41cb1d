// What a thread that ends tells others in user memory (TK-5): clear_child_tid, by which pthread_join() finds it gone. Linux:
// kernel/exit.c do_exit, kernel/fork.c mm_release. There is no futex: who waits polls. Present only if some program can set it.

        .if     HAS_CLEAR_TID

// Returns to x11. Clobbers x9, x10 and x12. The stores of the thread come before that of the 0 because do_exit counts the threads that
// are left by a fully ordered atomic; the store itself is a plain one.
clear_child_tid:
        ldr     x12, [sp, #T_CLEAR_TID]
        cbz     x12, 1f
        ldr     x9, [sp, #T_MM]
        ldr     w10, [x9, #MM_USERS]
        cmp     w10, #1
        b.eq    1f                      // nobody else is there to look
        save_elr
        mrs     x9, esr_el1
        mrs     x10, far_el1
        str     x9, [sp, #I_SCRATCH]
        str     x10, [sp, #I_SCRATCH + 8]
        ldr     x9, [sp, #T_MM]
        add     x9, x9, #MM_LIVE
        mov     w10, #-1
        .if     KNOB_EXIT_LIVE_RELAXED
        ldadd   w10, w10, [x9]
        .else
        ldaddal w10, w10, [x9]
        .endif
clear_tid_access:
        sttr    wzr, [x12]
1:      br      x11

// No memory there: nobody is told (put_user fails and do_exit goes on).
clear_tid_failed:
        restore_elr
        ldr     x9, [sp, #I_SCRATCH]
        ldr     x10, [sp, #I_SCRATCH + 8]
        msr     esr_el1, x9
        msr     far_el1, x10
        br      x11

sys_set_tid_address:
        str     x0, [sp, #T_CLEAR_TID]
        ldr     x0, [sp, #T_TID]
        b       ret_fast
        .endif
