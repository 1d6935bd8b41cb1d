#include "axiomatic/dependencies.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "axiomatic/code_versions.h"
#include "isa/decoder.h"

namespace isobar::axiomatic {
namespace {

using isa::Reg;
using isa::Uop;
using isa::UopKind;
using trace::AccessRecord;
using trace::InstructionRecord;

/// Walks one core in program order.
class Walk {
 public:
  Walk(Program& out, const DependencyOptions& options, const CodeVersions& versions, u8 core)
      : out_(out), options_(options), versions_(versions), core_(core) {
    register_.fill(kNoFlow);
  }

  void instruction(const InstructionRecord& i, u32 number, const Resolved& resolved) {
    record_ = &i;
    number_ = number;
    resolved_ = resolved;
    const bool interrupt = i.exception && i.word == 0;
    if (!interrupt && !versions_.writes(i.pc).empty()) fetch(i);
    if (i.exception) {
      if (options_.entry_is_cse || !is_system_call(i)) add(Event::Kind::ContextSync);
      return;
    }
    result_.fill(kNoFlow);
    pending_.clear();
    read_ = kNoEvent;
    loaded_ = kNoFlow;
    store_ = Inputs{};
    const isa::Instruction& d = isa::decode_cached(i.word);
    for (unsigned k = 0; k < d.count; ++k) micro_op(d, k);
    for (const auto& [reg, flow] : pending_) register_[index(reg)] = flow;
  }

 private:
  /// What feeds a write; kept for the micro-op that reports its success.
  struct Inputs {
    FlowId address = kNoFlow, data = kNoFlow, compare = kNoFlow;
  };

  static bool is_system_call(const InstructionRecord& i) {
    const Uop& u = isa::decode_cached(i.word).uops[0];
    return i.word != 0 && u.kind == UopKind::Exception && u.exception_op() == isa::ExceptionOp::Svc;
  }

  Event& add(Event::Kind kind) {
    Event e;
    e.kind = kind;
    e.core = core_;
    e.instruction = number_;
    e.word = record_->word;
    e.pc = record_->pc;
    e.tso = record_->tso;
    out_.event.push_back(e);
    return out_.event.back();
  }
  EventId last() const { return static_cast<EventId>(out_.event.size() - 1); }

  FlowId new_flow(Flow f) {
    out_.flow.push_back(std::move(f));
    return static_cast<FlowId>(out_.flow.size() - 1);
  }
  /// One flow for several inputs: none, the only one, or a new vertex.
  FlowId join(std::vector<FlowId> needs) {
    std::sort(needs.begin(), needs.end());
    needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
    std::erase(needs, kNoFlow);
    if (needs.empty()) return kNoFlow;
    if (needs.size() == 1) return needs.front();
    return new_flow({kNoEvent, std::move(needs), {}});
  }
  /// The value `chosen`, picked by `deciders`.
  FlowId pick(FlowId chosen, std::vector<FlowId> deciders) {
    std::erase(deciders, kNoFlow);
    if (deciders.empty()) return chosen;
    Flow f;
    if (chosen != kNoFlow) f.needs.push_back(chosen);
    f.picked_by = std::move(deciders);
    return new_flow(std::move(f));
  }

  Reg banked(Reg r) const {
    if (r != Reg::SP) return r;
    return record_->el != 0 && record_->sp_sel ? Reg::SP_EL1 : Reg::SP_EL0;
  }
  FlowId source(Reg r) const {
    if (isa::is_uop_result(r)) return result_[index(r) - index(Reg::U0)];
    r = banked(r);
    return r == Reg::XZR || index(r) >= isa::kNumRegs ? kNoFlow : register_[index(r)];
  }
  FlowId sources(const Uop& u, unsigned first, unsigned end) {
    std::vector<FlowId> needs;
    for (unsigned s = first; s < end; ++s) needs.push_back(source(u.src[s]));
    return join(std::move(needs));
  }
  void define(const Uop& u, unsigned k, FlowId flow) {
    result_[k] = flow;
    for (Reg r : u.dst) {
      if (r == Reg::None || r == Reg::XZR) continue;
      pending_.emplace_back(banked(r), isa::accumulates(r) ? join({register_[index(r)], flow}) : flow);
    }
  }
  void define_flags(const Uop& u, FlowId flow) {
    constexpr Reg kFlag[4] = {Reg::V, Reg::C, Reg::Z, Reg::N};
    for (unsigned b = 0; b < 4; ++b) {
      if ((u.flags_out >> b & 1) != 0) pending_.emplace_back(kFlag[b], flow);
    }
  }

