// A recorded run as a debugger sees it: one instruction or store after the other, forwards and backwards.
//
// Instructions count when they retire, stores when their bytes reach memory, in the order in which that happened. Owns:
// registers and memory at the present position. Must not know: GDB's protocol.
#pragma once

#include <map>
#include <vector>

#include "model/machine/machine.h"
#include "session/workload.h"
#include "viewers/timeline.h"

namespace isobar::gdb {

/// One core as its program sees it.
struct CoreView {
  model::RegisterFile registers;  ///< flags in N, Z, C, V; the stack pointer of the level in use is sp()
  u64 pc = 0;                     ///< of the next instruction that retires
  u8 el = 0;
  bool sp_sel = false;

  u64 sp() const { return registers.get(el == 1 && sp_sel ? isa::Reg::SP_EL1 : isa::Reg::SP_EL0).lo; }
};

class History {
 public:
  /// `w` must outlive this; `timeline` is of a run of it.
  History(const session::Workload& w, viewers::Timeline timeline);

  /// The next event happens; nullptr, and nothing changes, at the end.
  const viewers::Event* forward();
  /// The last event is taken back; nullptr at the beginning.
  const viewers::Event* back();

  /// The event that happens `n` after the next one, or that was `n` before the last one; nullptr beyond the ends.
  const viewers::Event* ahead(std::size_t n = 0) const;
  const viewers::Event* behind(std::size_t n = 0) const;

  std::size_t position() const { return position_; }  ///< events that have happened
  std::size_t length() const { return timeline_.events.size(); }
  const std::vector<CoreView>& cores() const { return cores_; }
  const viewers::Timeline& timeline() const { return timeline_; }
  const viewers::Instruction& instruction(const viewers::Event& e) const { return timeline_.instructions[e.instruction]; }
  /// False where nothing is mapped.
  bool read(u64 address, u8& byte) const;
  /// The instruction that `core` retires next; nullptr if there is none.
  const viewers::Instruction* next(unsigned core) const;

 private:
  void set_memory(u64 address, unsigned size, const Value& value);
  void set(CoreView& core, const viewers::Result& result, const Value& value);
  Value get(const CoreView& core, const viewers::Result& result) const;

  const session::Workload& w_;
  viewers::Timeline timeline_;
  std::vector<CoreView> cores_;
  std::map<u64, u8> memory_;             ///< bytes that have been written
  std::size_t position_ = 0;
  std::vector<Value> before_;            ///< what the events so far have overwritten, oldest first
  std::vector<std::size_t> next_after_;  ///< per event: the instruction that its core retires next, or none
  std::vector<std::size_t> next_;        ///< per core
  std::vector<u64> last_pc_;             ///< per core: where it is at the end
};

}  // namespace isobar::gdb
