#include "axiomatic/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_map>

#include "axiomatic/code_versions.h"

namespace isobar::axiomatic {
namespace {

using trace::AccessRecord;
using trace::Execution;

std::string describe(const Execution& e, const ValueFault& f, const Disassembler& disassemble) {
  std::string where;
  if (f.instruction < e.core[f.core].size()) {
    const trace::InstructionRecord& i = e.core[f.core][f.instruction];
    where = disassemble ? disassemble(i.word, i.pc) : fmt::format("{:08x}", i.word);
  }
  return fmt::format("values: P{} #{} {} {}\n", f.core, f.instruction, where, f.text);
}

/// The axioms on an execution whose values are sound; unknown sources impose nothing.
std::optional<Violation> check(const Program& p, const JudgeOptions& options) {
  const Relations r = relate(p.event, p.of_write);
  if (auto v = check_internal(p, r, options.omitted)) return v;
  if (auto v = check_atomic(p, r, options.omitted)) return v;
  return check_external(p, r, {options.flavour, options.caches}, options.omitted);
}

/// A byte read, or an instruction word fetched, whose source is not known, and what it may be.
struct Open {
  EventId read = kNoEvent;
  unsigned byte = 0, bytes = 1;
  /// For each candidate, the source of each byte.
  std::vector<std::array<i32, 4>> candidates;
};

/// The versions that a fetched word may be, newest first.
Open open_fetch(const CodeVersions& versions, EventId id, const Event& x) {
  Open open{id, 0, 4, {}};
  const auto add = [&](i32 version) {
    if (versions.matches(x.addr, version, x.word)) open.candidates.push_back(versions.sources(x.addr, version));
  };
  const std::vector<i32>& writes = versions.writes(x.addr);
  for (auto w = writes.rbegin(); w != writes.rend(); ++w) add(*w);
  add(trace::kInitialWrite);
  return open;
}

/// Every unknown byte with the writes of its value, newest first: a coherent memory mostly returns the newest.
std::vector<Open> open_bytes(const Execution& e, const Program& p) {
  std::unordered_map<u64, std::vector<i32>> writes;
  for (std::size_t w = 0; w < e.writes.size(); ++w) {
    const trace::WriteRecord& r = e.writes[w];
    const AccessRecord& a = e.core[r.core][r.instruction].access[r.access];
    for (unsigned b = 0; b < a.size; ++b) writes[a.addr + b].push_back(static_cast<i32>(w));
  }
  std::vector<Open> out;
  const CodeVersions versions(e);
  for (EventId id = 0; id < p.event.size(); ++id) {
    const Event& x = p.event[id];
    if (x.kind == Event::Kind::Fetch && x.source[0] == trace::kUnknownWrite) out.push_back(open_fetch(versions, id, x));
    for (unsigned b = 0; x.is_read() && b < x.size; ++b) {
      if (x.source[b] != trace::kUnknownWrite) continue;
      const u64 byte = x.addr + b;
      Open open{id, b, 1, {}};
      const std::vector<i32>& all = writes[byte];
      for (auto w = all.rbegin(); w != all.rend(); ++w) {
        if (written_byte(e, *w, byte) == x.value.byte(b)) open.candidates.push_back({*w});
      }
      const std::optional<u8> initial = written_byte(e, trace::kInitialWrite, byte);
      if (!initial || *initial == x.value.byte(b)) open.candidates.push_back({trace::kInitialWrite});
      out.push_back(std::move(open));
    }
  }
  return out;
}

/// Depth-first choice of sources; a violation of a partial choice is one of every completion, so it prunes.
class SourceSearch {
 public:
  SourceSearch(const Execution& e, Program& p, const JudgeOptions& options)
      : open_(open_bytes(e, p)), program_(p), options_(options), budget_(options.search_budget) {
    std::sort(open_.begin(), open_.end(), [](const Open& a, const Open& b) {
      return std::tuple(a.candidates.size(), a.read, a.byte) < std::tuple(b.candidates.size(), b.read, b.byte);
    });
  }
  /// Settles every byte that only one write can explain, and says what that alone violates.
  std::optional<Violation> force() {
    for (const Open& o : open_) {
      if (o.candidates.size() == 1) take(o, o.candidates[0]);
    }
    return check(program_, options_);
  }
  bool find(std::size_t at = 0) {
    while (at < open_.size() && open_[at].candidates.size() == 1) ++at;
    if (at == open_.size()) return true;
    const Open& o = open_[at];
    for (const std::array<i32, 4>& candidate : o.candidates) {
      if (budget_ == 0) return false;
      --budget_;
      take(o, candidate);
      if (!check(program_, options_) && find(at + 1)) return true;
    }
    constexpr i32 kUnknown = trace::kUnknownWrite;
    take(o, {kUnknown, kUnknown, kUnknown, kUnknown});
    return false;
  }
  bool exhausted() const { return budget_ == 0; }
  /// A byte that nothing wrote, if there is one.
  const Open* impossible() const { return !open_.empty() && open_[0].candidates.empty() ? &open_[0] : nullptr; }

