// Any word decodes to a well-formed micro-program, and every micro-op can be evaluated on any inputs.
//
// Each aligned group of four bytes is a word; the 96 bytes that follow it are its operands.
#include <cstdlib>
#include <cstring>

#include "isa/decoder.h"
#include "isa/evaluate.h"

using isobar::u32;
using isobar::u64;
using isobar::u8;
using isobar::Value;
namespace isa = isobar::isa;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_access_size(unsigned size) {
  return size == 1 || size == 2 || size == 4 || size == 8 || size == 16;
}

void check_shape(const isa::Instruction& i) {
  require(i.count >= 1 && i.count <= isa::kMaxUops);
  require(i.encoding < isa::encodings().size());
  for (unsigned n = 0; n < i.count; ++n) {
    const isa::Uop& u = i.uops[n];
    require(u.n_src <= u.src.size() && u.n_addr + u.n_data <= u.n_src);
    if (u.kind == isa::UopKind::Read || u.kind == isa::UopKind::Write) require(is_access_size(u.mem.size));
  }
}

void evaluate(const isa::Uop& u, const isa::Inputs& in, const Value& read, u64 pc) {
  switch (u.kind) {
    case isa::UopKind::Alu: isa::evaluate(u, in, pc); break;
    case isa::UopKind::Select:
      isa::evaluate(u, in, pc);
      isa::select_condition(u, in);
      isa::select_arm(u, in, true);
      isa::select_arm(u, in, false);
      break;
    case isa::UopKind::Branch: isa::evaluate_branch(u, in, pc); break;
    case isa::UopKind::Read:
      isa::evaluate_address(u, in, pc);
      isa::evaluate_load(u, read);
      break;
    case isa::UopKind::Write:
      isa::evaluate_address(u, in, pc);
      if (u.mem.rmw == isa::RmwOp::CompareAndSwap) isa::compare_and_swap_equal(u, in, read);
      isa::evaluate_store(u, in, read);
      break;
    case isa::UopKind::CacheOp: isa::evaluate_address(u, in, pc); break;
    default: break;  // no computation of their own
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
  for (; size >= 4; data += 4, size -= 4) {
    u32 word = 0;
    std::memcpy(&word, data, 4);
    const isa::Instruction i = isa::decode(word);
    require(i.word == word);
    check_shape(i);
    isa::Inputs in{};
    u8 operands[sizeof(in)] = {};
    std::memcpy(operands, data + 4, size - 4 < sizeof(operands) ? size - 4 : sizeof(operands));
    for (std::size_t n = 0; n < in.size(); ++n)
      std::memcpy(&in[n], operands + n * sizeof(Value), sizeof(Value));
    for (unsigned n = 0; n < i.count; ++n) evaluate(i.uops[n], in, in[n % in.size()], 4 * u64{word});
  }
  return 0;
}
