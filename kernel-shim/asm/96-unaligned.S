// Emulation of unaligned ordered loads and stores and atomics, which a process asks for by prctl (policy unaligned, P15).
// LDAPR, LDAR, STLR, and LDADD, SWP and CAS with acquire and release, all with a register as address and of 2, 4 or 8
// bytes. Other instructions fault as ever.
        .if     POLICY_UNALIGNED

        .set UNALIGNED_EMULATE, 0       // bit numbers of the flags
        .set UNALIGNED_STRICT, 2

        .macro  is_instruction first, second, label
        mov     w11, #\first
        movk    w11, #\second, lsl #16
        cmp     w10, w11
        b.eq    \label
        .endm

        // Register \number of the frame, XZR for 31.
        .macro  frame_register value, number
        ldr     \value, [x9, \number, lsl #3]
        cmp     \number, #31
        csel    \value, xzr, \value, eq
        .endm

        // \move of 2, 4 or 8 bytes between x12 or x17 and [x10].
        .macro  user_access move, register
        cmp     x14, #2
        b.eq    2f
        b.hi    3f
        \move\()h w\register, [x10]
        b       4f
2:      \move   w\register, [x10]
        b       4f
3:      \move   x\register, [x10]
4:
        .endm

el0_unaligned:
        mrs     x9, esr_el1
        and     x10, x9, #0x3f
        cmp     x10, #0x21
        b.ne    el0_not_unaligned
        lsr     x9, x9, #26
        cmp     x9, #EC_DABT_LOW
        b.ne    el0_not_unaligned
        ldr     x9, [sp, #T_UNALIGNED]
        tbz     x9, #UNALIGNED_EMULATE, el0_not_unaligned
        save_elr
        stash_x11_x12
unaligned_begin:
        ldr     x9, [sp, #F_ELR]
        ldtr    w9, [x9]
        and     w10, w9, #0x3ffffc00
        is_instruction 0xc000, 0x38bf, unaligned_found    // LDAPR
        is_instruction 0xfc00, 0x08df, unaligned_found    // LDAR
        is_instruction 0xfc00, 0x089f, unaligned_found    // STLR
        mov     w11, #0xfc00
        movk    w11, #0x3fe0, lsl #16
        and     w10, w9, w11
        is_instruction 0x0000, 0x38e0, unaligned_found    // LDADDAL
        is_instruction 0x8000, 0x38e0, unaligned_found    // SWPAL
        is_instruction 0xfc00, 0x08e0, unaligned_found    // CASAL
        unstash_x11_x12
el0_not_unaligned:
        .if     HAS_UCI && HAS_SIGNALS
        b       el0_signal
        .elseif HAS_UCI
        b       el0_fault
        .else
        mrs     x9, esr_el1
        lsr     x9, x9, #26
        b       el0_not_svc
        .endif

unaligned_found:
        save_user_frame
        mov     x4, sp
        add     x9, x4, #F_X0
        ldr     x4, [sp, #F_ELR]
        ldtr    w5, [x4]
        add     x4, x4, #4
        str     x4, [sp, #F_ELR]
        ubfx    x6, x5, #5, #5
        ubfx    x7, x5, #0, #5
        ubfx    x8, x5, #16, #5
        ubfx    x14, x5, #30, #2
        ldr     x10, [sp, #F_SP0]
        ldr     x11, [x9, x6, lsl #3]
        cmp     x6, #31
        csel    x10, x10, x11, eq
        tbnz    x5, #21, 1f
        tbz     x5, #22, unaligned_store
        b       unaligned_load
1:      mov     w11, #0xc000
        movk    w11, #0x38bf, lsl #16
        and     w12, w5, #0x3ffffc00
        cmp     w12, w11
        b.ne    unaligned_atomic

unaligned_load:
        user_access ldtr, 12
        .ifeq   KNOB_UNALIGNED_NO_BARRIER
        dmb     ishld
        .endif
        cmp     x7, #31
        b.eq    ret_to_user
        str     x12, [x9, x7, lsl #3]
        b       ret_to_user

unaligned_store:
        frame_register x12, x7
        dmb     ish
        user_access sttr, 12
        b       ret_to_user

// With the strict flag one after the other; nothing keeps them apart from instructions that do not fault.
unaligned_atomic:
        frame_register x13, x8
        mov     x16, #GLOBALS
        add     x16, x16, #UNALIGNED_LOCK
        ldr     x15, [sp, #T_UNALIGNED]
        tbz     x15, #UNALIGNED_STRICT, 6f
5:      mov     w17, #1
        swpa    w17, w17, [x16]
        cbnz    w17, 5b
6:      dmb     ish
        user_access ldtr, 12
        tbz     x5, #28, 7f
        tbz     x5, #15, 8f
        mov     x17, x13                // SWP
        b       9f
7:      mov     x11, #8                 // CAS compares the bytes of its size
        lsl     x11, x11, x14
        sub     x11, x11, #1
        mov     x17, #2
        lsl     x17, x17, x11
        sub     x17, x17, #1
        and     x13, x13, x17
        cmp     x12, x13
        b.ne    10f
        frame_register x17, x7
        b       9f
8:      add     x17, x12, x13           // LDADD
9:      user_access sttr, 17
10:     dmb     ish
        tbz     x15, #UNALIGNED_STRICT, 11f
        stlr    wzr, [x16]
11:     tbnz    x5, #28, 12f
        mov     x7, x8                  // CAS returns in Rs, the others in Rt
12:     cmp     x7, #31
        b.eq    ret_to_user
        str     x12, [x9, x7, lsl #3]
        b       ret_to_user
unaligned_end:

// A synchronous exception; x10: where. The registers of the thread may be in the frame: it ends.
el1_sync_unaligned:
        adr     x9, unaligned_begin
        cmp     x10, x9
        b.lo    el1_sync_known
        adr     x9, unaligned_end
        cmp     x10, x9
        b.hs    el1_sync_known
        restore_elr
        tell_clear_child_tid
        exit_mm
        mrs     x0, esr_el1
        b       fault_noted
        .endif
