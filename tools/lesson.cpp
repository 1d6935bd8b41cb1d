#include "tools/lesson.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

#include "support/diagnostic.h"

namespace isobar::tools {

namespace {

std::string text_of(const YAML::Node& n, const char* key, const LessonSource& source) {
  if (!n[key] || !n[key].IsScalar()) throw InputError(Diagnostic{{source.file, 0, 0}, fmt::format("expected a text '{}'", key)});
  return n[key].as<std::string>();
}

Lesson parse(const LessonSource& source, unsigned number) {
  Lesson l;
  try {
    const YAML::Node n = YAML::Load(source.text);
    l.number = number;
    l.title = text_of(n, "title", source);
    l.text = text_of(n, "text", source);
    l.question = text_of(n, "question", source);
    l.outcome = text_of(n, "outcome", source);
    if (n["variant"]) l.variant = text_of(n, "variant", source);
    for (const YAML::Node& t : n["try"]) l.tries.push_back(t.as<std::string>());
  } catch (const YAML::Exception& e) {
    throw InputError(Diagnostic{{source.file, static_cast<u32>(e.mark.line + 1), static_cast<u32>(e.mark.column + 1)}, e.msg});
  }
  l.file = source.scenario_file;
  l.scenario = source.scenario;
  return l;
}

}  // namespace

const std::vector<Lesson>& lessons() {
  static const std::vector<Lesson> all = [] {
    std::vector<Lesson> out;
    for (const LessonSource& s : lesson_sources()) out.push_back(parse(s, static_cast<unsigned>(out.size() + 1)));
    return out;
  }();
  return all;
}

nlohmann::ordered_json json(const Lesson& l) {
  return {{"number", l.number}, {"title", l.title},       {"text", l.text},      {"try", l.tries},
          {"question", l.question}, {"outcome", l.outcome}, {"variant", l.variant}};
}

}  // namespace isobar::tools
