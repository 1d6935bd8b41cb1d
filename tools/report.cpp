#include "tools/report.h"

#include <fmt/format.h>

#include <array>

#include "tools/escape.h"
#include "tools/files.h"

namespace isobar::tools {

namespace {
constexpr std::array<std::string_view, 6> kNames = {"as expected", "differs", "undetermined",
                                                    "unsupported", "error", "internal error"};
}  // namespace

std::string_view name(Verdict v) {
  return kNames.at(static_cast<std::size_t>(v));
}

ExitStatus exit_status(Verdict v) {
  switch (v) {
    case Verdict::AsExpected: return ExitStatus::AsExpected;
    case Verdict::Differs: return ExitStatus::Differs;
    case Verdict::Undetermined: return ExitStatus::Undetermined;
    case Verdict::Unsupported: return ExitStatus::BadInput;
    case Verdict::Error: return ExitStatus::BadInput;
    case Verdict::Internal: return ExitStatus::Internal;
  }
  return ExitStatus::Internal;
}

CaseReport error_report(const std::string& format, const std::string& file,
                        const std::vector<std::string>& diagnostics) {
  CaseReport r;
  r.file = file;
  r.name = stem(file);
  r.verdict = Verdict::Error;
  r.findings = diagnostics;
  r.json = {{"format", format},
            {"name", r.name},
            {"file", file},
            {"status", "error"},
            {"reason", fmt::format("{}", fmt::join(diagnostics, "\n"))}};
  return r;
}

std::string junit(const std::string& suite, const std::vector<CaseReport>& cases) {
  std::size_t failures = 0, errors = 0, skipped = 0;
  double seconds = 0;
  std::string body;
  for (const CaseReport& c : cases) {
    seconds += c.seconds;
    body += fmt::format("    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" time=\"{:.3f}\"",
                        escape_xml(suite), escape_xml(c.name), escape_xml(c.file), c.seconds);
    const std::string why = escape_xml(fmt::format("{}", fmt::join(c.findings, "\n")));
    switch (c.verdict) {
      case Verdict::AsExpected: body += "/>\n"; continue;
      case Verdict::Differs:
        ++failures;
        body += fmt::format(">\n      <failure message=\"{}\">{}</failure>\n", why, escape_xml(c.text));
        break;
      case Verdict::Error:
      case Verdict::Internal:
        ++errors;
        body += fmt::format(">\n      <error message=\"{}\"/>\n", why);
        break;
      case Verdict::Undetermined:
      case Verdict::Unsupported:
        ++skipped;
        body += fmt::format(">\n      <skipped message=\"{}: {}\"/>\n", name(c.verdict), why);
        break;
    }
    body += "    </testcase>\n";
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites tests=\"{0}\" failures=\"{1}\" errors=\"{2}\" time=\"{4:.3f}\">\n"
      "  <testsuite name=\"{5}\" tests=\"{0}\" failures=\"{1}\" errors=\"{2}\" skipped=\"{3}\" "
      "time=\"{4:.3f}\">\n"
      "{6}  </testsuite>\n</testsuites>\n",
      cases.size(), failures, errors, skipped, seconds, escape_xml(suite), body);
}

std::string summary(const std::vector<CaseReport>& cases) {
  std::array<std::size_t, kNames.size()> count{};
  for (const CaseReport& c : cases) ++count.at(static_cast<std::size_t>(c.verdict));
  std::string text = fmt::format("{} {}:", cases.size(), cases.size() == 1 ? "test" : "tests");
  const char* separator = " ";
  for (std::size_t i = 0; i < count.size(); ++i) {
    if (count[i] == 0 && i != 0) continue;
    text += fmt::format("{}{} {}", separator, count[i], kNames[i]);
    separator = ", ";
  }
  return text;
}

}  // namespace isobar::tools
