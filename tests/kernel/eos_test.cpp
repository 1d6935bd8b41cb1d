// SCTLR_EL1.EOS = 0: the return to user mode is no context synchronisation event. A core that switches from a kernel thread
// is not interrupted by membarrier (its rq->curr has no mm yet), and only the return makes it fetch anew (E-2, MB-8).
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/kernel/system.h"

namespace isobar::kernel::test {
namespace {

using model::MachineState;
using model::Transition;
using model::TransitionKind;

constexpr u64 kNewCode = 0x52800040;  // mov w0, #2

/// Core 0 changes an instruction of the runner and calls membarrier; core 1 switches from a kernel thread to the runner.
struct Switching {
  Switching(bool eos, std::set<Knob> knobs) : s(2) {
    s.machine_config.eos = eos;
    s.machine_config.idc = true;
    for (model::CoreConfig& c : s.machine_config.core) c.tso = model::TsoSupport::None;
    s.config.knobs = std::move(knobs);
    s.config.general_registers = 9;
    const int p = s.process("p", 2 | 16 | 32);  // registered for SYNC_CORE
    ThreadConfig& a = s.thread("a", p, 0, "str w3, [x5]\n dsb ish\n ic ivau, x5\n dsb ish\n svc #0\n str w4, [x6]\n");
    a.registers = {{isa::x_reg(0), 32}, {isa::x_reg(8), 283}, {isa::x_reg(3), kNewCode},
                   {isa::x_reg(4), 1},  {isa::x_reg(6), kData}};
    ThreadConfig& b = s.thread("b", p, 1, "ldar x4, [x6]\n mov w0, #1\n");
    b.registers = {{isa::x_reg(6), kData}};
    patch = b.entry + 4;
    s.config.threads[0].registers.emplace_back(isa::x_reg(5), patch);
    end = {s.config.threads[0].entry + 24, patch + 4};
    s.kernel_thread("k", 1, "b kthread_exit").first = true;
    s.config.indirect_targets = {b.entry};
    s.build();
    model::Program& program = s.shim.program;
    for (model::Region& r : program.regions)
      if (r.name == "b") r.permissions |= model::kWriteEl0;
    program.stop = end;
    machine = std::make_unique<model::Machine>(s.machine_config, program);
    curr = s.shim.symbols.at("rq1.curr");
  }

  std::vector<trace::Observable> observables() const {
    trace::Observable x4, x0;
    x4.core = x0.core = 1;
    x4.reg = isa::x_reg(4);
    x0.reg = isa::x_reg(0);
    return {x4, x0};
  }

  System s;
  std::unique_ptr<model::Machine> machine;
  u64 patch = 0, curr = 0;
  std::vector<u64> end;
};

/// Looks for one order of events by hand: core 1 fetches as far ahead as it can while its store of rq->curr waits; then core
/// 0 runs to its end; then core 1 goes on. Guesses are tried one after the other.
class Schedule {
 public:
  explicit Schedule(const Switching& w) : w_(w), fabric_(w.machine->direct_fabric()) {}

  bool finds_stale_code() { return run_ahead(w_.machine->initial(), 0); }

 private:
  bool run_ahead(MachineState s, unsigned guesses) {
    std::vector<Transition> steps;
    for (unsigned n = 0; n < 2000; ++n) {
      const auto& window = s.core[1].window;
      if (!window.empty() && window.back().pc == w_.patch) return rest(std::move(s));
      steps.clear();
      w_.machine->enabled(s, 1, steps);
      const auto go = std::find_if(steps.begin(), steps.end(), [&](const Transition& t) {
        return t.kind != TransitionKind::Predict && t.kind != TransitionKind::TakeInterrupt && !holds_back(s, t);
      });
      if (go != steps.end()) {
        w_.machine->apply(s, *go, fabric_);
        if (s.dead) return false;
        continue;
      }
      if (guesses == 12) return false;
      const auto guess = std::find_if(steps.rbegin(), steps.rend(),
                                      [](const Transition& t) { return t.kind == TransitionKind::Predict; });
      if (guess == steps.rend()) return false;
      const unsigned slot = guess->slot;
      for (const Transition& t : steps) {
        if (t.kind != TransitionKind::Predict || t.slot != slot) continue;
        MachineState next = s;
        w_.machine->apply(next, t, fabric_);
        if (!next.dead && run_ahead(std::move(next), guesses + 1)) return true;
      }
      return false;
    }
    return false;
  }

  bool holds_back(const MachineState& s, const Transition& t) const {
    return t.kind == TransitionKind::PropagateWrite && s.core[1].window[t.slot].addr == w_.curr;
  }

  bool rest(MachineState s) {
    std::vector<Transition> steps;
    for (const unsigned core : {0u, 1u}) {
      for (unsigned n = 0; n < 2000 && !s.dead; ++n) {
        steps.clear();
        w_.machine->enabled(s, core, steps);
        // The caller interrupts itself: it must not leave the window in which interrupts are open without that.
        auto go = std::find_if(steps.begin(), steps.end(),
                               [](const Transition& t) { return t.kind == TransitionKind::TakeInterrupt; });
        if (go == steps.end())
          go = std::find_if(steps.begin(), steps.end(),
                            [](const Transition& t) { return t.kind != TransitionKind::Predict; });
        if (go == steps.end()) break;
        w_.machine->apply(s, *go, fabric_);
      }
    }
    if (s.dead || !w_.machine->finished(s)) return false;
    const trace::Outcome o = explore::observe(*w_.machine, s, w_.observables());
    return o.values[0].lo == 1 && o.values[1].lo == 1;
  }

  const Switching& w_;
  model::DirectFabric fabric_;
};

TEST(Eos, E_2_without_isb_a_core_that_comes_from_a_kernel_thread_runs_old_code) {
  const Switching broken(false, {Knob::actlr_missing_isb_with_eos0});
  EXPECT_TRUE(Schedule(broken).finds_stale_code());
  const Switching isb(false, {});
  EXPECT_FALSE(Schedule(isb).finds_stale_code());
  const Switching eos(true, {});
  EXPECT_FALSE(Schedule(eos).finds_stale_code());
}

TEST(Eos, E_2_with_isb_or_eos_it_never_does) {
  for (const bool eos : {true, false}) {
    const Switching w(eos, {});
    explore::SearchOptions options;
    options.timeout_seconds = 120;
    const explore::SearchResult r = explore::search(*w.machine, w.observables(), options);
    EXPECT_EQ(r.status, explore::Status::Complete) << r.reason;
    EXPECT_EQ(r.outcomes.size(), 3u) << eos;
    for (const auto& [o, info] : r.outcomes) EXPECT_FALSE(o.values[0].lo == 1 && o.values[1].lo == 1) << eos;
  }
}

}  // namespace
}  // namespace isobar::kernel::test
