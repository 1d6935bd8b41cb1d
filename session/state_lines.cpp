#include "session/state_lines.h"

#include <map>
#include <utility>

namespace isobar::session {

std::vector<StateLine> state_lines(const Workload& w, const explore::SearchResult& result) {
  std::map<std::string, StateLine> by_text;
  for (const auto& [outcome, info] : result.outcomes) {
    if (!is_counted(w, outcome)) continue;
    StateLine line{state_text(w, outcome), w.litmus && scenarios::condition_holds(*w.litmus, outcome),
                   info.witness};
    by_text.emplace(line.text, std::move(line));
  }
  std::vector<StateLine> lines;
  for (auto& [text, line] : by_text) lines.push_back(std::move(line));
  return lines;
}

}  // namespace isobar::session
