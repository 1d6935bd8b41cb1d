#include "gdb/history.h"

namespace isobar::gdb {

using viewers::Event;
using viewers::Instruction;
using viewers::Result;

namespace {
constexpr std::size_t kNone = ~std::size_t{0};
constexpr isa::Reg kFlags[] = {isa::Reg::V, isa::Reg::C, isa::Reg::Z, isa::Reg::N};
}  // namespace

History::History(const session::Workload& w, viewers::Timeline timeline) : w_(w), timeline_(std::move(timeline)) {
  const model::MachineState start = w.machine->initial();
  next_.assign(start.core.size(), kNone);
  last_pc_.resize(start.core.size());
  for (const viewers::Sample& s : timeline_.samples) last_pc_[s.core] = s.pc;
  next_after_.assign(timeline_.events.size(), kNone);
  for (std::size_t k = timeline_.events.size(); k-- > 0;) {
    const Event& e = timeline_.events[k];
    const Instruction& i = instruction(e);
    next_after_[k] = next_[i.core];
    if (e.retired && i.word != 0) next_[i.core] = e.instruction;  // an exception entry is no instruction
  }
  for (unsigned core = 0; core < start.core.size(); ++core) {
    const model::Core& c = start.core[core];
    cores_.push_back({c.reg, next_[core] != kNone ? timeline_.instructions[next_[core]].pc : c.pc, c.context.el,
                      c.context.sp_sel});
  }
}

const Event* History::forward() {
  if (position_ == length()) return nullptr;
  const Event& e = timeline_.events[position_];
  const Instruction& i = instruction(e);
  if (!e.retired) {
    Value before;
    for (unsigned b = 0; b < e.size; ++b) {
      u8 byte = 0;
      read(e.addr + b, byte);
      before.set_byte(b, byte);
    }
    before_.push_back(before);
    set_memory(e.addr, e.size, e.value);
  } else {
    CoreView& core = cores_[i.core];
    for (const Result& r : i.results) {
      before_.push_back(get(core, r));
      set(core, r, r.value);
    }
    before_.push_back({core.pc, core.el});
    next_[i.core] = next_after_[position_];
    const Instruction* following = next(i.core);
    core.pc = following != nullptr ? following->pc : last_pc_[i.core];
    if (following != nullptr) core.el = following->el;
  }
  ++position_;
  return &e;
}

const Event* History::back() {
  if (position_ == 0) return nullptr;
  const Event& e = timeline_.events[--position_];
  const Instruction& i = instruction(e);
  const auto pop = [this] {
    const Value v = before_.back();
    before_.pop_back();
    return v;
  };
  if (!e.retired) {
    set_memory(e.addr, e.size, pop());
    return &e;
  }
  CoreView& core = cores_[i.core];
  const Value place = pop();
  core.pc = place.lo;
  core.el = static_cast<u8>(place.hi);
  if (i.word != 0) next_[i.core] = e.instruction;
  for (auto r = i.results.rbegin(); r != i.results.rend(); ++r) set(core, *r, pop());
  return &e;
}

const Event* History::ahead(std::size_t n) const {
  return n < length() - position_ ? &timeline_.events[position_ + n] : nullptr;
}

const Event* History::behind(std::size_t n) const {
  return n < position_ ? &timeline_.events[position_ - n - 1] : nullptr;
}

bool History::read(u64 address, u8& byte) const {
  const auto written = memory_.find(address);
  byte = written != memory_.end() ? written->second : w_.machine->image().byte(address);
  if (written != memory_.end()) return true;
  for (const model::Region& r : w_.machine->program().regions)
    if (address - r.base < r.size) return true;
  return false;
}

const Instruction* History::next(unsigned core) const {
  return next_[core] == kNone ? nullptr : &timeline_.instructions[next_[core]];
}

void History::set_memory(u64 address, unsigned size, const Value& value) {
  for (unsigned b = 0; b < size; ++b) memory_[address + b] = value.byte(b);
}

void History::set(CoreView& core, const Result& result, const Value& value) {
  if (result.reg != isa::Reg::None) return core.registers.set(result.reg, value);
  for (unsigned n = 0; n < 4; ++n) core.registers.set(kFlags[n], {value.lo >> n & 1, 0});
}

Value History::get(const CoreView& core, const Result& result) const {
  if (result.reg != isa::Reg::None) return core.registers.get(result.reg);
  Value v;
  for (unsigned n = 0; n < 4; ++n) v.lo |= core.registers.get(kFlags[n]).lo << n;
  return v;
}

}  // namespace isobar::gdb