  void micro_op(const isa::Instruction& d, unsigned k) {
    const Uop& u = d.uops[k];
    switch (u.kind) {
      case UopKind::Alu: {
        const FlowId flow = sources(u, 0, u.n_src);
        define(u, k, flow);
        define_flags(u, flow);
        return;
      }
      case UopKind::Select:
        return define(u, k, pick(source(u.src[resolved_.first_arm ? 0 : 1]), {sources(u, 2, u.n_src)}));
      case UopKind::Branch:
        if (u.n_src > 0) add(Event::Kind::Branch).data = sources(u, 0, u.n_src);
        return;
      case UopKind::Read: return read(u, k);
      case UopKind::Write: return write(u, k);
      case UopKind::Status:
        // A prediction that needs nothing: hardware may promise success (or fail) at once.
        return define(u, k,
                      resolved_.stored ? pick(kNoFlow, {store_.address, store_.data, reserved_address_}) : kNoFlow);
      case UopKind::CasResult: return cas_result(u, k);
      case UopKind::SysRead: return define(u, k, register_[index(u.sys)]);
      case UopKind::SysWrite:
        pending_.emplace_back(u.sys, sources(u, 0, u.n_src));
        return;
      case UopKind::Barrier: add(Event::Kind::Barrier).barrier = u.barrier_op(); return;
      case UopKind::Isb: add(Event::Kind::ContextSync); return;
      case UopKind::Eret:
        if (options_.return_is_cse) add(Event::Kind::ContextSync);
        return;
      case UopKind::CacheOp: return cache_op(u, k);
      case UopKind::ClearExclusive: reservation_ = kNoEvent; return;
      case UopKind::Exception:
      case UopKind::Hint: return;
    }
  }

  void fetch(const InstructionRecord& i) {
    Event& e = add(Event::Kind::Fetch);
    e.addr = i.pc;
    e.size = 4;
    e.value = Value{i.word, 0};
    e.source.fill(trace::kUnknownWrite);
    if (i.word_source == trace::kUnknownWrite) return;
    const std::array<i32, 4> from = versions_.sources(i.pc, i.word_source);
    std::copy(from.begin(), from.end(), e.source.begin());
  }

  /// Adds one event per record of micro-op `k`; the events share what `fill` sets.
  template <class Fill>
  void add_accesses(unsigned k, Event::Kind kind, Fill fill) {
    for (std::size_t a = 0; a < record_->access.size(); ++a) {
      const AccessRecord& r = record_->access[a];
      if (r.uop != k) continue;
      Event& e = add(kind);
      e.access = static_cast<u8>(a);
      e.size = r.size;
      e.addr = r.addr;
      e.value = r.value;
      e.write = r.kind == AccessRecord::Kind::Write ? r.write : -1;
      std::copy(r.source.begin(), r.source.end(), e.source.begin());
      fill(e);
      if (e.write >= 0) out_.of_write[static_cast<std::size_t>(e.write)] = last();
    }
  }

  void read(const Uop& u, unsigned k) {
    const FlowId address = sources(u, 0, u.n_addr);
    std::vector<FlowId> results;
    const std::size_t first = out_.event.size();
    add_accesses(k, Event::Kind::Read, [&](Event& e) {
      e.acquire = u.mem.acquire;
      e.acquire_pc = u.mem.acquire_pc;
      e.no_ret = u.mem.no_ret;
      e.amo = u.mem.atomic;
      e.address = address;
    });
    for (std::size_t e = first; e < out_.event.size(); ++e) {
      results.push_back(new_flow({static_cast<EventId>(e), {}, {}}));
    }
    read_ = out_.event.size() > first ? last() : kNoEvent;
    if (u.mem.exclusive) {
      reservation_ = read_;
      reserved_address_ = address;
    }
    loaded_ = join(std::move(results));
    define(u, k, loaded_);
  }

