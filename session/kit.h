// What a program without an assembler and without a parser of YAML needs for opening tests: every answer that they gave.
//
// The exported page runs the same reader of tests, the same model and the same search as the native program; it takes these
// answers from a kit where the native program asks LLVM and yaml-cpp. What is not in the kit cannot be opened there.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "isa/answers.h"
#include "scenarios/loader/yaml_trees.h"
#include "session/workload.h"

namespace isobar::session {

struct Kit {
  isa::Answers answers;
  scenarios::Trees trees;
};

inline constexpr const char* kKitFormat = "isobar-kit/1";

nlohmann::ordered_json json(const Kit& kit);
/// Of what json() made. Throws InputError for anything else.
Kit kit_of(const nlohmann::ordered_json& o);

/// While it lives, `kit` takes in what the calling thread is answered.
class KitRecorder {
 public:
  explicit KitRecorder(Kit& kit) : kit_(kit), answers_(kit.answers), trees_(kit.trees) {}

  /// Asks for the text of every word of the program of `w` where it stands.
  void ask_for_words(const Workload& w);
  /// Asks for the text of the versions of code that come up in runs of `w` which choose at random.
  void ask_for_versions(const Workload& w);

 private:
  Kit& kit_;
  isa::AnswerRecorder answers_;
  scenarios::TreeRecorder trees_;
};

}  // namespace isobar::session
