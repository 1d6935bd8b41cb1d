#include "model/thread/exceptions.h"

#include "isa/branch_target.h"
#include "model/state/flags.h"
#include "model/state/mutation.h"
#include "model/state/regions.h"
#include "model/thread/guards.h"
#include "model/thread/system_registers.h"
#include "model/thread/tags.h"
#include "model/thread/translation.h"
#include "model/thread/window.h"
#include "support/bits.h"

namespace isobar::model {

using isa::Reg;
using isa::Uop;
using isa::UopKind;

namespace {

/// Micro-ops that exist only as parts of exception entry: system register writes whose value the entry brings along.
Uop system_write(Reg r) {
  Uop u;
  u.kind = UopKind::SysWrite;
  u.sys = r;
  return u;
}
Uop save_status() {
  Uop u = system_write(Reg::SPSR_EL1);
  u.n_src = 4;
  u.src = {Reg::N, Reg::Z, Reg::C, Reg::V, Reg::None, Reg::None};
  return u;
}

/// PSTATE without the flags, as SPSR_EL1 holds it.
u64 status_bits(const Context& c) {
  return u64{c.daif} << 6 | u64{c.el} << 2 | u64{c.el == 1 && c.sp_sel} |
         u64{(c.tags & Context::kTagOverride) != 0} << 25 | u64{c.branch_type} << 10;
}

void append_system_write(Core& c, const Uop& u, u64 pc, u64 value, bool known, u8 index, bool last) {
  const unsigned start = static_cast<unsigned>(c.window.size()) - index;
  Entry& e = c.window.add(&u, c.context);
  e.pc = pc;
  e.seq = c.next_seq++;
  e.index = index;
  e.last = last;
  e.known = known;
  e.value = {value, 0};
  for (unsigned s = 0; s < u.n_src; ++s) e.producer[s] = find_producer(c, u.src[s], start);
}

void remember(MachineState& s, Core& c, const TakenFault& fault) {
  if (c.taken.size() == kMaxTakenFaults)
    s.bound = "more than 4 faults of one core";
  else
    c.taken.push_back(fault);
}

/// A synchronous exception of a core that has no handler. `fault.pc` is that of the instruction.
void leave_untaken(const SettleContext& ctx, MachineState& s, unsigned core, const TakenFault& fault, u64 return_pc) {
  Core& c = s.core[core];
  switch (ctx.program.reset[core].untaken) {
    case UntakenException::Stops: c.stop = {true, true, return_pc, fault.esr, fault.far}; return;
    case UntakenException::Skips: c.pc = fault.pc + 4; break;
    case UntakenException::Retries:
      if (!c.taken.empty()) s.dead = true;
      c.pc = return_pc;
      break;
  }
  remember(s, c, fault);
  c.context.tso = tso_after_synchronisation(ctx.config, c, core);
  c.context.tags = tags_after_synchronisation(ctx.config, c, c.context.el, c.context.tags);
}

/// check_access() where Program::map decides.
u64 check_foreign(const MemoryMap& map, u64 space, u64 at, u64 end, u8 need) {
  while (at < end) {
    if (at >= map.limit()) return kTranslationFault;
    const MemoryMap::View view = map.look_up(space, at);
    if (!view.present) return kTranslationFault;
    if ((view.permissions & need) != need) return kPermissionFault;
    at = view.end;
  }
  return 0;
}

}  // namespace

u64 check_access(const Program& program, const Core& c, const Context& ctx, u64 addr, unsigned size, u8 need) {
  if (ctx.el == 1) need = static_cast<u8>(need << 3);
  const u64 space = c.reg[isa::index(Reg::TTBR0_EL1)];
  const i32 asid = static_cast<i32>(space >> 48);
  u64 at = addr;
  const u64 end = addr + size;
  if (end < addr) return kTranslationFault;
  if (is_foreign(program, addr)) return check_foreign(*program.map, space, addr, end, need);
  for (const Region& r : program.regions) {
    if (at < r.base || at - r.base >= r.size || (r.asid >= 0 && r.asid != asid)) continue;
    if ((r.permissions & need) != need) return kPermissionFault;
    at = r.base + r.size;
    if (at >= end) return 0;
  }
  return kTranslationFault;
}

u64 physical_address(const Program& program, const Core& c, u64 addr, unsigned size) {
  if (!is_foreign(program, addr)) return addr;
  const u64 space = c.reg[isa::index(Reg::TTBR0_EL1)];
  const MemoryMap::View view = program.map->look_up(space, addr);
  if (view.end - addr < size && program.map->look_up(space, view.end).physical != view.physical + (view.end - addr))
    program.map->refuse(space, addr, size);
  return view.physical;
}

Place find_place(const Program& program, const Core& c, const Context& ctx, u64 addr, unsigned size, u8 need) {
  if (is_foreign(program, addr) && ctx.el == 0) {
    const MemoryMap::View view = program.map->look_up(c.reg[isa::index(Reg::TTBR0_EL1)], addr);
    if (!view.present) return {kTranslationFault, 0};
    if ((view.permissions & need) != need) return {kPermissionFault, 0};
    if (view.end - addr >= size) return {0, view.physical};
  }
  const u64 fault = check_access(program, c, ctx, addr, size, need);
  return {fault, fault == 0 ? physical_address(program, c, addr, size) : 0};
}

bool refuses_branch(const Program& program, const Core& c, u32 word) {
  if (c.context.branch_type == 0 || !is_foreign(program, c.pc)) return false;
  return program.map->look_up(c.reg[isa::index(Reg::TTBR0_EL1)], c.pc).guarded &&
         !isa::may_land(word, c.context.branch_type);
}

Context context_behind(const Program& program, const Core& c, const Entry& e) {
  Context to = e.context;
  to.branch_type = 0;
  if (e.uop->kind != UopKind::Branch || program.map == nullptr || !program.map->guards_branches()) return to;
  const bool guarded =
      is_foreign(program, e.pc) && program.map->look_up(c.reg[isa::index(Reg::TTBR0_EL1)], e.pc).guarded;
  if (e.context.el == 0) to.branch_type = isa::branch_type_behind(e.word, guarded);
  return to;
}

void take_exception(const SettleContext& ctx, MachineState& s, unsigned core, unsigned first, u64 return_pc, u64 esr,
                    u64 far, u64 vector) {
  static const Uop kElr = system_write(Reg::ELR_EL1);
  static const Uop kEsr = system_write(Reg::ESR_EL1);
  static const Uop kFar = system_write(Reg::FAR_EL1);
  static const Uop kSpsr = save_status();
  Core& c = s.core[core];
  const u64 pc = first < c.window.size() ? c.window[first].pc : return_pc;
  if (first < c.window.size()) {
    for (unsigned j = first; j < c.window.size(); ++j) {
      const Entry& q = c.window[j];
      // A younger effect outside the core cannot be taken back: this order of events does not exist.
      const bool outside = (is_write(q) && q.own != 0) || (q.uop->kind == UopKind::CacheOp && q.fired && !q.inert) ||
                           (is_system_action(q) && q.fired);
      if (outside && holds(Rule::ExceptionOrder)) s.dead = true;
    }
    c.context = c.window[first].context;
    discard(ctx, s, core, first);
  }
  if (s.dead) return;
  c.waiting = false;
  if (ctx.observer != nullptr && vector == 0x480) ctx.observer->interrupted(core, return_pc);
  if (!ctx.program.has_kernel || ctx.program.reset[core].stops_on_exception) {
    return leave_untaken(ctx, s, core, {pc, esr, far}, return_pc);
  }
  if (ctx.program.remember_faults && vector != 0x480) remember(s, c, {pc, esr, far});
  const Operand vbar = register_operand(c, Reg::VBAR_EL1, static_cast<unsigned>(c.window.size()));
  const bool abort = vector == 0x400 && ((esr >> 26) & ~u64{5}) == static_cast<u64>(ExceptionClass::InstructionAbort);
  // The entries below belong to the handler: an interrupt comes before the instruction that raised the exception or
  // after the handler has unmasked it, never in between.
  Context from = c.context;
  if (return_pc != pc) from.branch_type = 0;  // behind a system call
  c.context.branch_type = 0;
  c.context.el = 1;
  c.context.sp_sel = true;
  c.context.daif = 0xf;
  append_system_write(c, kElr, return_pc, return_pc, true, 0, false);
  append_system_write(c, kSpsr, return_pc, status_bits(from), false, 1, vector == 0x480);
  if (vector != 0x480) append_system_write(c, kEsr, return_pc, esr, true, 2, !abort);
  if (abort) append_system_write(c, kFar, return_pc, far, true, 3, true);
  if (ctx.observer != nullptr)
    for (auto e = c.window.end() - (vector == 0x480 ? 2 : abort ? 4 : 3); e != c.window.end(); ++e)
      ctx.observer->fetched(core, *e);
  u64 offset = vector;
  if (from.el == 1) offset -= from.sp_sel ? 0x200 : 0x400;
  const bool call = vector == 0x400 && esr >> 26 == static_cast<u64>(ExceptionClass::Svc);
  if (ctx.config.eis || !call) order_before_fetches(s.storage, core, vector == 0x480);
  if (ctx.config.eis) c.context.tso = tso_after_synchronisation(ctx.config, c, core);
  if (ctx.config.tagging && !ctx.config.checked_handlers) c.context.tags |= Context::kTagOverride;
  c.context.tags = tags_after_synchronisation(ctx.config, c, 1, c.context.tags);
  c.pc = vbar.value.lo + offset;
}

namespace {

/// The handler of an MMU fault may go on while the fault itself is still held by barriers before it; who invalidates
/// TLBs waits for the fault (row TR3). It stays in the window, in the first write of the exception entry.
void leave_fault(const SettleContext& ctx, MachineState& s, unsigned core, const Entry& fault, u64 pc) {
  static const Uop kElr = system_write(Reg::ELR_EL1);
  Core& c = s.core[core];
  if (c.stop.stopped) {
    append_system_write(c, kElr, pc, pc, true, 0, true);
    if (ctx.observer != nullptr) ctx.observer->fetched(core, c.window.back());
  }
  unsigned first = static_cast<unsigned>(c.window.size()) - 1;
  while (c.window[first].index != 0) --first;
  Entry& e = c.window[first];
  e.addr = fault.addr;
  e.page = fault.page;
  e.translation = fault.translation;
  e.stale = fault.stale;
}

}  // namespace

void take_synchronous(const SettleContext& ctx, MachineState& s, unsigned core, unsigned slot) {
  Core& c = s.core[core];
  const Entry e = c.window[slot];
  if (c.window[instruction_start(c, slot)].unordered) s.flags |= kFlagCmodx;
  const u64 same = e.context.el == 1 ? 1 : 0;
  u64 ec = 0;
  u64 iss = 0;
  u64 far = 0;
  u64 return_pc = e.pc;
  if (e.uop->kind != UopKind::Exception) {
    if (is_access(e) || e.uop->kind == UopKind::CacheOp) {
      ec = static_cast<u64>(ExceptionClass::DataAbort) + same;
      const bool write = is_write(e) || e.uop->kind == UopKind::CacheOp || e.uop->mem.tag == isa::TagAccess::CheckWrite;
      iss = e.value2.hi | u64{write} << 6;
      far = is_tag_check(e) ? e.value2.lo : e.addr;
      if (e.value2.hi == kSpAlignmentFault) {
        ec = static_cast<u64>(ExceptionClass::SpAlignment);
        iss = 0;
      }
    }
  } else if (e.faulting && e.value2.hi == kBranchTargetFault) {
    ec = static_cast<u64>(ExceptionClass::BranchTarget);
    iss = e.context.branch_type;
  } else if (e.faulting) {
    ec = static_cast<u64>(ExceptionClass::InstructionAbort) + same;
    iss = e.value2.hi;
    far = e.pc;
  } else {
    switch (e.uop->exception_op()) {
      case isa::ExceptionOp::Svc:
        ec = static_cast<u64>(ExceptionClass::Svc);
        iss = e.uop->imm & 0xffff;
        return_pc = e.pc + 4;
        break;
      case isa::ExceptionOp::Brk:
        ec = static_cast<u64>(ExceptionClass::Breakpoint);
        iss = e.uop->imm & 0xffff;
        break;
      default: break;
    }
  }
  const bool early = e.page != 0 && !fault_may_happen(c, slot);
  take_exception(ctx, s, core, instruction_start(c, slot), return_pc, ec << 26 | 1u << 25 | iss, far, 0x400);
  if (early && !s.dead) leave_fault(ctx, s, core, e, return_pc);
}

void take_undefined(const SettleContext& ctx, MachineState& s, unsigned core, unsigned slot) {
  const u64 esr = static_cast<u64>(ExceptionClass::Undefined) << 26 | 1u << 25;
  const Core& c = s.core[core];
  take_exception(ctx, s, core, instruction_start(c, slot), c.window[slot].pc, esr, 0, 0x400);
}

void take_trapped(const SettleContext& ctx, MachineState& s, unsigned core, unsigned slot) {
  const Core& c = s.core[core];
  const Entry& e = c.window[slot];
  // ISS: the fields of the instruction in the order of the Arm ARM, D24.2.
  const auto field = [&](unsigned high, unsigned low) { return bits(u64{e.word}, high, low); };
  const u64 iss = field(20, 19) << 20 | field(7, 5) << 17 | field(18, 16) << 14 | field(15, 12) << 10 |
                  field(4, 0) << 5 | field(11, 8) << 1;
  const u64 esr = static_cast<u64>(ExceptionClass::SystemInstruction) << 26 | 1u << 25 | iss;
  take_exception(ctx, s, core, instruction_start(c, slot), e.pc, esr, 0, 0x400);
}

Context guessed_return(Context from) {
  from.el = 0;
  from.sp_sel = false;
  from.daif = 0;
  from.branch_type = 0;
  return from;
}

bool return_from_exception(const SettleContext& ctx, MachineState& s, unsigned core, unsigned slot) {
  Core& c = s.core[core];
  Entry& e = c.window[slot];
  const Operand elr = operand(c, e, 0);
  const Operand spsr = operand(c, e, 1);
  e.nzcv = static_cast<u8>(spsr.value.lo >> 28 & 15);
  e.known = true;
  e.fired = true;
  e.resolved = true;
  e.guess_cond = elr.guess | spsr.guess;
  Context to = e.context;
  to.el = static_cast<u8>(spsr.value.lo >> 2 & 1);
  to.sp_sel = (spsr.value.lo & 1) != 0;
  to.daif = static_cast<u8>(spsr.value.lo >> 6 & 15);
  to.branch_type = static_cast<u8>(spsr.value.lo >> 10 & 3);
  if (ctx.config.tagging)
    to.tags = tags_after_synchronisation(ctx.config, c, to.el, (spsr.value.lo >> 25 & 1) != 0 ? Context::kTagOverride : u8{0});
  if (e.guessed && e.addr == elr.value.lo && to == guessed_return(e.context)) return true;
  c.context = to;
  if (ctx.config.eos) order_before_fetches(s.storage, core);
  if (ctx.config.eos)
    c.context.tso = tso_after_synchronisation(ctx.config, c, core);
  c.pc = elr.value.lo;
  return !e.guessed;
}

}  // namespace isobar::model
