#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tools/batch.h"
#include "tools/command.h"
#include "tools/files.h"
#include "tools/mapping_report.h"
#include "tools/search_flags.h"
#include "tools/x86_generator.h"

namespace isobar::tools {

namespace {

struct MappingOptions {
  std::string mapping;
  std::vector<std::string> tests;
  std::vector<std::string> only;
  unsigned jobs = 1;
  unsigned random = 0;
  u64 seed = 1;
  bool json = false;
  bool no_repair = false;
  std::string junit_file, html_file, json_file, folder;
};

std::vector<std::pair<std::string, std::string>> texts_of(const MappingOptions& o) {
  std::vector<std::pair<std::string, std::string>> all;
  if (o.random == 0 || !o.tests.empty())
    for (const std::string& f : find_tests(o.tests)) all.emplace_back(f, read_file(f));
  for (unsigned n = 0; n < o.random; ++n) {
    const std::string name = fmt::format("R{}-{}", o.seed, n);
    all.emplace_back(name + ".litmus", random_x86_test(name, o.seed, n));
  }
  return all;
}

ExitStatus list_mappings() {
  for (const scenarios::Mapping& m : all_mappings())
    std::printf("%s\n", fmt::format("{:<24} {:<18} {}", m.name,
                                    fmt::format("{}", fmt::join(m.requires_, " ")), m.title)
                            .c_str());
  return ExitStatus::AsExpected;
}

void show_mapping(const scenarios::Mapping& m) {
  std::string out = fmt::format("{}: {}\n\n{}\n\n", m.name, m.title, m.description);
  for (const std::string& s : m.sources) out += "source    " + s + "\n";
  out += fmt::format("requires  {}\nthreads   {}\nTSO       {}\n",
                     m.requires_.empty() ? "nothing" : fmt::format("{}", fmt::join(m.requires_, ", ")),
                     m.parallel ? "parallel" : "single", m.tso ? "on" : "off");
  if (m.merge_barriers) out += "adjacent barriers become one\n";
  if (m.blocks) {
    const auto line = [&](const char* what, const std::optional<scenarios::MappingLine>& l) {
      if (l) out += fmt::format("{:<28} {}\n", what, l->text);
    };
    line("before first store of block", m.blocks->before_first_store);
    line("before last store of block", m.blocks->before_last_store);
    line("after last store of block", m.blocks->after_last_store);
    line(m.blocks->store_period == 1 ? "after every other store" : "after every third store",
         m.blocks->after_stores);
  }
  for (const scenarios::MappingOperation& o : scenarios::mapping_operations()) {
    for (const auto& [name, s] : m.operations) {
      if (name.substr(0, name.find('.')) != o.name) continue;
      out += fmt::format("\n{:<18} // {}\n", name, o.meaning);
      for (const scenarios::MappingLine& l : s.lines) out += "    " + l.text + "\n";
    }
  }
  std::printf("%s", out.c_str());
}

ExitStatus show(const MappingOptions& o) {
  const scenarios::Mapping m = find_mapping(o.mapping);
  if (o.tests.empty()) {
    show_mapping(m);
    return ExitStatus::AsExpected;
  }
  for (const auto& [file, text] : texts_of(o)) {
    const X86Test t = parse_x86_test(text, file);
    std::printf("%s\n", scenarios::litmus_text(scenarios::translate(*t.program, m), m).c_str());
  }
  return ExitStatus::AsExpected;
}

void tell_superfluous(const MappingOptions& o, const scenarios::Mapping& m,
                      const std::vector<std::pair<std::string, std::string>>& texts) {
  std::vector<X86Test> tests;
  for (const auto& [file, text] : texts) tests.push_back(parse_x86_test(text, file));
  const std::vector<std::string> all = superfluous(tests, m, o.jobs);
  if (o.json) {
    const nlohmann::ordered_json j{{"format", kMappingFormat}, {"mapping", m.name}, {"superfluous", all}};
    std::printf("%s\n", j.dump().c_str());
  } else if (all.empty()) {
    std::printf("Every barrier and annotation is needed by one of these tests.\n");
  } else {
    std::printf("Stronger than needed on these tests; each of these changes alone breaks none of them:\n");
    for (const std::string& s : all) std::printf("  %s\n", s.c_str());
  }
}

ExitStatus check(const MappingOptions& o) {
  const scenarios::Mapping m = find_mapping(o.mapping);
  const auto texts = texts_of(o);
  ReportPrinter printer({o.json, o.junit_file, "isobar mapping check " + m.name});
  bool right = true;
  run_batch(
      texts.size(), o.jobs,
      [&](std::size_t i) {
        return guarded(kMappingFormat, texts[i].first, [&] {
          return std::vector<CaseReport>{
              report_mapping(parse_x86_test(texts[i].second, texts[i].first), m, !o.no_repair)};
        });
      },
      [&](std::vector<CaseReport> reports) {
        for (CaseReport& r : reports) {
          right = right && (r.verdict == Verdict::AsExpected || r.verdict == Verdict::Unsupported);
          if (!r.text.empty() && r.text.back() == '\n' && !o.json) r.text.pop_back();
        }
        printer.print(reports);
      });
  const ExitStatus status = printer.finish();
  if (right && !o.no_repair) tell_superfluous(o, m, texts);
  return status;
}

ExitStatus matrix(const MappingOptions& o) {
  std::vector<scenarios::Mapping> mappings;
  for (const std::string& name : o.only) mappings.push_back(find_mapping(name));
  if (o.only.empty()) mappings = all_mappings();
  std::vector<X86Test> tests;
  for (const auto& [file, text] : texts_of(o)) tests.push_back(parse_x86_test(text, file));
  const Matrix m = judge_all(std::move(mappings), std::move(tests), o.jobs);
  if (!o.html_file.empty()) write_file(o.html_file, matrix_html(m));
  if (!o.json_file.empty()) write_file(o.json_file, matrix_json(m).dump(1) + "\n");
  std::printf("%s", o.json ? (matrix_json(m).dump() + "\n").c_str() : matrix_text(m).c_str());
  for (const auto& row : m.verdicts) {
    for (const MappingVerdict& v : row)
      if (v.fit == MappingFit::Undetermined) return ExitStatus::Undetermined;
  }
  return ExitStatus::AsExpected;
}

ExitStatus generate(const MappingOptions& o) {
  std::filesystem::create_directories(o.folder);
  for (const auto& [file, text] : texts_of(o)) write_file(o.folder + "/" + file, text);
  return ExitStatus::AsExpected;
}

void add_random_flags(CLI::App& command, MappingOptions& o) {
  command.add_option("--random", o.random, "N generated tests (besides those that are named)")
      ->type_name("N");
  command.add_option("--seed", o.seed, "Seed of the generated tests (default 1)")->type_name("N");
}

}  // namespace

void add_mapping(CLI::App& app, Action& chosen) {
  CLI::App* sub =
      app.add_subcommand("mapping", "Are x86-on-Arm mappings right? Verdicts, witnesses, repairs");
  sub->require_subcommand(1);
  auto o = std::make_shared<MappingOptions>();

  CLI::App* list = sub->add_subcommand("list", "The mappings that are shipped");
  list->callback([&chosen] { chosen = [] { return list_mappings(); }; });

  CLI::App* show_command =
      sub->add_subcommand("show", "The sequences of a mapping, or its translation of tests");
  show_command->add_option("MAPPING", o->mapping, "Name of a shipped mapping, or a file")->required();
  show_command->add_option("TEST", o->tests, "X86_64 litmus tests: files, folders, names in scenarios/x86");
  show_command->callback([&chosen, o] { chosen = [o] { return show(*o); }; });

  CLI::App* check_command = sub->add_subcommand("check", "Judge a mapping on tests");
  check_command->add_option("MAPPING", o->mapping, "Name of a shipped mapping, or a file")->required();
  check_command->add_option("TEST", o->tests,
                            "X86_64 litmus tests: files, folders, names (default: scenarios/x86)");
  check_command->add_flag("--no-repair", o->no_repair,
                          "Neither repairs of what is broken nor what is superfluous");
  check_command->add_flag("--json", o->json, "One JSON object per line (docs/mappings.md)");
  check_command->add_option("--junit", o->junit_file, "Write a JUnit report")->type_name("FILE");
  add_random_flags(*check_command, *o);
  add_jobs_flag(*check_command, o->jobs);
  check_command->callback([&chosen, o] { chosen = [o] { return check(*o); }; });

  CLI::App* matrix_command = sub->add_subcommand("matrix", "Judge all mappings on all tests");
  matrix_command->add_option("TEST", o->tests,
                             "X86_64 litmus tests: files, folders, names (default: scenarios/x86)");
  matrix_command->add_option("--mapping", o->only, "Only these mappings")->type_name("M[,M]")->delimiter(',');
  matrix_command->add_flag("--json", o->json, "Print JSON instead of text");
  matrix_command->add_option("--html", o->html_file, "Write a page with colours")->type_name("FILE");
  matrix_command->add_option("--json-file", o->json_file, "Write JSON besides the text")->type_name("FILE");
  add_random_flags(*matrix_command, *o);
  add_jobs_flag(*matrix_command, o->jobs);
  matrix_command->callback([&chosen, o] { chosen = [o] { return matrix(*o); }; });

  CLI::App* generate_command = sub->add_subcommand("generate", "Write random X86_64 tests");
  generate_command->add_option("FOLDER", o->folder, "Where to write them")->required();
  generate_command->add_option("--random", o->random, "How many")->type_name("N")->required();
  generate_command->add_option("--seed", o->seed, "Seed (default 1)")->type_name("N");
  generate_command->callback([&chosen, o] { chosen = [o] { return generate(*o); }; });
}

}  // namespace isobar::tools
