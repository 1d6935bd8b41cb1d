// What a run did with code that it modified: stale instructions that were executed, modifications that the
// architecture does not allow beside execution, and which step between store and execution was missing.
//
// Owns: the observation of one run in the order of its steps, and the wording. It tells what happened in this
// run and when; what the program guarantees is the business of search and judge.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/state/observer.h"
#include "tools/listing.h"
#include "tools/recording.h"
#include "tools/workload.h"

namespace isobar::tools {

/// When something happened.
struct Moment {
  u64 step = 0;  ///< running number of what is observed, from 1; 0: never
  u64 time = 0;  ///< ticks; 0 in untimed runs
  explicit operator bool() const { return step != 0; }
};

/// One store to one instruction word.
struct CodeStore {
  Moment at;
  unsigned core = 0;
  u64 pc = 0;    ///< of the store
  u32 word = 0;  ///< the store itself
  u64 addr = 0;  ///< of the word it changed
  u32 before = 0, after = 0;
};

/// Executions by one core of one version of a word after the word had changed.
struct StaleInstruction {
  unsigned core = 0;
  u64 addr = 0;
  u32 word = 0;              ///< what was executed
  Moment fetched, executed;  ///< of the first of them; fetched.step == 0: before the first store to any code
  u64 count = 1;
  std::size_t since = 0;             ///< index of the store that it does not see, the oldest such
  std::size_t newest = 0;            ///< index of the newest store to the word at that time
  std::vector<std::string> steps;    ///< of the way from the store to the execution: what was done
  std::vector<std::string> missing;  ///< and what was not, at least one
};

/// A store that puts an instruction outside the list of the Arm ARM (B2.2.5) or replaces one, while a core
/// has the old one in flight or executes it afterwards without anything in between that makes it fetch again.
struct UnsafeModification {
  std::size_t store = 0;
  unsigned core = 0;       ///< that could execute it
  bool in_flight = false;  ///< it had been fetched and not executed; otherwise it was fetched afterwards
};

class CodeReport final : public model::Observer {
 public:
  /// `state` gives the state of the run that is observed, at any time.
  CodeReport(const Workload& w, std::function<const model::MachineState&()> state);

  void fetched(unsigned core, const model::Entry& e) override;
  void propagated(unsigned core, const model::Entry& e) override;
  void performed(unsigned core, const model::Entry& e, const model::Access& a) override;
  void retired(unsigned core, const model::Entry& e) override;
  void squashed(unsigned core, u32 first_seq) override;

  const std::vector<CodeStore>& stores() const { return stores_; }
  const std::vector<StaleInstruction>& stale() const { return stale_; }
  const std::vector<UnsafeModification>& unsafe() const { return unsafe_; }

  /// Sentences for people, each ended by a newline; empty if there is nothing to tell.
  std::string text() const;
  /// As docs/output.md has it; null if no code was modified.
  nlohmann::ordered_json json() const;

 private:
  struct Fetched {
    u64 addr = 0;
    u32 word = 0;
    Moment at;
  };
  struct Maintenance {
    Moment at, completed;  ///< completed: by a DSB of its core
    unsigned core = 0;
    model::AccessKind kind = model::AccessKind::CleanData;
    u64 line = 0;
  };

  Moment now();
  bool executable(u64 addr) const;
  u32 word_before(u64 addr) const;
  void watch_windows();
  void add_store(unsigned core, const model::Entry& e, u64 addr);
  void execute(unsigned core, const Fetched& f);
  void explain(StaleInstruction& s, const Moment& synchronised) const;
  const Maintenance* first_after(bool clean, const StaleInstruction& s, const Moment& from) const;
  void note_unsafe(std::size_t store, unsigned core, bool in_flight);

  std::string when(const Moment& m) const;
  std::string instruction(u32 word, u64 addr) const;
  std::string store_text(const CodeStore& s) const;
  std::string stale_text(const StaleInstruction& s) const;
  std::string unsafe_text(const UnsafeModification& u) const;

  const Workload& w_;
  Listing listing_;
  std::function<const model::MachineState&()> state_;
  u64 steps_ = 0;
  std::vector<CodeStore> stores_;
  std::map<u64, std::vector<std::size_t>> by_word_;  ///< indices of stores, per address
  std::vector<std::map<u32, Fetched>> in_flight_;    ///< per core, first micro-ops by seq
  std::vector<Maintenance> maintenance_;
  std::vector<Moment> synchronised_;  ///< per core: its last context synchronisation event
  std::vector<StaleInstruction> stale_;
  std::vector<UnsafeModification> unsafe_;
};

/// The report of recorded steps, replayed.
std::unique_ptr<CodeReport> code_report(const Workload& w, const std::vector<Step>& steps);

}  // namespace isobar::tools
