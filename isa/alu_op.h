// What an Alu (or Select) micro-op computes. One list, used by lowering, evaluation and reports.
#pragma once

#include <string_view>

#include "isa/uop.h"

namespace isobar::isa {

/// Columns: name, meaning. `a`, `b`, `c` are the first, second and third input; `b` is the immediate when there is
/// only one operand, else the second input after `extend` and `amount`.
#define ISOBAR_ALU_OPS(X)                                                                  \
  X(Constant, "imm, and imm2 as the upper half of a vector register")                      \
  X(PcRelative, "pc + imm")                                                                \
  X(PcPage, "(pc with bits 11:0 cleared) + imm")                                           \
  X(MoveKeep, "a with the 16 bits from `amount` on replaced by imm")                       \
  X(Add, "a + b")                                                                          \
  X(Sub, "a - b")                                                                          \
  X(AddCarry, "a + b + C")                                                                 \
  X(SubCarry, "a - b - not C")                                                             \
  X(And, "a and b")                                                                        \
  X(Orr, "a or b")                                                                         \
  X(Eor, "a xor b")                                                                        \
  X(Bic, "a and not b")                                                                    \
  X(Orn, "a or not b")                                                                     \
  X(Eon, "a xor not b")                                                                    \
  X(CompareAdd, "flags of a + b if cond holds, else imm2")                                 \
  X(CompareSub, "flags of a - b if cond holds, else imm2")                                 \
  X(SignedBitfield, "SBFM of a, imm = immr, imm2 = imms")                                  \
  X(UnsignedBitfield, "UBFM of a, imm = immr, imm2 = imms")                                \
  X(BitfieldMove, "BFM of a into b, imm = immr, imm2 = imms")                              \
  X(Extract, "width bits of a:b from bit imm on")                                          \
  X(ShiftLeft, "a << (b mod width)")                                                       \
  X(ShiftRight, "a >> (b mod width), unsigned")                                            \
  X(ShiftRightSigned, "a >> (b mod width), signed")                                        \
  X(RotateRight, "a rotated right by b mod width")                                         \
  X(DivideUnsigned, "a / b, 0 if b is 0")                                                  \
  X(DivideSigned, "a / b towards zero, 0 if b is 0")                                       \
  X(MultiplyAdd, "c + a * b")                                                              \
  X(MultiplySub, "c - a * b")                                                              \
  X(MultiplyAddSignedLong, "c + a * b, a and b signed 32-bit")                             \
  X(MultiplySubSignedLong, "c - a * b, a and b signed 32-bit")                             \
  X(MultiplyAddUnsignedLong, "c + a * b, a and b unsigned 32-bit")                         \
  X(MultiplySubUnsignedLong, "c - a * b, a and b unsigned 32-bit")                         \
  X(MultiplyHighSigned, "bits 127:64 of the signed product")                               \
  X(MultiplyHighUnsigned, "bits 127:64 of the unsigned product")                           \
  X(CountLeadingZeros, "CLZ")                                                              \
  X(CountLeadingSign, "CLS")                                                               \
  X(CountTrailingZeros, "CTZ")                                                             \
  X(CountOnes, "CNT of a general register")                                                \
  X(Absolute, "ABS of a general register")                                                 \
  X(ReverseBits, "RBIT")                                                                   \
  X(ReverseBytes, "bytes reversed within each group of `amount` bytes (2, 4 or 8)")        \
  X(MaxSigned, "SMAX of general registers")                                                \
  X(MinSigned, "SMIN of general registers")                                                \
  X(MaxUnsigned, "UMAX of general registers")                                              \
  X(MinUnsigned, "UMIN of general registers")                                              \
  X(Crc32, "CRC-32 of a with the low imm bytes of b (polynomial 0x04C11DB7)")              \
  X(Crc32c, "CRC-32C of a with the low imm bytes of b (polynomial 0x1EDC6F41)")            \
  X(SelectCopy, "Select: second arm as it is (CSEL, FCSEL)")                               \
  X(SelectIncrement, "Select: second arm + 1 (CSINC)")                                     \
  X(SelectInvert, "Select: not second arm (CSINV)")                                        \
  X(SelectNegate, "Select: - second arm (CSNEG)")                                          \
  X(FlagConstant, "flags := imm")                                                          \
  X(FlagsToRegister, "NZCV in bits 31:28 (MRS NZCV)")                                      \
  X(RegisterToFlags, "flags := bits 31:28 of a (MSR NZCV)")                                \
  X(RotateIntoFlags, "flags := bits 3:0 of a rotated right by imm (RMIF)")                 \
  X(EvaluateFlags, "N, Z, V as of an `amount`-bit addition (SETF8, SETF16)")               \
  X(InvertCarry, "C := not C (CFINV)")                                                     \
  X(AxflagZero, "Z := Z or V")                                                             \
  X(AxflagCarry, "C := C and not V")                                                       \
  X(Xaflag, "all flags from C and Z (XAFLAG)")                                             \
  X(VectorMove, "the low `width` bits of a, zero-extended")                                \
  X(VectorElement, "element imm of a, `width` bits, zero-extended")                        \
  X(VectorElementSigned, "element imm of a, `width` bits, sign-extended to `amount` bits") \
  X(VectorDuplicate, "element imm of a, `width` bits, in every element of `amount` bits")  \
  X(VectorInsert, "a with element imm replaced by element imm2 of b, `width` bits")        \
  X(VectorAnd, "a and b, `width` bits")                                                    \
  X(VectorBic, "a and not b, `width` bits")                                                \
  X(VectorOrr, "a or b, `width` bits")                                                     \
  X(VectorOrn, "a or not b, `width` bits")                                                 \
  X(VectorEor, "a xor b, `width` bits")                                                    \
  X(VectorSelect, "bits of b where c is 1, of a where c is 0, `width` bits")               \
  X(VectorOrrConstant, "a or imm2:imm, `width` bits")                                      \
  X(VectorBicConstant, "a and not imm2:imm, `width` bits")

enum class AluOp : u16 {
#define X(name, text) name,
  ISOBAR_ALU_OPS(X)
#undef X
};

/// "MultiplyAdd" ...
std::string_view name(AluOp op);

/// Uop::extend of a shifted (not extended) register: kShift + 0 LSL, 1 LSR, 2 ASR, 3 ROR.
inline constexpr u8 kShift = 8;
/// Uop::extend that leaves a 64-bit value as it is (UXTX, LSL).
inline constexpr u8 kExtendNone = 3;

/// Masks of Uop::flags_out and of packed NZCV values.
inline constexpr u8 kFlagN = 8, kFlagZ = 4, kFlagC = 2, kFlagV = 1, kFlagsAll = 15;

inline AluOp alu_op(const Uop& u) { return static_cast<AluOp>(u.op); }

}  // namespace isobar::isa
