#include "tools/mapping_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "tools/batch.h"
#include "tools/exploration.h"
#include "tools/interrupt.h"

namespace isobar::tools {

namespace {

using Json = nlohmann::ordered_json;

/// Calls `work(i)` for i below `count`, `jobs` at a time.
void for_each(std::size_t count, unsigned jobs, const std::function<void(std::size_t)>& work) {
  run_batch(
      count, jobs,
      [&](std::size_t i) {
        if (!interrupt_flag()) work(i);
        return std::vector<CaseReport>();
      },
      [](const std::vector<CaseReport>&) {});
}

Json verdict_json(const MappingVerdict& v) {
  Json j{{"verdict", name(v.fit)},
         {"x86_states", v.x86_states},
         {"arm_states", v.arm_states},
         {"forbidden", v.forbidden},
         {"missing", v.missing}};
  if (!v.reason.empty()) j["reason"] = v.reason;
  return j;
}

void tell_broken(const X86Test& test, const scenarios::Mapping& mapping, const MappingVerdict& v, bool repair,
                 CaseReport& r) {
  for (const std::string& s : v.forbidden) r.text += fmt::format("  x86 forbids {}\n", spaced(s));
  const std::vector<std::string> steps = witness_lines(test, mapping, v.forbidden.front());
  if (!steps.empty()) r.text += fmt::format("  One way to {}\n", spaced(v.forbidden.front()));
  unsigned number = 0;
  for (const std::string& s : steps)
    r.text +=
        s[0] == ' ' ? fmt::format("        {}\n", s.substr(2)) : fmt::format("  {:3}. {}\n", ++number, s);
  r.json["witness"] = steps;
  if (!repair) return;
  const std::optional<MappingRepair> fix = cheapest_repair(test, mapping);
  if (!fix) {
    r.text += "  Repair: no one or two changes of the sequences were found\n";
    r.json["repair"] = nullptr;
    return;
  }
  r.text += fmt::format("  Repair (cost {}): {}\n", fix->cost, fmt::join(fix->what, "; "));
  r.json["repair"] = {{"cost", fix->cost}, {"changes", fix->what}};
}

char letter(MappingFit f) {
  return "=X+??"[static_cast<std::size_t>(f)];
}

std::array<std::size_t, 5> counts(const std::vector<MappingVerdict>& verdicts) {
  std::array<std::size_t, 5> n{};
  for (const MappingVerdict& v : verdicts) ++n.at(static_cast<std::size_t>(v.fit));
  return n;
}

}  // namespace

CaseReport report_mapping(const X86Test& test, const scenarios::Mapping& mapping, bool repair) {
  const MappingVerdict v = judge_mapping(test, mapping);
  CaseReport r;
  r.file = test.file;
  r.name = test.name;
  r.seconds = v.seconds;
  r.text = fmt::format("{:<12} {:<28} {} of {} states", name(v.fit), test.name,
                       v.x86_states - v.missing.size(), v.x86_states);
  if (!v.reason.empty()) r.text += " (" + v.reason + ")";
  r.text += "\n";
  r.json = {{"format", kMappingFormat}, {"mapping", mapping.name}, {"name", test.name}, {"file", test.file}};
  r.json.update(verdict_json(v));
  switch (v.fit) {
    case MappingFit::Correct:
    case MappingFit::Stronger: break;
    case MappingFit::Broken:
      r.verdict = Verdict::Differs;
      r.example = v.forbidden.front();
      r.findings.push_back("x86 forbids " + v.forbidden.front());
      tell_broken(test, mapping, v, repair, r);
      break;
    case MappingFit::Undetermined: r.verdict = Verdict::Undetermined; break;
    case MappingFit::Unsupported: r.verdict = Verdict::Unsupported; break;
  }
  if (!v.reason.empty()) r.findings.push_back(v.reason);
  return r;
}

std::vector<std::string> superfluous(const std::vector<X86Test>& tests, const scenarios::Mapping& mapping,
                                     unsigned jobs) {
  std::set<std::string> used;
  std::vector<std::set<std::string>> used_by(tests.size());
  for (std::size_t t = 0; t < tests.size(); ++t) {
    try {
      used_by[t] = scenarios::translate(*tests[t].program, mapping).operations;
    } catch (const scenarios::UnsupportedError&) {
      continue;
    }
    used.insert(used_by[t].begin(), used_by[t].end());
  }
  const std::vector<MappingWeakening> all = weakenings(mapping, used);
  std::vector<std::vector<std::string>> found(all.size());
  for_each(all.size(), jobs, [&](std::size_t i) {
    const auto keep_right = [&](const std::vector<MappingChange>& changes) {
      for (const MappingChange& c : changes) {
        bool needed = false;
        for (std::size_t t = 0; t < tests.size() && !needed; ++t) {
          if (!all[i].operation.empty() && used_by[t].count(all[i].operation) == 0) continue;
          const MappingFit fit = judge_mapping(tests[t], c.changed).fit;
          needed = fit == MappingFit::Broken || fit == MappingFit::Undetermined;
        }
        if (!needed) found[i].push_back(c.what);
      }
    };
    keep_right(all[i].least);
    if (found[i].empty()) keep_right(all[i].partly);
  });
  std::vector<std::string> out;
  for (const auto& f : found) out.insert(out.end(), f.begin(), f.end());
  return out;
}

Matrix judge_all(std::vector<scenarios::Mapping> mappings, std::vector<X86Test> tests, unsigned jobs) {
  Matrix m;
  m.mappings = std::move(mappings);
  m.tests = std::move(tests);
  MappingVerdict interrupted;
  interrupted.fit = MappingFit::Undetermined;
  interrupted.reason = "interrupted";
  m.verdicts.assign(m.mappings.size(), std::vector<MappingVerdict>(m.tests.size(), interrupted));
  for_each(m.mappings.size() * m.tests.size(), jobs, [&](std::size_t i) {
    const std::size_t row = i / m.tests.size(), column = i % m.tests.size();
    m.verdicts[row][column] = judge_mapping(m.tests[column], m.mappings[row]);
  });
  return m;
}

std::string matrix_text(const Matrix& m) {
  std::size_t width = 7;
  for (const scenarios::Mapping& k : m.mappings) width = std::max(width, k.name.size());
  std::string tens, units;
  for (std::size_t t = 1; t <= m.tests.size(); ++t) {
    tens += t % 10 == 0 ? static_cast<char>('0' + (t / 10) % 10) : ' ';
    units += static_cast<char>('0' + t % 10);
  }
  std::string out = fmt::format("{:<{}}  broken correct stronger  {}\n{:<{}}  {:<24} {}\n", "", width, tens,
                                "mapping", width, "", units);
  for (std::size_t row = 0; row < m.mappings.size(); ++row) {
    const auto n = counts(m.verdicts[row]);
    std::string cells;
    for (const MappingVerdict& v : m.verdicts[row]) cells += letter(v.fit);
    out +=
        fmt::format("{:<{}}  {:>6} {:>7} {:>8}  {}\n", m.mappings[row].name, width, n[1], n[0], n[2], cells);
  }
  out +=
      "\n= the outcomes of x86   X an outcome that x86 forbids   + some outcomes of x86 never happen   ? not "
      "decided\n\n";
  for (std::size_t t = 0; t < m.tests.size(); ++t) out += fmt::format("{:3} {}\n", t + 1, m.tests[t].name);
  return out;
}

Json matrix_json(const Matrix& m) {
  Json tests = Json::array(), mappings = Json::array();
  for (const X86Test& t : m.tests)
    tests.push_back(
        {{"name", t.name}, {"condition", t.program->program.condition_text}, {"x86_states", t.states}});
  for (std::size_t row = 0; row < m.mappings.size(); ++row) {
    const scenarios::Mapping& k = m.mappings[row];
    Json verdicts = Json::object();
    for (std::size_t t = 0; t < m.tests.size(); ++t)
      verdicts[m.tests[t].name] = verdict_json(m.verdicts[row][t]);
    mappings.push_back({{"name", k.name},
                        {"title", k.title},
                        {"requires", k.requires_},
                        {"tso", k.tso},
                        {"threads", k.parallel ? "parallel" : "single"},
                        {"verdicts", verdicts}});
  }
  return {{"format", kMatrixFormat}, {"tests", tests}, {"mappings", mappings}};
}

}  // namespace isobar::tools
