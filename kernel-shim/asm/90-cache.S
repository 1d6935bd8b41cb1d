// Services for programs that change code. cacheflush(start, end, flags): the number and the arguments are those of
// __ARM_NR_cacheflush of 32-bit Arm (arch/arm64/kernel/sys_compat.c), which arm64 itself does not have; the flag is an
// extension. modify_code(to, from, size): writes, and makes sure that nobody in the process executes what was there.
// And the emulation of DC and IC for machines on which EL0 may not use them (traps.c user_cache_maint_handler).

        .set CACHEFLUSH_ALL, 1          // also a context synchronisation event on every core that runs the process

        // caches_clean_inval_pou from \start to \end (CF-2). Clobbers x9.
        .macro  flush_range start, end
        .ifeq   HAS_IDC
        bic     x9, \start, #LINE_BYTES - 1
8:      dc      cvau, x9
        add     x9, x9, #LINE_BYTES
        cmp     x9, \end
        b.lo    8b
        .ifeq   KNOB_FLUSH_NO_CLEAN_DSB
        dsb     ish
        .endif
        .else
        dsb     ishst                   // the stores reach the point of unification by themselves
        .endif
        .ifeq   HAS_DIC
        bic     x9, \start, #LINE_BYTES - 1
9:      ic      ivau, x9
        add     x9, x9, #LINE_BYTES
        cmp     x9, \end
        b.lo    9b
        .ifeq   KNOB_FLUSH_NO_INVALIDATE_DSB
        dsb     ish
        .endif
        .endif
        .ifeq   KNOB_FLUSH_NO_ISB
        isb
        .endif
        .endm

        // Interrupts every other core that runs a thread of the process. This core has had its ISB, and a thread that
        // takes its place is fetched behind that, so it needs no interrupt. x11 and x12 are stashed. Does not come back.
        .macro  synchronise_other_cores
        .if     NR_CORES > 1
        ldr     x9, [sp, #T_MM]
        ldr     w10, [x9, #MM_USERS]
        cmp     w10, #1
        b.eq    services_done
        interrupt_cores cores=mm, self=no, stash=0
        .else
        b       services_done
        .endif
        .endm

el0_svc_services:
        mov     w9, #0xf0000
        sub     w9, w8, w9
        cmp     w9, #NR_cacheflush & 0xffff
        b.eq    sys_cacheflush
        cmp     w9, #NR_modify_code & 0xffff
        b.eq    sys_modify_code
        mov     x0, #-ENOSYS
        b       ret_fast

// CF-1: end below start, and unknown flags: -EINVAL; no memory there: -EFAULT.
sys_cacheflush:
        cmp     x1, x0
        b.lo    ret_einval
        bic     x9, x2, #CACHEFLUSH_ALL
        cbnz    x9, ret_einval
        save_elr
        stash_x11_x12
        cmp     x1, x0
        b.eq    services_done
services_begin:
        flush_range x0, x1
        tbz     w2, #0, services_done
        synchronise_other_cores

// modify_code: words, from memory that the caller may read to memory that it may write.
sys_modify_code:
        orr     x9, x0, x1
        orr     x9, x9, x2
        tst     x9, #3
        b.ne    ret_einval
        cbz     x2, ret_zero
        save_elr
        stash_x11_x12
        mov     x11, #0
1:      add     x9, x1, x11
        ldtr    w12, [x9]
        add     x9, x0, x11
        sttr    w12, [x9]
        add     x11, x11, #4
        cmp     x11, x2
        b.lo    1b
        add     x11, x0, x2
        flush_range x0, x11
        synchronise_other_cores
services_done:
        mov     x0, #0
        b       ret_fast_x11_x12

        .ifeq   HAS_UCI
        .set EC_SYS64, 0x18

// el0_sys (CF-4). ESR_EL1: Rt in bits 9 to 5, CRm in bits 4 to 1; nothing else can have trapped.
el0_not_svc:
        cmp     w9, #EC_SYS64
        .if     HAS_SIGNALS
        b.ne    el0_signal
        .else
        b.ne    el0_fault
        .endif
        stash_x11_x12
        mrs     x11, esr_el1
        ubfx    x9, x11, #5, #5
        adr     x10, el0_sys_registers
        add     x10, x10, x9, lsl #3
        br      x10
el0_sys_registers:
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8
        mov     x12, x\n
        b       el0_sys_emulate
        .endr
        mrs     x12, contextidr_el1
        b       el0_sys_emulate
        mrs     x12, tpidrro_el0
        b       el0_sys_emulate
        mrs     x12, ttbr1_el1
        b       el0_sys_emulate
        mrs     x12, mair_el1
        b       el0_sys_emulate
        .irp    n, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
        mov     x12, x\n
        b       el0_sys_emulate
        .endr
        mov     x12, xzr
el0_sys_emulate:
        save_elr
        ubfx    x10, x11, #1, #4
        cmp     x10, #5
        b.eq    1f
emulation_begin:
        dc      civac, x12              // Linux promotes every DC to this one
        b       2f
1:      ic      ivau, x12
emulation_end:
2:      mrs     x9, elr_el1
        add     x9, x9, #4
        msr     elr_el1, x9
        b       ret_fast_x11_x12
        .endif
services_end:

// A synchronous exception of a service; x10: where. DC and IC that were emulated end the thread as if it had executed them
// (arm64_notify_segfault), the others return -EFAULT.
el1_sync_services:
        adr     x9, services_end
        cmp     x10, x9
        .if     HAS_SIGNALS
        b.hs    el1_sync_signal
        .else
        b.hs    panic
        .endif
        adr     x9, services_begin
        cmp     x10, x9
        b.lo    panic
        .ifeq   HAS_UCI
        adr     x9, emulation_begin
        cmp     x10, x9
        b.lo    1f
        restore_elr
        unstash_x11_x12
        .if     HAS_SIGNALS
        b       el0_signal
        .else
        b       el0_fault
        .endif
        .endif
1:      restore_elr
        mov     x0, #-EFAULT
        b       ret_fast_x11_x12
