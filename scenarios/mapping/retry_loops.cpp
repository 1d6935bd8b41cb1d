#include "scenarios/mapping/retry_loops.h"

#include <algorithm>
#include <array>
#include <set>

#include "scenarios/mapping/mapping_expand.h"

namespace isobar::scenarios {
namespace {

using Lines = std::vector<MappingLine>;

bool begins_with_one_of(const std::string& text, const std::array<std::string_view, 4>& names) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view n) { return text.compare(0, n.size(), n) == 0; });
}
bool is_exclusive_load(const std::string& text) {
  return begins_with_one_of(text, {"ldxr", "ldaxr", "ldxp", "ldaxp"});
}
bool is_exclusive_store(const std::string& text) {
  return begins_with_one_of(text, {"stxr", "stlxr", "stxp", "stlxp"});
}
bool is_compare(const std::string& text) {
  return begins_with_one_of(text, {"cmp ", "cmn ", "tst ", "ccmp "});
}

/// Placeholders of a line in order; {x0}, {w0} and {t0} are one register.
std::vector<std::string> registers_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = text.find('{', text.find(' ')); at < text.size(); at = text.find('{', at + 1)) {
    std::string name = text.substr(at + 1, text.find('}', at) - at - 1);
    const bool temporary = name.size() == 2 && name[1] >= '0' && name[1] <= '9' &&
                           (name[0] == 'x' || name[0] == 'w' || name[0] == 't');
    out.push_back(temporary ? std::string("temporary ") + name[1] : name);
  }
  return out;
}

/// Lines from a label to the store: nothing but loads, arithmetic and ways out, and every register that the
/// round writes is written before it is read.
bool is_fresh_round(const Lines& lines, std::size_t first, std::size_t store) {
  std::set<std::string> written, read_before;
  for (std::size_t n = first; n < store; ++n) {
    const std::string& text = lines[n].text;
    if (text.compare(0, 2, "b.") == 0) continue;
    const bool load = is_exclusive_load(text), compare = is_compare(text);
    const bool computes = is_computation(text) || text.compare(0, 5, "{op} ") == 0;
    if (!load && !compare && !computes) return false;
    const std::vector<std::string> registers = registers_of(text);
    const bool pair = load && text.find("xp") < text.find(' ');
    const std::size_t results = std::min<std::size_t>(compare ? 0 : pair ? 2 : 1, registers.size());
    for (std::size_t r = results; r < registers.size(); ++r)
      if (written.count(registers[r]) == 0) read_before.insert(registers[r]);
    written.insert(registers.begin(), registers.begin() + static_cast<std::ptrdiff_t>(results));
  }
  // The status, which is the first operand of the store, is written behind all of these.
  written.insert(registers_of(lines[store].text).front());
  return std::none_of(read_before.begin(), read_before.end(),
                      [&](const std::string& r) { return written.count(r) != 0; });
}

bool only_repeats(const Lines& lines, std::size_t store) {
  if (store + 1 == lines.size() || registers_of(lines[store].text).empty()) return false;
  const std::string& store_text = lines[store].text;
  const std::size_t status_from = store_text.find(' ') + 1;
  const std::string status = store_text.substr(status_from, store_text.find(',') - status_from);
  const std::string again = "cbnz " + status + ", ";
  const std::string& branch = lines[store + 1].text;
  if (branch.compare(0, again.size(), again) != 0) return false;
  const std::string label = branch.substr(again.size()) + ":";
  for (std::size_t n = store; n-- > 0;)
    if (lines[n].text == label) return is_fresh_round(lines, n + 1, store);
  return false;
}

}  // namespace

bool failing_exclusives_only_repeat(const Mapping& m) {
  return std::all_of(m.operations.begin(), m.operations.end(), [](const auto& operation) {
    const Lines& lines = operation.second.lines;
    for (std::size_t n = 0; n < lines.size(); ++n)
      if (is_exclusive_store(lines[n].text) && !only_repeats(lines, n)) return false;
    return true;
  });
}

}  // namespace isobar::scenarios
