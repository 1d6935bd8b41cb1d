// Entry and exit. Linux: arch/arm64/kernel/entry.S, entry-common.c, syscall.c.

el0_svc_other:
        cmp     w8, #NR_exit_group
        b.eq    sys_exit_group
        .if     HAS_CLEAR_TID
        cmp     w8, #NR_set_tid_address
        b.eq    sys_set_tid_address
        .endif
        cmp     w8, #NR_clone
        b.eq    sys_clone
        cmp     w8, #NR_execve
        b.eq    sys_execve
        cmp     w8, #NR_sched_setaffinity
        b.eq    sys_sched_setaffinity
        cmp     w8, #NR_getcpu
        b.eq    sys_getcpu
        .if     HAS_SIGNALS
        cmp     w8, #NR_rt_sigreturn
        b.eq    sys_rt_sigreturn
        .endif
        .if     HAS_RSEQ
        cmp     w8, #NR_rseq
        b.eq    sys_rseq
        .endif
        b       el0_svc_files

ret_eperm:
        mov     x0, #-EPERM
        b       ret_fast
ret_einval:
        mov     x0, #-EINVAL
        b       ret_fast
ret_zero:
        mov     x0, #0
        b       ret_fast

// kernel_exit of a path that changed nothing but the result and the stashed registers.
ret_fast_x11_x12:
        unstash_x11_x12
ret_fast:
        kernel_exit sync=EXIT_ISB_SVC

// kernel_exit with the whole of pt_regs: after a context switch, and the first return of a new thread
// (ret_from_fork).
ret_to_user:
        .if     HAS_GROUP_EXIT
        ldr     x9, [sp, #T_MM]
        ldr     x9, [x9, #MM_GROUP_EXIT]
        cbnz    x9, group_exit_resume
        .endif
        ldp     x9, x10, [sp, #F_SP0]
        msr     sp_el0, x9
        msr     tpidr_el0, x10          // tls_thread_switch
        restore_elr
        .if     HAS_RSEQ
        ldr     x9, [sp, #T_RSEQ]
        cbnz    x9, rseq_resume
ret_to_user_registers:
        .endif
        frame_pair ldp, ldr, sp, 0, 1
        frame_pair ldp, ldr, sp, 2, 3
        frame_pair ldp, ldr, sp, 4, 5
        frame_pair ldp, ldr, sp, 6, 7
        frame_pair ldp, ldr, sp, 8, 9
        frame_pair ldp, ldr, sp, 10, 11
        frame_pair ldp, ldr, sp, 12, 13
        frame_pair ldp, ldr, sp, 14, 15
        frame_pair ldp, ldr, sp, 16, 17
        frame_pair ldp, ldr, sp, 18, 19
        frame_pair ldp, ldr, sp, 20, 21
        frame_pair ldp, ldr, sp, 22, 23
        frame_pair ldp, ldr, sp, 24, 25
        frame_pair ldp, ldr, sp, 26, 27
        frame_pair ldp, ldr, sp, 28, 29
        frame_pair ldp, ldr, sp, 30, 31
        .if     EXIT_ISB_SVC
        isb
        .endif
        eret

// A synchronous exception in EL1: an access to user memory that failed (fixup_exception: -EFAULT), else a panic.
el1_sync:
        mrs     x10, elr_el1
        .if     HAS_CLEAR_TID
        adr     x9, clear_tid_access
        cmp     x10, x9
        b.eq    clear_tid_failed
        .endif
        adr     x9, uaccess_begin
        cmp     x10, x9
        b.lo    panic
        adr     x9, uaccess_end
        cmp     x10, x9
        .if     POLICY_UNALIGNED
        b.hs    el1_sync_unaligned
        .else
        b.hs    el1_sync_known
        .endif
        restore_elr
        mov     x0, #-EFAULT
        b       ret_fast

el1_sync_known:
        .if     HAS_RSEQ
        b       el1_sync_rseq
        .else
        b       el1_sync_services
        .endif

panic:
        mrs     x11, tpidr_el1
        mrs     x9, esr_el1
        str     x9, [x11, #RQ_PANIC_ESR]
        mrs     x9, elr_el1
        str     x9, [x11, #RQ_PANIC_PC]
        mrs     x9, far_el1
        str     x9, [x11, #RQ_PANIC_FAR]
1:      wfi
        b       1b

// The only instructions of the shim that access user memory on behalf of a thread, with its permissions (R-3).
uaccess_begin:
uaccess_load_mask:
        ldtr    x9, [x2]
        b       setaffinity_have_mask
uaccess_store_cpu:
        sttr    w9, [x0]
        b       ret_zero
        .if     POLICY_DEVICE
uaccess_load_path:
        ldtr    x9, [x1]
        ldtrb   w10, [x1, #8]
        b       openat_have_path
        .endif
        .if     HAS_RSEQ
uaccess_rseq_register:
        ldtr    x9, [x0, #8]            // rseq_cs
        cbz     x9, 1f
        sttr    xzr, [x0, #8]
1:      ldr     w9, [sp, #T_CPU]
        orr     x9, x9, x9, lsl #32
        sttr    x9, [x0]
        rseq_concurrency_id x0, x9, x10
        b       rseq_registered
uaccess_rseq_unregister:
        mov     x9, #0xffffffff00000000 // cpu_id_start 0, cpu_id -1
        sttr    x9, [x0]
        sttr    xzr, [x0, #RSEQ_NODE_ID]
        str     xzr, [sp, #T_RSEQ]
        b       ret_zero
        .endif
uaccess_end:

sys_gettid:
        ldr     x0, [sp, #T_TID]
        b       ret_fast

// getcpu(unsigned *cpu, unsigned *node, ...): node is not reported.
sys_getcpu:
        cbz     x0, ret_zero
        save_elr
        ldr     x9, [sp, #T_CPU]
        b       uaccess_store_cpu
