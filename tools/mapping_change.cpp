#include "tools/mapping_change.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "tools/interrupt.h"
#include "tools/variation.h"

namespace isobar::tools {

namespace {

using namespace repair_cost;

using scenarios::Mapping;
using scenarios::MappingBlocks;
using scenarios::MappingLine;

constexpr unsigned kMaxTrials = 1500;

/// A line of a mapping that may be changed: of a sequence, or a barrier of the blocks.
struct Place {
  std::string name;       ///< "store: dmb ishst"
  std::string operation;  ///< empty: of the blocks
  std::size_t line = 0;
  std::optional<MappingLine> MappingBlocks::*barrier = nullptr;
  std::string text;
};

struct BlockBarrier {
  const char* name;
  std::optional<MappingLine> MappingBlocks::*member;
};
constexpr std::array<BlockBarrier, 4> kBlockBarriers{
    {{"before_first_store", &MappingBlocks::before_first_store},
     {"before_last_store", &MappingBlocks::before_last_store},
     {"after_last_store", &MappingBlocks::after_last_store},
     {"after_stores", &MappingBlocks::after_stores}}};

/// "dmb ish", or "dmb ish (2 of 3)" if the sequence has several.
std::string numbered(const std::vector<MappingLine>& lines, std::size_t n) {
  const auto same = [&](const MappingLine& l) { return l.text == lines[n].text; };
  const auto here = lines.begin() + static_cast<std::ptrdiff_t>(n) + 1;
  const auto all = std::count_if(lines.begin(), lines.end(), same);
  if (all == 1) return lines[n].text;
  return fmt::format("{} ({} of {})", lines[n].text, std::count_if(lines.begin(), here, same), all);
}

std::vector<Place> places(const Mapping& m, const std::set<std::string>& operations) {
  std::vector<Place> out;
  for (const std::string& operation : operations) {
    const std::vector<MappingLine>& lines = m.operations.at(operation).lines;
    for (std::size_t n = 0; n < lines.size(); ++n)
      out.push_back(
          {fmt::format("{}: {}", operation, numbered(lines, n)), operation, n, nullptr, lines[n].text});
  }
  if (!m.blocks) return out;
  for (const auto& [name, member] : kBlockBarriers) {
    const std::optional<MappingLine>& line = (*m.blocks).*member;
    if (line) out.push_back({fmt::format("{}: {}", name, line->text), "", 0, member, line->text});
  }
  return out;
}

/// The mapping with another text at `place`; without that line if `text` is empty.
MappingChange changed(const Mapping& m, const Place& place, const std::string& text, unsigned cost) {
  MappingChange c{fmt::format("{} {}", place.name, text.empty() ? "dropped" : "becomes " + text), cost, m};
  if (place.barrier != nullptr) {
    std::optional<MappingLine>& line = (*c.changed.blocks).*place.barrier;
    line = text.empty() ? std::optional<MappingLine>() : MappingLine{text, line->line, line->column};
    return c;
  }
  std::vector<MappingLine>& lines = c.changed.operations[place.operation].lines;
  if (text.empty()) {
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(place.line));
  } else {
    lines[place.line].text = text;
  }
  return c;
}

/// Does the text begin with this mnemonic or barrier, perhaps with a suffix of size? "dmb ish" does not begin
/// "dmb ishst", nor "ldr" "ldrsw".
bool begins(const std::string& text, std::string_view with) {
  if (text.compare(0, with.size(), with) != 0) return false;
  const std::string_view rest = std::string_view(text).substr(with.size());
  return rest.empty() || rest[0] == ' ' || rest[0] == '{' || rest[0] == 'b' || rest[0] == 'h';
}

std::string with_beginning(const std::string& text, std::string_view from, std::string_view to) {
  return to.empty() ? std::string() : std::string(to) + text.substr(from.size());
}

struct StrongerForm {
  std::string_view from, to;
  unsigned cost = 0;
};
constexpr std::array<StrongerForm, 6> kStronger{{{"ldr", "ldapr", kLdapr},
                                                 {"ldr", "ldar", kLdar},
                                                 {"ldapr", "ldar", kLdar},
                                                 {"str", "stlr", kStlr},
                                                 {"dmb ishst", "dmb ish", kDmbSy},
                                                 {"dmb ishld", "dmb ish", kDmbSy}}};

/// Acquire and release exist for general registers and an address without an offset.
bool is_plain_access(const std::string& text) {
  constexpr std::string_view kAddress = ", [{a}]";
  return text.find("{q}") == std::string::npos && text.size() > kAddress.size() &&
         text.compare(text.size() - kAddress.size(), kAddress.size(), kAddress) == 0;
}

struct WeakerForms {
  std::string_view from, least;
  std::array<std::string_view, 2> partly;  ///< empty: none
};
constexpr std::array<WeakerForms, 21> kWeaker{{{"dmb ishst", "", {}},
                                               {"dmb ishld", "", {}},
                                               {"dmb ish", "", {"dmb ishld", "dmb ishst"}},
                                               {"dmb sy", "", {"dmb ld", "dmb st"}},
                                               {"dmb ld", "", {}},
                                               {"dmb st", "", {}},
                                               {"ldar", "ldr", {"ldapr"}},
                                               {"ldapur", "ldur", {}},
                                               {"ldapr", "ldr", {}},
                                               {"stlr", "str", {}},
                                               {"stlur", "stur", {}},
                                               {"{lse}al", "{lse}", {"{lse}a", "{lse}l"}},
                                               {"swpal", "swp", {"swpa", "swpl"}},
                                               {"casal", "cas", {"casa", "casl"}},
                                               {"caspal", "casp", {"caspa", "caspl"}},
                                               {"ldaddal", "ldadd", {"ldadda", "ldaddl"}},
                                               {"staddl", "stadd", {}},
                                               {"ldaxr", "ldxr", {}},
                                               {"stlxr", "stxr", {}},
                                               {"ldaxp", "ldxp", {}},
                                               {"stlxp", "stxp", {}}}};

void add_barriers(const Mapping& m, const std::string& operation, std::vector<MappingChange>& out) {
  for (const auto& [cost, text] :
       {std::pair{kDmbSt, "dmb ishst"}, {kDmbLd, "dmb ishld"}, {kDmbSy, "dmb ish"}}) {
    for (const bool before : {true, false}) {
      MappingChange c{fmt::format("{}: {} {} it", operation, text, before ? "before" : "after"), cost, m};
      std::vector<MappingLine>& lines = c.changed.operations[operation].lines;
      lines.insert(before ? lines.begin() : lines.end(), MappingLine{text, 0, 0});
      out.push_back(std::move(c));
    }
  }
}

class RepairSearch {
 public:
  RepairSearch(const X86Test& test, const Mapping& m)
      : test_(test), used_(scenarios::translate(*test.program, m).operations) {}

