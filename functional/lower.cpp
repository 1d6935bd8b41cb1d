#include "functional/lower.h"

#include <algorithm>
#include <string_view>

#include "functional/core.h"
#include "isa/alu_op.h"
#include "isa/decoder.h"
#include "isa/evaluate.h"

namespace isobar::functional {

using isa::Instruction;
using isa::StepResult;
using isa::Uop;
using isa::UopKind;

namespace {

/// Instructions of FEAT_MTE.
bool is_tag_instruction(const Instruction& i) {
  static const std::string_view kTags = "tags";
  return isa::encodings()[i.encoding].family == kTags;
}

bool inserts_random_tag(const Instruction& i) {
  return i.uops[0].kind == UopKind::Alu && isa::alu_op(i.uops[0]) == isa::AluOp::TagRandom;
}

/// Instructions of EL1 that isa::execute() would let pass at EL0: they are undefined there (Arm ARM D1.3.3).
bool is_privileged(const Uop& u) {
  if (u.kind != UopKind::CacheOp) return false;
  switch (u.cache_op()) {
    case isa::CacheOpKind::DcCvau:
    case isa::CacheOpKind::DcCvac:
    case isa::CacheOpKind::DcCivac:
    case isa::CacheOpKind::IcIvau: return false;
    default: return true;
  }
}

/// HVC, SMC and HLT do not exist for a user program.
bool is_undefined_call(const Uop& u) {
  return u.kind == UopKind::Exception && u.exception_op() != isa::ExceptionOp::Svc &&
         u.exception_op() != isa::ExceptionOp::Brk;
}

const Record* raise_undefined(Core& core, const Record* r) {
  StepResult s;
  s.kind = StepResult::Kind::Exception;
  s.exception = isa::ExceptionOp::Undefined;
  s.immediate = r->instruction->word;
  return core.stop(s, core.pc_of(r));
}

/// One Alu or Select micro-op with any operands: floating point, vectors and rare integer operations.
const Record* evaluate_alone(Core& core, const Record* r) {
  const Uop& u = r->instruction->uops[0];
  isa::ArchState& s = core.state();
  isa::Inputs in;
  for (unsigned i = 0; i < u.n_src; ++i) in[i] = s.get(u.src[i]);
  const isa::AluResult result = isa::evaluate(u, in, core.pc_of(r));
  s.set(u.dst[0], result.dst[0]);
  if (isa::accumulates(u.dst[1])) {
    s.set(u.dst[1], {s.get(u.dst[1]).lo | result.dst[1].lo, 0});
  } else {
    s.set(u.dst[1], result.dst[1]);
  }
  s.nzcv = static_cast<u8>((s.nzcv & ~u.flags_out) | (result.flags & u.flags_out));
  return r + 1;
}

/// IRG: the tag to begin with is the fourth input.
const Record* insert_random_tag(Core& core, const Record* r) {
  const Uop& u = r->instruction->uops[0];
  isa::ArchState& s = core.state();
  isa::Inputs in{};
  for (unsigned i = 0; i < u.n_src; ++i) in[i] = s.get(u.src[i]);
  core.tag_seed = core.tag_seed * 1664525 + 1013904223;
  in[3].lo = core.tag_seed >> 28;
  s.set(u.dst[0], isa::evaluate(u, in, core.pc_of(r)).dst[0]);
  return r + 1;
}

/// An access relative to SP.
const Record* check_stack(Core& core, const Record* r) {
  const u64 sp = core.state().sp[0];
  if (sp % 16 == 0 || !core.checks_stack) return r->aligned(core, r);
  core.stack_misaligned = true;
  StepResult refused;
  refused.kind = StepResult::Kind::Fault;
  refused.fault = isa::FaultKind::Alignment;
  refused.address = sp;
  return core.stop(refused, core.pc_of(r));
}

bool uses_stack(const Instruction& i) {
  for (unsigned k = 0; k < i.count; ++k) {
    const Uop& u = i.uops[k];
    if ((u.kind == UopKind::Read || u.kind == UopKind::Write) && u.n_addr != 0 && u.src[0] == isa::Reg::SP) return true;
  }
  return false;
}

const Record* do_nothing(Core&, const Record* r) {
  return r + 1;
}

/// Everything is in order already.
const Record* pass_barrier(Core& core, const Record* r) {
  if (core.watcher() != nullptr) core.watcher()->barrier(r->instruction->uops[0].barrier_op());
  return r + 1;
}

bool is_barrier(const Instruction& i) {
  return i.count == 1 && i.uops[0].kind == UopKind::Barrier;
}

bool accesses_memory(const Instruction& i) {
  return std::any_of(i.uops.begin(), i.uops.begin() + i.count,
                     [](const Uop& u) { return u.kind == UopKind::Read || u.kind == UopKind::Write; });
}

bool has_no_effect(const Instruction& i) {
  const Uop& u = i.uops[0];
  if (i.count != 1) return false;
  if (u.kind == UopKind::Isb) return true;
  return u.kind == UopKind::Hint && (u.hint_op() == isa::HintOp::Nop || u.hint_op() == isa::HintOp::Other);
}

}  // namespace

u16 holding_flags(unsigned condition) {
  u16 mask = 0;
  for (unsigned nzcv = 0; nzcv < 16; ++nzcv)
    mask = static_cast<u16>(mask | (isa::condition_holds(condition, nzcv) ? 1u << nzcv : 0u));
  return mask;
}

const Record* execute_generally(Core& core, const Record* r) {
  const u64 pc = core.pc_of(r);
  core.state().pc = pc;
  if (core.checks_tags && !core.tags_match(*r->instruction, pc)) return nullptr;
  if (core.watcher() != nullptr && accesses_memory(*r->instruction) && !core.watcher()->access(core, *r->instruction, pc))
    return core.hold(pc);
  const StepResult result = isa::execute(core.state(), core, *r->instruction);
  if (result.kind != StepResult::Kind::Completed) return core.stop(result, core.state().pc);
  return core.state().pc == pc + 4 ? r + 1 : core.enter(core.state().pc);
}

const Record* fetch_line(Core& core, const Record* r) {
  core.fetch_line(r);
  return r->execute(core, r);
}

const Record* stop_before(Core& core, const Record* r) {
  StepResult s;
  s.kind = StepResult::Kind::Stop;
  return core.stop(s, core.pc_of(r));
}

const Record* stop_after(Core& core, const Record* r) {
  StepResult s;
  s.kind = StepResult::Kind::Stop;
  return core.stop(s, core.pc_of(r) + 4);
}

const Record* name_race_free(Core& core, const Record* r) {
  core.name_race_free();
  return r + 1;
}

const Record* continue_on_next_page(Core& core, const Record* r) {
  const Record* next = core.enter(core.pc_of(r));
  return next == nullptr ? nullptr : next->execute(core, next);
}

void lower(const Instruction& instruction, u64 pc, bool tagging, Record& out) {
  out = {};
  out.instruction = &instruction;
  const Uop& first = instruction.uops[0];
  const bool absent = !tagging && is_tag_instruction(instruction);
  if (absent || is_privileged(first) || is_undefined_call(first)) {
    out.execute = raise_undefined;
  } else if (inserts_random_tag(instruction)) {
    out.execute = insert_random_tag;
  } else if (is_barrier(instruction)) {
    out.execute = pass_barrier;
  } else if (has_no_effect(instruction)) {
    out.execute = do_nothing;
  } else if (!lower_integer(instruction, pc, out) && !lower_transfer(instruction, pc, out) &&
             !lower_branch(instruction, pc, out)) {
    const bool alone = instruction.count == 1 && (first.kind == UopKind::Alu || first.kind == UopKind::Select);
    out.execute = alone ? evaluate_alone : execute_generally;
  }
  if (out.execute != raise_undefined && uses_stack(instruction)) {
    out.aligned = out.execute;
    out.execute = check_stack;
  }
}

}  // namespace isobar::functional
