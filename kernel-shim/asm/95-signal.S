// Signals for synchronous faults of EL0: delivery to the thread's handler, and rt_sigreturn (SG-1 to SG-6, SG-8). Linux:
// arch/arm64/kernel/signal.c, traps.c, mm/fault.c. A thread has one handler for all signals, as if rt_sigaction had set it
// with SA_SIGINFO. Nothing here is a barrier; entry and return are context synchronisation events.
        .if     HAS_SIGNALS

        .set SIGILL, 4
        .set SIGTRAP, 5
        .set SIGBUS, 7
        .set SIGSEGV, 11

        .set EC_IABT_LOW, 0x20
        .set EC_PC_ALIGN, 0x22
        .set EC_BRK64, 0x3c

        // struct rt_sigframe is siginfo (128 bytes) and ucontext; behind it stands the frame record.
        .set S_INFO, 0
        .set S_UC, 128
        .set S_CONTEXT, 440             // x16 in the sigcontext: from here STTR reaches all that is written
        .set S_SIZE_LOW, 592
        .set UC_SIGMASK, 40
        .set SC_FAULT, -136
        .set SC_X, -128
        .set SC_SP, 120
        .set SC_PC, 128
        .set SC_PSTATE, 136
        .set SC_RECORD, 152             // the records: struct fpsimd_context if there are vector registers, struct
        .set FPSIMD_SIZE, 528           // esr_context if a fault code is known, the terminator
        .set FPSIMD_FPSR, 8
        .set FPSIMD_FPCR, 12
        .set FPSIMD_VREGS, 16
        .set FPSIMD_MAGIC_LOW, 0x8001
        .set FPSIMD_MAGIC_HIGH, 0x4650
        .if     NR_VECTORS
        .set BEFORE_ESR, FPSIMD_SIZE
        .else
        .set BEFORE_ESR, 0
        .endif
        .set ESR_MAGIC_LOW, 0x5201
        .set ESR_MAGIC_HIGH, 0x4553

        // The signal and si_code, packed.
        .macro  signal_is number, code
        mov     x9, #\number | (\code << 8)
        .endm

        .macro  esr_record register
        mov     \register, #ESR_MAGIC_LOW
        movk    \register, #ESR_MAGIC_HIGH, lsl #16
        movk    \register, #16, lsl #32
        .endm

        .macro  fpsimd_record register
        mov     \register, #FPSIMD_MAGIC_LOW
        movk    \register, #FPSIMD_MAGIC_HIGH, lsl #16
        movk    \register, #FPSIMD_SIZE, lsl #32
        .endm

        // preserve_fpsimd_context: the registers that the kernel preserves. \record: the address of the record; \from becomes
        // that of the thread's state. Clobbers \value and \bytes, and \record.
        .macro  preserve_vectors record, from, value, bytes
        mov     \from, sp
        save_vectors \from, \value
        fpsimd_record \value
        sttr    \value, [\record]
        ldr     \value, [\from, #T_FPSR - T_VECTORS]
        ldr     \bytes, [\from, #T_FPCR - T_VECTORS]
        orr     \value, \value, \bytes, lsl #32
        sttr    \value, [\record, #FPSIMD_FPSR]
        mov     \bytes, #16 * NR_VECTORS
3:      ldr     \value, [\from], #8
        sttr    \value, [\record, #FPSIMD_VREGS]
        add     \record, \record, #8
        subs    \bytes, \bytes, #8
        b.ne    3b
        .endm

        // restore_fpsimd_context, from the \record of that address.
        .macro  recall_vectors record, to, value, bytes
        mov     \to, sp
        add     \to, \to, #T_VECTORS
        ldtr    \value, [\record, #FPSIMD_FPSR]
        lsr     \bytes, \value, #32
        str     \bytes, [\to, #T_FPCR - T_VECTORS]
        ubfx    \value, \value, #0, #32
        str     \value, [\to, #T_FPSR - T_VECTORS]
        mov     \bytes, #16 * NR_VECTORS
3:      ldtr    \value, [\record, #FPSIMD_VREGS]
        str     \value, [\to], #8
        add     \record, \record, #8
        subs    \bytes, \bytes, #8
        b.ne    3b
        mov     \to, sp
        restore_vectors \to, \value
        .endm

// arm64_force_sig_fault. Without a handler, and if the signal is blocked, the thread ends (SG-6).
el0_signal:
        ldr     x9, [sp, #T_HANDLER]
        cbz     x9, el0_fault
        save_elr
        stash_x11_x12
        mrs     x11, esr_el1
        lsr     x10, x11, #26
        cmp     x10, #EC_DABT_LOW
        b.eq    1f
        cmp     x10, #EC_IABT_LOW
        b.eq    1f
        mrs     x12, elr_el1
        signal_is SIGBUS, 1             // BUS_ADRALN
        cmp     x10, #EC_PC_ALIGN
        b.eq    2f
        signal_is SIGTRAP, 1            // TRAP_BRKPT
        cmp     x10, #EC_BRK64
        b.eq    2f
        signal_is SIGILL, 1             // ILL_ILLOPC
        b       2f
1:      mrs     x12, far_el1            // fault_info
        bfc     x12, #56, #8            // SG-5: hide_si_addr_tag_bits
        and     x10, x11, #0x3f
        signal_is SIGBUS, 1             // BUS_ADRALN
        cmp     x10, #0x21
        b.eq    2f
        signal_is SIGSEGV, 9            // SEGV_MTESERR
        cmp     x10, #0x11
        b.eq    2f
        lsr     x10, x10, #2
        signal_is SIGSEGV, 1            // SEGV_MAPERR
        cmp     x10, #1
        b.eq    2f
        signal_is SIGSEGV, 2            // SEGV_ACCERR
2:      and     x10, x9, #0xff
        sub     x10, x10, #1
        mov     x11, #1
        lsl     x11, x11, x10
        ldr     x10, [sp, #T_BLOCKED]
        tst     x10, x11
        b.ne    signal_kill
        .if     HAS_RSEQ
        b       el0_signal_rseq
el0_signal_frame:
        .endif

        // setup_sigframe, with the permissions of the thread. Both ends come first: no memory there is found before
        // anything of the thread is lost.
        mrs     x10, sp_el0
        and     x10, x10, #0xfffffffffffffff0
        sub     x10, x10, #S_SIZE_LOW + 16
        sub     x10, x10, #1, lsl #12
        add     x11, x10, #S_SIZE_LOW
        add     x11, x11, #1, lsl #12
signal_begin:
        sttr    x29, [x11]
        sttr    x30, [x11, #8]
        and     x11, x9, #0xff
        sttr    x11, [x10, #S_INFO]     // si_signo, si_errno
        lsr     x11, x9, #8
        sttr    x11, [x10, #S_INFO + 8] // si_code
        sttr    x12, [x10, #S_INFO + 16]
        add     x11, x10, #S_CONTEXT
        sttr    x0, [x11, #SC_X]
        sttr    x1, [x11, #SC_X + 8]
        sttr    x2, [x11, #SC_X + 16]
        .irp    n, 3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
        .if     \n < NR_REGS
        sttr    x\n, [x11, #SC_X + 8 * \n]
        .endif
        .endr
        .if     NR_REGS > 9
        mrs     x0, contextidr_el1
        sttr    x0, [x11, #SC_X + 72]
        mrs     x0, tpidrro_el0
        sttr    x0, [x11, #SC_X + 80]
        mrs     x0, ttbr1_el1
        sttr    x0, [x11, #SC_X + 88]
        mrs     x0, mair_el1
        sttr    x0, [x11, #SC_X + 96]
        .endif
        sttr    x29, [x11, #SC_X + 232]
        sttr    x30, [x11, #SC_X + 240]
        mrs     x0, sp_el0
        sttr    x0, [x11, #SC_SP]
        ldp     x0, x1, [sp, #F_ELR]
        sttr    x0, [x11, #SC_PC]
        sttr    x1, [x11, #SC_PSTATE]
        mrs     x0, esr_el1
        ubfx    x2, x0, #29, #3
        cmp     x2, #4                  // aborts and alignment: a fault code is known
        b.ne    1f
        sttr    x12, [x11, #SC_FAULT]
        add     x11, x11, #BEFORE_ESR
        esr_record x2
        sttr    x2, [x11, #SC_RECORD]
        sttr    x0, [x11, #SC_RECORD + 8]
        sttr    xzr, [x11, #SC_RECORD + 16]
        b       2f
1:      sttr    xzr, [x11, #SC_FAULT]
        add     x11, x11, #BEFORE_ESR
        sttr    xzr, [x11, #SC_RECORD]
2:
        .if     NR_VECTORS
        add     x11, x10, #S_CONTEXT + SC_RECORD
        preserve_vectors x11, x2, x0, x12
        .endif
        add     x2, x10, #S_UC
        sttr    xzr, [x2]               // uc_flags
        sttr    xzr, [x2, #8]           // uc_link
        ldr     x11, [sp, #T_BLOCKED]
        sttr    x11, [x2, #UC_SIGMASK]
signal_end:
        // setup_return (SG-2): x0 to x2, x29, x30, sp; the signal is blocked while its handler runs.
        and     x0, x9, #0xff
        sub     x9, x0, #1
        mov     x12, #1
        lsl     x12, x12, x9
        orr     x11, x11, x12
        str     x11, [sp, #T_BLOCKED]
        bic     x1, x1, #1 << 25        // PSTATE.TCO
        msr     spsr_el1, x1
        ldr     x11, [sp, #T_HANDLER]
        msr     elr_el1, x11
        msr     sp_el0, x10
        mov     x1, x10
        add     x29, x10, #S_SIZE_LOW
        add     x29, x29, #1, lsl #12
        mov     x30, #SIGTRAMP & 0xffff
        movk    x30, #SIGTRAMP >> 16, lsl #16
        b       ret_fast_x11_x12

signal_kill:
        unstash_x11_x12
        b       el0_fault

// rt_sigreturn (SG-3). A frame that is not there, and a PSTATE or a record that is not the thread's to have: SIGSEGV.
sys_rt_sigreturn:
        save_elr
        stash_x11_x12
        mrs     x9, sp_el0
        tst     x9, #15
        b.ne    bad_frame
        add     x9, x9, #S_CONTEXT
sigreturn_begin:
        ldtr    x10, [x9, #SC_PSTATE]   // valid_user_regs
        tst     x10, #0x1f
        b.ne    bad_frame
        tst     x10, #0x3c0
        b.ne    bad_frame
        // parse_user_sigframe, with the records in the order in which they were written
        .if     NR_VECTORS
        ldtr    x11, [x9, #SC_RECORD]
        fpsimd_record x12
        cmp     x11, x12
        b.ne    bad_frame
        .endif
        add     x12, x9, #BEFORE_ESR
        ldtr    x11, [x12, #SC_RECORD]
        cbz     x11, 1f
        ldtr    x12, [x12, #SC_RECORD + 16]
        cbnz    x12, bad_frame
        esr_record x12
        cmp     x11, x12
        b.ne    bad_frame
1:      sub     x12, x9, #S_CONTEXT - S_UC
        msr     spsr_el1, x10
        ldtr    x10, [x12, #UC_SIGMASK]
        str     x10, [sp, #T_BLOCKED]
        ldtr    x10, [x9, #SC_PC]
        msr     elr_el1, x10
        ldtr    x10, [x9, #SC_SP]
        msr     sp_el0, x10
        .if     NR_VECTORS
        add     x10, x9, #SC_RECORD
        recall_vectors x10, x0, x11, x12
        .endif
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
        .if     \n < NR_REGS
        ldtr    x\n, [x9, #SC_X + 8 * \n]
        .endif
        .endr
        .if     NR_REGS > 9
        ldtr    x10, [x9, #SC_X + 72]
        msr     contextidr_el1, x10
        ldtr    x10, [x9, #SC_X + 80]
        msr     tpidrro_el0, x10
        ldtr    x10, [x9, #SC_X + 88]
        msr     ttbr1_el1, x10
        ldtr    x10, [x9, #SC_X + 96]
        msr     mair_el1, x10
        .endif
        ldtr    x29, [x9, #SC_X + 232]
        ldtr    x30, [x9, #SC_X + 240]
sigreturn_end:
        b       ret_fast_x11_x12

bad_frame:
        mov     x10, #0xf               // memory there is; SEGV_ACCERR
bad_frame_status:
        movk    x10, #EC_DABT_LOW << 10, lsl #16
        msr     esr_el1, x10
        mrs     x10, sp_el0
        msr     far_el1, x10
        unstash_x11_x12
        b       el0_signal

// The frame could not be accessed; x10: where the kernel was. A handler whose frame cannot be written is none.
el1_sync_signal:
        adr     x9, sigreturn_end
        cmp     x10, x9
        b.hs    panic
        adr     x9, signal_begin
        cmp     x10, x9
        b.lo    panic
        adr     x9, signal_end
        cmp     x10, x9
        restore_elr
        b.lo    signal_kill
        mrs     x10, esr_el1
        and     x10, x10, #0x3f
        b       bad_frame_status
        .endif
