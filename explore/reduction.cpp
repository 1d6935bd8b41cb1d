#include "explore/reduction.h"

#include <algorithm>

#include "support/bits.h"

namespace isobar::explore {

using model::Core;
using model::Entry;
using model::Transition;
using model::TransitionKind;

namespace {

bool is_access(const Entry& e) {
  return e.uop->kind == isa::UopKind::Read || e.uop->kind == isa::UopKind::Write;
}

/// Every older access has a known address: nothing older can turn out to overlap.
bool older_addresses_known(const Core& c, unsigned slot) {
  return std::all_of(c.window.begin(), c.window.begin() + slot,
                     [](const Entry& q) { return !is_access(q) || q.inert || q.address_known; });
}

/// Could an interrupt still be taken before `slot`, so that an effect of it would come too early?
bool interruptible_before(const model::Machine& m, const Core& c, unsigned slot) {
  if (!m.program().has_kernel) return false;
  return std::any_of(c.window.begin(), c.window.begin() + slot + 1,
                     [](const Entry& q) { return (q.context.daif & 2) == 0; });
}

bool is_executable(const model::Program& p, u64 addr) {
  return std::any_of(p.regions.begin(), p.regions.end(), [addr](const model::Region& r) {
    return addr - r.base < r.size && (r.permissions & (model::kExecEl0 | model::kExecEl1)) != 0;
  });
}

bool fetch_is_eager(const std::vector<Transition>& enabled, std::size_t i, const Core& c, const Footprint& f) {
  if (f.is_modifiable(c.pc)) return false;
  return std::none_of(enabled.begin(), enabled.end(), [&](const Transition& t) {
    return t.core == enabled[i].core && (t.kind == TransitionKind::SystemEffect ||
                                         (t.kind == TransitionKind::Fetch && t.choice != enabled[i].choice));
  });
}

bool is_eager(const model::Machine& m, const model::MachineState& s, const Footprint& f,
              const std::vector<Transition>& enabled, std::size_t i) {
  const Transition& t = enabled[i];
  const Core& c = s.core[t.core];
  switch (t.kind) {
    case TransitionKind::Fetch: return fetch_is_eager(enabled, i, c, f);
    case TransitionKind::HostCall: return true;
    case TransitionKind::SatisfyRead:
    case TransitionKind::ForwardRead: {
      const Entry& e = c.window[t.slot];
      return f.is_private(e.addr, e.uop->mem.size) && older_addresses_known(c, t.slot);
    }
    case TransitionKind::PropagateWrite: {
      const Entry& e = c.window[t.slot];
      return f.is_private(e.addr, e.uop->mem.size) && !f.is_modifiable(e.addr) && !interruptible_before(m, c, t.slot);
    }
    case TransitionKind::CleanData: {
      const Entry& e = c.window[t.slot];
      const unsigned bytes = m.config().line_bytes;
      return !f.has_modifiable(align_down(e.addr, bytes), bytes) && !interruptible_before(m, c, t.slot);
    }
    case TransitionKind::InvalidateInstruction:
      return t.choice == 0 && !f.any_modifiable() && !interruptible_before(m, c, t.slot);
    default: return false;
  }
}

}  // namespace

Plan plan(const model::Machine& m, const model::MachineState& s, const Footprint& footprint,
          std::vector<Transition>& enabled) {
  for (std::size_t i = 0; i < enabled.size(); ++i)
    if (is_eager(m, s, footprint, enabled, i)) return {Plan::Kind::Eager, enabled[i]};
  const auto guess = std::find_if(enabled.begin(), enabled.end(),
                                  [](const Transition& t) { return t.kind == TransitionKind::Predict; });
  if (guess == enabled.end()) return {};
  const Transition first = *guess;
  std::erase_if(enabled, [&](const Transition& t) {
    return t.kind != TransitionKind::Predict || t.core != first.core || t.slot != first.slot;
  });
  return {Plan::Kind::Fork, {}};
}

void record(Footprint& footprint, const model::Machine& m, const model::MachineState& s, const Transition& t) {
  const Core& c = s.core[t.core];
  switch (t.kind) {
    case TransitionKind::SatisfyRead:
    case TransitionKind::ForwardRead:
    case TransitionKind::PropagateWrite: {
      const Entry& e = c.window[t.slot];
      const bool write = t.kind == TransitionKind::PropagateWrite;
      footprint.record_access(t.core, e.addr, e.uop->mem.size, write);
      if (write && is_executable(m.program(), e.addr)) footprint.record_code_write(e.addr, e.uop->mem.size);
      return;
    }
    default: return;
  }
}

}  // namespace isobar::explore
