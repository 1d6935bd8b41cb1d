#include "tools/warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace isobar::tools {

namespace {

Warning collect(const Workload& w, const explore::SearchResult& result, std::size_t flag) {
  Warning all;
  all.name = model::kFlagNames[flag].name;
  all.word = model::kFlagNames[flag].word;
  std::set<std::string> states;
  for (const auto& [outcome, info] : result.outcomes) {
    const explore::FlagInfo& seen = info.flags[flag];
    if (seen.count == 0 || !is_counted(w, outcome)) continue;
    all.final_states += seen.count;
    states.insert(state_text(w, outcome));
    if (all.witness.empty() || seen.witness.size() < all.witness.size()) all.witness = seen.witness;
  }
  all.states.assign(states.begin(), states.end());
  return all;
}

}  // namespace

std::vector<Warning> warnings(const Workload& w, const explore::SearchResult& result) {
  std::vector<Warning> all;
  if (w.litmus) {
    for (const std::string& name : w.litmus->flags) all.push_back({name, "", 0, {}, {}});
  }
  for (std::size_t flag = 0; flag < model::kFlagNames.size(); ++flag) {
    Warning one = collect(w, result, flag);
    if (one.final_states != 0) all.push_back(std::move(one));
  }
  std::sort(all.begin(), all.end(), [](const Warning& a, const Warning& b) { return a.name < b.name; });
  return all;
}

std::vector<std::string> warning_names(const model::MachineState& s) {
  std::vector<std::string> names;
  for (const model::FlagName& f : model::kFlagNames)
    if ((model::flags(s) & f.flag) != 0) names.emplace_back(f.name);
  return names;
}

void add_warnings(const Workload& w, const explore::SearchResult& result, CaseReport& report) {
  u64 final_states = 0;
  for (const auto& [outcome, info] : result.outcomes) final_states += is_counted(w, outcome) ? info.count : 0;
  auto list = nlohmann::ordered_json::array();
  std::string lines;
  for (const Warning& f : warnings(w, result)) {
    nlohmann::ordered_json one = {{"name", f.name}};
    if (!f.word.empty()) {
      one["final_states"] = f.final_states;
      one["of"] = final_states;
      one["states"] = f.states;
    }
    list.push_back(std::move(one));
    if (w.litmus) {
      lines += fmt::format("Flag {}\n", f.name);
    } else if (f.word != "dmb_shareability") {
      lines += fmt::format("Flag {} ({} of {} final states)\n", f.name, f.final_states, final_states);
    }
  }
  report.json["flags"] = list;
  const std::size_t condition = w.litmus ? report.text.rfind("\nCondition ") : std::string::npos;
  report.text.insert(condition == std::string::npos ? report.text.size() : condition + 1, lines);
}

}  // namespace isobar::tools
