#include "model/thread/tags.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "isa/alu_op.h"
#include "model/state/mutation.h"
#include "model/state/regions.h"
#include "model/storage/tags.h"
#include "model/thread/exceptions.h"
#include "model/thread/translation.h"
#include "model/thread/window.h"
#include "support/bits.h"

namespace isobar::model {

using isa::Reg;
using isa::TagAccess;
using isa::Uop;
using isa::UopKind;

namespace {

using Checks = std::array<Uop, kMaxCheckedGranules>;

bool is_access(const Uop& u) { return u.kind == UopKind::Read || u.kind == UopKind::Write; }

/// Relative to the PC, or to SP with no more than an immediate.
bool has_trusted_base(const isa::Instruction& i, const Uop& access) {
  if (access.n_addr == 0) return true;
  const bool write_back = std::any_of(i.uops.begin(), i.uops.begin() + i.count,
                                      [](const Uop& u) { return u.kind == UopKind::Alu && u.dst[0] == Reg::SP; });
  return access.n_addr == 1 && access.src[0] == Reg::SP && !write_back;
}

std::unique_ptr<const Checks> make_checks(const isa::Instruction& i) {
  const Uop* first = nullptr;
  u64 low = 0, high = 0;
  bool write = false;
  for (unsigned k = 0; k < i.count; ++k) {
    const Uop& u = i.uops[k];
    if (!is_access(u) || u.mem.unchecked || u.mem.tag != TagAccess::None || has_trusted_base(i, u)) continue;
    if (first == nullptr) {
      first = &u;
      low = u.imm;
      high = u.imm + u.mem.size;
    }
    // Offsets are small and may be negative: compare relative to the first.
    if (static_cast<i64>(u.imm - low) < 0) low = u.imm;
    if (static_cast<i64>(u.imm + u.mem.size - high) > 0) high = u.imm + u.mem.size;
    write |= u.kind == UopKind::Write;
  }
  if (first == nullptr) return nullptr;
  Uop check;
  check.kind = UopKind::Read;
  check.op = static_cast<u16>(high - low);
  check.n_src = check.n_addr = first->n_addr;
  for (unsigned s = 0; s < first->n_addr; ++s) check.src[s] = first->src[s];
  check.imm = low;
  check.imm2 = first->imm2;
  check.extend = first->extend;
  check.amount = first->amount;
  check.mem.tag = write ? TagAccess::CheckWrite : TagAccess::CheckRead;
  check.mem.element = 1;
  Checks checks;
  for (unsigned n = 0; n < kMaxCheckedGranules; ++n) {
    check.mem.size = static_cast<u8>(n + 1);
    checks[n] = check;
  }
  return std::make_unique<const Checks>(checks);
}

/// Entries are never removed, so that pointers stay valid.
class Cache {
 public:
  const Checks* find(const isa::Instruction& i) {
    const std::lock_guard lock(mutex_);
    const auto [slot, fresh] = map_.try_emplace(i.word);
    if (fresh) slot->second = make_checks(i);
    return slot->second.get();
  }

