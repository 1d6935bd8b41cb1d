// VBAR_EL1 points here. Linux: arch/arm64/kernel/entry.S, vectors.

        .macro  unexpected
        .balign 0x80
        b       panic
        .endm

vectors:
        unexpected                      // EL1 with SP_EL0: never used
        unexpected
        unexpected
        unexpected

        .balign 0x80
        b       el1_sync
        .balign 0x80
        b       el1_irq
        unexpected
        unexpected

// el0_svc, invoke_syscall: E-1 (number in w8, arguments in x0 to x5, result in x0, unknown: -ENOSYS). Entry and return
// order nothing (E-3); they are context synchronisation events (E-2).
        .balign 0x80
el0_sync:
        kernel_entry
        mrs     x9, esr_el1
        lsr     x9, x9, #26
        cmp     w9, #EC_SVC64
        .if     POLICY_UNALIGNED
        b.ne    el0_unaligned
        .elseif HAS_UCI && HAS_SIGNALS
        b.ne    el0_signal
        .elseif HAS_UCI
        b.ne    el0_fault
        .else
        b.ne    el0_not_svc
        .endif
        cmp     w8, #NR_membarrier
        b.eq    sys_membarrier
        cmp     w8, #NR_exit
        b.eq    sys_exit
        cmp     w8, #NR_sched_yield
        b.eq    sys_sched_yield
        cmp     w8, #NR_prctl
        b.eq    sys_prctl
        cmp     w8, #NR_gettid
        b.eq    sys_gettid
        b       el0_svc_other

        .balign 0x80
        b       el0_irq
        unexpected
        unexpected

        unexpected                      // AArch32: never used
        unexpected
        unexpected
        unexpected
        .balign 0x80

// What kernel threads may call, at addresses that no configuration changes.
kthread_yield:
        b       do_kthread_yield
kthread_exit:
        b       do_kthread_exit
kthread_use_mm:
        b       do_kthread_use_mm
kthread_unuse_mm:
        b       do_kthread_unuse_mm
exports_end:
