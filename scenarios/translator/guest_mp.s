# Guest program whose translation the scenarios of this folder run: message passing, translated once while the process
# has one thread and again after it has created a second one. Assembly without libc, so that any assembler gives the
# same bytes and the log stays small. How the log is made: make_log.sh in this folder.

    .bss
    .globl data, flag
    .balign 64
data: .skip 64
flag: .skip 64
    .skip 4096
stack_top:

    .text
# The two threads of message passing, one translation block each.
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
    movq flag, %rax
    movq data, %rdx
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
