# Guest program of spin.log: message passing where the reader waits in a loop, translated once while the process has one
# thread and again after it has created a second one. As guest_mp.s otherwise; how the log is made: make_log.sh.

    .bss
    .globl data, flag
    .balign 64
data: .skip 64
flag: .skip 64
    .skip 4096
stack_top:

    .text
# The two threads of message passing; the reader is two translation blocks.
    .globl writer
    .type writer, @function
writer:
    movq $1, data
    movq $1, flag
    ret
    .size writer, . - writer

    .globl reader
    .type reader, @function
reader:
    cmpq $1, flag
    jne reader
    movq data, %rax
    ret
    .size reader, . - reader

    .globl _start
    .type _start, @function
_start:
    call writer
    call reader
    # clone(CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM, stack_top, 0, 0, 0)
    movl $56, %eax
    movl $0x50f00, %edi
    movl $stack_top, %esi
    xorl %edx, %edx
    xorl %r10d, %r10d
    xorl %r8d, %r8d
    syscall
    testl %eax, %eax
    jz child
    call writer
    call reader
    movl $231, %eax
    xorl %edi, %edi
    syscall
child:
    movl $60, %eax
    xorl %edi, %edi
    syscall
    .size _start, . - _start
