# Guest program whose translation the scenarios of this folder run: two threads that exchange, and two that compete for a
# lock. How the log is made: make_log.sh in this folder.

    .bss
    .globl x, y, lock_word
    .balign 64
x: .skip 64
y: .skip 64
lock_word: .skip 64
    .skip 4096
stack_top:

    .text
# Store buffering with XCHG, which is a full barrier on x86.
    .globl left
    .type left, @function
left:
    movl $1, %eax
    xchgl %eax, x
    movl y, %edx
    ret
    .size left, . - left

    .globl right
    .type right, @function
right:
    movl $1, %eax
    xchgl %eax, y
    movl x, %edx
    ret
    .size right, . - right

# One try to take a lock: ZF says whether it was free.
    .globl take
    .type take, @function
take:
    xorl %eax, %eax
    movl $1, %ecx
    lock cmpxchgl %ecx, lock_word
    ret
    .size take, . - take

    .globl _start
    .type _start, @function
_start:
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
    call left
    call right
    call take
    movl $231, %eax
    xorl %edi, %edi
    syscall
child:
    movl $60, %eax
    xorl %edi, %edi
    syscall
    .size _start, . - _start
