// Arithmetic, logic, moves, bit fields, selects and compares of general registers.
#include <type_traits>

#include "functional/core.h"
#include "functional/lower.h"
#include "isa/alu.h"
#include "isa/alu_op.h"
#include "isa/evaluate.h"
#include "support/bits.h"

namespace isobar::functional {

namespace {

using isa::AluOp;
using isa::Instruction;
using isa::Reg;
using isa::Uop;
using isa::UopKind;

/// Where the second operand comes from.
enum class Second {
  Immediate,
  Register,  ///< `m`
  Left,      ///< `m` << immediate
  Extended,  ///< `m` by option (low byte of immediate) and amount (next byte)
};

template <class Word, Second kSecond>
Word second(Core& core, const Record* r) {
  if constexpr (kSecond == Second::Immediate) return static_cast<Word>(r->immediate);
  const u64 m = at(core, r->m);
  if constexpr (kSecond == Second::Register) return static_cast<Word>(m);
  if constexpr (kSecond == Second::Left) return static_cast<Word>(static_cast<Word>(m) << r->immediate);
  return static_cast<Word>(isa::extend_operand(m, r->immediate & 0xff, static_cast<unsigned>(r->immediate >> 8),
                                               8 * sizeof(Word)));
}

template <AluOp kOp, class Word>
Word combine(Word a, Word b) {
  if constexpr (kOp == AluOp::Add) return a + b;
  if constexpr (kOp == AluOp::Sub) return a - b;
  if constexpr (kOp == AluOp::And) return a & b;
  if constexpr (kOp == AluOp::Orr) return a | b;
  if constexpr (kOp == AluOp::Eor) return a ^ b;
  if constexpr (kOp == AluOp::Bic) return a & ~b;
  if constexpr (kOp == AluOp::Orn) return a | ~b;
  if constexpr (kOp == AluOp::Eon) return a ^ ~b;
}

template <AluOp kOp, class Word>
u8 flags_of(Word a, Word b, Word result) {
  constexpr unsigned kTop = 8 * sizeof(Word) - 1;
  unsigned flags = (result >> kTop != 0 ? isa::kFlagN : 0u) | (result == 0 ? isa::kFlagZ : 0u);
  if constexpr (kOp == AluOp::Add)
    flags |= (result < a ? isa::kFlagC : 0u) | ((~(a ^ b) & (a ^ result)) >> kTop != 0 ? isa::kFlagV : 0u);
  if constexpr (kOp == AluOp::Sub)
    flags |= (a >= b ? isa::kFlagC : 0u) | (((a ^ b) & (a ^ result)) >> kTop != 0 ? isa::kFlagV : 0u);
  return static_cast<u8>(flags);
}

template <AluOp kOp, class Word, Second kSecond, bool kFlags>
const Record* arithmetic(Core& core, const Record* r) {
  const Word a = static_cast<Word>(at(core, r->n)), b = second<Word, kSecond>(core, r);
  const Word result = combine<kOp>(a, b);
  if constexpr (kFlags) core.state().nzcv = flags_of<kOp>(a, b, result);
  at(core, r->d) = result;
  return r + 1;
}

template <AluOp kOp, class Word, bool kFlags>
Execute choose_second(Second s) {
  switch (s) {
    case Second::Immediate: return arithmetic<kOp, Word, Second::Immediate, kFlags>;
    case Second::Register: return arithmetic<kOp, Word, Second::Register, kFlags>;
    case Second::Left: return arithmetic<kOp, Word, Second::Left, kFlags>;
    case Second::Extended: return arithmetic<kOp, Word, Second::Extended, kFlags>;
  }
  return nullptr;
}

template <AluOp kOp, bool kMaySetFlags>
Execute choose_width(const Uop& u, Second s, bool flags) {
  if constexpr (kMaySetFlags) {
    if (flags) return u.width == 64 ? choose_second<kOp, u64, true>(s) : choose_second<kOp, u32, true>(s);
  }
  if (flags) return nullptr;
  return u.width == 64 ? choose_second<kOp, u64, false>(s) : choose_second<kOp, u32, false>(s);
}

Execute choose_arithmetic(const Uop& u, Second s, bool flags) {
  switch (static_cast<AluOp>(u.op)) {
    case AluOp::Add: return choose_width<AluOp::Add, true>(u, s, flags);
    case AluOp::Sub: return choose_width<AluOp::Sub, true>(u, s, flags);
    case AluOp::And: return choose_width<AluOp::And, true>(u, s, flags);
    case AluOp::Bic: return choose_width<AluOp::Bic, true>(u, s, flags);
    case AluOp::Orr: return choose_width<AluOp::Orr, false>(u, s, flags);
    case AluOp::Eor: return choose_width<AluOp::Eor, false>(u, s, flags);
    case AluOp::Orn: return choose_width<AluOp::Orn, false>(u, s, flags);
    case AluOp::Eon: return choose_width<AluOp::Eon, false>(u, s, flags);
    default: return nullptr;
  }
}

const Record* constant(Core& core, const Record* r) {
  at(core, r->d) = r->immediate;
  return r + 1;
}

/// `m` is the position of the 16 bits.
template <class Word>
const Record* move_keep(Core& core, const Record* r) {
  const Word old = static_cast<Word>(at(core, r->n));
  at(core, r->d) = static_cast<Word>((old & ~(Word{0xffff} << r->m)) | static_cast<Word>(r->immediate));
  return r + 1;
}

/// A field of `a` bits from bit `m` on, moved to bit 0, with the bits above zero or copies of its top.
template <class Word, bool kSigned>
const Record* extract_field(Core& core, const Record* r) {
  const u64 field = at(core, r->n) >> r->m;
  if constexpr (kSigned) {
    at(core, r->d) = static_cast<Word>(sign_extend(field, r->a));
  } else {
    at(core, r->d) = field & r->immediate;
  }
  return r + 1;
}

/// The low `a` bits moved to bit `m`.
template <class Word, bool kSigned>
const Record* insert_field(Core& core, const Record* r) {
  const u64 v = at(core, r->n);
  const u64 field = kSigned ? sign_extend(v, r->a) : v & r->immediate;
  at(core, r->d) = static_cast<Word>(field << r->m);
  return r + 1;
}

template <class Word, AluOp kOp>
const Record* shift_by_register(Core& core, const Record* r) {
  const Word v = static_cast<Word>(at(core, r->n));
  const unsigned amount = static_cast<unsigned>(at(core, r->m) % (8 * sizeof(Word)));
  if constexpr (kOp == AluOp::ShiftLeft) at(core, r->d) = static_cast<Word>(v << amount);
  if constexpr (kOp == AluOp::ShiftRight) at(core, r->d) = static_cast<Word>(v >> amount);
  if constexpr (kOp == AluOp::ShiftRightSigned)
    at(core, r->d) = static_cast<Word>(static_cast<std::make_signed_t<Word>>(v) >> amount);
  return r + 1;
}

template <class Word, bool kSubtract>
const Record* multiply_add(Core& core, const Record* r) {
  const Word product = static_cast<Word>(static_cast<Word>(at(core, r->n)) * static_cast<Word>(at(core, r->m)));
  const Word a = static_cast<Word>(at(core, r->a));
  at(core, r->d) = static_cast<Word>(kSubtract ? a - product : a + product);
  return r + 1;
}

template <class Word, AluOp kOp>
const Record* select(Core& core, const Record* r) {
  const bool first = (r->a >> core.state().nzcv & 1) != 0;
  Word v = static_cast<Word>(at(core, first ? r->n : r->m));
  if (!first) {
    if constexpr (kOp == AluOp::SelectIncrement) ++v;
    if constexpr (kOp == AluOp::SelectInvert) v = static_cast<Word>(~v);
    if constexpr (kOp == AluOp::SelectNegate) v = static_cast<Word>(Word{0} - v);
  }
  at(core, r->d) = v;
  return r + 1;
}

/// CCMP: `a` as for select(), `d` is NZCV if the condition does not hold.
template <class Word, bool kImmediate>
const Record* conditional_compare(Core& core, const Record* r) {
  u8& nzcv = core.state().nzcv;
  if ((r->a >> nzcv & 1) != 0) {
    const Word a = static_cast<Word>(at(core, r->n));
    const Word b = second<Word, kImmediate ? Second::Immediate : Second::Register>(core, r);
    nzcv = flags_of<AluOp::Sub>(a, b, static_cast<Word>(a - b));
  } else {
    nzcv = static_cast<u8>(r->d);
  }
  return r + 1;
}

bool is_general(Reg r) {
  return isa::index(r) <= isa::index(Reg::SP) || r == Reg::None;
}

bool is_flag(Reg r) {
  return r >= Reg::N && r <= Reg::V;
}

/// ANDS and its like: N and Z from the result, then C and V cleared.
bool clears_carry_and_overflow(const Uop& u) {
  return u.kind == UopKind::Alu && u.op == static_cast<u16>(AluOp::FlagConstant) &&
         u.flags_out == (isa::kFlagC | isa::kFlagV) && u.imm == 0;
}

bool lower_arithmetic(const Instruction& i, Record& out) {
  const Uop& u = i.uops[0];
  const AluOp op = static_cast<AluOp>(u.op);
  const bool sum = op == AluOp::Add || op == AluOp::Sub;
  bool flags = false;
  if (i.count == 2) {
    if (sum || u.flags_out != (isa::kFlagN | isa::kFlagZ) || !clears_carry_and_overflow(i.uops[1])) return false;
    flags = true;
  } else if (u.flags_out != 0) {
    if (!sum || u.flags_out != isa::kFlagsAll) return false;
    flags = true;
  }
  Second s = Second::Immediate;
  out.immediate = u.imm;
  if (u.n_src == 2) {
    out.m = offset_of(u.src[1]);
    s = Second::Extended;
    if (u.amount == 0 && (u.extend == isa::kExtendNone || u.extend == isa::kShift)) {
      s = Second::Register;
    } else if (u.extend == isa::kShift) {
      s = Second::Left;
    }
    out.immediate = s == Second::Left ? u.amount : u.extend | u64{u.amount} << 8;
  } else if (u.n_src != 1) {
    return false;
  }
  out.execute = choose_arithmetic(u, s, flags);
  return out.execute != nullptr;
}

bool lower_field(const Uop& u, Record& out) {
  const unsigned immr = static_cast<unsigned>(u.imm), imms = static_cast<unsigned>(u.imm2);
  const bool is_signed = u.op == static_cast<u16>(AluOp::SignedBitfield), wide = u.width == 64;
  const bool extracts = imms >= immr;
  const unsigned length = extracts ? imms - immr + 1 : imms + 1;
  out.a = static_cast<u16>(length);
  out.m = static_cast<u16>(extracts ? immr : u.width - immr);
  out.immediate = ones(length);
  if (extracts) {
    if (is_signed) {
      out.execute = wide ? extract_field<u64, true> : extract_field<u32, true>;
    } else {
      out.execute = extract_field<u64, false>;
    }
  } else if (is_signed) {
    out.execute = wide ? insert_field<u64, true> : insert_field<u32, true>;
  } else {
    out.execute = wide ? insert_field<u64, false> : insert_field<u32, false>;
  }
  return true;
}

template <class Word>
Execute choose_select(AluOp op) {
  switch (op) {
    case AluOp::SelectCopy: return select<Word, AluOp::SelectCopy>;
    case AluOp::SelectIncrement: return select<Word, AluOp::SelectIncrement>;
    case AluOp::SelectInvert: return select<Word, AluOp::SelectInvert>;
    case AluOp::SelectNegate: return select<Word, AluOp::SelectNegate>;
    default: return nullptr;
  }
}

template <class Word>
Execute choose_three_operands(AluOp op) {
  switch (op) {
    case AluOp::ShiftLeft: return shift_by_register<Word, AluOp::ShiftLeft>;
    case AluOp::ShiftRight: return shift_by_register<Word, AluOp::ShiftRight>;
    case AluOp::ShiftRightSigned: return shift_by_register<Word, AluOp::ShiftRightSigned>;
    case AluOp::MultiplyAdd: return multiply_add<Word, false>;
    case AluOp::MultiplySub: return multiply_add<Word, true>;
    default: return nullptr;
  }
}

bool lower_select(const Uop& u, Record& out) {
  out.m = offset_of(u.src[1]);
  out.a = holding_flags(u.cond);
  out.execute = u.width == 64 ? choose_select<u64>(static_cast<AluOp>(u.op))
                              : choose_select<u32>(static_cast<AluOp>(u.op));
  return out.execute != nullptr;
}

bool lower_conditional_compare(const Uop& u, Record& out) {
  const bool immediate = is_flag(u.src[1]) || u.n_src == 1;
  // Conditions that read no flag have too few inputs to tell the forms apart.
  if (isa::condition_flags(u.cond) == 0) return false;
  out.a = holding_flags(u.cond);
  out.d = static_cast<u16>(u.imm2);
  out.immediate = u.imm;
  if (!immediate) out.m = offset_of(u.src[1]);
  if (u.width == 64) {
    out.execute = immediate ? conditional_compare<u64, true> : conditional_compare<u64, false>;
  } else {
    out.execute = immediate ? conditional_compare<u32, true> : conditional_compare<u32, false>;
  }
  return true;
}

}  // namespace

bool lower_integer(const Instruction& i, u64 pc, Record& out) {
  const Uop& u = i.uops[0];
  const AluOp op = static_cast<AluOp>(u.op);
  if ((u.kind != UopKind::Alu && u.kind != UopKind::Select) || !is_general(u.dst[0]) || u.dst[1] != Reg::None)
    return false;
  for (unsigned k = 0; k < u.n_src; ++k) {
    if (!is_general(u.src[k]) && !is_flag(u.src[k])) return false;
  }
  out.d = offset_of(u.dst[0]);
  out.n = offset_of(u.src[0]);
  if (u.kind == UopKind::Select) return i.count == 1 && lower_select(u, out);
  if (op >= AluOp::Add && op <= AluOp::Eon && op != AluOp::AddCarry && op != AluOp::SubCarry)
    return lower_arithmetic(i, out);
  if (i.count != 1) return false;
  switch (op) {
    case AluOp::Constant:
    case AluOp::PcRelative:
    case AluOp::PcPage:
      out.immediate = isa::evaluate(u, {}, pc).dst[0].lo;
      out.execute = constant;
      return true;
    case AluOp::MoveKeep:
      out.m = u.amount;
      out.immediate = u.imm;
      out.execute = u.width == 64 ? move_keep<u64> : move_keep<u32>;
      return true;
    case AluOp::SignedBitfield:
    case AluOp::UnsignedBitfield: return lower_field(u, out);
    case AluOp::CompareSub: return lower_conditional_compare(u, out);
    case AluOp::ShiftLeft:
    case AluOp::ShiftRight:
    case AluOp::ShiftRightSigned:
    case AluOp::MultiplyAdd:
    case AluOp::MultiplySub:
      out.m = offset_of(u.src[1]);
      if (u.n_src == 3) out.a = offset_of(u.src[2]);
      out.execute = u.width == 64 ? choose_three_operands<u64>(op) : choose_three_operands<u32>(op);
      return true;
    default: return false;
  }
}

}  // namespace isobar::functional
