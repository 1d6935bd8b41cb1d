// Restartable sequences: rseq(rseq, len, flags, sig), and the fix-up on the way to EL0 (RS-). Linux: kernel/rseq.c. Events
// are not noted down: interrupts stay masked from the event to the ERET, so the path that follows each event does the fix-up
// itself: the return of a thread that was switched out, of an IPI_RSEQ, and the delivery of a signal. A system call inside
// a sequence is undefined (RS-6).
        .if     HAS_RSEQ

        .set RSEQ_CS, 8                 // struct rseq; cpu_id_start and cpu_id come first
        .set RSEQ_FLAGS, 16
        .set CS_VERSION, 0              // struct rseq_cs
        .set CS_FLAGS, 4
        .set CS_START, 8
        .set CS_LENGTH, 16              // post_commit_offset
        .set CS_ABORT, 24

        // __rseq_handle_notify_resume (RS-4). x9: the area; ELR_EL1: where the thread was. Clobbers x10 to x12.
        .macro  rseq_fixup error
        ldtr    x10, [x9, #RSEQ_CS]
        cbz     x10, 2f
        ldtr    w11, [x10, #CS_VERSION]
        cbnz    w11, \error
        ldtr    x12, [x10, #CS_ABORT]
        sub     x11, x12, #4
        ldtr    w11, [x11]
        ldr     w12, [sp, #T_RSEQ_SIG]
        cmp     w11, w12
        b.ne    \error
        ldtr    x11, [x10, #CS_START]
        ldtr    x12, [x10, #CS_LENGTH]
        cmn     x11, x12
        b.cs    \error                  // the sequence wraps around
        ldtr    x12, [x10, #CS_ABORT]
        sub     x11, x12, x11
        ldtr    x12, [x10, #CS_LENGTH]
        cmp     x11, x12
        b.lo    \error                  // the abort handler is inside
        mrs     x11, elr_el1
        ldtr    x12, [x10, #CS_START]
        sub     x11, x11, x12
        ldtr    x12, [x10, #CS_LENGTH]
        cmp     x11, x12
        b.hs    1f
        ldtr    w11, [x10, #CS_FLAGS]
        ldtr    w12, [x9, #RSEQ_FLAGS]
        orr     w11, w11, w12
        cbnz    w11, \error
        ldtr    x11, [x10, #CS_ABORT]
        msr     elr_el1, x11
1:      sttr    xzr, [x9, #RSEQ_CS]
2:      ldr     w10, [sp, #T_CPU]       // both ids; nobody else reads them
        orr     x10, x10, x10, lsl #32
        sttr    x10, [x9]
        rseq_concurrency_id x9, x10, x11
        .endm

// The area in X9, which is registered, and the call's have to be the same.
        .macro  check_rseq_area
        cmp     x9, x0
        b.ne    ret_einval
        ldr     w9, [sp, #T_RSEQ_LEN]
        cmp     w1, w9
        b.ne    ret_einval
        ldr     w9, [sp, #T_RSEQ_SIG]
        cmp     w9, w3
        b.ne    ret_eperm
        .endm

// RS-2.
sys_rseq:
        cmp     w2, #RSEQ_FLAG_UNREGISTER
        b.eq    rseq_unregister
        cbnz    w2, ret_einval
        ldr     x9, [sp, #T_RSEQ]
        cbz     x9, 1f
        check_rseq_area
        mov     x0, #-EBUSY
        b       ret_fast
1:      cmp     w1, #RSEQ_SIZE          // the original size has all fields there are
        b.lo    ret_einval
        tst     x0, #RSEQ_SIZE - 1
        b.ne    ret_einval
        save_elr
        b       uaccess_rseq_register
rseq_registered:
        str     x0, [sp, #T_RSEQ]
        str     w3, [sp, #T_RSEQ_SIG]
        str     w1, [sp, #T_RSEQ_LEN]
        b       ret_zero

// RS-1.
rseq_unregister:
        ldr     x9, [sp, #T_RSEQ]
        cbz     x9, ret_einval
        check_rseq_area
        save_elr
        b       uaccess_rseq_unregister

rseq_begin:
// RS-3: the thread was switched out, whatever for. Its registers are in the frame.
rseq_resume:
        .ifeq   KNOB_RSEQ_NO_PREEMPT
        rseq_fixup rseq_error_resume
        mrs     x9, elr_el1
        str     x9, [sp, #F_ELR]
        .endif
        b       ret_to_user_registers

// RS-8, MB-7: the barrier, then the event.
el0_irq_rseq:
        ipi_call_func IPI_RSEQ
        .ifeq   KNOB_RSEQ_IPI_NO_ABORT
        ldr     x9, [sp, #T_RSEQ]
        cbz     x9, 3f
        save_elr
        stash_x11_x12
        ldr     x9, [sp, #T_RSEQ]
        rseq_fixup rseq_error
        unstash_x11_x12
3:
        .endif
        kernel_exit sync=EXIT_ISB_IRQ

        .if     HAS_SIGNALS
// RS-5, rseq_signal_deliver. x9 and x12 are kept; x11 and x12 of the thread are stashed.
el0_signal_rseq:
        str     x12, [sp, #I_SCRATCH]
        str     x9, [sp, #I_SCRATCH + 8]
        ldr     x9, [sp, #T_RSEQ]
        cbz     x9, 3f
        .if     KNOB_RSEQ_FIXUP_AFTER_FRAME
        sttr    xzr, [x9, #RSEQ_CS]     // the handler is not in the sequence, and what its frame holds is not looked at
        .else
        rseq_fixup rseq_error
        save_elr
        .endif
3:      ldr     x12, [sp, #I_SCRATCH]
        ldr     x9, [sp, #I_SCRATCH + 8]
        b       el0_signal_frame
        .endif
rseq_end:

        .macro  rseq_syndrome
        mov     x9, #0xf                // a permission fault, as for other structures that are not valid
        movk    x9, #EC_DABT_LOW << 10, lsl #16
        msr     esr_el1, x9
        msr     far_el1, xzr
        .endm

// force_sigsegv; the shim ends the thread whatever handler it has. The frame has the place of the thread.
rseq_error:
        unstash_x11_x12
        rseq_syndrome
        b       el0_fault
rseq_error_resume:
        rseq_syndrome
        tell_clear_child_tid
        exit_mm
        mrs     x0, esr_el1
        b       fault_noted

// A synchronous exception; x10: where. There is no memory where the area or the descriptor should be.
el1_sync_rseq:
        adr     x9, rseq_begin
        cmp     x10, x9
        b.lo    el1_sync_services
        adr     x9, rseq_end
        cmp     x10, x9
        b.hs    panic
        adr     x9, el0_irq_rseq
        cmp     x10, x9
        restore_elr
        b.hs    rseq_error
        b       rseq_error_resume
        .endif