  std::optional<MappingRepair> cheapest(const Mapping& m) {
    const std::vector<MappingChange> singles = strengthenings(m, used_);
    std::optional<MappingRepair> best;
    for (const MappingChange& c : singles) {
      if (exhausted()) return best;
      if (!repairs(c.changed)) continue;
      best = MappingRepair{{c.what}, c.cost};
      break;
    }
    const std::optional<MappingRepair> pair = cheapest_pair(singles, best ? best->cost : ~0u);
    return pair ? pair : best;
  }

 private:
  /// Two changes that cost less than `limit`.
  std::optional<MappingRepair> cheapest_pair(const std::vector<MappingChange>& singles, unsigned limit) {
    std::vector<std::tuple<unsigned, std::size_t, std::size_t>> pairs;
    for (std::size_t n = 0; n < singles.size(); ++n) {
      if (singles[n].cost == kTso) continue;
      const std::vector<MappingChange> second = strengthenings(singles[n].changed, used_);
      for (std::size_t k = 0; k < second.size(); ++k) {
        const unsigned cost = singles[n].cost + second[k].cost;
        if (second[k].cost >= singles[n].cost && second[k].cost != kTso && cost < limit)
          pairs.emplace_back(cost, n, k);
      }
    }
    std::sort(pairs.begin(), pairs.end());
    for (const auto& [cost, n, k] : pairs) {
      if (exhausted()) break;
      const MappingChange second = strengthenings(singles[n].changed, used_)[k];
      if (repairs(second.changed)) return MappingRepair{{singles[n].what, second.what}, cost};
    }
    return std::nullopt;
  }

  bool exhausted() const { return trials_ >= kMaxTrials || interrupt_flag(); }

  bool repairs(const Mapping& m) {
    ++trials_;
    const MappingFit fit = judge_mapping(test_, m).fit;
    return fit == MappingFit::Correct || fit == MappingFit::Stronger;
  }

  const X86Test& test_;
  std::set<std::string> used_;
  unsigned trials_ = 0;
};

}  // namespace

std::vector<MappingChange> strengthenings(const Mapping& m, const std::set<std::string>& operations) {
  std::vector<MappingChange> out;
  for (const std::string& operation : operations) add_barriers(m, operation, out);
  for (const Place& p : places(m, operations)) {
    for (const StrongerForm& s : kStronger) {
      const bool barrier = s.cost == kDmbSy;
      if (begins(p.text, s.from) && (barrier || is_plain_access(p.text)))
        out.push_back(changed(m, p, with_beginning(p.text, s.from, s.to), s.cost));
    }
  }
  if (!m.tso) {
    MappingChange c{"hardware TSO", kTso, m};
    c.changed.tso = true;
    out.push_back(std::move(c));
  }
  std::vector<MappingChange> by_cost;
  for (unsigned cost = kDmbSt; cost <= kTso; ++cost)
    std::copy_if(out.begin(), out.end(), std::back_inserter(by_cost),
                 [&](const auto& c) { return c.cost == cost; });
  return by_cost;
}

std::vector<MappingWeakening> weakenings(const Mapping& m, const std::set<std::string>& operations) {
  std::vector<MappingWeakening> out;
  for (const Place& p : places(m, operations)) {
    const auto form = std::find_if(kWeaker.begin(), kWeaker.end(),
                                   [&](const WeakerForms& w) { return begins(p.text, w.from); });
    if (form == kWeaker.end()) continue;
    MappingWeakening w{p.operation, {changed(m, p, with_beginning(p.text, form->from, form->least), 0)}, {}};
    for (const std::string_view to : form->partly)
      if (!to.empty()) w.partly.push_back(changed(m, p, with_beginning(p.text, form->from, to), 0));
    out.push_back(std::move(w));
  }
  return out;
}

std::optional<MappingRepair> cheapest_repair(const X86Test& test, const Mapping& m) {
  return RepairSearch(test, m).cheapest(m);
}

}  // namespace isobar::tools
