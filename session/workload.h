// One machine with one program and what is looked at: a litmus test, or one variant of a scenario. What every
// command that runs something starts from.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/machine/machine.h"
#include "scenarios/import/litmus_program.h"
#include "scenarios/import/x86_program.h"
#include "scenarios/loader/build.h"
#include "scenarios/loader/scenario.h"
#include "trace/outcome.h"

namespace isobar::session {

/// What becomes of wrong guesses: search prunes the path, timed runs undo younger work.
enum class Guesses : u8 {
  Prune,
  Squash,
  ByRun,  ///< as the way needs in which the scenario says it is run
};

/// What the command line adds to the machine that the file describes.
struct Overrides {
  std::vector<std::string>
      variants;                    ///< litmus: as in a header line Variant=; scenario: the variants to keep
  std::optional<std::string> tso;  ///< "all", "none" or "P0,P2"
  std::optional<std::string> tso_flavour;  ///< "t1", "t2" or "t3"
  Guesses guesses = Guesses::Prune;
  bool x86 = false;  ///< X86_64 litmus tests are welcome; otherwise they are refused as unsupported
};

struct Workload {
  std::string file;
  std::string text;  ///< of the file: traces embed it
  std::string name;
  std::string variant;  ///< scenario with several variants: its name
  Overrides overrides;  ///< with `guesses` decided
  std::shared_ptr<const model::Machine> machine;
  std::vector<trace::Observable> observables;

  std::shared_ptr<const scenarios::LitmusProgram> litmus;  ///< null for a scenario
  std::shared_ptr<const scenarios::X86Program> x86;        ///< of an X86_64 test; `machine` then runs nothing
  std::shared_ptr<const scenarios::Scenario> scenario;     ///< null for a litmus test
  std::shared_ptr<const scenarios::Build> build;           ///< of the scenario
  unsigned variant_index = 0;                              ///< into Scenario::variants

  /// "MP" or "MP (tso)".
  std::string title() const { return variant.empty() ? name : name + " (" + variant + ")"; }
};

/// Everything in `text`, which was read from `file`. Its suffix says what it is: .yaml and .yml are scenarios, anything
/// else is a litmus test. Throws InputError.
std::vector<Workload> parse_workloads(const std::string& text, const std::string& file,
                                      const Overrides& overrides);

/// What is looked at, in one line. Litmus: items `0:X1=1` and `[x]=2`, sorted and joined by ';'; scenario:
/// items `P0.X1=1` and `x=2`, joined by "; ".
std::string state_text(const Workload& w, const trace::Outcome& o);

/// False for an outcome that the test asks to leave out (litmus `filter`).
bool is_counted(const Workload& w, const trace::Outcome& o);

}  // namespace isobar::session
