// What a reader sees of a state: cores side by side, memory, versions of code; as text, as JSON, and what is different
// from another state.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "session/stepper.h"

namespace isobar::session {

struct UopView {
  u32 seq = 0;         ///< identifies the micro-op in its core for the whole run
  unsigned slot = 0;
  std::string status;  ///< "read x = 1", "x = 1 in the store buffer"
  std::string waits;   ///< "until ... [G14]" or "for ..."; empty if it can act, or has done all it does
  bool done = false;
};

struct InstructionView {
  std::string text;  ///< "STR X0,[X1] (line 9)"
  std::vector<UopView> uops;
  bool old = false;  ///< memory holds another instruction there by now
};

struct NamedValue {
  std::string name, value;
};

/// A cache line with code that was written.
struct LineView {
  std::string name;                ///< "line of jit"
  std::vector<std::string> words;  ///< those of its words that were written
  bool old = false;  ///< instruction side: it may hold an older word than memory; data side: newer than the point of unification
};

struct CoreView {
  std::string name;
  std::string next;   ///< the next instruction to be fetched
  std::string fetch;  ///< why it is not fetched now; empty if it can be
  unsigned el = 0;
  bool tso = false;
  bool masked = false;  ///< PSTATE.I
  std::vector<unsigned> pending, active;  ///< interrupts by INTID
  std::string interrupt;  ///< what a pending interrupt waits for: "until ..."; empty if none is pending or it can be taken
  std::vector<InstructionView> window;    ///< oldest first
  std::vector<NamedValue> store_buffer;   ///< oldest first: location and value
  std::vector<NamedValue> registers;      ///< what has retired: observed ones and those that are not zero
  std::vector<LineView> instruction_lines;  ///< what its instruction cache and fetch queue may hold
};

/// One structure of the kernel. The fields of all of a kind are the same; an empty value is nothing.
struct ObjectView {
  std::string name;
  std::vector<NamedValue> fields;
};

/// The kernel of the test: per core the run queue, per thread its task, per process its address space.
struct KernelView {
  std::vector<ObjectView> run_queues, threads, processes;
};

/// One word of code, or one descriptor, that was written.
struct VersionsView {
  std::string name;
  std::vector<std::string> versions;   ///< oldest first; the last is in memory
  int cleaned = -1;                    ///< the version at the point of unification; -1 for descriptors
  std::vector<NamedValue> obtainable;  ///< per core: what it may still get
};

struct StateView {
  std::size_t position = 0, length = 0;
  std::string status;  ///< "running", "finished", "given up: ..." or "dead end: ..."
  std::vector<CoreView> cores;
  std::vector<NamedValue> memory;
  std::vector<VersionsView> versions;
  std::vector<LineView> data_lines;  ///< of code that was written; the data caches of all cores agree
  std::optional<KernelView> kernel;
  std::string outcome;  ///< of a finished run
};

/// The state of `s` after `n` steps.
StateView view_at(const Stepper& s, std::size_t n);
/// As it is now, with what cannot happen and why.
StateView view(const Stepper& s);

std::string text(const StateView& v);
nlohmann::ordered_json json(const StateView& v);

/// What is different in `after`, a line each: "memory: x: 0 -> 1", "P0 window: STR X0,[X1] (line 9): left".
std::vector<std::string> changes(const StateView& before, const StateView& after);

}  // namespace isobar::session
