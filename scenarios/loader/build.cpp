#include "scenarios/loader/build.h"

#include <algorithm>

#include "model/storage/tags.h"
#include "scenarios/loader/build_kernel.h"
#include "support/bits.h"

namespace isobar::scenarios {

namespace {

using model::Permission;

constexpr u8 kTextAccess =
    Permission::kReadEl0 | Permission::kReadEl1 | Permission::kExecEl0 | Permission::kExecEl1;
constexpr u8 kWriteAccess = Permission::kWriteEl0 | Permission::kWriteEl1;

std::vector<u8> initial_bytes(const MemoryLocation& m) {
  std::vector<u8> bytes(m.bytes());
  std::copy(m.code.bytes.begin(), m.code.bytes.end(), bytes.begin());
  for (std::size_t i = 0; i < m.initial.size(); ++i) {
    for (unsigned b = 0; b < m.element; ++b) bytes[i * m.element + b] = m.initial[i].value.byte(b);
  }
  return bytes;
}

model::Segment initial_tags(const MemoryLocation& m) {
  const u64 first = model::tag_location(m.address), last = model::tag_location(m.address + m.bytes() - 1);
  return {first, std::vector<u8>(last - first + 1, m.tag)};
}

/// Bytes from the first of `m` to the end of its last granule: STZG writes all of them.
u64 whole_granules(const MemoryLocation& m) {
  return align_down(m.address + m.bytes() + model::kTagGranule - 1, model::kTagGranule) - m.address;
}

bool all_zero(const std::vector<u8>& bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](u8 b) { return b == 0; });
}

/// Where an indirect branch can go before its target is known: labels, starts, and behind every call.
/// With `returns` also where system calls come back to: a core may guess the target of an ERET that is no context
/// synchronisation event.
void add_targets(const Code& code, bool returns, std::vector<u64>& targets) {
  for (const auto& [label, address] : code.labels) targets.push_back(address);
  targets.push_back(code.base);
  targets.push_back(code.end);
  for (std::size_t i = 0; i + 4 <= code.bytes.size(); i += 4) {
    const u32 word = code.bytes[i] | u32{code.bytes[i + 1]} << 8 | u32{code.bytes[i + 2]} << 16 |
                     u32{code.bytes[i + 3]} << 24;
    const bool bl = (word & 0xfc000000) == 0x94000000;
    const bool blr = (word & 0xfffffc1f) == 0xd63f0000;
    const bool svc = (word & 0xffe0001f) == 0xd4000001;
    if (bl || blr || (svc && returns)) targets.push_back(code.base + i + 4);
  }
}

void add_labels(const std::string& owner, const Code& code, std::map<u64, std::string>& symbols) {
  for (const auto& [label, address] : code.labels) symbols.emplace(address, owner + "." + label);
}

model::ResetState reset_state(const Thread& t, u64 entry) {
  model::ResetState r;
  r.pc = entry;
  r.el = t.el;
  r.sp_sel = t.el == 1;
  for (const auto& [reg, constant] : t.registers) {
    const bool stack = reg == isa::Reg::SP;
    r.registers.emplace_back(stack ? (t.el == 1 ? isa::Reg::SP_EL1 : isa::Reg::SP_EL0) : reg, constant.value);
  }
  return r;
}

trace::Observable bare_observable(const Observed& o, const Thread* t) {
  trace::Observable x;
  x.label = o.label;
  x.addr = o.address;
  x.size = o.size;
  x.reg = o.reg;
  if (t != nullptr) x.core = static_cast<u8>(t->core.value_or(0));
  switch (o.kind) {
    case Observed::Kind::Register:
      x.kind = trace::Observable::Kind::Register;
      if (o.reg == isa::Reg::SP) x.reg = t->el == 1 ? isa::Reg::SP_EL1 : isa::Reg::SP_EL0;
      break;
    case Observed::Kind::Memory: x.kind = trace::Observable::Kind::Memory; break;
    case Observed::Kind::Fault: x.kind = trace::Observable::Kind::Fault; break;
    case Observed::Kind::FaultAddress: x.kind = trace::Observable::Kind::FaultAddress; break;
    case Observed::Kind::Waiting: x.kind = trace::Observable::Kind::Waiting; break;
    case Observed::Kind::Flag: x.kind = trace::Observable::Kind::Flag; break;
  }
  return x;
}

void build_bare(const Scenario& s, const Variant& v, Build& b) {
  b.program.reset.resize(b.config.cores);
  for (model::ResetState& r : b.program.reset) r.running = false;
  for (std::size_t i = 0; i < s.threads.size(); ++i) {
    const Thread& t = s.threads[i];
    b.program.reset.at(t.core.value_or(0)) = reset_state(t, v.entry(i, t));
    b.program.stop.insert(b.program.stop.end(), t.stops.begin(), t.stops.end());
  }
  for (const Observed& o : s.observed) {
    b.observables.push_back(bare_observable(o, o.of_thread() ? &s.threads.at(o.thread) : nullptr));
  }
}

}  // namespace

Build build(const Scenario& scenario, unsigned variant) {
  const Variant& v = scenario.variants.at(variant);
  Build b;
  b.config = v.machine;
  b.kernel = v.kernel.enabled;
  const bool returns = b.kernel && !b.config.eos;
  for (const MemoryLocation& m : scenario.memory) {
    const u64 bytes_owned = b.config.tagging ? whole_granules(m) : m.bytes();
    if (m.permissions != 0) b.program.regions.push_back({m.address, bytes_owned, m.permissions, -1, m.name});
    std::vector<u8> bytes = initial_bytes(m);
    if (!all_zero(bytes)) b.program.segments.push_back({m.address, std::move(bytes)});
    if (m.tag != 0 && b.config.tagging) b.program.segments.push_back(initial_tags(m));
    b.symbols.emplace(m.address, m.name);
    add_labels(m.name, m.code, b.symbols);
    if (m.is_code) add_targets(m.code, returns, b.program.indirect_targets);
  }
  for (const Thread& t : scenario.threads) {
    const u8 access = t.writable ? kTextAccess | kWriteAccess : kTextAccess;
    b.program.regions.push_back({t.code.base, t.code.bytes.size(), access, -1, "text of " + t.name});
    b.program.segments.push_back({t.code.base, t.code.bytes});
    b.symbols.emplace(t.code.base, t.name);
    add_labels(t.name, t.code, b.symbols);
    add_targets(t.code, returns, b.program.indirect_targets);
  }
  if (b.kernel) {
    build_kernel(scenario, v, b);
  } else {
    build_bare(scenario, v, b);
  }
  const auto by_base = [](const auto& x, const auto& y) { return x.base < y.base; };
  std::sort(b.program.regions.begin(), b.program.regions.end(), by_base);
  std::sort(b.program.segments.begin(), b.program.segments.end(), by_base);
  for (std::vector<u64>* list : {&b.program.indirect_targets, &b.program.stop}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  return b;
}

}  // namespace isobar::scenarios
