// Parts of evaluate(): integer and vector operations. Internal to isa.
#pragma once

#include "isa/alu_op.h"
#include "isa/evaluate.h"

namespace isobar::isa {

/// Alu micro-ops whose AluOp is before VectorMove.
AluResult evaluate_integer(const Uop& u, const Inputs& in, u64 pc);
/// Alu micro-ops whose AluOp is from VectorMove to before LaneAdd.
AluResult evaluate_vector(const Uop& u, const Inputs& in);
/// Alu micro-ops whose AluOp is from LaneAdd to before IntegerCopy.
AluResult evaluate_lanes(const Uop& u, const Inputs& in);
/// Alu micro-ops whose AluOp is from IntegerCopy to before AesEncrypt.
AluResult evaluate_integer_lanes(const Uop& u, const Inputs& in);
/// Alu micro-ops whose AluOp is from AesEncrypt to before FloatAdd.
AluResult evaluate_crypto(const Uop& u, const Inputs& in);
/// Alu micro-ops whose AluOp is FloatAdd or after.
AluResult evaluate_float(const Uop& u, const Inputs& in);

/// Element `element` of `width` bits (8 to 64) of a vector register.
u64 get_element(const Value& v, unsigned element, unsigned width);
/// Replaces it by the low bits of `bits`.
void set_element(Value& v, unsigned element, unsigned width, u64 bits);

/// `v` extended by an A64 extend option and shifted left (0 to 7), or shifted (kShift + type), in `width`
/// bits.
u64 extend_operand(u64 v, unsigned extend, unsigned amount, unsigned width);

/// Packs the inputs from position `first` on, which are flags, into NZCV.
unsigned packed_flags(const Uop& u, const Inputs& in, unsigned first);

}  // namespace isobar::isa
