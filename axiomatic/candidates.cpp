#include "axiomatic/candidates.h"

#include <fmt/format.h>

#include <algorithm>

#include "axiomatic/paths.h"

namespace isobar::axiomatic {
namespace {

using trace::AccessRecord;
using trace::Execution;

/// Where a write stands in an execution.
struct Place {
  u8 core = 0;
  u32 instruction = 0;
  u8 access = 0;
};

class Enumeration {
 public:
  Enumeration(const CandidateProgram& p, const CandidateOptions& o, const std::function<bool(const Execution&)>& visit)
      : program_(p), options_(o), visit_(visit), domain_(p) {}

  CandidateResult run() {
    if (!find_paths()) return std::move(result_);
    execution_.core.resize(program_.thread.size());
    execution_.final_registers.resize(program_.thread.size());
    for (const CandidateProgram::Thread& t : program_.thread) execution_.initial_registers.push_back(t.registers);
    choose_path(0);
    return std::move(result_);
  }

 private:
  void incomplete(CandidateResult::Status s, const std::string& reason) {
    result_.status = s;
    result_.reason = reason;
  }

  /// Every path of every thread, until no path writes anything new. A value that is made of values read needs a write
  /// for each step, so values that appear after as many rounds as there are writes are in no execution.
  bool find_paths() {
    for (std::size_t round = 0;; ++round) {
      path_.clear();
      for (unsigned t = 0; t < program_.thread.size(); ++t) {
        PathResult r = paths(program_, t, domain_, options_);
        if (!r.unsupported.empty()) {
          incomplete(CandidateResult::Status::Unsupported, r.unsupported);
          return false;
        }
        if (!r.truncated.empty()) incomplete(CandidateResult::Status::Undetermined, r.truncated);
        path_.push_back(std::move(r.path));
      }
      bool grew = false;
      std::size_t writes = 0;
      for (const std::vector<Path>& all : path_) {
        std::size_t most = 0;
        for (const Path& p : all) most = std::max(most, add_writes(p, grew));
        writes += most;
      }
      if (!grew || round > writes) return true;
    }
  }
  std::size_t add_writes(const Path& p, bool& grew) {
    std::size_t n = 0;
    for (const trace::InstructionRecord& i : p.instruction) {
      for (const AccessRecord& a : i.access) {
        if (a.kind != AccessRecord::Kind::Write) continue;
        grew = domain_.add(a) || grew;
        ++n;
      }
    }
    return n;
  }

  /// False once `visit` has had enough, or the limit is reached.
  bool choose_path(unsigned t) {
    if (t == path_.size()) return !readable() || order_writes();
    for (const Path& p : path_[t]) {
      execution_.core[t] = p.instruction;
      execution_.final_registers[t] = p.final_registers;
      if (!choose_path(t + 1)) return false;
    }
    return true;
  }

  /// A quick test: is each byte read initially there or written by somebody on these paths?
  bool readable() const {
    std::map<u64, std::set<u8>> values;
    for (const auto& code : execution_.core) {
      for (const trace::InstructionRecord& i : code) {
        for (const AccessRecord& a : i.access) {
          for (unsigned b = 0; a.kind == AccessRecord::Kind::Write && b < a.size; ++b) {
            values[a.addr + b].insert(a.value.byte(b));
          }
        }
      }
    }
    for (const auto& code : execution_.core) {
      for (const trace::InstructionRecord& i : code) {
        const auto possible = [&](u64 byte, u8 v) {
          const auto found = values.find(byte);
          return v == domain_.initial(byte) || (found != values.end() && found->second.count(v) != 0);
        };
        for (unsigned b = 0; i.word_source == trace::kUnknownWrite && b < 4; ++b) {
          if (!possible(i.pc + b, static_cast<u8>(i.word >> (8 * b)))) return false;
        }
        for (const AccessRecord& a : i.access) {
          for (unsigned b = 0; a.kind == AccessRecord::Kind::Read && b < a.size; ++b) {
            if (!possible(a.addr + b, a.value.byte(b))) return false;
          }
        }
      }
    }
    return true;
  }

