#include "tools/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "isa/assembler.h"
#include "isa/decoder.h"
#include "model/machine/recorder.h"
#include "model/state/regions.h"
#include "support/diagnostic.h"
#include "tools/code_address.h"
#include "tools/goal.h"
#include "tools/insertion.h"
#include "tools/listing.h"
#include "tools/recording.h"

namespace isobar::tools {

namespace {

using Json = nlohmann::ordered_json;

struct CacheKind {
  const char* name;
  bool idc, dic;
};
constexpr std::array<CacheKind, 3> kCaches{
    {{"IDC=0 DIC=0", false, false}, {"IDC=1 DIC=0", true, false}, {"IDC=1 DIC=1", true, true}}};

/// What taking a step away saves; what is dear goes first.
enum Cost : unsigned { kIsbCost = 1, kCleanCost, kBarrierCost, kInvalidateCost };

constexpr u32 kNop = 0xd503201f;

/// With more added steps than this, pairs of them are not tried: each pair is a search.
constexpr std::size_t kMaxForPairs = 40;

struct CodeStep {
  u64 pc = 0;
  unsigned cost = 0;
  bool added = false;
  std::string thread, what;
};

enum class Answer : u8 { No, Yes, Unknown };

/// The cost of a step of maintenance or synchronisation; 0 for any other instruction.
unsigned step_cost(u32 word) {
  const isa::Uop& u = isa::decode_cached(word).uops[0];
  switch (u.kind) {
    case isa::UopKind::Isb: return kIsbCost;
    case isa::UopKind::Barrier: {
      const isa::BarrierOp b = u.barrier_op();
      const bool dsb =
          b == isa::BarrierOp::DsbFull || b == isa::BarrierOp::DsbLoad || b == isa::BarrierOp::DsbStore;
      return dsb ? unsigned{kBarrierCost} : 0;
    }
    case isa::UopKind::CacheOp:
      switch (u.cache_op()) {
        case isa::CacheOpKind::DcCvau:
        case isa::CacheOpKind::DcCvac:
        case isa::CacheOpKind::DcCivac: return kCleanCost;
        case isa::CacheOpKind::IcIvau:
        case isa::CacheOpKind::IcIallu:
        case isa::CacheOpKind::IcIalluis: return kInvalidateCost;
        default: return 0;
      }
    default: return 0;
  }
}

bool is_branch(u32 word) {
  const isa::Instruction& i = isa::decode_cached(word);
  return std::any_of(i.uops.begin(), i.uops.begin() + i.count,
                     [](const isa::Uop& u) { return u.kind == isa::UopKind::Branch; });
}

bool is_indirect_branch(u32 word) {
  const isa::Instruction& i = isa::decode_cached(word);
  const bool is_return = (word & 0xfffffc1f) == 0xd65f0000;
  return !is_return && std::any_of(i.uops.begin(), i.uops.begin() + i.count, [](const isa::Uop& u) {
    return u.kind == isa::UopKind::Branch && u.branch_op() == isa::BranchOp::Indirect;
  });
}

Workload with_caches(const Workload& w, const CacheKind& kind) {
  model::MachineConfig config = w.machine->config();
  config.idc = kind.idc;
  config.dic = kind.dic;
  Workload out = w;
  out.machine = std::make_shared<model::Machine>(config, w.machine->program());
  return out;
}

Workload without(const Workload& w, const std::set<u64>& removed) {
  model::Program program = w.machine->program();
  for (const u64 pc : removed) set_word(program, pc, kNop);
  Workload out = w;
  out.machine = std::make_shared<model::Machine>(w.machine->config(), program);
  return out;
}

class Lint {
 public:
  Lint(const Workload& w, const LintOptions& options, ProgressLine& progress)
      : w_(w), options_(options), progress_(progress), listing_(w), written_(w.machine->config().line_bytes) {}

