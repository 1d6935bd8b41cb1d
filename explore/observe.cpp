#include "explore/search.h"

namespace isobar::explore {

namespace {

Value masked(Value v, unsigned size) {
  if (size >= 16) return v;
  if (size >= 8) return {v.lo, 0};
  return {v.lo & ((u64{1} << (8 * size)) - 1), 0};
}

/// The exception with that number among those the core remembers, the one that stopped it last; zeroes if none.
model::TakenFault fault(const model::Core& c, unsigned index) {
  if (index < c.taken.size()) return c.taken[index];
  if (index == c.taken.size() && c.stop.fault) return {c.stop.pc, c.stop.esr, c.stop.far};
  return {};
}

}  // namespace

trace::Outcome observe(const model::Machine& m, const model::MachineState& s,
                       const std::vector<trace::Observable>& observables) {
  trace::Outcome o;
  o.values.reserve(observables.size());
  for (const trace::Observable& x : observables) {
    switch (x.kind) {
      case trace::Observable::Kind::Register:
        o.values.push_back(masked(model::read_register(s.core[x.core], x.reg), x.size));
        break;
      case trace::Observable::Kind::Memory:
        o.values.push_back(model::read_memory(s.storage, m.image(), x.addr, x.size));
        break;
      case trace::Observable::Kind::Fault: {
        const model::TakenFault f = fault(s.core[x.core], x.index);
        o.values.push_back(Value{f.esr, f.pc});
        break;
      }
      case trace::Observable::Kind::FaultAddress:
        o.values.push_back(Value{fault(s.core[x.core], x.index).far, 0});
        break;
      case trace::Observable::Kind::Waiting: {
        const model::Core& c = s.core[x.core];
        o.values.push_back(Value{c.waiting && !c.stop.stopped ? u64{1} : u64{0}, 0});
        break;
      }
      case trace::Observable::Kind::Flag:
        o.values.push_back(Value{(model::flags(s) & x.addr) != 0 ? u64{1} : u64{0}, 0});
        break;
    }
  }
  return o;
}

void count_outcome(SearchResult& result, const trace::Outcome& outcome, const model::MachineState& s,
                   const std::vector<model::Transition>& path, bool witnesses) {
  const auto keep = [&](std::vector<model::Transition>& witness) {
    if (witnesses && (witness.empty() || path.size() < witness.size())) witness = path;
  };
  OutcomeInfo& info = result.outcomes[outcome];
  ++info.count;
  keep(info.witness);
  for (std::size_t i = 0; i < model::kFlagNames.size(); ++i) {
    if ((model::flags(s) & model::kFlagNames[i].flag) == 0) continue;
    ++info.flags[i].count;
    keep(info.flags[i].witness);
  }
}

}  // namespace isobar::explore
