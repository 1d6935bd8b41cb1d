#include "scenarios/import/reference_outcomes.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "support/read_file.h"

namespace isobar::scenarios {

std::vector<ReferenceOutcome> read_reference_outcomes(const std::string& directory) {
  const std::string path = directory + "/outcomes.jsonl";
  std::ifstream in(path);
  if (!in)
    throw InputError(
        Diagnostic{{path, 0, 0}, "cannot read this file; expected a folder with outcomes.jsonl"});
  std::vector<ReferenceOutcome> all;
  std::string line;
  for (u32 number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    try {
      const nlohmann::json j = nlohmann::json::parse(line);
      ReferenceOutcome r;
      r.test = j.at("test").get<std::string>();
      r.group = r.test.substr(0, r.test.find('/'));
      r.variants = j.value("variants", std::vector<std::string>{});
      r.states = j.at("states").get<std::vector<std::string>>();
      r.observation = j.value("observation", std::string{});
      if (const auto flags = j.find("flags"); flags != j.end() && !flags->is_null())
        r.flags = flags->get<std::vector<std::string>>();
      std::sort(r.flags.begin(), r.flags.end());
      std::sort(r.states.begin(), r.states.end());
      all.push_back(std::move(r));
    } catch (const nlohmann::json::exception& e) {
      throw InputError(Diagnostic{
          {path, number, 0}, fmt::format("expected an object with test, variants and states: {}", e.what())});
    }
  }
  return all;
}

LitmusTest read_reference_test(const std::string& directory, const ReferenceOutcome& reference) {
  const std::string path = directory + "/" + reference.test;
  return parse_litmus(read_file(path), path);
}

LitmusProgram load_reference_test(const std::string& directory, const ReferenceOutcome& reference) {
  LitmusOptions options;
  options.variants = reference.variants;
  return build_litmus(read_reference_test(directory, reference), options);
}

StateDifference compare_states(const std::vector<std::string>& reference,
                               const std::vector<std::string>& ours) {
  StateDifference d;
  std::set_difference(reference.begin(), reference.end(), ours.begin(), ours.end(),
                      std::back_inserter(d.missing));
  std::set_difference(ours.begin(), ours.end(), reference.begin(), reference.end(),
                      std::back_inserter(d.extra));
  return d;
}

}  // namespace isobar::scenarios