  /// Groups of writes that overlap, directly or through others: orders within different groups do not matter.
  void group_writes() {
    group_.clear();
    for (unsigned c = 0; c < execution_.core.size(); ++c) {
      for (std::size_t i = 0; i < execution_.core[c].size(); ++i) {
        const std::vector<AccessRecord>& access = execution_.core[c][i].access;
        for (std::size_t a = 0; a < access.size(); ++a) {
          if (access[a].kind != AccessRecord::Kind::Write) continue;
          add_to_groups({static_cast<u8>(c), static_cast<u32>(i), static_cast<u8>(a)});
        }
      }
    }
    for (std::vector<Place>& g : group_) {
      std::sort(g.begin(), g.end(), [](const Place& a, const Place& b) {
        return std::tie(a.core, a.instruction, a.access) < std::tie(b.core, b.instruction, b.access);
      });
    }
  }
  AccessRecord& at(const Place& p) { return execution_.core[p.core][p.instruction].access[p.access]; }
  bool overlap(const Place& x, const Place& y) {
    const AccessRecord &a = at(x), &b = at(y);
    return a.addr < b.addr + b.size && b.addr < a.addr + a.size;
  }
  void add_to_groups(const Place& w) {
    std::vector<Place> mine{w};
    for (std::size_t g = 0; g < group_.size();) {
      const bool touches =
          std::any_of(group_[g].begin(), group_[g].end(), [&](const Place& x) { return overlap(x, w); });
      if (!touches) {
        ++g;
        continue;
      }
      mine.insert(mine.end(), group_[g].begin(), group_[g].end());
      group_.erase(group_.begin() + static_cast<std::ptrdiff_t>(g));
    }
    group_.push_back(std::move(mine));
  }

  bool order_writes() {
    group_writes();
    execution_.writes.clear();
    used_.assign(group_.size(), {});
    for (std::size_t g = 0; g < group_.size(); ++g) used_[g].assign(group_[g].size(), false);
    return order_group(0, 0);
  }
  /// Extends the order by one write of group `g`; a core's stores to one location stay in program order (internal).
  bool order_group(std::size_t g, std::size_t n) {
    if (g == group_.size()) return candidate();
    if (n == group_[g].size()) return order_group(g + 1, 0);
    for (std::size_t w = 0; w < group_[g].size(); ++w) {
      if (used_[g][w]) continue;
      bool next = true;
      for (std::size_t x = 0; x < w; ++x) {
        next = next && (used_[g][x] || group_[g][x].core != group_[g][w].core || !overlap(group_[g][x], group_[g][w]));
      }
      if (!next) continue;
      const Place& p = group_[g][w];
      used_[g][w] = true;
      at(p).write = static_cast<i32>(execution_.writes.size());
      execution_.writes.push_back({p.core, p.instruction, p.access});
      const bool more = order_group(g, n + 1);
      execution_.writes.pop_back();
      used_[g][w] = false;
      if (!more) return false;
    }
    return true;
  }

  bool candidate() {
    if (result_.candidates == options_.max_candidates) {
      incomplete(CandidateResult::Status::Undetermined, fmt::format("more than {} candidates", options_.max_candidates));
      return false;
    }
    ++result_.candidates;
    execution_.initial_memory.clear();
    execution_.final_memory.clear();
    for (const auto& code : execution_.core) {
      for (const trace::InstructionRecord& i : code) {
        for (unsigned b = 0; i.word_source == trace::kUnknownWrite && b < 4; ++b) {
          execution_.initial_memory[i.pc + b] = domain_.initial(i.pc + b);
        }
        for (const AccessRecord& a : i.access) {
          for (unsigned b = 0; b < a.size; ++b) {
            execution_.initial_memory[a.addr + b] = execution_.final_memory[a.addr + b] = domain_.initial(a.addr + b);
          }
        }
      }
    }
    for (const trace::WriteRecord& w : execution_.writes) {
      const AccessRecord& a = execution_.core[w.core][w.instruction].access[w.access];
      for (unsigned b = 0; b < a.size; ++b) execution_.final_memory[a.addr + b] = a.value.byte(b);
    }
    return visit_(execution_);
  }

  const CandidateProgram& program_;
  const CandidateOptions& options_;
  const std::function<bool(const Execution&)>& visit_;
  Domain domain_;
  std::vector<std::vector<Path>> path_;
  Execution execution_;
  std::vector<std::vector<Place>> group_;
  std::vector<std::vector<bool>> used_;
  CandidateResult result_;
};

}  // namespace

CandidateResult for_each_candidate(const CandidateProgram& program, const CandidateOptions& options,
                                   const std::function<bool(const Execution&)>& visit) {
  return Enumeration(program, options, visit).run();
}

}  // namespace isobar::axiomatic