  CaseReport run() {
    const explore::SearchResult seen =
        explore_workload(with_caches(w_, kCaches[0]), options_.search, true, progress_);
    const Goal goal = goal_of(w_, options_.outcome, seen);
    find_stores(seen);
    plan_insertions();
    extended_ = insert_code(w_, insertions_);
    collect_steps();
    head(goal);
    std::array<Finding, kCaches.size()> found;
    for (std::size_t c = 0; c < kCaches.size(); ++c) found[c] = examine(kCaches[c], goal);
    tell(found);
    return std::move(report_);
  }

 private:
  struct Finding {
    Answer as_written = Answer::Unknown;  ///< can the state be reached?
    Answer with_all = Answer::Unknown;    ///< and with every step added?
    std::set<u64> removed;                ///< steps that are not needed
  };

  /// The stores of the test's own code that some witness shows writing to memory that can be executed.
  void find_stores(const explore::SearchResult& seen) {
    const Workload plain = with_caches(w_, kCaches[0]);
    for (const auto& [outcome, info] : seen.outcomes) {
      model::Recorder recorder(*plain.machine);
      const trace::Execution e = recorder.finish(run_steps(plain, untimed(info.witness), &recorder));
      for (const auto& code : e.core) {
        for (const trace::InstructionRecord& i : code) {
          executed_.insert(i.pc);
          for (const trace::AccessRecord& a : i.access) {
            if (a.kind == trace::AccessRecord::Kind::Write && is_executable(a.addr) &&
                listing_.at(i.pc) != nullptr) {
              stores_.insert(i.pc);
              for (u64 at = a.addr & ~u64{3}; at < a.addr + a.size; at += 4) modified_.insert(at);
            }
          }
          if (stores_.count(i.pc) != 0) written_.add(i, [this](u64 addr) { return is_executable(addr); });
        }
      }
    }
    if (stores_.empty())
      throw InputError(Diagnostic{{w_.file, 0, 0}, fmt::format("no run of {} stores to code", w_.title())});
  }

  bool is_executable(u64 addr) const {
    return model::permits(w_.machine->program(), addr, model::kExecEl0 | model::kExecEl1);
  }

  /// A line that was written by a store before and may have to be maintained.
  struct Dirty {
    WrittenLine line;
    std::string reg;        ///< that holds its address, or is free for it
    bool constant = false;  ///< the operands of the address keep their initial values
  };

  void plan_insertions() {
    std::map<unsigned, std::vector<std::string>> unused;
    std::map<unsigned, std::vector<Dirty>> dirty;  // by thread
    const std::vector<std::string> registers = free_registers(w_.text);
    const std::set<u64> entries = entered();
    for (const CodeLine& c : listing_.code()) {
      if (c.thread == kSharedCode || executed_.count(c.pc) == 0) continue;
      unused.try_emplace(c.thread, registers);
      std::vector<Dirty>& lines = dirty[c.thread];
      if (entries.count(c.pc) != 0) forget_computed(lines);
      if (modified_.count(c.pc) != 0) {
        insertions_.push_back({Insertion::Where::BeforeLabel, c, {"ISB"}});
      } else if (is_indirect_branch(c.word)) {
        insertions_.push_back({Insertion::Where::Before, c, {"ISB"}});
      }
      if (stores_.count(c.pc) != 0) note_written(c, lines, unused.at(c.thread));
      // Behind a step that is there already, so that the fewest are added.
      if (!lines.empty() && (stores_.count(c.pc) != 0 || step_cost(c.word) > kIsbCost))
        insertions_.push_back({Insertion::Where::After, c, maintenance(lines)});
      if (is_branch(c.word)) forget_computed(lines);
    }
  }

  /// Where code may be entered other than from the instruction before.
  std::set<u64> entered() const {
    const std::vector<u64>& targets = w_.machine->program().indirect_targets;
    std::set<u64> out(targets.begin(), targets.end());
    for (const CodeLine& c : listing_.code()) {
      const isa::Instruction& i = isa::decode_cached(c.word);
      for (unsigned k = 0; k < i.count; ++k)
        if (i.uops[k].kind == isa::UopKind::Branch && i.uops[k].branch_op() != isa::BranchOp::Indirect)
          out.insert(c.pc + i.uops[k].imm);
    }
    return out;
  }

