#include "viewers/timeline.h"

#include <algorithm>
#include <map>
#include <utility>

#include "model/thread/window.h"
#include "session/listing.h"
#include "support/diagnostic.h"

namespace isobar::viewers {

namespace {

using model::Entry;

/// Fills a Timeline while the run is repeated.
class Historian final : public model::Observer {
 public:
  Historian(const session::Workload& w, Timeline& timeline) : listing_(w), t_(timeline), last_(w.machine->config().cores) {
    for (unsigned core = 0; core < last_.size(); ++core) t_.cores.push_back(listing_.core(core));
  }

  void fetched(unsigned core, const Entry& e) override {
    if (e.index == 0) {
      Instruction i;
      i.core = core;
      i.pc = e.pc;
      i.word = e.word;
      i.el = e.context.el;
      i.text = e.word == 0 ? "exception entry" : listing_.instruction(e.pc, e.word);
      i.fetched = now_;
      t_.instructions.push_back(std::move(i));
    }
    of_[{core, e.seq}] = t_.instructions.size() - 1;
  }

  void bound(unsigned core, const Entry& e, u16 mask, i64 from) override {
    const std::size_t reader = of_.at({core, e.seq});
    std::vector<std::size_t> writers;
    if (from >= 0) writers.push_back(of_.at({core, static_cast<u32>(from)}));
    for (unsigned b = 0; b < e.uop->mem.size && from < 0; ++b) {
      const auto w = writer_.find(e.addr + b);
      if ((mask >> b & 1) != 0 && w != writer_.end()) writers.push_back(w->second);
    }
    std::sort(writers.begin(), writers.end());
    writers.erase(std::unique(writers.begin(), writers.end()), writers.end());
    for (const std::size_t w : writers) t_.reads_from.push_back({w, reader, now_});
  }

  void propagated(unsigned core, const Entry& e) override {
    const std::size_t writer = of_.at({core, e.seq});
    u16& before = landed_[{core, e.seq}];
    const unsigned fresh = e.own & ~before;
    const unsigned first = static_cast<unsigned>(__builtin_ctz(fresh));
    Event event{writer, false, static_cast<u8>(__builtin_popcount(fresh)), e.addr + first, {}};
    for (unsigned b = first; b < first + event.size; ++b) {
      writer_[e.addr + b] = writer;
      event.value.set_byte(b - first, e.value.byte(b));
    }
    t_.events.push_back(event);
    before = e.own;
    t_.instructions[writer].drained = now_;
  }

  void retired(unsigned core, const Entry& e) override {
    const std::size_t at = of_.at({core, e.seq});
    Instruction& i = t_.instructions[at];
    if (model::is_access(e) && !e.inert && e.uop->mem.tag == isa::TagAccess::None)
      i.accesses.push_back({model::is_write(e), e.uop->mem.size, e.addr, model::is_write(e) ? e.value : e.raw});
    add_result(i, model::actual_register(e.uop->dst[0], e.context), e.value);
    add_result(i, model::actual_register(e.uop->dst[1], e.context), e.value2);
    if (e.uop->kind == isa::UopKind::SysWrite) add_result(i, e.uop->sys, e.value);
    if (e.uop->flags_out != 0) i.results.push_back({"NZCV", isa::Reg::None, {e.nzcv, 0}, 1});
    of_.erase({core, e.seq});
    landed_.erase({core, e.seq});
    if (!e.last) return;
    i.retired = now_;
    if (!i.executed) i.executed = now_;
    t_.events.push_back({at, true, 0, 0, {}});
  }

  void squashed(unsigned core, u32 first_seq) override {
    const auto begin = of_.lower_bound({core, first_seq}), end = of_.lower_bound({core + 1, 0});
    for (auto i = begin; i != end; ++i) t_.instructions[i->second].discarded = now_;
    of_.erase(begin, end);
  }

  void begin_step(u64 now) { now_ = now; }

  /// What the observer is not told of: when results became known, and the state of each core.
  void end_step(const model::MachineState& s) {
    for (unsigned core = 0; core < s.core.size(); ++core) {
      const model::Core& c = s.core[core];
      Sample sample{now_, core, c.pc, static_cast<unsigned>(c.window.size()), 0, c.context.el, c.context.tso,
                    s.storage.irq.pending[core] != 0};
      bool known = true;
      for (const Entry& e : c.window) {
        Instruction& i = t_.instructions[of_.at({core, e.seq})];
        known = (e.index == 0 || known) && (e.known || e.fired || e.inert);
        if (e.last && known && !i.executed) i.executed = now_;
        if (!model::is_write(e) || !e.known || !e.address_known || e.inert) continue;
        if (!i.buffered) i.buffered = now_;
        sample.store_buffer += !e.fired;
      }
      if (last_[core] && same(*last_[core], sample)) continue;
      last_[core] = sample;
      t_.samples.push_back(sample);
    }
  }

 private:
  static bool same(const Sample& a, const Sample& b) {
    return a.pc == b.pc && a.window == b.window && a.store_buffer == b.store_buffer && a.el == b.el && a.tso == b.tso &&
           a.interrupt_pending == b.interrupt_pending;
  }

  static void add_result(Instruction& i, isa::Reg r, const Value& v) {
    if (r == isa::Reg::None || isa::is_uop_result(r)) return;
    const bool vector = r >= isa::v_reg(0) && r <= isa::v_reg(31);
    i.results.push_back({std::string(isa::name(r)), r, v, static_cast<u8>(vector ? 16 : 8)});
  }

  session::Listing listing_;
  Timeline& t_;
  u64 now_ = 0;
  std::map<std::pair<unsigned, u32>, std::size_t> of_;  ///< core and micro-op in flight: its instruction
  std::map<std::pair<unsigned, u32>, u16> landed_;      ///< bytes of a store in memory
  std::map<u64, std::size_t> writer_;                   ///< byte of memory: the instruction that wrote it last
  std::vector<std::optional<Sample>> last_;
};

}  // namespace

Timeline make_timeline(const session::Workload& w, const std::vector<session::Step>& steps) {
  Timeline t;
  t.title = w.title();
  t.timed = std::any_of(steps.begin(), steps.end(), [](const session::Step& s) { return s.time != 0; });
  Historian historian(w, t);
  session::Repeater repeater(w);
  historian.end_step(repeater.state());
  for (std::size_t n = 0; n < steps.size(); ++n) {
    t.end = t.timed ? steps[n].time : n;
    historian.begin_step(t.end);
    if (!repeater.take(steps[n], &historian))
      throw InternalError("a recorded transition is not allowed: " + session::describe(steps[n].transition));
    historian.end_step(repeater.state());
  }
  return t;
}

}  // namespace isobar::viewers
