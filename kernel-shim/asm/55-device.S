// The switch as a device: a module that offers /dev/tso, with ioctl instead of prctl and the same hooks in the context
// switch. There are no other files, and a process has one descriptor, 3.

        .set TSO_ENABLE, 0x7401         // _IO('t', 1)
        .set TSO_DISABLE, 0x7402
        .set TSO_GET, 0x7403
        .set TSO_FD, 3
        .set O_CLOEXEC, 0x80000

        // MM_FILES: bit 0 open, bit 1 FD_CLOEXEC.

el0_svc_files:
        cmp     w8, #NR_openat
        b.eq    sys_openat
        .if     POLICY_DEVICE
        cmp     w8, #NR_ioctl
        b.eq    sys_ioctl
        cmp     w8, #NR_close
        b.eq    sys_close
        .endif
        b       el0_svc_services

// openat(dirfd, path, flags, mode)
sys_openat:
        .if     POLICY_DEVICE && HAS_TSO_SWITCH
        save_elr
        b       uaccess_load_path
openat_have_path:
        cbnz    w10, openat_no_file
        mov     x10, #0x642f            // "/dev/tso"
        movk    x10, #0x7665, lsl #16
        movk    x10, #0x742f, lsl #32
        movk    x10, #0x6f73, lsl #48
        cmp     x9, x10
        b.ne    openat_no_file
        ldr     x9, [sp, #T_MM]
        ldr     w10, [x9, #MM_FILES]
        cbnz    w10, openat_no_descriptor
        ubfx    w10, w2, #19, #1        // O_CLOEXEC
        lsl     w10, w10, #1
        orr     w10, w10, #1
        str     w10, [x9, #MM_FILES]
        mov     x0, #TSO_FD
        b       ret_fast
openat_no_descriptor:
        mov     x0, #-EMFILE
        b       ret_fast
        .else
openat_have_path:
        .endif
openat_no_file:
        mov     x0, #-ENOENT
        b       ret_fast

        .if     POLICY_DEVICE
        // Goes on if x0 is the descriptor and open. x9: the mm.
        .macro  tso_file_or_ebadf
        cmp     w0, #TSO_FD
        b.ne    file_not_open
        ldr     x9, [sp, #T_MM]
        ldr     w10, [x9, #MM_FILES]
        cbz     w10, file_not_open
        .endm

file_not_open:
        mov     x0, #-EBADF
        b       ret_fast

sys_close:
        tso_file_or_ebadf
        str     wzr, [x9, #MM_FILES]
        b       ret_zero

// ioctl(fd, TSO_ENABLE | TSO_DISABLE | TSO_GET): of the calling thread.
sys_ioctl:
        tso_file_or_ebadf
        mov     w9, #TSO_ENABLE
        sub     w9, w1, w9
        cmp     w9, #2
        b.hi    ioctl_unknown
        ldr     x10, [sp, #T_ACTLR]
        b.eq    ioctl_get
        eor     w9, w9, #1
        bfi     x10, x9, #1, #1
        str     x10, [sp, #T_ACTLR]
        msr     actlr_el1, x10
        b       ret_zero
ioctl_get:
        ubfx    x0, x10, #1, #1
        b       ret_fast
ioctl_unknown:
        mov     x0, #-ENOTTY
        b       ret_fast
        .endif
