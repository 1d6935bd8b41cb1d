// Constants of the shim: memory layout (kernel-shim/layout.h has the same numbers), Linux ABI numbers, macros.
// Symbols in capitals that are not defined here (NR_CORES, NR_REGS, HAS_*, KNOB_* ...) come from the configuration.

        // Task: SP_EL1 holds its address while the thread runs, in EL0 and in EL1 (current). T_MM has a granule of its
        // own because it is the one field that other cores read.
        .set T_MM, 0x00
        .set T_ACTIVE_MM, 0x10
        .set T_ACTLR, 0x18
        .set T_STATE, 0x20
        .set T_NEXT, 0x28
        .set T_TID, 0x30
        .set T_CPU, 0x38
        .set T_EXIT, 0x40
        .set T_FAULT_ESR, 0x48
        .set T_FAULT_PC, 0x50
        .set T_FAULT_FAR, 0x58
        .set T_PREEMPT, 0x60
        .set T_RESUME, 0x68             // where the kernel goes on when the thread is scheduled again
        // struct pt_regs of the entry from EL0, and x19 to x30 of a kernel thread that yields.
        .set F_X0, 0x80
        .set F_ELR, 0x178
        .set F_SPSR, 0x180
        .set F_SP0, 0x188
        .set F_TPIDR0, 0x190
        // struct pt_regs of an interrupt taken in EL1, and the scratch registers.
        .set I_X0, 0x1a0
        .set I_ELR, 0x298
        .set I_SCRATCH, 0x2a8
        // Signals.
        .set T_HANDLER, 0x300
        .set T_BLOCKED, 0x308           // sigset_t
        // Restartable sequences.
        .set T_RSEQ, 0x310              // 0: not registered
        .set T_RSEQ_SIG, 0x318
        .set T_RSEQ_LEN, 0x340
        .set T_MM_CID, 0x348            // below zero: that of the core
        .set T_CLEAR_TID, 0x350         // clear_child_tid
        // Memory tags: SCTLR_EL1.TCF0, GCR_EL1, and what the prctl was given.
        .set T_TCF, 0x320
        .set T_GCR, 0x328
        .set T_TAG_CTRL, 0x330
        .set T_UNALIGNED, 0x338         // flags of the prctl (policy unaligned)
        // struct user_fpsimd_state: V0 to V31, FPCR, FPSR.
        .set T_VECTORS, 0x400
        .set T_FPCR, 0x600
        .set T_FPSR, 0x608

        .set TASK_RUNNING, 0
        .set TASK_DEAD, 1
        .set TASK_MIGRATING, 2
        .set TASK_NEW, 3

        // Memory descriptor. MM_MEMBARRIER_STATE has a granule of its own.
        .set MM_TTBR0, 0x00
        .set MM_USERS, 0x08
        .set MM_MEMBARRIER_STATE, 0x10
        .set MM_FREE_TASKS, 0x20
        .set MM_FILES, 0x28             // the descriptor of /dev/tso
        .set MM_GROUP_EXIT, 0x30        // a granule of its own. 0, or GROUP_EXITS and the status of exit_group
        .set GROUP_EXITS, 1 << 32
        .set MM_LIVE, 0x38              // signal->live, below zero: how many threads have ended with a clear_child_tid

        // Run queue: TPIDR_EL1 holds the address of this core's. RQ_CURR, RQ_CSD, RQ_MEMBARRIER_STATE and each slot of
        // RQ_WAKE have granules of their own because other cores touch them.
        .set RQ_CURR, 0x00
        .set RQ_CSD, 0x10
        .set RQ_IDLE, 0x20
        .set RQ_CPU, 0x28
        .set RQ_NEED_RESCHED, 0x30
        .set RQ_PANIC_ESR, 0x40
        .set RQ_PANIC_PC, 0x48
        .set RQ_PANIC_FAR, 0x50
        .set RQ_MEMBARRIER_STATE, 0x60  // a copy, for GLOBAL_EXPEDITED
        .set RQ_WAKE, 0x100             // one slot of 16 bytes per sending core
        .set RQ_SIZE, 0x200
        .set RQ_SHIFT, 9
        .set RQ_BASE, 0x40010000

        .set GLOBALS, 0x40050000
        .set MEMBARRIER_IPI_MUTEX, 0x00
        .set TAINT, 0x10
        .set UNALIGNED_LOCK, 0x20

        .set EC_SVC64, 0x15
        .set EC_DABT_LOW, 0x24

        .set EPERM, 1
        .set ENOENT, 2
        .set ESRCH, 3
        .set EBADF, 9
        .set EAGAIN, 11
        .set EFAULT, 14
        .set EBUSY, 16
        .set EINVAL, 22
        .set EMFILE, 24
        .set ENOTTY, 25
        .set ENOSYS, 38
        .set EOPNOTSUPP, 95

        .set NR_ioctl, 29
        .set NR_openat, 56
        .set NR_close, 57
        .set NR_exit, 93
        .set NR_exit_group, 94
        .set NR_set_tid_address, 96
        .set NR_sched_setaffinity, 122
        .set NR_sched_yield, 124
        .set NR_rt_sigreturn, 139
        .set NR_prctl, 167
        .set NR_getcpu, 168
        .set NR_gettid, 178
        .set NR_clone, 220
        .set NR_execve, 221
        .set NR_membarrier, 283
        .set NR_rseq, 293
        .set NR_cacheflush, 0xf0002
        .set NR_modify_code, 0xf0003

        .set IPI_RESCHEDULE, 0
        .set IPI_CALL_FUNC, 1
        .set IPI_RSEQ, 2
        .set IPI_SYNC_STATE, 3
        .set INTID_TIMER, 27

        .set ACTLR_TSO, 2
        .set EM_X86_64, 62
        .set RSEQ_SIZE, 32
        .set RSEQ_NODE_ID, 20           // mm_cid comes behind it
        .set RSEQ_FLAG_UNREGISTER, 1
        .set TAINT_CPU_OUT_OF_SPEC, 4

        // kernel_entry. The interrupted registers go to system registers, not to memory: a store to the thread's frame
        // is in flight together with the thread's own accesses and doubles the states of a search with each one; the
        // frame is filled behind the barriers of the context switch. Translation is the identity, so TTBR1_EL1 and MAIR_EL1 are free; Linux uses TPIDRRO_EL0 the same way in its vectors.
        .macro  kernel_entry
        msr     contextidr_el1, x9
        msr     tpidrro_el0, x10
        .endm

        // Linux looks at the flags of the thread here, for a fatal signal among others; only exit_group sends one.
        .macro  kernel_exit sync
        .if     HAS_GROUP_EXIT
        ldr     x9, [sp, #T_MM]
        ldr     x9, [x9, #MM_GROUP_EXIT]
        cbnz    x9, group_exit
        .endif
        mrs     x9, contextidr_el1
        mrs     x10, tpidrro_el0
        .if     \sync
        isb                             // SCTLR_EL1.EOS = 0: ERET is not a context synchronisation event (E-2, E-4)
        .endif
        eret
        .endm

        // Two more, where two are not enough.
        .macro  stash_x11_x12
        msr     ttbr1_el1, x11
        msr     mair_el1, x12
        .endm

        .macro  unstash_x11_x12
        mrs     x11, ttbr1_el1
        mrs     x12, mair_el1
        .endm

        .macro  save_elr
        mrs     x9, elr_el1
        mrs     x10, spsr_el1
        stp     x9, x10, [sp, #F_ELR]
        .endm

        .macro  restore_elr
        ldp     x9, x10, [sp, #F_ELR]
        msr     elr_el1, x9
        msr     spsr_el1, x10
        .endm

        // One register or a pair of the frame, of the NR_REGS registers that the threads use.
        .macro  frame_pair pair, single, base, first, second
        .if     \second < NR_REGS
        \pair   x\first, x\second, [\base, #F_X0 + 8 * \first]
        .elseif \first < NR_REGS
        \single x\first, [\base, #F_X0 + 8 * \first]
        .endif
        .endm

        // pt_regs after kernel_entry and stash_x11_x12. Clobbers x0 to x3.
        .macro  save_user_frame
        frame_pair stp, str, sp, 0, 1
        frame_pair stp, str, sp, 2, 3
        frame_pair stp, str, sp, 4, 5
        frame_pair stp, str, sp, 6, 7
        .if     NR_REGS > 8
        str     x8, [sp, #F_X0 + 64]
        .endif
        frame_pair stp, str, sp, 13, 14
        frame_pair stp, str, sp, 15, 16
        frame_pair stp, str, sp, 17, 18
        frame_pair stp, str, sp, 19, 20
        frame_pair stp, str, sp, 21, 22
        frame_pair stp, str, sp, 23, 24
        frame_pair stp, str, sp, 25, 26
        frame_pair stp, str, sp, 27, 28
        frame_pair stp, str, sp, 29, 30
        .if     NR_REGS > 9
        mrs     x0, contextidr_el1
        mrs     x1, tpidrro_el0
        mrs     x2, ttbr1_el1
        mrs     x3, mair_el1
        stp     x0, x1, [sp, #F_X0 + 72]
        stp     x2, x3, [sp, #F_X0 + 88]
        .endif
        mrs     x0, elr_el1
        mrs     x1, spsr_el1
        stp     x0, x1, [sp, #F_ELR]
        mrs     x0, sp_el0
        mrs     x1, tpidr_el0
        stp     x0, x1, [sp, #F_SP0]
        .endm

        // fpsimd_save_state and fpsimd_load_state, as far as programs use the registers; \base becomes the address of the
        // state. Clobbers \scratch.
        .macro  vector_pair move, base, first, second
        .if     \second < NR_VECTORS
        \move\()p     q\first, q\second, [\base, #16 * \first]
        .elseif \first < NR_VECTORS
        \move\()r     q\first, [\base, #16 * \first]
        .endif
        .endm
        .macro  vector_registers move, base
        vector_pair \move, \base, 0, 1
        vector_pair \move, \base, 2, 3
        vector_pair \move, \base, 4, 5
        vector_pair \move, \base, 6, 7
        vector_pair \move, \base, 8, 9
        vector_pair \move, \base, 10, 11
        vector_pair \move, \base, 12, 13
        vector_pair \move, \base, 14, 15
        vector_pair \move, \base, 16, 17
        vector_pair \move, \base, 18, 19
        vector_pair \move, \base, 20, 21
        vector_pair \move, \base, 22, 23
        vector_pair \move, \base, 24, 25
        vector_pair \move, \base, 26, 27
        vector_pair \move, \base, 28, 29
        vector_pair \move, \base, 30, 31
        .endm
        .macro  save_vectors base, scratch
        add     \base, \base, #T_VECTORS
        vector_registers st, \base
        mrs     \scratch, fpcr
        str     \scratch, [\base, #T_FPCR - T_VECTORS]
        mrs     \scratch, fpsr
        str     \scratch, [\base, #T_FPSR - T_VECTORS]
        .endm
        .macro  restore_vectors base, scratch
        add     \base, \base, #T_VECTORS
        vector_registers ld, \base
        ldr     \scratch, [\base, #T_FPCR - T_VECTORS]
        msr     fpcr, \scratch
        ldr     \scratch, [\base, #T_FPSR - T_VECTORS]
        msr     fpsr, \scratch
        .endm

        // node_id, of which there is one, and mm_cid, in the area at \area (RS-9). Clobbers \id and \scratch.
        .macro  rseq_concurrency_id area, id, scratch
        ldr     \id, [sp, #T_MM_CID]
        ldr     \scratch, [sp, #T_CPU]
        cmp     \id, #0
        csel    \id, \scratch, \id, lt
        lsl     \id, \id, #32
        sttr    \id, [\area, #RSEQ_NODE_ID]
        .endm

        // Room for one interrupt where Linux runs with interrupts enabled. The shim keeps them masked elsewhere in
        // EL1, so that search has one place to deliver them instead of every instruction.
        .macro  irq_window
        msr     daifclr, #2
        msr     daifset, #2
        .endm

        .macro  for_each_core body
        .irp    core, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        .if     \core < NR_CORES
        \body   \core
        .endif
        .endr
        .endm