  /// Addresses computed before a store hold where that store has been executed for certain.
  static void forget_computed(std::vector<Dirty>& lines) {
    lines.erase(std::remove_if(lines.begin(), lines.end(), [](const Dirty& d) { return !d.constant; }), lines.end());
  }

  void note_written(const CodeLine& store, std::vector<Dirty>& lines, std::vector<std::string>& unused) {
    const auto written = written_.of(store.pc, store.word);
    if (!written)
      throw InputError(Diagnostic{{w_.file, store.line, store.column},
                                  "expected a store to code whose address is a register with an offset or an index"});
    for (const WrittenLine& line : *written) {
      Dirty d{line, "", is_constant(line.address, store.thread)};
      const bool known = std::any_of(lines.begin(), lines.end(), [&](const Dirty& other) {
        return d.constant && other.constant && other.line.lines == d.line.lines;
      });
      if (known) continue;
      const std::optional<std::string> plain = line.address.plain();
      if (d.constant && plain) {
        d.reg = *plain;
      } else {
        if (unused.empty())
          throw InputError(Diagnostic{{w_.file, store.line, store.column},
                                      "no register from X9 to X27 is free for the address of this store to code"});
        d.reg = unused.back();
        unused.pop_back();
        notes_[{store.thread, d.reg}] = fmt::format("{} = {}", d.reg, line.address.text());
      }
      if (!d.constant) {
        notes_[{store.thread, d.reg}] += fmt::format(" before {} (line {})", store.text, store.line);
        insertions_.push_back({Insertion::Where::Before, store, line.address.code(d.reg)});
      }
      lines.push_back(d);
    }
  }

  bool is_constant(const CodeAddress& a, unsigned thread) const {
    return std::none_of(listing_.code().begin(), listing_.code().end(), [&](const CodeLine& c) {
      return (c.thread == thread || c.thread == kSharedCode) && a.changed_by(isa::decode_cached(c.word));
    });
  }

  static std::vector<std::string> maintenance(const std::vector<Dirty>& lines) {
    std::vector<std::string> code;
    for (const Dirty& d : lines) {
      if (!d.constant || d.line.address.plain()) continue;
      for (const std::string& i : d.line.address.code(d.reg)) code.push_back(i);
    }
    for (const char* operation : {"DC CVAU, ", "IC IVAU, "}) {
      for (const Dirty& d : lines) code.push_back(operation + d.reg);
      code.push_back("DSB ISH");
    }
    return code;
  }

  std::string owner(const CodeLine& c) const {
    if (c.thread == kSharedCode) return "shared code";
    return w_.scenario ? w_.scenario->threads[c.thread].name : fmt::format("P{}", c.thread);
  }

  void collect_steps() {
    std::map<u64, const Inserted*> added;
    for (const Inserted& i : extended_.added) added[i.pc] = &i;
    std::set<std::pair<unsigned, u32>> lines;  // threads and lines that some run executes; both texts count alike
    for (const CodeLine& c : listing_.code()) {
      if (executed_.count(c.pc) != 0) lines.emplace(c.thread, c.line);
    }
    for (const CodeLine& c : extended_.code) {
      if (lines.count({c.thread, c.line}) == 0) continue;
      CodeStep s{c.pc, step_cost(c.word), false, owner(c), ""};
      if (s.cost == 0) continue;
      const auto found = added.find(c.pc);
      if (found == added.end()) {
        s.what = fmt::format("{} (line {})", c.text, c.line);
      } else {
        const Insertion& i = insertions_[found->second->insertion];
        s.added = true;
        s.what = fmt::format("{} {} {} (line {}){}", i.code[found->second->line],
                             i.where == Insertion::Where::After ? "after" : "before", i.at.text, i.at.line,
                             note_on(c.thread, i.code[found->second->line]));
      }
      steps_.push_back(s);
    }
  }

