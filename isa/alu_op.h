// What an Alu (or Select) micro-op computes. One list, used by lowering and evaluation.
#pragma once

#include <bit>

#include "isa/uop.h"

namespace isobar::isa {

/// `a`, `b`, `c` are the first, second and third input; `b` is the immediate when there is only one operand,
/// else the second input after `extend` and `amount` (which are neutral unless the operand has them).
enum class AluOp : u16 {
  Constant,                 ///< imm, and imm2 as the upper half of a vector register
  PcRelative,               ///< pc + imm
  PcPage,                   ///< (pc with bits 11:0 cleared) + imm
  MoveKeep,                 ///< a with the 16 bits from `amount` on replaced by imm
  Add,                      ///< a + b
  Sub,                      ///< a - b
  AddCarry,                 ///< a + b + C
  SubCarry,                 ///< a - b - not C
  And,                      ///< a and b
  Orr,                      ///< a or b
  Eor,                      ///< a xor b
  Bic,                      ///< a and not b
  Orn,                      ///< a or not b
  Eon,                      ///< a xor not b
  CompareAdd,               ///< flags of a + b if cond holds, else imm2
  CompareSub,               ///< flags of a - b if cond holds, else imm2
  SignedBitfield,           ///< SBFM of a, imm = immr, imm2 = imms
  UnsignedBitfield,         ///< UBFM of a, imm = immr, imm2 = imms
  BitfieldMove,             ///< BFM of a into b, imm = immr, imm2 = imms
  Extract,                  ///< width bits of a:b from bit imm on
  ShiftLeft,                ///< a << (b mod width)
  ShiftRight,               ///< a >> (b mod width), unsigned
  ShiftRightSigned,         ///< a >> (b mod width), signed
  RotateRight,              ///< a rotated right by b mod width
  DivideUnsigned,           ///< a / b, 0 if b is 0
  DivideSigned,             ///< a / b towards zero, 0 if b is 0
  MultiplyAdd,              ///< c + a * b
  MultiplySub,              ///< c - a * b
  MultiplyAddSignedLong,    ///< c + a * b, a and b signed 32-bit
  MultiplySubSignedLong,    ///< c - a * b, a and b signed 32-bit
  MultiplyAddUnsignedLong,  ///< c + a * b, a and b unsigned 32-bit
  MultiplySubUnsignedLong,  ///< c - a * b, a and b unsigned 32-bit
  MultiplyHighSigned,       ///< bits 127:64 of the signed product
  MultiplyHighUnsigned,     ///< bits 127:64 of the unsigned product
  CountLeadingZeros,        ///< CLZ
  CountLeadingSign,         ///< CLS
  CountTrailingZeros,       ///< CTZ
  CountOnes,                ///< CNT of a general register
  Absolute,                 ///< ABS of a general register
  ReverseBits,              ///< RBIT
  ReverseBytes,             ///< bytes reversed within each group of `amount` bytes (2, 4 or 8)
  MaxSigned,                ///< SMAX of general registers
  MinSigned,                ///< SMIN of general registers
  MaxUnsigned,              ///< UMAX of general registers
  MinUnsigned,              ///< UMIN of general registers
  Crc32,                    ///< CRC-32 of a with the low imm bytes of b (polynomial 0x04C11DB7)
  Crc32c,                   ///< CRC-32C of a with the low imm bytes of b (polynomial 0x1EDC6F41)
  SelectCopy,               ///< Select: second arm as it is (CSEL, FCSEL)
  SelectIncrement,          ///< Select: second arm + 1 (CSINC)
  SelectInvert,             ///< Select: not second arm (CSINV)
  SelectNegate,             ///< Select: - second arm (CSNEG)
  FlagConstant,             ///< flags := imm
  FlagsToRegister,          ///< NZCV in bits 31:28 (MRS NZCV)
  RegisterToFlags,          ///< flags := bits 31:28 of a (MSR NZCV)
  RotateIntoFlags,          ///< flags := bits 3:0 of a rotated right by imm (RMIF)
  EvaluateFlags,            ///< N, Z, V as of an `amount`-bit addition (SETF8, SETF16)
  InvertCarry,              ///< C := not C (CFINV)
  AxflagZero,               ///< Z := Z or V
  AxflagCarry,              ///< C := C and not V
  Xaflag,                   ///< all flags from C and Z (XAFLAG)
  TagExtract,               ///< bits 59:56 of a (the logical address tag)
  TagInsert,                ///< a with bits 59:56 replaced by bits 3:0 of b
  TagAdd,                   ///< a + imm, tag moved on imm2 times, skipping those in mask b (ADDG, SUBG)
  TagRandom,                ///< a with a tag in neither mask b nor c: the first from bits 3:0 of input 3 on; 0 if none
  TagMask,                  ///< b with the bit set whose number is the tag of a (GMI)
  PointerSub,               ///< a - b, both sign-extended from bit 55 (SUBP)
  VectorMove,               ///< the low `width` bits of a, zero-extended
  VectorElement,            ///< element imm of a, `width` bits, zero-extended
  VectorElementSigned,      ///< element imm of a, `width` bits, sign-extended to `amount` bits
  VectorDuplicate,          ///< element imm of a, `width` bits, in every element of `amount` bits
  VectorInsert,             ///< a with element imm replaced by element imm2 of b, `width` bits
  VectorAnd,                ///< a and b, `width` bits
  VectorBic,                ///< a and not b, `width` bits
  VectorOrr,                ///< a or b, `width` bits
  VectorOrn,                ///< a or not b, `width` bits
  VectorEor,                ///< a xor b, `width` bits
  VectorSelect,             ///< bits of b where c is 1, of a where c is 0, `width` bits
  VectorOrrConstant,        ///< a or imm2:imm, `width` bits
  VectorBicConstant,        ///< a and not imm2:imm, `width` bits
  // Lanes: elements of `width` bits in vectors of `amount` bits. Binary operations take imm as a LaneForm.
  LaneAdd,               ///< a + b
  LaneSub,               ///< a - b
  LaneMultiply,          ///< a * b
  LaneEqual,             ///< all ones if a = b
  LaneGreater,           ///< all ones if a > b, signed
  LaneGreaterEqual,      ///< all ones if a >= b, signed
  LaneHigher,            ///< all ones if a > b, unsigned
  LaneHigherSame,        ///< all ones if a >= b, unsigned
  LaneTest,              ///< all ones if a and b is not 0
  LaneMaxSigned,         ///< the greater
  LaneMinSigned,         ///< the smaller
  LaneMaxUnsigned,       ///< the greater
  LaneMinUnsigned,       ///< the smaller
  LaneAbsolute,          ///< |a|, signed
  LaneCountOnes,         ///< number of ones
  LaneReverseBits,       ///< bits reversed
  LaneReverse,           ///< lanes reversed within groups of imm bits
  LaneShiftLeft,         ///< a << imm
  LaneShiftRight,        ///< a >> imm, unsigned
  LaneShiftRightSigned,  ///< a >> imm, signed
  LaneNarrow,  ///< low halves of (lanes of 2 * width bits >> imm): 64 bits; b given: into its upper half
  LaneWidenUnsigned,  ///< lanes of half imm2 of a to twice the width, << imm
  LaneWidenSigned,    ///< lanes of half imm2 of a to twice the width, signed, << imm
  LanePermute,        ///< of a and b: imm is a LanePermutation
  LaneExtract,        ///< bytes of b:a from byte imm on
  LaneDeinterleave,  ///< every n-th lane, from lane imm on, of the n inputs put end to end (LD2, LD3, LD4)
  LaneInterleave,    ///< lanes of the n inputs in turn; part imm of that, of `amount` bits (ST2, ST3, ST4)
  LaneTable,  ///< bytes of inputs 0 to imm - 1 by the indices in input imm; out of range: input imm + 1, or 0
  // Integer lanes that round, saturate, widen, narrow or accumulate: lanes of the result have `width` bits, imm is a
  // LaneShape. The result of the operation is shifted, rounded, added to the last input and saturated as that says.
  IntegerCopy,                 ///< a
  IntegerAdd,                  ///< a + b
  IntegerSub,                  ///< a - b
  IntegerDifference,           ///< |a - b|
  IntegerMultiply,             ///< a * b
  IntegerMultiplyDoubling,     ///< 2 * a * b
  IntegerMultiplyDoublingAdd,  ///< c * 2^width + 2 * a * b
  IntegerMultiplyDoublingSub,  ///< c * 2^width - 2 * a * b
  IntegerPolynomial,           ///< a * b as polynomials over {0, 1}
  IntegerShift,                ///< a shifted left by the signed low byte of b
  IntegerAbsolute,             ///< |a|
  IntegerLeadingZeros,         ///< number of zeros above the highest one of a
  IntegerLeadingSign,          ///< number of bits below the highest one of a that equal it
  IntegerDot,                  ///< c + the products of four lanes of a and of b, of a quarter of the width
  IntegerInsert,               ///< a shifted, with the bits of c where that has none of a's
  PolynomialDouble,            ///< lane imm of a times that of b as polynomials: 128 bits
  // Cryptography, on whole registers (isa/crypto.cpp).
  AesEncrypt,                  ///< AESE
  AesDecrypt,                  ///< AESD
  AesMixColumns,               ///< AESMC
  AesInverseMixColumns,        ///< AESIMC
  Sha1Hash,                    ///< SHA1C, SHA1P, SHA1M by imm 0, 1, 2
  Sha1Rotate,                  ///< SHA1H
  Sha1Schedule0,               ///< SHA1SU0
  Sha1Schedule1,               ///< SHA1SU1
  Sha256Hash,                  ///< SHA256H, SHA256H2 by imm 0, 1
  Sha256Schedule0,             ///< SHA256SU0
  Sha256Schedule1,             ///< SHA256SU1
  Sha512Hash,                  ///< SHA512H, SHA512H2 by imm 0, 1
  Sha512Schedule0,             ///< SHA512SU0
  Sha512Schedule1,             ///< SHA512SU1
  EorThree,                    ///< a xor b xor c
  EorClear,                    ///< a xor (b and not c)
  EorRotate,                   ///< 64-bit lanes: a xor b, rotated right by imm
  EorRotateOne,                ///< 64-bit lanes: a xor (b rotated left by 1)
  Sm3Rotate,                   ///< SM3SS1
  Sm3Round,                    ///< SM3TT1A, SM3TT1B, SM3TT2A, SM3TT2B by imm2 0 to 3, with element imm of the third input
  Sm3Schedule1,                ///< SM3PARTW1
  Sm3Schedule2,                ///< SM3PARTW2
  Sm4Encrypt,                  ///< SM4E
  Sm4Key,                      ///< SM4EKEY
  // Floating point: lanes of `width` bits in vectors of `amount` bits (a scalar is a vector of one lane); imm is a
  // FloatShape. FPCR is an input of those that read it, FPSR the second destination of those that raise exceptions.
  FloatAdd,                    ///< a + b
  FloatSub,                    ///< a - b
  FloatMultiply,               ///< a * b
  FloatMultiplyExtended,       ///< a * b, 2 for infinity times zero (FMULX)
  FloatMultiplyNegated,        ///< - (a * b)
  FloatDivide,                 ///< a / b
  FloatMax,                    ///< the greater, or a NaN
  FloatMin,                    ///< the smaller, or a NaN
  FloatMaxNumber,              ///< the greater, a quiet NaN being no operand
  FloatMinNumber,              ///< the smaller, a quiet NaN being no operand
  FloatDifference,             ///< |a - b|
  FloatReciprocalStep,         ///< 2 - a * b
  FloatRootStep,               ///< (3 - a * b) / 2
  FloatEqual,                  ///< all ones if a = b
  FloatGreaterEqual,           ///< all ones if a >= b
  FloatGreater,                ///< all ones if a > b
  FloatAbsoluteGreaterEqual,   ///< all ones if |a| >= |b|
  FloatAbsoluteGreater,        ///< all ones if |a| > |b|
  FloatMultiplyAdd,            ///< c + a * b
  FloatMultiplyAddLong,        ///< c + a * b, a and b of half precision (half imm2 of the register), c single
  FloatComplexAdd,             ///< a + b turned by FloatShape::turn, lanes in pairs
  FloatComplexMultiplyAdd,     ///< c + the part of a * b that FloatShape::turn names, lanes in pairs
  FloatAbsolute,               ///< a without sign
  FloatNegate,                 ///< a with the other sign
  FloatSquareRoot,             ///< square root of a
  FloatReciprocalEstimate,     ///< about 1 / a
  FloatRootEstimate,           ///< about 1 / square root of a
  FloatReciprocalExponent,     ///< a with inverted exponent and no fraction (FRECPX)
  FloatRound,                  ///< a as an integral value; imm2: a change is an inexact exception
  FloatRoundSized,             ///< a as an integral value that is a signed integer of other_width bits (FRINT32X)
  FloatToFixed,                ///< a as an integer of other_width bits, saturated
  FloatFromFixed,              ///< an integer of other_width bits, as a value of `width` bits
  FloatConvert,                ///< a as a value of other_width bits
  FloatNarrow,                 ///< the same, lanes packed into 64 bits; b given: into its upper half
  FloatWiden,                  ///< the same, lanes of half imm2 of a
  FloatToInt32,                ///< a as a 32-bit integer modulo 2^32, Z if exact (FJCVTZS)
  FloatCompare,                ///< flags of a compared with b; imm2: a quiet NaN is an invalid operation
  FloatConditionalCompare,     ///< the same if cond holds, else flags imm (no FloatShape)
  FixedReciprocalEstimate,     ///< about 1 / a of 32-bit fixed-point lanes (URECPE)
  FixedRootEstimate,           ///< about 1 / square root of a of 32-bit fixed-point lanes (URSQRTE)
};

/// How a binary lane operation pairs its operands.
enum class LaneForm : u8 {
  Vertical,    ///< lane by lane
  Pairwise,    ///< adjacent lanes of a, then of b
  Across,      ///< all lanes of a into one
  Neighbours,  ///< adjacent lanes of a into one of twice the width
};

/// How an integer operation takes its operands and what becomes of the result; packed into Uop::imm.
struct LaneShape {
  LaneForm form = LaneForm::Vertical;
  u8 element = 0;   ///< n + 1: every lane takes element n of b; 0: lane by lane
  i8 a_scale = 0;   ///< lanes of a are 2^a_scale times as wide as those of the result: -1 half, 1 twice
  i8 b_scale = 0;   ///< the same for b
  u8 flags = 0;     ///< of the k...Lane constants below
  i8 shift = 0;     ///< result shifted left by this, right if negative
  u8 accumulate = 0;  ///< 1: added to the last input, 2: subtracted from it
  u8 unused = 0;
};
static_assert(sizeof(LaneShape) == sizeof(u64));

/// LaneShape::flags: signedness of operands and result (for saturation); rounding to nearest, ties up, of a right shift;
/// saturation, with FPSR.QC; operands of half width are in the upper half, a result of half width goes there.
inline constexpr u8 kLaneSignedA = 1, kLaneSignedB = 2, kLaneSignedResult = 4, kLaneRounds = 8, kLaneSaturates = 16,
                    kLaneUpper = 32;

inline u64 pack(const LaneShape& s) {
  return std::bit_cast<u64>(s);
}
inline LaneShape lane_shape(const Uop& u) {
  return std::bit_cast<LaneShape>(u.imm);
}

/// How a floating-point operation takes its operands; packed into Uop::imm.
struct FloatShape {
  LaneForm form = LaneForm::Vertical;
  u8 element = 0;        ///< n + 1: every lane takes element n of b (by pairs of lanes if complex); 0: lane by lane
  bool minus_product = false;
  bool minus_addend = false;
  u8 rounding = 6;       ///< fp::Rounding, or 6: as FPCR says
  u8 turn = 0;           ///< rotation in steps of 90 degrees
  u8 other_width = 0;    ///< bits of the integer or of the other format
  u8 fixed_point = 0;    ///< bit 7: the integer is signed; bits 6:0: its fraction bits
};
static_assert(sizeof(FloatShape) == sizeof(u64));

inline u64 pack(const FloatShape& s) {
  return std::bit_cast<u64>(s);
}
inline FloatShape float_shape(const Uop& u) {
  return std::bit_cast<FloatShape>(u.imm);
}

/// Values are the opcode of UZP, TRN and ZIP.
enum class LanePermutation : u8 { Uzp1 = 1, Trn1 = 2, Zip1 = 3, Uzp2 = 5, Trn2 = 6, Zip2 = 7 };

/// Uop::extend of a shifted (not extended) register: kShift + 0 LSL, 1 LSR, 2 ASR, 3 ROR.
inline constexpr u8 kShift = 8;
/// Uop::extend that leaves a 64-bit value as it is (UXTX, LSL).
inline constexpr u8 kExtendNone = 3;

/// Masks of Uop::flags_out and of packed NZCV values.
inline constexpr u8 kFlagN = 8, kFlagZ = 4, kFlagC = 2, kFlagV = 1, kFlagsAll = 15;

inline AluOp alu_op(const Uop& u) {
  return static_cast<AluOp>(u.op);
}

}  // namespace isobar::isa
