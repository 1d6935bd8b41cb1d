#include "tools/access_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "isa/decoder.h"
#include "support/bits.h"

namespace isobar::tools {

namespace {

using isa::UopKind;

double percent(u64 part, u64 whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

void add(AccessCounts& sum, const AccessCounts& c) {
  sum.local += c.local;
  sum.read_only += c.read_only;
  sum.shared += c.shared;
}

nlohmann::ordered_json to_json(const AccessCounts& c) {
  return {{"accesses", c.all()}, {"local", c.local}, {"read_only", c.read_only}, {"shared", c.shared}};
}

}  // namespace

void AccessProfile::retired(unsigned core, const model::Entry& e) {
  const UopKind kind = e.uop->kind;
  const bool access = kind == UopKind::Read || (kind == UopKind::Write && !e.inert);
  if (!access || e.uop->mem.tag != isa::TagAccess::None) return;
  const Instruction i = listing_.at(e.pc) != nullptr ? Instruction{core, e.pc, e.word} : Instruction{core, 0, 0};
  const u64 bit = u64{1} << core;
  const u64 last = align_down(e.addr + e.uop->mem.size - 1, granule_);
  for (u64 g = align_down(e.addr, granule_); g <= last; g += granule_) {
    Use& use = uses_[g];
    (kind == UopKind::Write ? use.writers : use.readers) |= bit;
  }
  ++accesses_[i][align_down(e.addr, granule_)];
}

void AccessProfile::end_run() {
  for (const auto& [instruction, granules] : accesses_) {
    AccessCounts& c = counts_[instruction];
    for (const auto& [granule, count] : granules) {
      const Use& use = uses_[granule];
      const bool one_core = std::has_single_bit(use.readers | use.writers);
      (one_core ? c.local : use.writers == 0 ? c.read_only : c.shared) += count;
    }
  }
  accesses_.clear();
  uses_.clear();
  ++runs_;
}

AccessCounts AccessProfile::total() const {
  AccessCounts sum;
  for (const auto& [instruction, c] : counts_) add(sum, c);
  return sum;
}

std::map<std::pair<unsigned, std::string>, AccessCounts> AccessProfile::by_guest() const {
  std::map<std::pair<unsigned, std::string>, AccessCounts> sums;
  for (const auto& [i, c] : counts_) {
    const CodeLine* line = listing_.at(i.pc);
    if (line != nullptr && !line->guest.empty()) add(sums[{i.core, line->guest}], c);
  }
  return sums;
}

std::string AccessProfile::name(const Instruction& i) const {
  return i.pc == 0 ? "other code" : listing_.instruction(i.pc, i.word);
}

std::string AccessProfile::text() const {
  std::size_t cores = 4, names = 11;
  for (const auto& [i, c] : counts_) {
    cores = std::max(cores, listing_.core(i.core).size());
    names = std::max(names, name(i).size());
  }
  const auto guest = by_guest();
  for (const auto& [i, c] : guest) names = std::max(names, i.second.size());
  const AccessCounts sum = total();
  const auto row = [&](unsigned core, const std::string& text, const AccessCounts& c) {
    return fmt::format("{:<{}}  {:<{}} {:>9} {:>9} {:>9} {:>9}\n", listing_.core(core), cores, text, names, c.all(), c.local,
                       c.read_only, c.shared);
  };
  std::string out = fmt::format("Profile of {}: {} timed run{}, granules of {} bytes\n", w_.title(), runs_,
                                runs_ == 1 ? "" : "s", granule_);
  out += fmt::format("{:<{}}  {:<{}} {:>9} {:>9} {:>9} {:>9}\n", "core", cores, "instruction", names, "accesses",
                     "local", "read-only", "shared");
  for (const auto& [i, c] : counts_) out += row(i.core, name(i), c);
  if (!guest.empty()) out += "by guest instruction\n";
  for (const auto& [i, c] : guest) out += row(i.first, i.second, c);
  out += fmt::format("{:.1f} % of {} accesses are to shared memory and need its order\n", percent(sum.shared, sum.all()),
                     sum.all());
  return out;
}

nlohmann::ordered_json AccessProfile::json() const {
  auto list = nlohmann::ordered_json::array();
  for (const auto& [i, c] : counts_) {
    nlohmann::ordered_json one = {{"core", listing_.core(i.core)}, {"instruction", name(i)}};
    const CodeLine* line = listing_.at(i.pc);
    one["line"] = line != nullptr ? line->line : 0;
    one.update(to_json(c));
    list.push_back(one);
  }
  auto guest = nlohmann::ordered_json::array();
  for (const auto& [i, c] : by_guest()) {
    nlohmann::ordered_json one = {{"core", listing_.core(i.first)}, {"instruction", i.second}};
    one.update(to_json(c));
    guest.push_back(one);
  }
  return {{"granule", granule_}, {"runs", runs_}, {"instructions", list}, {"guest", guest}, {"total", to_json(total())}};
}

}  // namespace isobar::tools
