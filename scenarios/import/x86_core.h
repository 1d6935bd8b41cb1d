// The state and the steps of the x86-TSO machine.
#pragma once

#include "scenarios/import/x86_program.h"

namespace isobar::scenarios {

/// A store that has not reached memory.
struct X86Store {
  u64 address = 0;
  u8 size = 0;
  Value value;
  /// It may reach memory before the entry in front of it: the other half of a vector store, an earlier
  /// element of the same REP MOVS (Intel SDM volume 3, 9.2.4).
  bool with_previous = false;
};

struct X86Core {
  unsigned thread = 0;
  u32 pc = 0;  ///< index of the next instruction
  std::array<u64, kX86Registers> reg{};
  std::array<Value, kX86Registers> xmm{};
  bool zf = false, sf = false, cf = false, of = false;
  u8 halves = 0;         ///< of a vector load in progress: 1 low, 2 high
  bool copying = false;  ///< REP MOVS has copied an element
  std::vector<X86Store> buffer;
};

struct X86State {
  std::vector<X86Core> core;
  std::vector<u8> memory;  ///< from kLitmusData on
};

/// One way to take the next instruction.
enum class X86Step : u8 { Whole, Low, High };

X86State initial_state(const X86Program& x);
/// The instructions of a core that nobody else can notice, stores into its buffer among them. False if that
/// does not end.
bool run_local(const X86Program& x, X86Core& c);
/// May entry `e` of the buffer go to memory next?
bool may_leave(const X86Core& c, std::size_t e);
void leave(X86State& s, unsigned thread, std::size_t e);
/// The ways to take the next instruction of a thread; none if it has ended or waits for its buffer.
std::vector<X86Step> steps(const X86Program& x, const X86State& s, unsigned thread);
void execute(const X86Program& x, X86State& s, unsigned thread, X86Step step);
trace::Outcome observe(const X86Program& x, const X86State& s);
/// All of the state as bytes.
std::string fingerprint(const X86State& s);

}  // namespace isobar::scenarios