 private:
  void take(const Open& o, const std::array<i32, 4>& source) {
    std::copy_n(source.begin(), o.bytes, program_.event[o.read].source.begin() + o.byte);
  }

  std::vector<Open> open_;
  Program& program_;
  const JudgeOptions& options_;
  u64 budget_;
};

bool has_unknown_sources(const Program& p) {
  return std::any_of(p.event.begin(), p.event.end(), [](const Event& e) {
    const auto end = e.source.begin() + e.size;
    return (e.is_read() || e.kind == Event::Kind::Fetch) && std::find(e.source.begin(), end, trace::kUnknownWrite) != end;
  });
}

void report(Violation v, const JudgeOptions& options, Verdict& out) {
  out.undetermined = v.undecided;
  out.violation = std::move(v);
  out.text = out.undetermined ? "external: the search for the order of cache maintenance was given up\n"
                              : explain(out.program, out.violation, options.disassemble);
}

void search_sources(const Execution& e, const JudgeOptions& options, Verdict& out) {
  SourceSearch search(e, out.program, options);
  const Open* impossible = search.impossible();
  if (impossible != nullptr) {
    if (std::optional<Violation> v = check(out.program, options)) return report(std::move(*v), options, out);
  } else {
    if (std::optional<Violation> v = search.force()) {
      report(std::move(*v), options, out);
      return;
    }
    if (search.find()) {
      out.consistent = true;
      return;
    }
  }
  out.undetermined = search.exhausted();
  out.violation.axiom = Axiom::Explained;
  if (impossible != nullptr) {
    const Event& x = out.program.event[impossible->read];
    out.text = fmt::format("explained: {}: the byte at {:#x} is {}, which no write put there\n",
                           describe(x, options.disassemble), x.addr + impossible->byte,
                           trace::hex(Value{x.value.byte(impossible->byte), 0}, 1));
  } else if (out.undetermined) {
    out.text = "explained: the search for the writes that were read was given up\n";
  } else {
    out.text = "explained: no choice of the writes that were read satisfies the axioms\n";
  }
}

}  // namespace

Verdict judge(const Execution& e, const JudgeOptions& options) {
  Verdict out;
  const std::string why = trace::malformed(e);
  if (!why.empty()) {
    out.violation.axiom = Axiom::WellFormed;
    out.text = "well-formed: " + why + "\n";
    return out;
  }
  const Values values = recompute(e);
  const std::optional<ValueFault> fault = values.fault ? values.fault : check_sources(e);
  out.program = derive(e, values, options.dependencies);
  if (fault) {
    out.violation.axiom = Axiom::Values;
    out.text = describe(e, *fault, options.disassemble);
    return out;
  }
  if (has_unknown_sources(out.program)) {
    search_sources(e, options, out);
  } else if (std::optional<Violation> v = check(out.program, options)) {
    report(std::move(*v), options, out);
  } else {
    out.consistent = true;
  }
  return out;
}

}  // namespace isobar::axiomatic
