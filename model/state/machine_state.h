// The whole machine at one instant: a plain copyable value.
//
// Owns: windows, registers, shared storage. Must not know: rules, drivers, SystemC.
#pragma once

#include <vector>

#include "model/state/entries.h"
#include "model/state/register_file.h"
#include "model/storage/storage.h"
#include "support/hash.h"

namespace isobar::model {

/// The last load-exclusive that has left the window.
struct Monitor {
  bool valid = false;
  u8 size = 0;
  u16 foreign = 0, own = 0;
  u64 addr = 0;
};

/// Why a core stopped for good.
struct Stop {
  bool stopped = false;
  bool fault = false;  ///< an exception with no kernel to take it
  u64 pc = 0, esr = 0, far = 0;
};

/// A synchronous exception that a core took and went on after.
struct TakenFault {
  u64 pc = 0, esr = 0, far = 0;
};

struct Core {
  Entries window;
  u64 pc = 0;            ///< next fetch
  Context context;       ///< at the next fetch
  bool waiting = false;  ///< WFI is the youngest instruction
  bool ineffective_ic = false;  ///< an IC retired without effect: no DSB may follow on this path
  Stop stop;
  std::vector<TakenFault> taken;  ///< Program::remember_faults: in order, without the one that stopped the core
  Monitor monitor;
  u32 next_seq = 0;      ///< not hashed
  u64 retired = 0;       ///< instructions, not hashed
  RegisterFile reg;      ///< what has retired
};

struct MachineState {
  std::vector<Core> core;
  Storage storage;
  std::vector<u64> host;  ///< state of host services, opaque to the model
  u8 flags = 0;           ///< mask of Flag; see flags() in model/state/flags.h; not hashed
  bool dead = false;      ///< a guess was wrong or an order violated, and Speculation::Prune
  const char* bound = nullptr;  ///< a limit of the model was hit on this path; not hashed
};

/// Fingerprint of everything that can influence the future or the outcome.
Digest digest(const MachineState& s);

/// Architectural value of a register: what has retired (X, SP, V and system registers).
Value read_register(const Core& c, isa::Reg r);

}  // namespace isobar::model