 private:
  std::mutex mutex_;
  std::unordered_map<u32, std::unique_ptr<const Checks>> map_;
};

const Checks* checks_of(const isa::Instruction& i) {
  // Leaked on purpose: worker threads may still hold pointers while static objects are destroyed.
  static Cache& cache = *new Cache;
  static thread_local std::unordered_map<u32, const Checks*> front;
  const auto [slot, fresh] = front.try_emplace(i.word);
  if (fresh) slot->second = cache.find(i);
  return slot->second;
}

bool tags_differ(const Entry& e) {
  for (unsigned b = 0; b < e.uop->mem.size; ++b)
    if (e.raw.byte(b) != pointer_tag(e.value2.lo)) return true;
  return false;
}

/// The write of the CAS that check `i` belongs to; nullptr if it is none. A CAS that does not write is no store.
const Entry* compare_and_swap(const Core& c, unsigned i) {
  for (unsigned j = i + 1; j < instruction_end(c, i); ++j)
    if (is_write(c.window[j]) && c.window[j].uop->mem.rmw == isa::RmwOp::CompareAndSwap) return &c.window[j];
  return nullptr;
}

/// From the data that check `e` is about to their tags.
void place_check(Entry& e) {
  const u64 first = align_down(e.addr, kTagGranule);
  e.uop += (e.addr + e.uop->op - 1 - first) / kTagGranule;
  e.addr = tag_location(first);
}

/// The same where Program::map decides, which has tags for some of the data only: those of the rest match.
void place_foreign_check(const Program& program, const Core& c, Entry& e) {
  const u64 space = c.reg[isa::index(Reg::TTBR0_EL1)];
  u64 begin = e.addr, end = e.addr + e.uop->op;
  const MemoryMap::View first = program.map->look_up(space, begin);
  if (first.end < end && !program.map->look_up(space, first.end).tagged) end = first.end;
  if (!first.tagged) begin = std::min(first.end, end);
  if (begin == end) {
    e.fired = e.known = true;
    return;
  }
  const u64 granule = align_down(begin, kTagGranule);
  e.uop += (end - 1 - granule) / kTagGranule;
  e.addr = tag_location(physical_address(program, c, granule, static_cast<unsigned>(end - granule)));
}

constexpr u64 kStoreOnlyEl0 = u64{1} << 58, kStoreOnlyEl1 = u64{1} << 59;  // SCTLR_EL1.TCSO0, TCSO

}  // namespace

const Uop* tag_check(const isa::Instruction& instruction, const Context& ctx) {
  const Checks* checks = checks_of(instruction);
  if (checks == nullptr) return nullptr;
  const bool store_only = (ctx.tags & Context::kTagStoreOnly) != 0;
  return store_only && checks->front().mem.tag == TagAccess::CheckRead ? nullptr : checks->data();
}

bool is_tag_operation(const Entry& e) {
  const isa::AluOp op = isa::alu_op(*e.uop);
  return op >= isa::AluOp::TagExtract && op <= isa::AluOp::PointerSub;
}

void place_tag_access(const Program& program, MachineState& s, unsigned core, unsigned i, u8 need) {
  const Core& c = s.core[core];
  Entry& e = s.core[core].window[i];
  const bool check = is_tag_check(e);
  if (check && page_of(program, e.addr) != 0) {
    e.translation = Translation::Shared;
    return;
  }
  const u64 first = align_down(e.addr, kTagGranule);
  const bool misaligned = is_write(e) && e.addr != first;
  if (!check && !misaligned && begin_translation(program, s, e)) return;
  e.address_known = true;
  Context as = e.context;
  if (e.uop->mem.unprivileged) as.el = 0;
  if (check) {
    const bool permitted = check_access(program, c, as, e.addr, e.uop->op, need) == 0;
    if (!permitted && holds(Rule::TagPermission)) e.fired = e.known = true;
    if (is_foreign(program, e.addr)) {
      if (permitted) place_foreign_check(program, c, e);
    } else {
      place_check(e);
    }
    return;
  }
  const u64 fault = misaligned ? kAlignmentFault : check_access(program, c, as, e.addr, 1, need);
  if (fault != 0) return raise_fault(e, fault);
  e.addr = tag_location(physical_address(program, c, first, kTagGranule));
  // The tag of memory that has none stays 0.
  if (is_foreign(program, first) && is_write(e) && !program.map->look_up(c.reg[isa::index(Reg::TTBR0_EL1)], first).tagged)
    e.inert = e.resolved = true;
}

void place_translated_check(Core& c, unsigned i) {
  Entry& check = c.window[instruction_start(c, i)];
  if (check.translation != Translation::Shared) return;
  check.translation = Translation::None;
  check.addr = align_down(c.window[i].addr, kPageBytes) | (check.addr & (kPageBytes - 1));
  check.address_known = true;
  place_check(check);
}

void drop_translated_check(Core& c, unsigned i) {
  Entry& check = c.window[instruction_start(c, i)];
  if (check.translation != Translation::Shared) return;
  check.translation = Translation::None;
  check.address_known = check.fired = check.known = true;
}

bool settle_check(Core& c, unsigned i) {
  Entry& e = c.window[i];
  bool differ = tags_differ(e);
  if (differ && (e.context.tags & Context::kTagStoreOnly) != 0) {
    const Entry* w = compare_and_swap(c, i);
    if (w != nullptr && !w->resolved) return false;
    if (w != nullptr) differ = w->choice != kCasUnequal;
  }
  if (!differ) return true;
  if (is_precise_check(e)) {
    raise_fault(e, kTagCheckFault);
  } else {
    e.choice = 1;
  }
  return true;
}

u8 tags_after_synchronisation(const MachineConfig& config, const Core& c, u8 el, u8 old) {
  if (!config.tagging) return 0;
  const u64 sctlr = register_operand(c, Reg::SCTLR_EL1, static_cast<unsigned>(c.window.size())).value.lo;
  const u64 mode = el == 0 ? bits(sctlr, 39, 38) : bits(sctlr, 41, 40);
  const bool store_only = (sctlr & (el == 0 ? kStoreOnlyEl0 : kStoreOnlyEl1)) != 0;
  return static_cast<u8>(mode | (old & Context::kTagOverride) | (store_only ? Context::kTagStoreOnly : 0));
}

u64 initial_sctlr(const MachineConfig& config, const CoreConfig& core) {
  if (!config.tagging) return 0;
  const u64 mode = static_cast<u64>(core.tag_checks);
  return mode << 38 | mode << 40 | (core.tag_store_only ? kStoreOnlyEl0 | kStoreOnlyEl1 : 0);
}

Reg tag_fault_status(const Context& ctx) { return ctx.el == 0 ? Reg::TFSRE0_EL1 : Reg::TFSR_EL1; }

std::optional<u64> mismatches_in_flight(const Core& c, Reg status, unsigned end) {
  u64 bits = 0;
  for (unsigned j = 0; j < end; ++j) {
    const Entry& q = c.window[j];
    if (!is_tag_check(q) || tag_fault_status(q.context) != status) continue;
    if (!q.known) return std::nullopt;
    bits |= q.choice;
  }
  return bits;
}

}  // namespace isobar::model