  /// ", X17 = X1 + 64" for an instruction that acts on an address that was computed into X17.
  std::string note_on(unsigned thread, const std::string& instruction) const {
    const std::size_t comma = instruction.rfind(", ");
    if (comma == std::string::npos) return "";
    const auto note = notes_.find({thread, instruction.substr(comma + 2)});
    return note == notes_.end() ? "" : ", " + note->second;
  }

  Answer reachable(const Goal& goal, const Workload& w) {
    const explore::SearchResult r = explore_workload(w, options_.search, false, progress_);
    for (const auto& [outcome, info] : r.outcomes) {
      if (goal.holds(w, outcome)) return Answer::Yes;
    }
    return r.status == explore::Status::Complete ? Answer::No : Answer::Unknown;
  }

  Finding examine(const CacheKind& kind, const Goal& goal) {
    Finding f;
    f.as_written = reachable(goal, with_caches(w_, kind));
    const Workload all = with_caches(extended_.workload, kind);
    f.with_all = reachable(goal, all);
    if (f.with_all != Answer::No) return f;
    f.removed = few_added(goal, all);
    // Of what the author wrote, the dear steps go first.
    std::vector<const CodeStep*> written;
    for (const CodeStep& s : steps_) {
      if (!s.added) written.push_back(&s);
    }
    std::sort(written.begin(), written.end(), [](const CodeStep* a, const CodeStep* b) {
      return a->cost != b->cost ? a->cost > b->cost : a->pc < b->pc;
    });
    for (const CodeStep* s : written) take_away(goal, all, s->pc, f.removed);
    return f;
  }

  void take_away(const Goal& goal, const Workload& all, u64 pc, std::set<u64>& removed) {
    removed.insert(pc);
    if (reachable(goal, without(all, removed)) != Answer::No) removed.erase(pc);
  }

  /// The added steps that can be left out: all, all but one, all but two if that will do; otherwise as many
  /// as can be taken away one after the other.
  std::set<u64> few_added(const Goal& goal, const Workload& all) {
    std::vector<u64> added;
    for (const CodeStep& s : steps_) {
      if (s.added) added.push_back(s.pc);
    }
    const std::set<u64> none(added.begin(), added.end());
    const auto enough = [&](std::initializer_list<u64> kept) {
      std::set<u64> removed = none;
      for (const u64 pc : kept) removed.erase(pc);
      return reachable(goal, without(all, removed)) == Answer::No ? std::optional(removed) : std::nullopt;
    };
    if (const auto r = enough({})) return *r;
    for (const u64 pc : added) {
      if (const auto r = enough({pc})) return *r;
    }
    for (std::size_t a = 0; a < added.size() && added.size() <= kMaxForPairs; ++a) {
      for (std::size_t b = a + 1; b < added.size(); ++b) {
        if (const auto r = enough({added[a], added[b]})) return *r;
      }
    }
    std::set<u64> early, late;  // what is kept stands early, or late, where several lines are maintained together
    for (auto pc = added.rbegin(); pc != added.rend(); ++pc) take_away(goal, all, *pc, early);
    for (const u64 pc : added) take_away(goal, all, pc, late);
    return late.size() > early.size() ? late : early;
  }

  void say(const std::string& line) { report_.text += line + "\n"; }

  void head(const Goal& goal) {
    report_.file = w_.file;
    report_.name = w_.title();
    report_.json = {{"format", kLintFormat}, {"name", w_.name}, {"file", w_.file}};
    if (!w_.variant.empty()) report_.json["variant"] = w_.variant;
    report_.json["goal"] = goal.text;
    say(fmt::format("Test {}\nMust not be: {}", w_.title(), goal.text));
    for (const CodeLine& c : listing_.code()) {
      if (stores_.count(c.pc) != 0)
        say(fmt::format("Writes code: {}: {} (line {})", owner(c), c.text, c.line));
    }
  }

  static const char* word(const Finding& f) {
    if (f.as_written == Answer::Unknown) return "undetermined";
    return f.as_written == Answer::Yes ? "wrong" : "right";
  }

