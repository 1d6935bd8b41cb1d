// The lessons of lessons/*.yaml, built into the command: what they say, the scenario they are about, what they ask.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace isobar::tools {

struct Lesson {
  unsigned number = 0;  ///< from 1
  std::string title;
  std::string text;                ///< paragraphs
  std::vector<std::string> tries;  ///< what to try
  std::string question;            ///< can `outcome` happen?
  std::string outcome;             ///< "reader.X3=1; reader.X4=0"
  std::string variant;             ///< of the scenario; empty if it has one machine
  std::string file;                ///< name of the scenario in the repository
  std::string scenario;            ///< its text
};

/// A lesson and the scenario that it names, as they were built into the command.
struct LessonSource {
  const char* file;
  const char* text;
  const char* scenario_file;
  const char* scenario;
};
/// In order; made by tools/lessons.cmake.
const std::vector<LessonSource>& lesson_sources();

/// All lessons. Throws InputError for one that is not as docs/lessons.md says.
const std::vector<Lesson>& lessons();

nlohmann::ordered_json json(const Lesson& l);

}  // namespace isobar::tools
