#include "isa/alu.h"

#include <algorithm>
#include <bit>

#include "support/bits.h"

namespace isobar::isa {
namespace {

__extension__ using Signed128 = __int128;
__extension__ using Unsigned128 = unsigned __int128;

struct Sum {
  u64 value = 0;
  u8 flags = 0;
};

u8 sign_and_zero_flags(u64 v, unsigned width) {
  return static_cast<u8>((bit(v, width - 1) != 0 ? kFlagN : 0) | (v == 0 ? kFlagZ : 0));
}

/// AddWithCarry() of the Arm ARM in `width` bits.
Sum add_with_carry(u64 a, u64 b, bool carry, unsigned width) {
  a &= ones(width);
  b &= ones(width);
  const u64 r = (a + b + (carry ? 1 : 0)) & ones(width);
  const bool carry_out = carry ? r <= a : r < a;
  const bool overflow = bit((a ^ r) & (b ^ r), width - 1) != 0;
  return {
      r, static_cast<u8>(sign_and_zero_flags(r, width) | (carry_out ? kFlagC : 0) | (overflow ? kFlagV : 0))};
}

u64 shift_right_signed(u64 v, unsigned amount, unsigned width) {
  return static_cast<u64>(static_cast<i64>(sign_extend(v, width)) >> amount) & ones(width);
}

u64 divide_signed(u64 a, u64 b, unsigned width) {
  const i64 x = static_cast<i64>(sign_extend(a, width)), y = static_cast<i64>(sign_extend(b, width));
  if (y == 0) return 0;
  if (y == -1) return u64{0} - a;  // the most negative number stays as it is
  return static_cast<u64>(x / y);
}

u64 reverse_bits(u64 v, unsigned width) {
  u64 r = 0;
  for (unsigned i = 0; i < width; ++i) r |= bit(v, i) << (width - 1 - i);
  return r;
}

/// Bytes reversed within groups of `group` bytes.
u64 reverse_bytes(u64 v, unsigned group, unsigned width) {
  u64 r = 0;
  for (unsigned i = 0; i < width / 8; ++i) r |= ((v >> (8 * i)) & 0xff) << (8 * (i ^ (group - 1)));
  return r;
}

unsigned leading_zeros(u64 v, unsigned width) {
  return static_cast<unsigned>(std::countl_zero(v)) - (64 - width);
}

u64 multiply_high_signed(u64 a, u64 b) {
  const Signed128 p = static_cast<Signed128>(static_cast<i64>(a)) * static_cast<i64>(b);
  return static_cast<u64>(static_cast<Unsigned128>(p) >> 64);
}

u64 multiply_high_unsigned(u64 a, u64 b) {
  return static_cast<u64>((static_cast<Unsigned128>(a) * b) >> 64);
}

/// CRC over `bytes` bytes with the bit-reversed polynomial `poly`, as the CRC32 instructions define it (no
/// inversion).
u64 crc32(u64 accumulator, u64 data, unsigned bytes, u32 poly) {
  u32 crc = static_cast<u32>(accumulator);
  for (unsigned i = 0; i < bytes; ++i) {
    crc ^= static_cast<u32>((data >> (8 * i)) & 0xff);
    for (unsigned k = 0; k < 8; ++k) crc = (crc >> 1) ^ ((crc & 1) != 0 ? poly : 0);
  }
  return crc;
}

/// Rotated field of SBFM/UBFM/BFM: `width` bits wide and `lsb` bits up.
struct Field {
  u64 value;
  unsigned width, lsb;
};

Field bitfield(const Uop& u, u64 v) {
  const unsigned immr = static_cast<unsigned>(u.imm), imms = static_cast<unsigned>(u.imm2);
  if (imms >= immr) {
    const unsigned width = imms - immr + 1;
    return {(v >> immr) & ones(width), width, 0};
  }
  return {v & ones(imms + 1), imms + 1, u.width - immr};
}

u64 bitfield_move(const Uop& u, u64 v, u64 into) {
  const Field f = bitfield(u, v);
  return (into & ~(ones(f.width) << f.lsb)) | (f.value << f.lsb);
}

u64 extract(u64 high, u64 low, unsigned lsb, unsigned width) {
  low &= ones(width);
  return lsb == 0 ? low : (low >> lsb) | (high << (width - lsb));
}

u8 evaluate_setf(u64 v, unsigned width) {
  return static_cast<u8>(sign_and_zero_flags(v & ones(width), width) |
                         ((bit(v, width) ^ bit(v, width - 1)) != 0 ? kFlagV : 0));
}

u8 evaluate_xaflag(bool z, bool c) {
  return static_cast<u8>((!c && !z ? kFlagN : 0) | (z && c ? kFlagZ : 0) | (c || z ? kFlagC : 0) |
                         (!c && z ? kFlagV : 0));
}

u8 conditional_compare(const Uop& u, const Inputs& in) {
  const unsigned flag_inputs = static_cast<unsigned>(std::popcount(condition_flags(u.cond)));
  const unsigned operands = u.n_src - flag_inputs;
  if (!condition_holds(u.cond, packed_flags(u, in, operands))) return static_cast<u8>(u.imm2);
  const u64 b = operands == 2 ? in[1].lo : u.imm;
  const bool subtract = alu_op(u) == AluOp::CompareSub;
  return add_with_carry(in[0].lo, subtract ? ~b : b, subtract, u.width).flags;
}

u64 with_tag(u64 pointer, u64 tag) {
  return (pointer & ~(u64{15} << 56)) | (tag & 15) << 56;
}

/// ChooseNonExcludedTag() of the Arm ARM: the tag `steps` allowed tags after `tag`; `exclude` is a mask of 16 bits.
u64 next_tag(u64 tag, unsigned steps, u64 exclude) {
  if ((exclude & 0xffff) == 0xffff) return 0;
  const auto skip = [exclude](u64 t) {
    while (bit(exclude, static_cast<unsigned>(t)) != 0) t = (t + 1) & 15;
    return t;
  };
  tag = skip(tag);
  for (; steps != 0; --steps) tag = skip((tag + 1) & 15);
  return tag;
}

u64 second_operand(const Uop& u, const Inputs& in) {
  return u.n_src < 2 ? u.imm : extend_operand(in[1].lo, u.extend, u.amount, u.width);
}

}  // namespace

u64 extend_operand(u64 v, unsigned extend, unsigned amount, unsigned width) {
  if (extend < kShift) {
    const unsigned from = 8u << (extend & 3);
    const u64 wide = (extend & 4) != 0 ? sign_extend(v, from) : v & ones(from);
    return (wide << amount) & ones(width);
  }
  v &= ones(width);
  switch (extend - kShift) {
    case 0: return (v << amount) & ones(width);
    case 1: return v >> amount;
    case 2: return shift_right_signed(v, amount, width);
    default: return rotate_right(v, amount, width);
  }
}

AluResult evaluate_integer(const Uop& u, const Inputs& in, u64 pc) {
  const unsigned width = u.width;
  const u64 a = in[0].lo & ones(width);
  const u64 b = second_operand(u, in) & ones(width);
  const u64 c = in[2].lo;
  const auto is_signed = [width](u64 v) { return static_cast<i64>(sign_extend(v, width)); };
  const auto long_a = [&] { return sign_extend(a, 32); };
  const auto long_b = [&] { return sign_extend(b, 32); };

  AluResult result;
  u64& r = result.dst[0].lo;
  switch (alu_op(u)) {
    case AluOp::Constant: result.dst[0] = {u.imm, u.imm2}; return result;
    case AluOp::PcRelative: r = pc + u.imm; break;
    case AluOp::PcPage: r = align_down(pc, 4096) + u.imm; break;
    case AluOp::MoveKeep: r = (a & ~(u64{0xffff} << u.amount)) | u.imm; break;
    case AluOp::Add:
    case AluOp::Sub:
    case AluOp::AddCarry:
    case AluOp::SubCarry: {
      const AluOp op = alu_op(u);
      const bool subtract = op == AluOp::Sub || op == AluOp::SubCarry;
      const bool carry = op == AluOp::Add ? false : op == AluOp::Sub ? true : c != 0;
      const Sum s = add_with_carry(a, subtract ? ~b : b, carry, width);
      r = s.value;
      result.flags = s.flags;
      return result;
    }
    case AluOp::And: r = a & b; break;
    case AluOp::Orr: r = a | b; break;
    case AluOp::Eor: r = a ^ b; break;
    case AluOp::Bic: r = a & ~b; break;
    case AluOp::Orn: r = a | ~b; break;
    case AluOp::Eon: r = a ^ ~b; break;
    case AluOp::CompareAdd:
    case AluOp::CompareSub: result.flags = conditional_compare(u, in); return result;
    case AluOp::SignedBitfield: {
      const Field f = bitfield(u, a);
      r = sign_extend(f.value, f.width) << f.lsb;
      break;
    }
    case AluOp::UnsignedBitfield: r = bitfield_move(u, a, 0); break;
    case AluOp::BitfieldMove: r = bitfield_move(u, a, b); break;
    case AluOp::Extract: r = extract(a, b, static_cast<unsigned>(u.imm), width); break;
    case AluOp::ShiftLeft: r = a << (b % width); break;
    case AluOp::ShiftRight: r = a >> (b % width); break;
    case AluOp::ShiftRightSigned: r = shift_right_signed(a, static_cast<unsigned>(b % width), width); break;
    case AluOp::RotateRight: r = rotate_right(a, static_cast<unsigned>(b % width), width); break;
    case AluOp::DivideUnsigned: r = b == 0 ? 0 : a / b; break;
    case AluOp::DivideSigned: r = divide_signed(a, b, width); break;
    case AluOp::MultiplyAdd: r = c + a * b; break;
    case AluOp::MultiplySub: r = c - a * b; break;
    case AluOp::MultiplyAddSignedLong: r = c + long_a() * long_b(); break;
    case AluOp::MultiplySubSignedLong: r = c - long_a() * long_b(); break;
    case AluOp::MultiplyAddUnsignedLong: r = c + (a & ones(32)) * (b & ones(32)); break;
    case AluOp::MultiplySubUnsignedLong: r = c - (a & ones(32)) * (b & ones(32)); break;
    case AluOp::MultiplyHighSigned: r = multiply_high_signed(a, b); break;
    case AluOp::MultiplyHighUnsigned: r = multiply_high_unsigned(a, b); break;
    case AluOp::CountLeadingZeros: r = leading_zeros(a, width); break;
    case AluOp::CountLeadingSign: r = leading_zeros(((a ^ (a << 1)) & ones(width)) | 1, width); break;
    case AluOp::CountTrailingZeros: r = a == 0 ? width : static_cast<unsigned>(std::countr_zero(a)); break;
    case AluOp::CountOnes: r = static_cast<unsigned>(std::popcount(a)); break;
    case AluOp::Absolute: r = bit(a, width - 1) != 0 ? u64{0} - a : a; break;
    case AluOp::ReverseBits: r = reverse_bits(a, width); break;
    case AluOp::ReverseBytes: r = reverse_bytes(a, u.amount, width); break;
    case AluOp::MaxSigned: r = is_signed(a) > is_signed(b) ? a : b; break;
    case AluOp::MinSigned: r = is_signed(a) < is_signed(b) ? a : b; break;
    case AluOp::MaxUnsigned: r = std::max(a, b); break;
    case AluOp::MinUnsigned: r = std::min(a, b); break;
    case AluOp::Crc32: r = crc32(a, b, static_cast<unsigned>(u.imm), 0xedb88320); break;
    case AluOp::Crc32c: r = crc32(a, b, static_cast<unsigned>(u.imm), 0x82f63b78); break;
    case AluOp::TagExtract: r = bits(a, 59, 56); break;
    case AluOp::TagInsert: r = with_tag(a, b); break;
    case AluOp::TagAdd:
      r = with_tag(a + u.imm, next_tag(bits(a, 59, 56), static_cast<unsigned>(u.imm2), in[1].lo));
      break;
    case AluOp::TagRandom: r = with_tag(a, next_tag(in[3].lo & 15, 0, in[1].lo | in[2].lo)); break;
    case AluOp::TagMask: r = in[1].lo | u64{1} << bits(a, 59, 56); break;
    case AluOp::PointerSub: {
      const Sum s = add_with_carry(sign_extend(a, 56), ~sign_extend(in[1].lo, 56), true, 64);
      r = s.value;
      result.flags = s.flags;
      return result;
    }
    case AluOp::FlagConstant: result.flags = static_cast<u8>(u.imm); return result;
    case AluOp::FlagsToRegister: r = u64{packed_flags(u, in, 0)} << 28; break;
    case AluOp::RegisterToFlags: result.flags = static_cast<u8>(bits(a, 31, 28)); return result;
    case AluOp::RotateIntoFlags:
      result.flags = static_cast<u8>(rotate_right(a, static_cast<unsigned>(u.imm), 64) & 15);
      return result;
    case AluOp::EvaluateFlags: result.flags = evaluate_setf(a, u.amount); return result;
    case AluOp::InvertCarry: result.flags = a != 0 ? 0 : kFlagC; return result;
    case AluOp::AxflagZero: result.flags = (a | in[1].lo) != 0 ? kFlagZ : 0; return result;
    case AluOp::AxflagCarry: result.flags = a != 0 && in[1].lo == 0 ? kFlagC : 0; return result;
    case AluOp::Xaflag: result.flags = evaluate_xaflag(a != 0, in[1].lo != 0); return result;
    default: break;
  }
  r &= ones(width);
  result.flags = sign_and_zero_flags(r, width);
  return result;
}

}  // namespace isobar::isa
