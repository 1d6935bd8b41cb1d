// Recorded runs on disk: JSON lines, versioned, enough to run the same transitions again.
//
// Line 1 is the header (what ran: the scenario's text is embedded, so a trace stands alone), then one line per
// transition, the last line is the footer (what came out). Must not know the model: a transition is its kind's name and
// three small numbers; the driver that replays gives them meaning.
#pragma once

#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "support/hash.h"
#include "support/types.h"

namespace isobar::trace {

/// Version written, and the only one read.
inline constexpr unsigned kTraceVersion = 1;

struct TraceHeader {
  std::string name;         ///< of the scenario or litmus test
  std::string source_file;  ///< path as the user gave it; decides nothing on replay but the format by its suffix
  std::string source_text;  ///< whole text of that file
  std::string variant;      ///< --variant or the scenario's parameter choice; empty if none
  u64 seed = 0;
  std::string driver;       ///< "search", "random", "timed", "manual"
  std::map<std::string, std::string> machine;  ///< machine parameters and command-line overrides, by name
};

/// One step: kind by name, and what it concerns (model/state/transition.h).
struct TraceStep {
  std::string kind;
  u8 core = 0;
  u8 slot = 0;
  u16 choice = 0;
  u64 time = 0;  ///< model time at which it was taken, ticks; 0 in untimed runs
  friend bool operator==(const TraceStep&, const TraceStep&) = default;
};

/// One observed value as text pairs in the scenario's order, and the digest of the final state.
struct TraceFooter {
  std::vector<std::pair<std::string, std::string>> outcome;  ///< label and value ("0:X1", "0x1")
  Digest digest;
  bool complete = true;  ///< false: the run was interrupted
};

struct Trace {
  TraceHeader header;
  std::vector<TraceStep> steps;
  std::vector<u32> line;  ///< per step, its line in the file (for diagnostics); empty if not read from a file
  std::optional<TraceFooter> footer;  ///< absent: the file was cut off
};

/// Writes a trace as it happens: construct, step() for each transition, finish() once.
class TraceWriter {
 public:
  TraceWriter(std::ostream& out, const TraceHeader& header);
  void step(const TraceStep& s);
  void finish(const TraceFooter& footer);

 private:
  std::ostream& out_;
  u64 steps_ = 0;
};

void write_trace(std::ostream& out, const Trace& t);

/// Reads a whole trace. Throws InputError with line and column for anything that is not a trace of kTraceVersion:
/// text that is not JSON, an unknown or missing key, a number out of range, lines after the footer.
Trace read_trace(std::istream& in, const std::string& file);

/// 32 hexadecimal digits, and back; nullopt if `text` is anything else.
std::string to_text(const Digest& d);
std::optional<Digest> parse_digest(const std::string& text);

}  // namespace isobar::trace
