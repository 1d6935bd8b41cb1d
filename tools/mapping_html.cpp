// The matrix as one HTML page without scripts or anything from elsewhere.
#include <fmt/format.h>

#include "tools/escape.h"
#include "tools/mapping_report.h"

namespace isobar::tools {

namespace {

constexpr const char* kStyle = R"(
:root { color-scheme: light dark; --page: #fff; --ink: #1a1a1a; --rule: #d8d8d8; --correct: #d9f2dd; --broken: #f4b6b0;
  --stronger: #d5e4f7; --open: #eee; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171a; --ink: #e6e6e6; --rule: #3a3f44; --correct: #1d4427; --broken: #7a231c; --stronger: #1f3a5c;
    --open: #2a2d30; } }
body { background: var(--page); color: var(--ink); font: 14px/1.4 system-ui, sans-serif; margin: 2em; }
.table { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { border: 1px solid var(--rule); padding: .15em .4em; text-align: center; }
th.test, td.test { text-align: left; position: sticky; left: 0; background: var(--page); white-space: nowrap; }
thead th { vertical-align: bottom; font-weight: normal; }
thead th span { writing-mode: vertical-rl; transform: rotate(180deg); }
.correct { background: var(--correct); } .broken { background: var(--broken); font-weight: bold; }
.stronger { background: var(--stronger); } .undetermined, .unsupported { background: var(--open); }
dt { font-weight: bold; margin-top: .6em; }
)";

const char* sign(MappingFit f) {
  switch (f) {
    case MappingFit::Correct: return "=";
    case MappingFit::Broken: return "&#10007;";
    case MappingFit::Stronger: return "+";
    case MappingFit::Undetermined:
    case MappingFit::Unsupported: break;
  }
  return "?";
}

std::string explained(const MappingVerdict& v) {
  std::string s(name(v.fit));
  for (const std::string& f : v.forbidden) s += "; x86 forbids " + f;
  if (v.fit == MappingFit::Stronger)
    s += fmt::format("; {} of {} outcomes of x86 never happen", v.missing.size(), v.x86_states);
  return v.reason.empty() ? s : s + "; " + v.reason;
}

std::string cell(const Matrix& m, std::size_t row, std::size_t test) {
  const MappingVerdict& v = m.verdicts[row][test];
  return fmt::format("<td class=\"{}\" title=\"{}, {}: {}\">{}</td>", name(v.fit),
                     escape_xml(m.mappings[row].name), escape_xml(m.tests[test].name), escape_xml(explained(v)),
                     sign(v.fit));
}

std::string table(const Matrix& m) {
  std::string out = "<div class=\"table\"><table>\n<thead><tr><th class=\"test\">test</th>";
  for (const scenarios::Mapping& k : m.mappings)
    out += fmt::format("<th><span>{}</span></th>", escape_xml(k.name));
  out += "</tr></thead>\n<tbody>\n";
  for (std::size_t t = 0; t < m.tests.size(); ++t) {
    out += fmt::format("<tr><td class=\"test\" title=\"{}\">{}</td>",
                       escape_xml(m.tests[t].program->program.condition_text), escape_xml(m.tests[t].name));
    for (std::size_t row = 0; row < m.mappings.size(); ++row) out += cell(m, row, t);
    out += "</tr>\n";
  }
  out += "<tr><td class=\"test\">broken</td>";
  for (const auto& verdicts : m.verdicts) {
    std::size_t broken = 0;
    for (const MappingVerdict& v : verdicts) broken += v.fit == MappingFit::Broken;
    out += fmt::format("<td>{}</td>", broken);
  }
  return out + "</tr>\n</tbody></table></div>\n";
}

std::string legend(const Matrix& m) {
  std::string out = "<h2>Mappings</h2>\n<dl>\n";
  for (const scenarios::Mapping& k : m.mappings) {
    out += fmt::format("<dt>{}</dt><dd>{}. {}", escape_xml(k.name), escape_xml(k.title), escape_xml(k.description));
    for (const std::string& s : k.sources) out += fmt::format("<br><small>{}</small>", escape_xml(s));
    out += "</dd>\n";
  }
  return out + "</dl>\n";
}

}  // namespace

std::string matrix_html(const Matrix& m) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<title>x86-on-Arm mappings</title>\n<style>{}</style></head>\n<body>\n"
      "<h1>x86-on-Arm mappings</h1>\n"
      "<p>Each x86-64 test is translated with each mapping and explored on the Arm machine. "
      "<span class=\"correct\">&nbsp;=&nbsp;</span> the outcomes of x86-TSO, "
      "<span class=\"broken\">&nbsp;&#10007;&nbsp;</span> an outcome that x86 forbids, "
      "<span class=\"stronger\">&nbsp;+&nbsp;</span> some outcomes of x86 never happen, "
      "<span class=\"undetermined\">&nbsp;?&nbsp;</span> not decided. Point at a cell to see why.</p>\n"
      "{}{}</body></html>\n",
      kStyle, table(m), legend(m));
}

}  // namespace isobar::tools
