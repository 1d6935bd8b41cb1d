#include "model/thread/translation.h"

#include <algorithm>

#include "model/state/mutation.h"
#include "model/storage/tags.h"
#include "model/thread/exceptions.h"
#include "model/thread/guards.h"
#include "model/thread/tags.h"
#include "model/thread/window.h"

namespace isobar::model {

using isa::BarrierOp;
using isa::UopKind;

namespace {

/// Bytes of two accesses that coincide whatever page they are in.
bool same_low_bits(const Entry& a, const Entry& b) {
  const u64 x = a.addr & (kPageBytes - 1), y = b.addr & (kPageBytes - 1);
  return overlaps(x, a.uop->mem.size, y, b.uop->mem.size);
}

/// FEAT_ETS2: DSBs before a translation complete first, and every access before one that is not cached. (Not the tag check
/// of the instruction itself, which waits for this translation.)
bool enhanced_synchronisation(const Core& c, unsigned i, bool uncacheable) {
  for (unsigned j = 0; j < i; ++j) {
    const Entry& q = c.window[j];
    if (q.fired || q.inert || q.translation == Translation::Shared) continue;
    if (q.uop->kind == UopKind::Barrier && q.uop->barrier_op() >= BarrierOp::DsbFull) return false;
    if (uncacheable && is_access(q)) return false;
  }
  return true;
}

/// No older guess is open and the addresses of all older accesses are known: what a hardware update waits for.
bool certain(const Core& c, unsigned i) {
  return std::all_of(c.window.begin(), c.window.begin() + i, [](const Entry& q) {
    if (q.faulting || (q.guessed && !q.resolved)) return false;
    // A tag check gets its address from the translation of its access, which may be the one that asks.
    return !is_access(q) || q.inert || q.address_known || q.translation == Translation::Shared;
  });
}

bool pending_at(const Entry& e, u8 page, u64 addr) {
  return e.translation == Translation::Pending && e.page == page && e.addr == addr;
}

}  // namespace

u64 descriptor_fault(Descriptor d, unsigned el, bool write) {
  if (!d.valid()) return kTranslationFault;
  if (!d.accessed()) return kAccessFlagFault;
  if ((el == 0 && !d.el0()) || (write && d.read_only())) return kPermissionFault;
  return 0;
}

Descriptor updated_descriptor(const CoreConfig& config, Descriptor d, bool write) {
  constexpr u64 kAccessFlag = u64{1} << 10, kReadOnly = u64{1} << 7;
  if (!config.access_flag_updates || !d.valid()) return d;
  d.bits |= kAccessFlag;
  if (config.dirty_updates && write && d.dirty_by_hardware()) d.bits &= ~kReadOnly;
  return d;
}

bool is_uncacheable(u64 fault) { return fault == kTranslationFault || fault == kAccessFlagFault; }

u8 page_of(const Program& program, u64 addr) {
  const auto p = std::upper_bound(program.pages.begin(), program.pages.end(), addr,
                                  [](u64 a, const Page& x) { return a < x.base; });
  if (p == program.pages.begin() || addr - std::prev(p)->base >= kPageBytes) return 0;
  return static_cast<u8>(p - program.pages.begin());
}

bool is_misaligned(const Entry& e) {
  const isa::MemoryAttributes& m = e.uop->mem;
  const unsigned size = e.uop->kind == UopKind::CacheOp ? 1 : m.size;
  const bool aligned_only = m.exclusive || m.pair;
  const bool within_16 = m.atomic || m.acquire || m.acquire_pc || m.release;
  return (aligned_only && !is_aligned(e.addr, size)) || (within_16 && (e.addr & 15) + size > 16);
}

bool is_stack_misaligned(const Core& c, const Entry& e, u64 base) {
  constexpr unsigned kSa0 = 4;
  return e.context.el == 0 && e.uop->src[0] == isa::Reg::SP && !is_aligned(base, 16) && is_access(e) &&
         bit(c.reg[isa::index(isa::Reg::SCTLR_EL1)], kSa0) != 0;
}

Place place_of(const Program& program, const Core& c, const Entry& e, u8 need) {
  Context as = e.context;
  if (e.uop->mem.unprivileged) as.el = 0;
  return find_place(program, c, as, e.addr, e.uop->kind == UopKind::CacheOp ? 1 : e.uop->mem.size, need);
}

void raise_fault(Entry& e, u64 status) {
  e.faulting = true;
  e.value2.hi = status;
}

bool begin_translation(const Program& program, MachineState& s, Entry& e) {
  e.page = page_of(program, e.addr);
  if (e.page == 0) return false;
  if ((e.addr & (kPageBytes - 1)) + e.uop->mem.size > kPageBytes) s.bound = "an access that crosses a page boundary";
  e.translation = Translation::Pending;
  return true;
}

void finish_translation(const Program& program, MachineState& s, unsigned core, unsigned i, u8 need) {
  Entry& e = s.core[core].window[i];
  const Descriptor d{e.value2.hi};
  e.value2.hi = 0;
  const unsigned el = e.uop->mem.unprivileged ? 0 : e.context.el;
  if (const u64 fault = descriptor_fault(d, el, translates_for_store(s.core[core], i)); fault != 0) {
    drop_translated_check(s.core[core], i);
    return raise_fault(e, fault);
  }
  e.addr = d.page() | (e.addr & (kPageBytes - 1));
  e.address_known = true;
  if (const u64 fault = place_of(program, s.core[core], e, need).fault; fault != 0) raise_fault(e, fault);
  if (e.faulting || !d.tagged()) {
    drop_translated_check(s.core[core], i);
  } else {
    place_translated_check(s.core[core], i);
  }
  if (e.uop->mem.tag == isa::TagAccess::Explicit) {
    if (!d.tagged()) s.bound = "an access to the tag of memory that has none";
    e.addr = tag_location(e.addr);
  }
  for (const WholeElements& w : program.whole)
    if (e.addr - w.base < w.size && (e.uop->mem.size != w.element || (e.addr - w.base) % w.element != 0)) s.dead = true;
}

bool asks_for_translation(const Core& c, unsigned i) {
  const Entry& e = c.window[i];
  for (unsigned j = instruction_start(c, i); j < i; ++j)
    if (pending_at(c.window[j], e.page, e.addr)) return false;
  return true;
}

bool translates_for_store(const Core& c, unsigned i) {
  if (is_write(c.window[i])) return true;
  return std::any_of(c.window.begin() + i, c.window.begin() + instruction_end(c, i), [](const Entry& e) {
    return is_write(e) && e.uop->mem.rmw != isa::RmwOp::CompareAndSwap;
  });
}

void set_translation(Core& c, unsigned i, Descriptor descriptor, Translation how) {
  const u8 page = c.window[i].page;
  const u64 addr = c.window[i].addr;
  for (unsigned j = i; j < instruction_end(c, i); ++j) {
    Entry& e = c.window[j];
    if (!pending_at(e, page, addr)) continue;
    e.translation = how;
    e.value2.hi = descriptor.bits;
  }
}

Translations translations(const MachineConfig& config, const Program& program, const Image& image,
                          const MachineState& s, unsigned core, unsigned i) {
  const Core& c = s.core[core];
  const Entry& e = c.window[i];
  Translations t;
  if (!asks_for_translation(c, i)) return t;
  const u64 at = program.pages[e.page - 1u].descriptor;
  const unsigned el = e.uop->mem.unprivileged ? 0 : e.context.el;
  const bool store = translates_for_store(c, i);
  const FetchRange range = usable_descriptors(s.storage, at, core);
  const TableEntry* history = find_table(s.storage, at);
  t.first = range.first;
  for (unsigned n = 0; n < range.count; ++n) {
    const bool newest = n + 1u == range.count;
    const u64 bits = history != nullptr ? history->values[t.first + n] : read_memory(s.storage, image, at, 8).lo;
    const Descriptor after = updated_descriptor(config.core[core], {bits}, store);
    const u64 fault = descriptor_fault(after, el, store);
    if (!newest && is_uncacheable(fault) && holds(Rule::TRUncacheable)) continue;
    if (after.bits != bits && (!newest || !certain(c, i))) continue;
    if (config.ets2 && !enhanced_synchronisation(c, i, is_uncacheable(fault))) continue;
    t.mask |= u64{1} << n;
  }
  return t;
}

void mark_stale(MachineState& s, unsigned core, unsigned page, bool local) {
  for (unsigned k = 0; k < s.core.size(); ++k) {
    if (local && k != core) continue;
    for (Entry& e : s.core[k].window)
      if (e.page != 0 && (page == 0 || e.page == page) && e.translation == Translation::Outdated)
        e.stale = static_cast<u16>(e.stale | 1u << core);
  }
}

void mark_outdated(MachineState& s, unsigned page) {
  for (Core& c : s.core)
    for (Entry& e : c.window)
      if (e.page == page && e.translation == Translation::Current) e.translation = Translation::Outdated;
}

bool stale_accesses_done(const MachineState& s, unsigned core) {
  const u16 bit = static_cast<u16>(1u << core);
  for (unsigned k = 0; k < s.core.size(); ++k) {
    if (k == core) continue;
    const Entries& window = s.core[k].window;
    for (unsigned i = 0; i < window.size(); ++i) {
      const Entry& y = window[i];
      if ((y.stale & bit) == 0) continue;
      if (!y.fired && !y.inert && holds(Rule::TRAccess)) return false;
      // An older access to what may be the same bytes must not be translated later.
      for (unsigned j = 0; j < i; ++j)
        if (window[j].translation == Translation::Pending && same_low_bits(window[j], y) && holds(Rule::TROlder))
          return false;
    }
  }
  return true;
}

bool fault_may_happen(const Core& c, unsigned i) {
  for (unsigned j = 0; j < i; ++j) {
    const Entry& q = c.window[j];
    if (q.fired || q.inert) continue;
    if (is_read(q) && is_acquire(q)) return false;
    if (is_acquire_release_atomic(c, q)) return false;
    if (q.uop->kind == UopKind::Barrier) return false;
  }
  return true;
}

}  // namespace isobar::model