  /// The entry of a step in the column of a kind of cache.
  static const char* mark(const Finding& f, const CodeStep& s) {
    if (f.with_all != Answer::No) return "?";
    if (f.removed.count(s.pc) != 0) return s.added ? "" : "not needed";
    return s.added ? "MISSING" : "needed";
  }

  void tell(const std::array<Finding, kCaches.size()>& found) {
    std::vector<const CodeStep*> shown;
    std::size_t width = std::string_view("as written").size();
    for (const CodeStep& s : steps_) {
      const bool missing = std::any_of(found.begin(), found.end(), [&](const Finding& f) {
        return f.with_all == Answer::No && f.removed.count(s.pc) == 0;
      });
      if (s.added && !missing) continue;
      shown.push_back(&s);
      width = std::max(width, s.thread.size() + s.what.size() + 2);
    }
    std::string title = fmt::format("\n{:{}}", "", width);
    std::string verdicts = fmt::format("{:{}}", "as written", width);
    for (std::size_t c = 0; c < kCaches.size(); ++c) {
      title += fmt::format("  {:11}", kCaches[c].name);
      verdicts += fmt::format("  {:11}", word(found[c]));
    }
    say(title);
    say(verdicts);
    for (const CodeStep* s : shown) {
      std::string line = fmt::format("{:{}}", s->thread + ": " + s->what, width);
      for (const Finding& f : found) line += fmt::format("  {:11}", mark(f, *s));
      say(line.substr(0, line.find_last_not_of(' ') + 1));
    }
    conclude(found);
  }

  void conclude(const std::array<Finding, kCaches.size()>& found) {
    bool wrong = false, unknown = false;
    Json caches = Json::array();
    for (std::size_t c = 0; c < kCaches.size(); ++c) {
      const Finding& f = found[c];
      Json missing = Json::array(), needed = Json::array(), superfluous = Json::array();
      for (const CodeStep& s : steps_) {
        if (f.with_all != Answer::No) break;
        const bool removed = f.removed.count(s.pc) != 0;
        if (s.added && removed) continue;
        (removed ? superfluous : s.added ? missing : needed).push_back(s.thread + ": " + s.what);
      }
      if (f.with_all == Answer::Yes) {
        say(
            fmt::format("{}: no sequence of these steps forbids it. What publishes the code comes too early "
                        "or in the wrong order, or "
                        "several words change while another core executes them.",
                        kCaches[c].name));
      }
      if (f.as_written == Answer::Yes) {
        wrong = true;
        report_.findings.push_back(fmt::format("{}: {}", kCaches[c].name,
                                               missing.empty()
                                                   ? "not to be mended by maintenance"
                                                   : fmt::format("{} steps are missing", missing.size())));
      }
      unknown = unknown || f.as_written == Answer::Unknown || f.with_all == Answer::Unknown;
      caches.push_back({{"idc", kCaches[c].idc},
                        {"dic", kCaches[c].dic},
                        {"as_written", word(f)},
                        {"missing", missing},
                        {"needed", needed},
                        {"not_needed", superfluous}});
    }
    report_.json["status"] = unknown ? "undetermined" : "complete";
    report_.json["caches"] = caches;
    if (unknown) {
      report_.verdict = Verdict::Undetermined;
      say("Undetermined: a search was not complete; what is not known to be superfluous is shown as needed.");
    }
    if (wrong) report_.verdict = Verdict::Differs;
  }

  const Workload& w_;
  const LintOptions& options_;
  ProgressLine& progress_;
  Listing listing_;
  std::set<u64> stores_;    ///< instructions
  std::set<u64> modified_;  ///< words they write
  std::set<u64> executed_;  ///< instructions that some witness executes
  WrittenLines written_;
  std::map<std::pair<unsigned, std::string>, std::string> notes_;  ///< by thread and register: what is computed into it
  std::vector<Insertion> insertions_;
  Extended extended_;
  std::vector<CodeStep> steps_;
  CaseReport report_;
};

}  // namespace

CaseReport lint_workload(const Workload& w, const LintOptions& options, ProgressLine& progress) {
  return Lint(w, options, progress).run();
}

}  // namespace isobar::tools
