// prctl(PR_GET_MEM_MODEL, PR_SET_MEM_MODEL). Linux: kernel/sys.c and arch/arm64/kernel/process.c with the memory-model
// series. What the kernel found out at boot about all cores together is patched in as HAS_TSO_SWITCH and
// HAS_TSO_FIXED, as Linux patches alternatives; HAS_MEM_MODEL is the configuration option.

        // A core without the switch refuses a thread that would have to stay away from it (Policy biglittle-affinity).
        .macro  tso_core_or_einval model
        .if     RESTRICTS_CORES
        cbz     \model, 1f
        ldr     x9, [sp, #T_CPU]
        mov     x10, #TSO_CORES
        lsr     x9, x10, x9
        tbz     x9, #0, ret_einval
1:
        .endif
        .endm

        // add_taint: sticky, whoever turns it off again.
        .macro  taint_if_tso model
        .if     POLICY_TAINT
        cbz     \model, 1f
        mov     x10, #GLOBALS
        add     x10, x10, #TAINT
        mov     w9, #TAINT_CPU_OUT_OF_SPEC
        stset   w9, [x10]
1:
        .endif
        .endm

        .set PR_SET_TAGGED_ADDR_CTRL, 55
        .set PR_GET_TAGGED_ADDR_CTRL, 56

        // mte_update_sctlr_user and mte_update_gcr_excl of the running thread. \ctrl: bit 1 synchronous, bit 2 asynchronous,
        // bits 18 to 3 the tags that IRG may choose. Clobbers x9 and x10.
        .macro  set_tag_control ctrl
        ubfx    x9, \ctrl, #3, #16
        eor     x9, x9, #0xffff
        orr     x9, x9, #1 << 16        // GCR_EL1.RRND
        str     x9, [sp, #T_GCR]
        msr     gcr_el1, x9
        ubfx    x9, \ctrl, #1, #1
        tst     \ctrl, #4
        mov     x10, #2
        csel    x9, x10, x9, ne
        str     x9, [sp, #T_TCF]
        mrs     x10, sctlr_el1
        bfi     x10, x9, #38, #2
        msr     sctlr_el1, x10
        .endm

sys_prctl:
        .if     HAS_MEM_MODEL
        mov     w9, #0x444c
        movk    w9, #0x6d4d, lsl #16
        cmp     w0, w9
        b.eq    prctl_get_mem_model
        movk    w9, #0x4d4d, lsl #16
        cmp     w0, w9
        b.eq    prctl_set_mem_model
        .endif
        .if     POLICY_UNALIGNED
        mov     w9, #0x5849
        movk    w9, #0x4645, lsl #16
        cmp     w0, w9
        b.eq    prctl_unaligned
        .endif
        cmp     w0, #PR_SET_TAGGED_ADDR_CTRL
        b.eq    prctl_set_tagged_addr_ctrl
        cmp     w0, #PR_GET_TAGGED_ADDR_CTRL
        b.eq    prctl_get_tagged_addr_ctrl
        b       ret_einval

// set_tagged_addr_ctrl, set_mte_ctrl (MT-1, MT-2): unused arguments, then bits that nobody knows. In effect at once. If both
// checks are accepted it is the asynchronous one, which Linux prefers unless told otherwise.
prctl_set_tagged_addr_ctrl:
        orr     x9, x2, x3
        orr     x9, x9, x4
        cbnz    x9, ret_einval
        .if     HAS_MTE
        lsr     x9, x1, #19
        .else
        lsr     x9, x1, #1
        .endif
        cbnz    x9, ret_einval
        str     x1, [sp, #T_TAG_CTRL]
        .if     HAS_MTE
        set_tag_control x1
        isb                             // update_sctlr_el1
        .endif
        b       ret_zero

prctl_get_tagged_addr_ctrl:
        orr     x9, x1, x2
        orr     x9, x9, x3
        orr     x9, x9, x4
        cbnz    x9, ret_einval
        ldr     x0, [sp, #T_TAG_CTRL]
        b       ret_fast

        .if     POLICY_UNALIGNED
// Emulate and strict; patching the program (2) is left to its handler.
prctl_unaligned:
        orr     x9, x2, x3
        orr     x9, x9, x4
        cbnz    x9, ret_einval
        mov     x9, #5
        bics    xzr, x1, x9
        b.ne    ret_einval
        str     x1, [sp, #T_UNALIGNED]
        b       ret_zero
        .endif

        .if     HAS_MEM_MODEL
// arch_prctl_mem_model_get. MM-1: unused arguments must be zero; the answer is that of the saved copy.
prctl_get_mem_model:
        orr     x9, x1, x2
        orr     x9, x9, x3
        orr     x9, x9, x4
        cbnz    x9, ret_einval
        mov     x0, #0
        .if     HAS_TSO_SWITCH
        ldr     x9, [sp, #T_ACTLR]
        ubfx    x0, x9, #1, #1
        .endif
        b       ret_fast

// arch_prctl_mem_model_set. MM-2: unused arguments, then the model, compared as 64 bits.
prctl_set_mem_model:
        orr     x9, x2, x3
        orr     x9, x9, x4
        cbnz    x9, ret_einval
        .if     HAS_TSO_FIXED
        cmp     x1, #1
        b.eq    ret_zero
        .endif
        .if     HAS_TSO_SWITCH
        cmp     x1, #1
        b.hi    ret_einval
        .if     POLICY_BINFMT
        b.eq    ret_eperm               // only execve turns it on
        .endif
        tso_core_or_einval x1
        taint_if_tso x1
        ldr     x9, [sp, #T_ACTLR]
        bfi     x9, x1, #1, #1
        .if     KNOB_ACTLR_SET_PREEMPTIBLE
        // MM-7: as posted, a context switch between the two writes loses the first one.
        str     x9, [sp, #T_ACTLR]
        mrs     x0, elr_el1
        mrs     x10, spsr_el1
        irq_window
        msr     elr_el1, x0
        msr     spsr_el1, x10
        msr     actlr_el1, x9
        mov     x0, #0
        .else
        str     x9, [sp, #T_ACTLR]
        msr     actlr_el1, x9           // in effect from the next context synchronisation event, the ERET (E-4)
        .if     POLICY_PROBE
        // MM-8: look whether the bit stuck; a virtual machine may ignore the write.
        isb
        mrs     x10, actlr_el1
        str     x10, [sp, #T_ACTLR]
        eor     x10, x10, x9
        tbz     x10, #1, ret_zero
        mov     x0, #-EOPNOTSUPP
        b       ret_fast
        .endif
        mov     x0, #0
        .endif
        b       ret_fast
        .else
        cbnz    x1, ret_einval
        b       ret_zero
        .endif
        .endif
