// The scheduler's paths. Linux: kernel/sched/core.c, kernel/exit.c.

sys_sched_yield:
        mov     x0, #0
        stash_x11_x12
// __schedule for a thread that came from EL0, x9 to x12 stashed.
el0_schedule:
        pick_next_task ret_fast_x11_x12
        // The DSB of context_switch comes first, see kernel_entry. Without it the store of rq->curr may stay in flight,
        // and what is in flight behind it should be little.
        .if     KNOB_NO_SWITCH_DSB
        save_user_frame
        context_switch
        .else
        context_switch
        save_user_frame
        .endif
// finish_task_switch. x9: next, SP: prev, whose registers are saved now.
finish_task_switch:
        .if     NR_VECTORS && !KNOB_VECTORS_NOT_SWITCHED
        // fpsimd_thread_switch. The kernel and its threads have none of their own, and who has ended needs none.
        ldr     x10, [sp, #T_MM]
        cbz     x10, 1f
        mov     x10, sp
        save_vectors x10, x11
1:      ldr     x10, [x9, #T_MM]
        cbz     x10, 2f
        mov     x10, x9
        restore_vectors x10, x11
2:
        .endif
        mov     x10, sp
        mov     sp, x9                  // cpu_switch_to
        .if     NR_CORES > 1
        ldr     w11, [x10, #T_STATE]
        cmp     w11, #TASK_MIGRATING
        b.eq    push_migrating_task
        .endif
resume_task:
        ldr     x11, [sp, #T_RESUME]
        br      x11

// migration_cpu_stop: hands the thread x10 to the core in its T_CPU.
push_migrating_task:
        ldr     x12, [x10, #T_CPU]
        ttwu_queue_wakelist
        b       resume_task

// kthread_yield, called by kernel threads.
do_kthread_yield:
        pick_next_task kthread_return
        context_switch
        stp     x19, x20, [sp, #F_X0 + 152]
        stp     x21, x22, [sp, #F_X0 + 168]
        stp     x23, x24, [sp, #F_X0 + 184]
        stp     x25, x26, [sp, #F_X0 + 200]
        stp     x27, x28, [sp, #F_X0 + 216]
        stp     x29, x30, [sp, #F_X0 + 232]
        adr     x10, kthread_resume
        str     x10, [sp, #T_RESUME]
        b       finish_task_switch
kthread_resume:
        ldp     x19, x20, [sp, #F_X0 + 152]
        ldp     x21, x22, [sp, #F_X0 + 168]
        ldp     x23, x24, [sp, #F_X0 + 184]
        ldp     x25, x26, [sp, #F_X0 + 200]
        ldp     x27, x28, [sp, #F_X0 + 216]
        ldp     x29, x30, [sp, #F_X0 + 232]
kthread_return:
        ret

// do_exit (TK-5): there is no robust list and nobody to signal. A synchronous exception that is not
// SVC ends here too, as by the default action of SIGSEGV, SIGILL, SIGBUS or SIGTRAP (SG-4). The last registers and
// ESR, PC and FAR of a fault stay in the task for the scenario to see.
sys_exit:
el0_fault:
        stash_x11_x12
        tell_clear_child_tid
        exit_mm
        save_user_frame
        mrs     x0, esr_el1
        lsr     x1, x0, #26
        cmp     w1, #EC_SVC64
        b.ne    1f
        ldr     x0, [sp, #F_X0]
        str     x0, [sp, #T_EXIT]
        b       finish_task_switch
1:
fault_noted:
        str     x0, [sp, #T_FAULT_ESR]
        mrs     x0, elr_el1
        str     x0, [sp, #T_FAULT_PC]
        mrs     x0, far_el1
        str     x0, [sp, #T_FAULT_FAR]
        b       finish_task_switch

// kthread_exit
do_kthread_exit:
        exit_mm
        b       finish_task_switch

// sched_setaffinity(pid, len, mask): the calling thread only (TK-7). The lowest allowed core is chosen.
sys_sched_setaffinity:
        cbz     w0, 1f
        ldr     x9, [sp, #T_TID]
        cmp     w0, w9
        b.eq    1f
        mov     x0, #-ESRCH
        b       ret_fast
1:      cbz     x1, ret_einval
        save_elr
        b       uaccess_load_mask
setaffinity_have_mask:
        and     x9, x9, #(1 << NR_CORES) - 1
        .if     RESTRICTS_CORES
        mrs     x10, actlr_el1
        tbz     x10, #1, 6f
        mov     x10, #TSO_CORES         // as the affinity of 32-bit tasks, task_cpu_possible_mask
        and     x9, x9, x10
6:
        .endif
        cbz     x9, ret_einval
        mov     x0, #0
        ldr     x10, [sp, #T_CPU]
        lsr     x10, x9, x10
        tbnz    x10, #0, ret_fast
        stash_x11_x12
        rbit    x9, x9
        clz     x9, x9
        str     x9, [sp, #T_CPU]
        // Unlink the caller: find its predecessor in the list.
        mov     x9, sp
        mov     x10, x9
2:      ldr     x11, [x10, #T_NEXT]
        cmp     x11, x9
        b.eq    3f
        mov     x10, x11
        b       2b
3:      mrs     x12, tpidr_el1
        ldr     x12, [x12, #RQ_IDLE]
        ldr     x11, [x9, #T_NEXT]
        cmp     x11, x9
        b.ne    4f
        mov     x11, x12                // it was alone
        str     x12, [x9, #T_NEXT]
        b       5f
4:      str     x11, [x10, #T_NEXT]
5:      str     x11, [x12, #T_NEXT]
        mov     w10, #TASK_MIGRATING
        str     w10, [x9, #T_STATE]
        b       el0_schedule
