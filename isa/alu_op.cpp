#include "isa/alu_op.h"

namespace isobar::isa {

std::string_view name(AluOp op) {
  constexpr std::string_view kNames[] = {
#define X(op_name, text) #op_name,
      ISOBAR_ALU_OPS(X)
#undef X
  };
  const auto i = static_cast<unsigned>(op);
  return i < sizeof kNames / sizeof kNames[0] ? kNames[i] : "?";
}

}  // namespace isobar::isa
