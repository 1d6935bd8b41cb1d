#include <algorithm>
#include <bit>

#include "isa/alu.h"
#include "support/bits.h"

namespace isobar::isa {
namespace {

u64 all_ones_if(bool b) {
  return b ? ~u64{0} : 0;
}

/// A binary operation on one lane; bits of the result above `width` are ignored.
u64 binary(AluOp op, u64 a, u64 b, unsigned width) {
  const auto x = static_cast<i64>(sign_extend(a, width)), y = static_cast<i64>(sign_extend(b, width));
  switch (op) {
    case AluOp::LaneAdd: return a + b;
    case AluOp::LaneSub: return a - b;
    case AluOp::LaneMultiply: return a * b;
    case AluOp::LaneEqual: return all_ones_if(a == b);
    case AluOp::LaneGreater: return all_ones_if(x > y);
    case AluOp::LaneGreaterEqual: return all_ones_if(x >= y);
    case AluOp::LaneHigher: return all_ones_if(a > b);
    case AluOp::LaneHigherSame: return all_ones_if(a >= b);
    case AluOp::LaneTest: return all_ones_if((a & b) != 0);
    case AluOp::LaneMaxSigned: return x > y ? a : b;
    case AluOp::LaneMinSigned: return x < y ? a : b;
    case AluOp::LaneMaxUnsigned: return std::max(a, b);
    case AluOp::LaneMinUnsigned: return std::min(a, b);
    default: return 0;
  }
}

/// A unary operation on one lane, with the immediate `n`.
u64 unary(AluOp op, u64 a, unsigned n, unsigned width) {
  switch (op) {
    case AluOp::LaneAbsolute: return bit(a, width - 1) != 0 ? u64{0} - a : a;
    case AluOp::LaneCountOnes: return static_cast<unsigned>(std::popcount(a));
    case AluOp::LaneReverseBits: {
      u64 r = 0;
      for (unsigned i = 0; i < width; ++i) r |= bit(a, i) << (width - 1 - i);
      return r;
    }
    case AluOp::LaneShiftLeft: return n >= 64 ? 0 : a << n;
    case AluOp::LaneShiftRight: return n >= 64 ? 0 : a >> n;
    case AluOp::LaneShiftRightSigned:
      return static_cast<u64>(static_cast<i64>(sign_extend(a, width)) >> std::min(n, 63u));
    default: return 0;
  }
}

Value permute(const Uop& u, const Value& a, const Value& b) {
  const unsigned width = u.width, count = u.amount / width;
  const auto kind = static_cast<LanePermutation>(u.imm);
  const unsigned second = static_cast<unsigned>(u.imm) >> 2;  // 1 for UZP2, TRN2, ZIP2
  const auto joined = [&](unsigned i) {
    return i < count ? get_element(a, i, width) : get_element(b, i - count, width);
  };
  Value r;
  for (unsigned i = 0; i < count; ++i) {
    const Value& alternate = i % 2 == 0 ? a : b;
    u64 v = 0;
    switch (kind) {
      case LanePermutation::Uzp1:
      case LanePermutation::Uzp2: v = joined(2 * i + second); break;
      case LanePermutation::Trn1:
      case LanePermutation::Trn2: v = get_element(alternate, (i & ~1u) + second, width); break;
      case LanePermutation::Zip1:
      case LanePermutation::Zip2: v = get_element(alternate, i / 2 + second * count / 2, width); break;
    }
    set_element(r, i, width, v);
  }
  return r;
}

Value evaluate_binary(const Uop& u, const Value& a, const Value& b) {
  const unsigned width = u.width, count = u.amount / width;
  const AluOp op = alu_op(u);
  Value r;
  switch (static_cast<LaneForm>(u.imm)) {
    case LaneForm::Vertical:
      for (unsigned i = 0; i < count; ++i) {
        set_element(r, i, width, binary(op, get_element(a, i, width), get_element(b, i, width), width));
      }
      break;
    case LaneForm::Pairwise:
      for (unsigned i = 0; i < count; ++i) {
        const Value& from = i < count / 2 ? a : b;
        const unsigned first = 2 * i % count;
        set_element(r, i, width,
                    binary(op, get_element(from, first, width), get_element(from, first + 1, width), width));
      }
      break;
    case LaneForm::Neighbours: break;  // only of a LaneShape
    case LaneForm::Across: {
      u64 v = get_element(a, 0, width);
      for (unsigned i = 1; i < count; ++i) v = binary(op, v, get_element(a, i, width), width) & ones(width);
      set_element(r, 0, width, v);
      break;
    }
  }
  return r;
}

Value reverse(const Uop& u, const Value& a) {
  const unsigned width = u.width, per_group = static_cast<unsigned>(u.imm) / width;
  Value r;
  for (unsigned i = 0; i < u.amount / width; ++i) {
    set_element(r, i ^ (per_group - 1), width, get_element(a, i, width));
  }
  return r;
}

Value narrow(const Uop& u, const Inputs& in) {
  const unsigned width = u.width, shift = static_cast<unsigned>(u.imm);
  Value r;
  for (unsigned i = 0; i < 64 / width; ++i) {
    set_element(r, i, width, get_element(in[0], i, 2 * width) >> shift);
  }
  return u.n_src == 2 ? Value{in[1].lo, r.lo} : r;
}

Value widen(const Uop& u, const Value& a, bool is_signed) {
  const unsigned width = u.width, shift = static_cast<unsigned>(u.imm);
  const Value half{u.imm2 != 0 ? a.hi : a.lo, 0};
  Value r;
  for (unsigned i = 0; i < 64 / width; ++i) {
    const u64 v = get_element(half, i, width);
    set_element(r, i, 2 * width, (is_signed ? sign_extend(v, width) : v) << shift);
  }
  return r;
}

Value extract(const Uop& u, const Value& a, const Value& b) {
  const unsigned bytes = u.amount / 8, from = static_cast<unsigned>(u.imm);
  Value r;
  for (unsigned i = 0; i < bytes; ++i) {
    r.set_byte(i, from + i < bytes ? a.byte(from + i) : b.byte(from + i - bytes));
  }
  return r;
}

Value deinterleave(const Uop& u, const Inputs& in) {
  const unsigned width = u.width, count = u.amount / width, first = static_cast<unsigned>(u.imm);
  Value r;
  for (unsigned i = 0; i < count; ++i) {
    const unsigned from = i * u.n_src + first;
    set_element(r, i, width, get_element(in[from / count], from % count, width));
  }
  return r;
}

Value interleave(const Uop& u, const Inputs& in) {
  const unsigned width = u.width, count = u.amount / width, part = static_cast<unsigned>(u.imm);
  Value r;
  for (unsigned i = 0; i < count; ++i) {
    const unsigned to = part * count + i;
    set_element(r, i, width, get_element(in[to % u.n_src], to / u.n_src, width));
  }
  return r;
}

Value look_up(const Uop& u, const Inputs& in) {
  const unsigned tables = static_cast<unsigned>(u.imm);
  Value r;
  for (unsigned i = 0; i < u.amount / 8u; ++i) {
    const unsigned index = in[tables].byte(i);
    const u8 otherwise = u.n_src > tables + 1 ? in[tables + 1].byte(i) : 0;
    r.set_byte(i, index < 16 * tables ? in[index / 16].byte(index % 16) : otherwise);
  }
  return r;
}

}  // namespace

AluResult evaluate_lanes(const Uop& u, const Inputs& in) {
  const auto result = [](const Value& v) { return AluResult{{v, Value{}}, 0}; };
  const AluOp op = alu_op(u);
  if (op <= AluOp::LaneMinUnsigned) return result(evaluate_binary(u, in[0], in[1]));
  switch (op) {
    case AluOp::LaneReverse: return result(reverse(u, in[0]));
    case AluOp::LaneNarrow: return result(narrow(u, in));
    case AluOp::LaneWidenUnsigned: return result(widen(u, in[0], false));
    case AluOp::LaneWidenSigned: return result(widen(u, in[0], true));
    case AluOp::LanePermute: return result(permute(u, in[0], in[1]));
    case AluOp::LaneExtract: return result(extract(u, in[0], in[1]));
    case AluOp::LaneDeinterleave: return result(deinterleave(u, in));
    case AluOp::LaneInterleave: return result(interleave(u, in));
    case AluOp::LaneTable: return result(look_up(u, in));
    default: break;
  }
  Value r;
  for (unsigned i = 0; i < u.amount / u.width; ++i) {
    const u64 v = unary(op, get_element(in[0], i, u.width), static_cast<unsigned>(u.imm), u.width);
    set_element(r, i, u.width, v);
  }
  return result(r);
}

}  // namespace isobar::isa
