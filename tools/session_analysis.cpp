#include "tools/session_analysis.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "tools/contradiction.h"
#include "tools/goal.h"
#include "tools/variation.h"

namespace isobar::tools {

namespace {

using Json = nlohmann::ordered_json;

/// Machines on which the caches need less maintenance, or more, than on this one.
void add_machines(const std::shared_ptr<const Workload>& w, const Listing& listing, std::vector<serve::Change>& out) {
  const bool has_code = std::any_of(listing.code().begin(), listing.code().end(),
                                    [](const CodeLine& c) { return c.thread == kSharedCode; });
  if (!has_code) return;
  const auto add = [&](const char* what, bool idc, bool dic) {
    const model::MachineConfig& now = w->machine->config();
    if (now.idc == idc && now.dic == dic) return;
    out.push_back({what, "machine", [w, idc, dic] {
                     Workload changed = *w;
                     model::MachineConfig config = w->machine->config();
                     config.idc = idc;
                     config.dic = dic;
                     changed.machine = std::make_shared<model::Machine>(config, w->machine->program());
                     return changed;
                   }});
  };
  add("IDC and DIC off", false, false);
  add("IDC on, DIC off", true, false);
  add("IDC and DIC on", true, true);
}

std::vector<serve::Change> changes(const Workload& original) {
  const auto w = std::make_shared<const Workload>(original);
  const Listing listing(*w);
  std::vector<serve::Change> out;
  const auto add = [&](const std::vector<Variation>& all, const char* group) {
    for (const Variation& v : all) {
      const bool tso = v.what.find(": TSO o") != std::string::npos;
      // The variation refers to the workload, which it must keep.
      out.push_back({v.what, tso ? "tso" : group, [w, make = v.make] { return make(); }});
    }
  };
  add(weakenings(*w, listing), "weaker");
  add_machines(w, listing, out);
  add(strengthenings(*w, listing), "stronger");
  return out;
}

Json why_forbidden(const Workload& w, const std::string& outcome, const explore::SearchResult& seen) {
  const Goal goal = goal_of(w, outcome.empty() ? std::nullopt : std::optional(outcome), seen);
  Json out = {{"goal", goal.text}};
  for (const auto& [o, info] : seen.outcomes) {
    if (!goal.holds(w, o)) continue;
    out["allowed"] = true;
    return out;
  }
  if (seen.status != explore::Status::Complete) {
    out["allowed"] = nullptr;
    out["reason"] = seen.reason;
    return out;
  }
  out["allowed"] = false;
  const Contradiction c = contradiction(w, Listing(w), goal);
  Json cycle = Json::array();
  for (const ContradictionStep& s : c.cycle) {
    cycle.push_back(
        {{"from", s.from}, {"relation", s.relation}, {"to", s.to}, {"clause", s.clause}, {"by", s.because}});
  }
  out["headline"] = c.headline;
  out["cycle"] = cycle;
  out["reason"] = c.reason;
  return out;
}

}  // namespace

serve::Analysis session_analysis() { return {changes, why_forbidden}; }

}  // namespace isobar::tools
