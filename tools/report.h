// What one input came to, in the forms that people and programs read: text, JSON lines, JUnit.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/types.h"
#include "tools/exit_status.h"

namespace isobar::tools {

enum class Verdict : u8 {
  AsExpected,
  Differs,
  Undetermined,
  Unsupported,
  Error,     ///< the input could not be read
  Internal,  ///< search and axioms contradict each other: a fault of Isobar
};

std::string_view name(Verdict v);

/// The result of one test under one machine.
struct CaseReport {
  std::string file;
  std::string name;
  Verdict verdict = Verdict::AsExpected;
  std::vector<std::string> findings;  ///< why the verdict is not AsExpected, one sentence each
  std::string example;                ///< state that decided the verdict, as printed; empty: none did
  std::string text;                   ///< block printed for people, ends in a newline
  nlohmann::ordered_json json;        ///< printed on one line
  double seconds = 0;
};

ExitStatus exit_status(Verdict v);

/// `{"format": format, "name": ..., "file": ..., "status": "error", "reason": ...}`: an input that could not
/// be read.
CaseReport error_report(const std::string& format, const std::string& file,
                        const std::vector<std::string>& diagnostics);

/// One JUnit test suite named `suite`: Differs is a failure, Error and Internal an error, Undetermined and Unsupported are
/// skipped with the reason. Strict enough for Jenkins and GitLab: characters that XML forbids are replaced.
std::string junit(const std::string& suite, const std::vector<CaseReport>& cases);

/// "5 tests: 4 as expected, 1 differs".
std::string summary(const std::vector<CaseReport>& cases);

}  // namespace isobar::tools
