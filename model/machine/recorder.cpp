#include "model/machine/recorder.h"

#include "isa/decoder.h"
#include "model/thread/tags.h"
#include "model/thread/window.h"
#include "support/diagnostic.h"

namespace isobar::model {

using isa::UopKind;
using trace::AccessRecord;
using trace::InstructionRecord;

namespace {

constexpr i32 kNotBound = -3;

/// The system register writes that exception entry consists of have no instruction word.
bool is_exception_entry(const Entry& e) { return e.word == 0 && e.uop->kind == UopKind::SysWrite; }

bool makes_choice(const Entry& e) {
  return e.uop->kind == UopKind::Select ||
         (is_write(e) && (e.uop->mem.exclusive || e.uop->mem.rmw == isa::RmwOp::CompareAndSwap));
}

/// Which micro-op of its instruction an access is, not counting a tag check.
u8 place_in_instruction(const Entry& e) { return static_cast<u8>(e.uop - isa::decode_cached(e.word).uops.data()); }

InstructionRecord describe(const Entry& e) {
  InstructionRecord r;
  r.pc = e.pc;
  r.word = e.word;
  r.el = e.context.el;
  r.sp_sel = e.context.sp_sel;
  r.tso = e.context.tso;
  return r;
}

}  // namespace

Recorder::Recorder(const Machine& machine, Sources sources) : machine_(machine), sources_(sources) {
  const MachineState s = machine.initial();
  execution_.core.resize(s.core.size());
  in_flight_.resize(s.core.size());
  squashed_.resize(s.core.size());
  interrupt_.resize(s.core.size());
  for (const Core& c : s.core) {
    execution_.initial_registers.emplace_back();
    for (unsigned r = 0; r < isa::kNumRegs; ++r) {
      const Value v = read_register(c, static_cast<isa::Reg>(r));
      if (v != Value{}) execution_.initial_registers.back().emplace_back(static_cast<isa::Reg>(r), v);
    }
  }
}

Recorder::InFlight& Recorder::in_flight(unsigned core, const Entry& e) {
  const auto found = in_flight_[core].find(e.seq);
  if (found == in_flight_[core].end()) throw InternalError("a micro-op took effect that was never fetched");
  return found->second;
}

i32 Recorder::newest(u64 byte) const {
  const auto found = history_.find(byte);
  return found == history_.end() ? trace::kInitialWrite : found->second.back();
}

void Recorder::note_initial(u64 addr, unsigned size) {
  for (unsigned b = 0; b < size; ++b) execution_.initial_memory.try_emplace(addr + b, machine_.image().byte(addr + b));
}

/// The newest write after which the word at `pc` was `word`. Several versions may be equal; the newest that is in memory
/// by now is always one that the fetch may have returned.
i32 Recorder::fetched_version(u64 pc, u32 word) const {
  for (i32 end = static_cast<i32>(written_.size());;) {
    i32 version = trace::kInitialWrite;  // the newest write of any byte before `end`
    u32 value = 0;
    for (unsigned b = 0; b < 4; ++b) {
      i32 last = trace::kInitialWrite;
      if (const auto found = history_.find(pc + b); found != history_.end()) {
        for (i32 w : found->second) last = w < end ? w : last;
      }
      version = std::max(version, last);
      u8 byte = machine_.image().byte(pc + b);
      if (last != trace::kInitialWrite) {
        const Written& w = written_[static_cast<std::size_t>(last)];
        byte = w.value.byte(static_cast<unsigned>(pc + b - w.addr));
      }
      value |= u32{byte} << (8 * b);
    }
    if (value == word || version == trace::kInitialWrite) return version;
    end = version;
  }
}

void Recorder::fetched(unsigned core, const Entry& e) {
  InFlight m;
  m.starts = e.index == 0;
  m.instruction = describe(e);
  if (is_exception_entry(e)) {
    // A synchronous exception replaces the instruction that was discarded for it.
    if (m.starts && !interrupt_[core] && squashed_[core].word != 0) m.instruction = squashed_[core];
    if (m.starts) interrupt_[core] = false;
    m.instruction.exception = true;
  } else if (m.starts) {
    m.instruction.word_source = fetched_version(e.pc, e.word);
  }
  if (is_read(e) && !is_tag_check(e)) {
    m.source.assign(e.uop->mem.size, kNotBound);
    m.forwarder.assign(e.uop->mem.size, -1);
  }
  in_flight_[core].insert_or_assign(e.seq, std::move(m));
}

void Recorder::bound(unsigned core, const Entry& e, u16 mask, i64 from) {
  if (is_tag_check(e)) return;  // the trace has explicit accesses only
  InFlight& m = in_flight(core, e);
  m.addr = e.addr;
  note_initial(e.addr, e.uop->mem.size);
  for (unsigned b = 0; b < e.uop->mem.size; ++b) {
    if ((mask >> b & 1) == 0) continue;
    m.forwarder[b] = from;
    if (from >= 0) continue;
    m.source[b] = sources_ == Sources::FromOrder ? newest(e.addr + b) : trace::kUnknownWrite;
  }
}

void Recorder::propagated(unsigned core, const Entry& e) {
  InFlight& m = in_flight(core, e);
  note_initial(e.addr, e.uop->mem.size);
  const unsigned step = piece_bytes(e);
  for (unsigned first = 0; first < e.uop->mem.size; first += step) {
    if ((e.own >> first & 1) == 0 || (m.in_memory >> first & 1) != 0) continue;
    m.in_memory = static_cast<u16>(m.in_memory | piece_mask(e, first));
    AccessRecord a;
    a.kind = AccessRecord::Kind::Write;
    a.uop = place_in_instruction(e);
    a.size = static_cast<u8>(step);
    a.addr = e.addr + first;
    for (unsigned b = 0; b < step; ++b) a.value.set_byte(b, e.value.byte(first + b));
    a.write = static_cast<i32>(written_.size());
    for (unsigned b = 0; b < step; ++b) history_[a.addr + b].push_back(a.write);
    written_.push_back({a.addr, a.value});
    execution_.writes.push_back({static_cast<u8>(core), 0, 0});
    resolve_forwarding(core, e.seq, a);
    m.access.push_back(std::move(a));
  }
}

/// Loads that took bytes from this store while it was in the store buffer learn its place in the order of writes.
void Recorder::resolve_forwarding(unsigned core, u32 seq, const AccessRecord& store) {
  for (auto& [reader, m] : in_flight_[core]) {
    for (std::size_t b = 0; b < m.source.size(); ++b) {
      if (m.source[b] == kNotBound && m.forwarder[b] == static_cast<i64>(seq) && m.addr + b - store.addr < store.size) {
        m.source[b] = store.write;
      }
    }
  }
}

void Recorder::performed(unsigned core, const Entry& e, const Access& a) {
  const bool clean = a.kind == AccessKind::CleanData;
  const bool invalidate = a.kind == AccessKind::InvalidateLine || a.kind == AccessKind::InvalidateAllLocal ||
                          a.kind == AccessKind::InvalidateAll;
  if (!clean && !invalidate) return;
  InFlight& m = in_flight(core, e);
  AccessRecord r;
  r.kind = clean ? AccessRecord::Kind::CleanData : AccessRecord::Kind::InvalidateInstruction;
  r.uop = place_in_instruction(e);
  r.addr = e.addr;
  m.maintenance.push_back(execution_.maintenance.size());
  execution_.maintenance.push_back({static_cast<u8>(core), 0, 0, static_cast<u32>(written_.size())});
  m.access.push_back(std::move(r));
}

void Recorder::squashed(unsigned core, u32 first_seq) {
  auto& all = in_flight_[core];
  const auto first = all.lower_bound(first_seq);
  squashed_[core] = first != all.end() && first->second.starts ? first->second.instruction : InstructionRecord{};
  all.erase(first, all.end());
}

void Recorder::interrupted(unsigned core, u64 /*return_pc*/) { interrupt_[core] = true; }

void Recorder::retired(unsigned core, const Entry& e) {
  InFlight& m = in_flight(core, e);
  if (is_read(e) && !is_tag_check(e)) {
    const unsigned step = piece_bytes(e);
    for (unsigned first = 0; first < e.uop->mem.size; first += step) {
      AccessRecord a;
      a.uop = place_in_instruction(e);
      a.size = static_cast<u8>(step);
      a.addr = e.addr + first;
      for (unsigned b = 0; b < step; ++b) a.value.set_byte(b, e.raw.byte(first + b));
      a.source.assign(m.source.begin() + first, m.source.begin() + first + step);
      m.access.push_back(std::move(a));
    }
  }
  if (m.starts) execution_.core[core].push_back(m.instruction);
  if (makes_choice(e)) execution_.core[core].back().choice = e.choice;
  add_to_instruction(core, m);
  in_flight_[core].erase(e.seq);
}

/// Moves the effects of a micro-op to the youngest instruction of its core.
void Recorder::add_to_instruction(unsigned core, InFlight& m) {
  InstructionRecord& i = execution_.core[core].back();
  const u32 number = static_cast<u32>(execution_.core[core].size() - 1);
  std::size_t maintenance = 0;
  for (AccessRecord& a : m.access) {
    const u8 place = static_cast<u8>(i.access.size());
    if (a.kind == AccessRecord::Kind::Write) {
      execution_.writes[static_cast<std::size_t>(a.write)] = {static_cast<u8>(core), number, place};
    } else if (a.kind != AccessRecord::Kind::Read) {
      trace::MaintenanceRecord& r = execution_.maintenance[m.maintenance[maintenance++]];
      r.instruction = number;
      r.access = place;
    }
    i.access.push_back(std::move(a));
  }
}

/// A run that was cut off: everything in program order up to the youngest effect outside the cores.
void Recorder::flush_unfinished() {
  for (unsigned core = 0; core < in_flight_.size(); ++core) {
    u32 last = 0;
    for (const auto& [seq, m] : in_flight_[core]) {
      if (!m.access.empty()) last = seq + 1;
    }
    for (auto& [seq, m] : in_flight_[core]) {
      if (seq >= last) break;
      execution_.complete = false;
      if (m.starts) execution_.core[core].push_back(m.instruction);
      add_to_instruction(core, m);
    }
    if (!in_flight_[core].empty()) execution_.complete = false;
  }
}

trace::Execution Recorder::finish(const MachineState& s) {
  flush_unfinished();
  for (const Core& c : s.core) {
    execution_.final_registers.emplace_back();
    if (!c.window.empty()) continue;
    for (unsigned r = 0; r < isa::index(isa::Reg::FirstSystem); ++r) {
      const isa::Reg reg = static_cast<isa::Reg>(r);
      if (reg == isa::Reg::SP || reg == isa::Reg::XZR || isa::is_uop_result(reg)) continue;
      execution_.final_registers.back().emplace_back(reg, read_register(c, reg));
    }
  }
  if (sources_ == Sources::FromOrder) {
    for (const auto& [byte, value] : execution_.initial_memory) {
      execution_.final_memory[byte] = read_memory(s.storage, machine_.image(), byte, 1).byte(0);
    }
  }
  return std::move(execution_);
}

}  // namespace isobar::model
