// Message passing of two x86-64 threads, translated ahead of time with a barrier after every load and before every store:
//   writer: movq $1, (%rdi); movq $1, (%rsi)      reader: movq (%rsi), %rax; movq (%rdi), %rdx
// RDI is X0, RSI X1, RAX X2, RDX X3. listing.txt is made of it:
//   aarch64-linux-gnu-as listing.s -o l.o; aarch64-linux-gnu-ld -Ttext 0x400000 -e writer l.o -o l; aarch64-linux-gnu-objdump -d l
        .globl writer, reader
writer: mov x9, #1
        dmb ishst
        str x9, [x0]
        dmb ishst
        str x9, [x1]
        ret
reader: stp x29, x30, [sp, #-16]!
        bl load_flag
        ldr x3, [x0]
        dmb ishld
        ldp x29, x30, [sp], #16
        ret
load_flag:
        ldr x2, [x1]
        dmb ishld
        ret