  void write(const Uop& u, unsigned k) {
    store_ = {sources(u, 0, u.n_addr), sources(u, u.n_addr, u.n_addr + u.n_data),
              sources(u, u.n_addr + u.n_data, u.n_src)};
    const bool cas = u.mem.rmw == isa::RmwOp::CompareAndSwap;
    const bool write_back = cas && resolved_.cas == trace::kCasWriteBack;
    const bool combines = write_back || (u.mem.rmw != isa::RmwOp::Plain && u.mem.rmw != isa::RmwOp::Swap && !cas);
    const EventId partner = u.mem.exclusive ? reservation_ : u.mem.atomic ? read_ : kNoEvent;
    FlowId condition = kNoFlow;
    if (cas) condition = join({loaded_, store_.compare});
    if (u.mem.exclusive) condition = reserved_address_;
    const bool data = !write_back && (!u.mem.exclusive || options_.store_exclusive_data);
    const std::size_t first = out_.event.size();
    add_accesses(k, Event::Kind::Write, [&](Event& e) {
      e.release = u.mem.release;
      e.amo = u.mem.atomic;
      e.computes = combines;
      e.store_exclusive = u.mem.exclusive;
      e.address = store_.address;
      e.data = data ? store_.data : kNoFlow;
      e.condition = condition;
      e.partner = partner;
    });
    if (out_.event.size() > first && partner != kNoEvent) out_.event[partner].partner = last();
    if (u.mem.exclusive) reservation_ = kNoEvent;
  }

  void cas_result(const Uop& u, unsigned k) {
    if (resolved_.cas != trace::kCasEqualOld) return define(u, k, loaded_);
    define(u, k, pick(store_.compare, {loaded_, store_.compare}));
  }

  void cache_op(const Uop& u, unsigned k) {
    const FlowId address = sources(u, 0, u.n_addr);
    const bool ic = u.cache_op() == isa::CacheOpKind::IcIvau || u.cache_op() == isa::CacheOpKind::IcIallu ||
                    u.cache_op() == isa::CacheOpKind::IcIalluis;
    add_accesses(k, ic ? Event::Kind::InvalidateInstruction : Event::Kind::CleanData,
                 [&](Event& e) {
                   e.address = address;
                   e.cache_op = u.cache_op();
                 });
  }

  Program& out_;
  const DependencyOptions& options_;
  const CodeVersions& versions_;
  u8 core_;
  const InstructionRecord* record_ = nullptr;
  u32 number_ = 0;
  Resolved resolved_;
  std::array<FlowId, isa::kNumRegs> register_;
  std::array<FlowId, isa::kMaxUops> result_{};
  std::vector<std::pair<Reg, FlowId>> pending_;  ///< written when the instruction is done
  EventId read_ = kNoEvent;                      ///< the read of this instruction
  FlowId loaded_ = kNoFlow;
  Inputs store_;
  EventId reservation_ = kNoEvent;               ///< the load-exclusive that a store-exclusive would pair with
  FlowId reserved_address_ = kNoFlow;
};

/// The DC and IC of `e` as events, in the order of its record; nothing if that does not have them all.
std::vector<Maintenance> recorded_maintenance(const trace::Execution& e, const std::vector<Event>& events) {
  std::map<std::tuple<u8, u32, u8>, EventId> at;
  for (EventId id = 0; id < events.size(); ++id) {
    const Event& x = events[id];
    if (x.is_maintenance()) at.emplace(std::tuple(x.core, x.instruction, x.access), id);
  }
  std::vector<Maintenance> out;
  if (at.size() != e.maintenance.size()) return out;
  for (const trace::MaintenanceRecord& m : e.maintenance) {
    const auto found = at.find({m.core, m.instruction, m.access});
    if (found == at.end()) return {};
    out.push_back({found->second, m.writes_before});
  }
  return out;
}

}  // namespace

Program derive(const trace::Execution& e, const Values& values, const DependencyOptions& options) {
  Program out;
  out.of_write.assign(e.writes.size(), kNoEvent);
  const CodeVersions versions(e);
  for (std::size_t c = 0; c < e.core.size(); ++c) {
    Walk walk(out, options, versions, static_cast<u8>(c));
    for (std::size_t i = 0; i < e.core[c].size(); ++i) {
      walk.instruction(e.core[c][i], static_cast<u32>(i), values.resolved[c][i]);
    }
  }
  out.maintenance = recorded_maintenance(e, out.event);
  return out;
}

}  // namespace isobar::axiomatic
