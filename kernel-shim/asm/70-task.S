// clone and execve, as far as the memory model of a thread depends on them. Linux: kernel/fork.c copy_process,
// arch/arm64/kernel/process.c copy_thread, arch_setup_new_exec.

        // Bits of the flags.
        .set CLONE_VM, 8
        .set CLONE_SIGHAND, 11
        .set CLONE_THREAD, 16
        .set CLONE_SETTLS, 19
        .set CLONE_CHILD_CLEARTID, 21

        // biglittle-affinity: a child with TSO cannot begin on a core without it. x10: the child. Clobbers x9 and keeps
        // the mm in it.
        .macro  child_core_or_eagain
        .if     RESTRICTS_CORES
        mrs     x9, actlr_el1
        tbz     x9, #1, 6f
        ldr     x9, [x10, #T_CPU]
        mov     x10, #TSO_CORES
        lsr     x9, x10, x9
        tbz     x9, #0, clone_no_task
6:      ldr     x9, [sp, #T_MM]
        ldr     x10, [x9, #MM_FREE_TASKS]
        .endif
        .endm

        .macro  close_on_exec
        .if     POLICY_DEVICE
        ldr     w10, [x9, #MM_FILES]
        tbz     w10, #1, 1f
        str     wzr, [x9, #MM_FILES]
1:
        .endif
        .endm

// clone(flags, stack, parent_tid, tls, child_tid). TK-1. Threads only (CLONE_VM); the child is one of the tasks that
// the configuration reserves for the process, on the core given there; none left: -EAGAIN. parent_tid and child_tid
// are not written at the start.
sys_clone:
        tbz     x0, #CLONE_THREAD, 1f   // CLONE_THREAD needs CLONE_SIGHAND
        tbz     x0, #CLONE_SIGHAND, ret_einval
1:      tbz     x0, #CLONE_SIGHAND, 2f  // CLONE_SIGHAND needs CLONE_VM
        tbz     x0, #CLONE_VM, ret_einval
2:      tbz     x0, #CLONE_VM, clone_without_vm
        ldr     x9, [sp, #T_MM]
        ldr     x10, [x9, #MM_FREE_TASKS]
        cbz     x10, clone_no_task
        child_core_or_eagain
        stash_x11_x12
        ldr     x11, [x10, #T_NEXT]
        str     x11, [x9, #MM_FREE_TASKS]
        ldr     w11, [x9, #MM_USERS]
        add     w11, w11, #1
        str     w11, [x9, #MM_USERS]
        mov     x9, x10                 // the child
        // copy_thread: pt_regs with x0 = 0, the stack and TPIDR_EL0, the live one.
        mrs     x11, sp_el0
        cbz     x1, 3f
        mov     x11, x1
3:      mrs     x12, tpidr_el0
        tbz     x0, #CLONE_SETTLS, 4f
        mov     x12, x3
4:
        .if     HAS_CLEAR_TID
        mov     x10, #0
        tbz     x0, #CLONE_CHILD_CLEARTID, 6f
        mov     x10, x4
6:      str     x10, [x9, #T_CLEAR_TID]
        .endif
        save_user_frame
        .irp    n, 0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256
        ldp     x0, x1, [sp, #F_X0 + \n]
        stp     x0, x1, [x9, #F_X0 + \n]
        .endr
        str     xzr, [x9, #F_X0]
        stp     x11, x12, [x9, #F_SP0]
        .if     NR_VECTORS
        mov     x0, x9
        save_vectors x0, x1             // arch_dup_task_struct
        .endif
        .if     HAS_TSO_SWITCH
        // MM-3: the live value of the parent.
        .if     KNOB_FORK_COPIES_STALE_SAVED_ACTLR
        ldr     x11, [sp, #T_ACTLR]
        .else
        mrs     x11, actlr_el1
        .endif
        str     x11, [x9, #T_ACTLR]
        .endif
        .irp    field, T_TCF, T_GCR, T_TAG_CTRL, T_UNALIGNED
        ldr     x11, [sp, #\field]     // MT-3
        str     x11, [x9, #\field]
        .endr
        ldr     x0, [x9, #T_TID]
        str     x0, [sp, #F_X0]
        // wake_up_new_task
        ldr     x12, [x9, #T_CPU]
        ldr     x11, [sp, #T_CPU]
        cmp     x11, x12
        b.ne    5f
        ldr     x11, [sp, #T_NEXT]
        str     x11, [x9, #T_NEXT]
        str     x9, [sp, #T_NEXT]
        str     wzr, [x9, #T_STATE]
        b       ret_to_user
5:
        .if     NR_CORES > 1
        mov     x10, x9
        ttwu_queue_wakelist
        .endif
        b       ret_to_user
clone_without_vm:
        mov     x0, #-ENOSYS
        b       ret_fast
clone_no_task:
        mov     x0, #-EAGAIN
        b       ret_fast

// execve: x0 is the entry address of the new program (0: -ENOENT, before the point of no return, MM-4), x1 its stack.
// x2 is the ELF machine of the program, which the policies binfmt and elf-machine ask for.
// The address space stays; TSO, the membarrier registrations (MB-12), TPIDR_EL0 and all registers are reset (TK-4).
sys_execve:
        cbz     x0, exec_no_entry
        tell_clear_child_tid            // exec_mm_release
        .if     HAS_CLEAR_TID
        str     xzr, [sp, #T_CLEAR_TID]
        .endif
        ldr     x9, [sp, #T_MM]
        dmb     ish                     // membarrier_exec_mmap
        str     wzr, [x9, #MM_MEMBARRIER_STATE]
        .if     HAS_GLOBAL_EXPEDITED
        mrs     x10, tpidr_el1
        str     wzr, [x10, #RQ_MEMBARRIER_STATE]
        .endif
        .if     HAS_RSEQ
        str     xzr, [sp, #T_RSEQ]      // RS-7
        .endif
        close_on_exec
        msr     elr_el1, x0
        msr     spsr_el1, xzr
        msr     sp_el0, x1
        msr     tpidr_el0, xzr
        .if     HAS_TSO_SWITCH && !KNOB_EXEC_KEEPS_TSO
        ldr     x9, [sp, #T_ACTLR]      // arch_setup_new_exec
        bic     x9, x9, #ACTLR_TSO
        .if     POLICY_BINFMT || POLICY_ELF_MACHINE
        cmp     x2, #EM_X86_64          // the interpreter of the format, or the program itself
        cset    x10, eq
        bfi     x9, x10, #1, #1
        .endif
        str     x9, [sp, #T_ACTLR]
        msr     actlr_el1, x9
        .endif
        str     xzr, [sp, #T_TAG_CTRL]
        str     xzr, [sp, #T_UNALIGNED]
        .if     HAS_MTE
        set_tag_control xzr             // flush_mte_state, flush_tagged_addr_state
        .endif
        .if     NR_VECTORS
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        .if     \n < NR_VECTORS
        movi    v\n\().2d, #0          // fpsimd_flush_thread
        .endif
        .endr
        msr     fpcr, xzr
        msr     fpsr, xzr
        .endif
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        mov     x\n, #0
        .endr
        .irp    n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
        mov     x\n, #0
        .endr
        .if     EXIT_ISB_SVC
        isb
        .endif
        eret
exec_no_entry:
        mov     x0, #-ENOENT
        b       ret_fast
